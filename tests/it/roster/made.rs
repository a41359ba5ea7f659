//! Ids that are made of a row's columns, by `--id`.

use super::{M1, read};
use headcount::roster::options::{Options, parse_id, parse_map, parse_meeting_id};

fn options(id: &str) -> Options {
    let id = Some(parse_id(id).unwrap());
    Options { id, meeting_id: Some(parse_meeting_id(M1).unwrap()), ..Options::default() }
}

/// Every row's id or its faults, and what ended the reading.
fn ids(name: &str, text: &str, id: &str) -> Vec<String> {
    let (rows, error) = read(name, text.as_bytes(), &options(id));
    let told = rows.into_iter().map(|row| match row.seat {
        Ok(seat) => seat.user.as_str().to_owned(),
        Err(faults) => faults.iter().map(|f| format!("{f} [{}] {}", f.rule.code(), f.hint)).collect::<Vec<_>>().join("; "),
    });
    told.chain(error).collect()
}

#[test]
fn ids_are_made_of_columns_and_filtered() {
    let text = "E-Mail,Team\nAnn@Example.COM , red\nZOË@example.com,blue\n";
    assert_eq!(ids("r.csv", text, "{e_mail|trim|lower}"), ["ann@example.com", "zoë@example.com"]);
    assert_eq!(ids("r.csv", text, "{Team|trim|upper}/{E-Mail|trim}"), ["RED/Ann@Example.COM", "BLUE/ZOË@example.com"]);
    let yaml = "defaults: {team: red}\nattendees:\n  - {staff: 0042}\n  - {staff: 7, team: blue}\n";
    assert_eq!(ids("r.yaml", yaml, "{team}-{staff}"), ["red-0042", "blue-7"]);
}

#[test]
fn what_no_id_can_be_made_of_is_told_with_its_row() {
    let text = "Email,Team\nann,red\n  ,red\nno!,blue\nx,\n";
    assert_eq!(
        ids("r.csv", text, "{Email|trim}"),
        [
            "ann",
            "r.csv:3: ExternalUserId (column \"Email\", by --id) cannot be made: the column \"Email\" is empty [id-missing] \
             fill the cell, or make the id of columns that every row has",
            "r.csv:4: ExternalUserId (column \"Email\", by --id) \"no!\" has '!' (U+0021) at character 3, which is outside the \
             documented pattern [id-character] remove it or replace it, everywhere the same way",
            "r.csv:5: ExternalUserId (column \"Email\", by --id) \"x\" has 1 character; 2 to 64 are allowed [id-length] \
             use a longer id, such as an address or a staff number",
        ]
    );
    let last = ids("r.csv", text, "{Team}-{Email}").pop().unwrap();
    assert!(last.contains("(column \"Team\" + \"Email\", by --id) cannot be made: the column \"Team\" is empty"), "{last}");
    assert_eq!(
        ids("r.csv", text, "{Emial|lower}"),
        ["r.csv: no column \"Emial\" to take ExternalUserId from; seen: \"Email\", \"Team\"\nhint: did you mean \"Email\"?"]
    );
}

/// The template holds, and what it passes over is told; unless the template asks for it.
#[test]
fn a_column_of_ids_is_passed_over_and_told() {
    let text = "external_user_id,Email\nold,ANN@example.com\n";
    let notes = |id: &str| super::open("r.csv", text.as_bytes(), &options(id)).unwrap().notes().to_vec();
    assert_eq!(ids("r.csv", text, "{Email|lower}"), ["ann@example.com"]);
    let said = notes("{Email|lower}").iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(said, ["r.csv: ids are made by --id; the column \"external_user_id\" is not asked for"]);
    assert_eq!(ids("r.csv", text, "{ExternalUserId|upper}"), ["OLD"]);
    assert!(notes("{ExternalUserId|upper}").is_empty());
    let map = vec![parse_map("ExternalUserId=Email").unwrap()];
    let (_, error) = read("r.csv", b"ExternalUserId,Email\nbob,x\n", &Options { map, ..options("{Email}") });
    assert_eq!(error, None, "the command line refuses the two; the room lets the template hold");
}
