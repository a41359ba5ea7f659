//! The command line as a stranger meets it: help, typing errors, wrong files.
//!
//! Holds snapshots of what is said. Nothing here starts a server or makes a request.

use assert_cmd::Command;
use std::path::Path;

/// What a command says (stdout, then stderr) and its exit code, in an empty directory.
fn said(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::cargo_bin("headcount").unwrap();
    // A machine's own AWS settings must not decide a test.
    command.env_clear().env("HOME", dir).env("AWS_EC2_METADATA_DISABLED", "true").current_dir(dir).args(args);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!("{}{}exit {}", text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

fn here() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("roster.csv"), "ExternalUserId\nann\nbob\n").unwrap();
    std::fs::write(dir.path().join("tokens.csv"), "somebody else's\n").unwrap();
    dir
}

#[test]
fn help() {
    let dir = here();
    for (name, args) in [
        ("help", &["--help"][..]),
        ("help_provision", &["provision", "--help"]),
        ("help_reconcile", &["reconcile", "--help"]),
        ("help_cleanup", &["cleanup", "--help"]),
        ("help_check", &["check", "--help"]),
        ("help_load", &["load", "--help"]),
        ("help_capacity", &["capacity", "--help"]),
        ("help_report", &["report", "--help"]),
        ("help_merge", &["merge", "--help"]),
        ("help_probe", &["probe", "--help"]),
    ] {
        insta::assert_snapshot!(name, said(dir.path(), args));
    }
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let dir = here();
    let meeting = "--meeting-id=11111111-2222-3333-4444-555555555555";
    let mistakes: &[&[&str]] = &[
        &["provison", "roster.csv"],
        &["provision"],
        &["provision", "rooster.csv", "--mock"],
        &["provision", "roster.csv", "--mock", "--rate", "fast"],
        &["provision", "roster.csv", "--mock", "--prune", "--limit", "1"],
        &["reconcile"],
        &["reconcile", "tokens.csv", "--region", "us-east-1"],
        &["reconcile", "nowhere.run", "--emit", "roster.csv"],
        &["reconcile", "nowhere.run", "--emit", "rows.json"],
        &["cleanup", "."],
        &["provision", "roster.csv", "--mock", "--max-errors", "101%"],
        &["provision", "roster.csv", "--mock", "--capabilities", "Audio=Send"],
        &["provision", "roster.csv", "--mock", "--map", "Id=mail"],
        &["provision", "roster.csv", "--mock", "--region", "us-east-1"],
        &["provision", "roster.csv", "--mock"],
        &["provision", "roster.csv", "--mock", "-o", "out.xlsx"],
        &["provision", "roster.csv", "--mock", "-o", "nowhere/out.csv"],
        &["provision", "roster.csv", "-o", "out.csv"],
        &["provision", "roster.csv", "-o", "out.csv", meeting],
        &["provision", "roster.csv", "-o", "out.csv", meeting, "--region", "us-east-1"],
        &["provision", "roster.csv", "-o", "out.csv", meeting, "--endpoint-url", "http://example.com"],
        &["provision", "tokens.csv", "-o", "out.csv", "--mock"],
        &["provision", ".", "-o", "out.csv", "--mock"],
    ];
    let told: Vec<String> =
        mistakes.iter().map(|args| format!("$ headcount {}\n{}\n", args.join(" "), said(dir.path(), args))).collect();
    insta::assert_snapshot!("mistakes", told.join("\n"));
    assert_eq!(std::fs::read_to_string(dir.path().join("tokens.csv")).unwrap(), "somebody else's\n");
}
