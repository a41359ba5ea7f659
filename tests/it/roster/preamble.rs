//! Lines above the header: told with what to say, passed over when it is said, lines as an editor counts them.

use super::{M1, open, read};
use headcount::roster::options::{Options, parse_id, parse_meeting_id};

/// As Zoom writes it, in short: a table about the meeting, then one of people.
const EXPORT: &str = "Attendee Report\n\
    Report Generated:,\"Nov 25, 2026\"\n\
    Topic,Webinar ID,# Registered\n\
    \"All, hands\",912 3456 7890,2\n\
    \n\
    Attendee Details,\n\
    Attended,User Name (Original Name),First Name,Last Name,Email\n\
    Yes,Ann,Ann,Lee,Ann@Example.com\n\
    No,Bob,Bob,Ray,bob@example.com\n";

fn options(skip_lines: u64, id: Option<&str>) -> Options {
    let id = id.map(|id| parse_id(id).unwrap());
    Options { skip_lines, id, meeting_id: Some(parse_meeting_id(M1).unwrap()), ..Options::default() }
}

#[test]
fn a_header_further_down_is_told_and_never_guessed() {
    let says = |text: &str, skip: u64, id: Option<&str>| open("r.csv", text.as_bytes(), &options(skip, id)).unwrap_err();
    let hint = "hint: line 7 looks like the header: say --skip-lines 6 to begin there";
    for id in [None, Some("{Email|lower}")] {
        let said = says(EXPORT, 0, id);
        assert!(said.starts_with("r.csv: no column ") && said.ends_with(hint), "{said}");
    }
    let semicolons = EXPORT.replace(',', ";").replace("\"All; hands\"", "All, hands");
    assert!(says(&semicolons, 2, None).ends_with(hint), "{}", says(&semicolons, 2, None));
    assert!(
        says(EXPORT, 6, None).ends_with(
            "hint: say --id '{Email|lower}' to take addresses for ids, or name a column with --map ExternalUserId=COLUMN"
        ),
        "{}",
        says(EXPORT, 6, None)
    );
    assert!(says(EXPORT, 90, None).starts_with("r.csv holds no rows, only the lines that --skip-lines passes over"));
    let plain = says("Name,Color\nbob,red\nann,blue\n", 0, None);
    assert!(!plain.contains("--skip-lines"), "{plain}");
}

#[test]
fn lines_stay_physical() {
    for ends in ["\n", "\r\n", "\r"] {
        let text = EXPORT.replace('\n', ends).replace("bob@example.com", "bo!b");
        let (rows, error) = read("r.csv", text.as_bytes(), &options(6, Some("{Email|lower}")));
        assert_eq!((rows.len(), error), (2, None));
        assert_eq!((rows[0].line, rows[0].seat.as_ref().unwrap().user.as_str()), (8, "ann@example.com"));
        assert!(rows[1].seat.as_ref().unwrap_err()[0].to_string().starts_with("r.csv:9: "), "{ends:?}");
    }
    let lines = "# made by us\n{\"ExternalUserId\":\"bob\"}\n{\"ExternalUserId\":\"a\"}\n";
    let (rows, _) = read("r.jsonl", lines.as_bytes(), &options(1, None));
    assert_eq!(rows.iter().map(|row| (row.line, row.seat.is_ok())).collect::<Vec<_>>(), [(2, true), (3, false)]);
}

#[test]
fn what_an_option_does_not_reach_is_told() {
    let more = Options { sheet: Some("People".into()), ..options(1, None) };
    let notes = |name: &str, text: &str| {
        let roster = open(name, text.as_bytes(), &more).unwrap();
        roster.notes().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(notes("r.csv", "x\nExternalUserId\nbob\n"), ["r.csv: is no workbook: --sheet says nothing about it"]);
    assert_eq!(notes("r.yaml", "- bob\n").len(), 2);
}
