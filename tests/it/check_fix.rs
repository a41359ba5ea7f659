//! `headcount check --fix` as a person runs it: what is mended, what is left, what is never written over.

use assert_cmd::Command;
use std::path::Path;

const MEETING: &str = "11111111-2222-3333-4444-555555555555";

fn check(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("headcount").unwrap().current_dir(dir).arg("check").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn here(roster: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("roster.csv"), roster).unwrap();
    dir
}

#[test]
fn what_is_sure_is_mended_and_the_rest_is_told() {
    let roster = format!(
        "\u{feff}ExternalUserId,MeetingId,Audio,Video,Content,Note\r\n\
         bob\u{a0}ray ,{{{MEETING}}},send receive,SENDRECEIVE,None, as it is \r\n\
         \r\n\
         \u{200b}ann,{MEETING},,,,x,,\r\n\
         no!,{MEETING},sendrecv,Send,Send,\r\n\
         \"car\"ol,{MEETING} ,,,,\r\n\
         ann,{MEETING},,,,x\r\n\
         two,{MEETING}\r\n"
    );
    let dir = here(&roster);
    let (code, out, err) = check(dir.path(), &["roster.csv", "--fix", "-o", "mended.csv"]);
    assert_eq!(code, 104, "{out}{err}");
    insta::assert_snapshot!("fix_stdout", out);
    insta::assert_snapshot!("fix_stderr", err);
    insta::assert_snapshot!("fix_mended", std::fs::read_to_string(dir.path().join("mended.csv")).unwrap());
    // Once is enough, and rows that were not to be trusted are not trusted now.
    let (code, again, _) = check(dir.path(), &["mended.csv", "--fix", "-o", "again.csv"]);
    assert_eq!(code, 104);
    assert!(!again.contains("    + ") && again.matches("was damaged when an earlier run rejected it").count() == 2, "{again}");
    assert_eq!(std::fs::read_to_string(dir.path().join("roster.csv")).unwrap(), roster);
}

#[test]
fn a_roster_that_can_be_mended_whole_is_clean_afterwards() {
    let dir = here(&format!("Report\nEmail,MeetingId\n Ann@x.org ,{MEETING}\nbob@x.org\u{a0},\"'{MEETING}'\"\n"));
    let args = ["roster.csv", "--skip-lines", "1", "--id", "{Email|lower}", "--fix", "-o", "mended.csv"];
    let (code, out, err) = check(dir.path(), &args);
    assert_eq!(code, 0, "{out}{err}");
    let mended = std::fs::read_to_string(dir.path().join("mended.csv")).unwrap();
    assert_eq!(mended, format!("Email,MeetingId\nAnn@x.org,{MEETING}\nbob@x.org,{MEETING}\n"));
    assert!(
        out.starts_with("roster.csv:3: Email: white space around it removed\n    - \" Ann@x.org \"\n    + \"Ann@x.org\"\n"),
        "{out}"
    );
    assert!(err.contains("mended.csv: 2 of 2 rows mended; what is left:\n") && err.ends_with("clean\n"), "{err}");
}

#[test]
fn nothing_is_written_over_or_in_the_wrong_place() {
    let dir = here(&format!("ExternalUserId,MeetingId\nbob,{MEETING}\n"));
    let says = |args: &[&str]| {
        let (code, out, err) = check(dir.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        err
    };
    std::fs::write(dir.path().join("mine.csv"), "mine").unwrap();
    let fix = |output| ["roster.csv", "--fix", "-o", output];
    assert!(says(&fix("mine.csv")).contains("mine.csv is already there\nhint: give another name, or --force to write over it"));
    assert!(says(&fix("./roster.csv")).contains("is the roster itself"));
    assert!(says(&[&fix("roster.csv")[..], &["--force"]].concat()).contains("is the roster itself"));
    assert!(says(&fix("mended.jsonl")).contains("has not the ending .csv"));
    assert!(says(&fix("no/such/place.csv")).contains("cannot be written"));
    assert!(says(&["roster.csv", "mine.csv", "--fix", "-o", "x.csv"]).contains("--fix mends one roster at a time"));
    assert!(says(&["roster.csv", "--fix"]).contains("--output"));
    assert!(says(&["roster.csv", "-o", "x.csv"]).contains("--fix"));
    assert_eq!(std::fs::read_to_string(dir.path().join("mine.csv")).unwrap(), "mine");
    let (code, _, err) = check(dir.path(), &[&fix("mine.csv")[..], &["--force"]].concat());
    assert_eq!((code, std::fs::read_dir(dir.path()).unwrap().count()), (0, 2), "{err}");
    // A roster that cannot be read to its end leaves nothing.
    std::fs::write(dir.path().join("roster.csv"), "ExternalUserId,MeetingId\nbob,x\n\"ann").unwrap();
    let (code, _, err) = check(dir.path(), &fix("late.csv"));
    assert_eq!((code, dir.path().join("late.csv").exists()), (104, false), "{err}");
}
