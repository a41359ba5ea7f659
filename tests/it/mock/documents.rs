//! docs/mock.md says everything that can be said to the mock.

use headcount::mock::operation::Operation;
use headcount::mock::sides::SIDES;

const DOC: &str = include_str!("../../../docs/mock.md");

#[test]
fn every_side_with_its_values_in_order() {
    for (name, values) in SIDES {
        let values: Vec<String> = values.iter().map(|v| format!("`{v}`")).collect();
        let row = format!("| `{name}` | {} |", values.join(", "));
        assert!(DOC.contains(&row), "docs/mock.md lacks: {row}");
    }
}

#[test]
fn every_option() {
    let help = assert_cmd::Command::cargo_bin("headcount").unwrap().args(["mock", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
    for flag in flags.map(|f| f.trim_end_matches([',', '.', ']', ')'])) {
        let shared = ["--help", "--version", "--color", "--auth"];
        assert!(
            shared.contains(&flag) || DOC.contains(&format!("`{flag}")) || DOC.contains(&format!(" {flag} ")),
            "docs/mock.md lacks {flag}"
        );
    }
    assert_eq!(Operation::ALL.len(), 16);
}
