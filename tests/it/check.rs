//! `headcount check` as a person and as a program runs it.

use assert_cmd::Command;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

const MEETING: &str = "11111111-2222-3333-4444-555555555555";

fn check(args: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::cargo_bin("headcount").unwrap();
    let output = command.arg("check").args(args).write_stdin(stdin).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json(args: &[&str], stdin: &str) -> (i32, Value) {
    let (code, out, _) = check(&[args, &["--json"]].concat(), stdin);
    (code, serde_json::from_str(&out).unwrap())
}

#[test]
fn the_messy_sample_word_for_word() {
    let (code, out, err) = check(&["samples/messy.csv"], "");
    assert_eq!(code, 104);
    insta::assert_snapshot!("messy_stdout", out);
    insta::assert_snapshot!("messy_stderr", err);
}

#[test]
fn the_clean_samples_are_clean() {
    let (code, out, err) = check(&["samples/webinar.csv", "samples/team.yaml"], "");
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.ends_with("1,206 rows: 1,206 good, 0 faulty; 1,206 seats in 7 meetings\nclean\n"), "{err}");
}

#[test]
fn json_says_the_same() {
    let (code, said) = json(&["samples/messy.csv"], "");
    assert_eq!((code, &said["version"]), (104, &Value::from(1)));
    let findings = said["findings"].as_array().unwrap();
    let counts = &said["counts"];
    let n = |level: &str| findings.iter().filter(|f| f["level"] == level).count() as u64;
    assert_eq!((counts["faults"].as_u64(), counts["warnings"].as_u64()), (Some(n("fault")), Some(n("warning"))));
    assert_eq!(counts["rows"].as_u64().unwrap(), counts["good"].as_u64().unwrap() + counts["faulty"].as_u64().unwrap());
    let conflict = findings.iter().find(|f| f["code"] == "conflict").unwrap();
    assert_eq!((&conflict["line"], &conflict["other"]["line"]), (&Value::from(27), &Value::from(24)));
    assert_eq!(said["rosters"][0]["columns"][0], "External User Id");
    let (code, said) = json(&["-", "--meeting-id", MEETING], "ExternalUserId\nbob\n");
    assert_eq!((code, said["findings"].as_array().unwrap().len()), (0, 0));
}

#[test]
fn standard_input_and_options() {
    let text = "mail,tone\nbob,\nBob,\n";
    let args = ["-", "--meeting-id", MEETING, "--map", "ExternalUserId=mail", "--map", "audio=tone"];
    let (code, out, err) = check(&args, text);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.starts_with("stdin:3: warning: \"Bob\" differs only in letter case from stdin:2\n"), "{out}");
    let (code, out, err) = check(&[&args[..], &["--fold-case"]].concat(), text);
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("1 seat in 1 meeting, 1 duplicate row"), "{err}");
    let yaml = "- ExternalUserId: 0123\n- NO\n";
    assert_eq!(check(&["-", "--meeting-id", MEETING], yaml).0, 0);
    for bad in [&["-", "-"][..], &["-", "--map", "x=y"], &["-", "--capabilities", "Audio=Send"], &["-", "--meeting-id", "x"], &[]]
    {
        assert_eq!(check(bad, "").0, 2, "{bad:?}");
    }
}

#[test]
fn rosters_that_cannot_be_read_do_not_hide_the_others() {
    let (code, out, err) = check(&["samples/none.csv", "samples/webinar.py", "samples/team.yaml"], "");
    assert_eq!(code, 104);
    assert!(out.contains("samples/none.csv cannot be opened: "), "{out}");
    assert!(out.contains("samples/webinar.py: no column ExternalUserId; seen: "), "{out}");
    assert!(err.contains("6 rows: 6 good"), "{err}");
    let (code, said) = json(&["-"], "ExternalUserId,MeetingId\nbob,x\n\"ann,y\n");
    assert_eq!((code, &said["counts"]["unreadable"]), (104, &Value::from(1)));
    assert_eq!((&said["findings"][1]["code"], &said["findings"][1]["line"]), (&Value::from("unreadable"), &Value::from(3)));
}

#[test]
fn a_meeting_that_is_too_full() {
    let rows: String = (0..251).map(|n| format!("user {n}\n")).collect();
    let (code, out, _) = check(&["-", "--meeting-id", MEETING], &format!("ExternalUserId\n{rows}"));
    assert_eq!(code, 104);
    insta::assert_snapshot!("too_full", out);
}

#[test]
fn a_closed_pipe_ends_the_telling_and_not_the_check() {
    let rows = "a\n".repeat(100_000);
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    std::fs::write(file.path(), format!("ExternalUserId\n{rows}")).unwrap();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("headcount"))
        .args(["check", "--meeting-id", MEETING])
        .arg(file.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("has 1 character;"), "{first}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(104));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.ends_with("100,000 faults\n") && !err.contains("panic"), "{err}");
}

/// With meetings made for it, a roster may name sessions, or nothing, and as many people as there are.
#[test]
fn a_roster_of_sessions_is_sound_when_meetings_are_made_for_it() {
    let session = |n: u32| match n {
        7 => "x",
        n if n % 2 == 0 => "Keynote",
        _ => "",
    };
    let rows: String = (0..600).map(|n| format!("user {n},{}\n", session(n))).collect();
    let roster = format!("ExternalUserId,MeetingId\n{rows}");
    let (code, out, _) = check(&["-", "--create-meetings"], &roster);
    assert_eq!((code, out.matches(": fault: ").count()), (104, 1), "{out}");
    assert!(out.contains(":9: fault: MeetingId \"x\"") && out.contains("name of a session"), "{out}");
    let (code, out, _) = check(&["-"], &roster);
    assert_eq!(code, 104);
    assert!(out.matches(": fault: ").count() >= 600, "without it, every row lacks a meeting");
}
