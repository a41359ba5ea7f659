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

/// The compose file as a user would start from it: a client of any SDK finds its region, and nobody asks before the mock is there.
#[test]
fn what_is_deployed() {
    let compose = include_str!("../../../deploy/docker-compose.yml");
    let file: serde_json::Value = headcount::yaml::parse("compose", compose).unwrap();
    let (mock, app) = (&file["services"]["chime"], &file["services"]["app"]);
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        assert_eq!(app["environment"][name], "us-east-1");
    }
    assert_eq!(app["depends_on"]["chime"]["condition"], "service_healthy");
    let check: Vec<&str> = mock["healthcheck"]["test"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    let listens = mock["command"].as_array().unwrap()[2].as_str().unwrap();
    assert_eq!(
        (check[..4].join(" "), check[4].rsplit(':').next()),
        ("CMD headcount mock --health".into(), listens.rsplit(':').next())
    );
    assert!(include_str!("../../../.dockerignore").lines().any(|line| line == "target"));
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
