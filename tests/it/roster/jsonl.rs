//! JSON lines: exact strings, every fault with its line, columns that come as they are read.

use super::{M1, open, read};
use headcount::roster::options::{Options, parse_meeting_id};

fn options() -> Options {
    Options { meeting_id: Some(parse_meeting_id(M1).unwrap()), ..Options::default() }
}

/// What a row says: its line and id, or its line and faults with their codes.
fn told(text: &str) -> Vec<String> {
    let (rows, error) = read("r.jsonl", text.as_bytes(), &options());
    let rows = rows.into_iter().map(|row| match row.seat {
        Ok(seat) => format!("{} {} {:?}", row.line, seat.user.as_str(), seat.capabilities.map(|set| set.to_string())),
        Err(faults) => faults.iter().map(|f| format!("{f} [{}]", f.rule.code())).collect::<Vec<_>>().join("; "),
    });
    rows.chain(error).collect()
}

#[test]
fn one_object_a_line() {
    let text = concat!(
        "{\"ExternalUserId\":\"bob\"}\r\n\n   \n",
        "{\"external_user_id\":\"Zo\\u00eb \\\"Z\\\"\",\"Capabilities\":{\"Audio\":\"Send\",\"Video\":\"Send\",\"Content\":\"None\"}}\n",
        "  {\"ExternalUserId\" : \"0042\", \"note\": null, \"n\": 1e3, \"Audio\": null}",
    );
    assert_eq!(told(text), ["1 bob None", "4 Zoë \"Z\" Some(\"Audio=Send,Video=Send,Content=None\")", "5 0042 None"]);
    let mut roster = open("r.jsonl", text.as_bytes(), &options()).unwrap();
    assert_eq!(roster.shape().to_string(), "JSON lines, UTF-8");
    let rows: Vec<_> = roster.by_ref().map(Result::unwrap).collect();
    assert_eq!(roster.columns(), ["ExternalUserId", "Audio", "Video", "Content", "note", "n"]);
    assert_eq!(rows[2].cells.iter().collect::<Vec<_>>(), [Some("0042"), None, None, None, None, Some("1e3")]);
}

#[test]
fn every_fault_has_its_line_and_takes_no_other_row_with_it() {
    let text = concat!(
        "{\"ExternalUserId\":\"ann\"}\n",
        "{\"ExternalUserId\":42}\n",
        "{\"ExternalUserId\":\"ann\",}\n",
        "[\"ann\"]\n",
        "{\"ExternalUserId\":[\"ann\"]}\n",
        "{\"ExternalUserId\":\"a\",\"ExternalUserId\":\"bob\"}\n",
        "{\"ExternalUserId\":\"ann\",\"Capabilities\":{\"Audoi\":\"Send\"}}\n",
        "{\"ExternalUserId\":true,\"Audio\":1}\n",
        "{\"ExternalUserId\":\"zoe\"}\n",
    );
    insta::assert_snapshot!(told(text).join("\n"));
}

#[test]
fn columns_may_come_late() {
    let many = "{\"ExternalUserId\":\"bob\"}\n".repeat(5_000);
    let text = format!(
        "{many}{{\"ExternalUserId\":\"ann\",\"audio\":\"None\",\"VIDEO\":\"None\",\"Content\":\"None\",\"extra\":\"x\"}}\n"
    );
    let mut roster = open("r.ndjson", text.as_bytes(), &options()).unwrap();
    assert_eq!(roster.columns(), ["ExternalUserId"]);
    let last = roster.by_ref().last().unwrap().unwrap();
    assert_eq!(last.seat.unwrap().capabilities.unwrap().to_string(), "Audio=None,Video=None,Content=None");
    assert_eq!((last.line, last.cells.get(4), roster.columns().len()), (5_001, Some("x"), 5));
}

#[test]
fn what_is_refused_whole() {
    let says = |bytes: &[u8]| read("r.jsonl", bytes, &options()).1.unwrap();
    assert_eq!(says(b" \n\n"), "r.jsonl is empty\nhint: check that this is the file you meant");
    assert_eq!(
        says(b"ExternalUserId\nbob\n"),
        "r.jsonl holds no rows, only lines that are no JSON objects\nhint: check that this is the file you meant"
    );
    assert_eq!(
        says(b"{\"User\":\"bob\"}\n"),
        "r.jsonl: no column ExternalUserId; seen: \"User\"\nhint: name the column with --map ExternalUserId=COLUMN"
    );
    let long = format!("{{\"ExternalUserId\":\"bob\"}}\n{{\"x\":\"{}\"}}\n", "x".repeat(1 << 20));
    assert!(says(long.as_bytes()).starts_with("r.jsonl:2: the line has more than 1048576 bytes"));
    let latin = [b"{\"ExternalUserId\":\"bob\"}\n{\"ExternalUserId\":\"Zo".as_slice(), b"\xeb\"}\n"].concat();
    assert!(says(&latin).starts_with("r.jsonl:2: is not UTF-8: byte 0xEB after "), "{}", says(&latin));
}

/// A row that is no JSON, or whose id is a number, must not become a seat on its way through our rejects.
#[test]
fn rejects_keep_what_is_not_to_be_trusted() {
    for code in ["json", "type"] {
        let csv = format!("ExternalUserId,headcount.code,headcount.extra\n42,{code},\"[\"\"{{x\"\"]\"\n");
        let (rows, _) = read("rejects.csv", csv.as_bytes(), &options());
        assert_eq!(rows[0].seat.as_ref().unwrap_err()[0].rule.code(), "damaged");
        assert_eq!(rows[0].extra, ["{x"]);
    }
}
