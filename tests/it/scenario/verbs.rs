//! `schedule`, `example`, `schema` and `check` as a person and as a program runs them.

use assert_cmd::Command;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

fn run(args: &[&str], stdin: &str) -> (i32, String, String) {
    let output = Command::cargo_bin("headcount").unwrap().args(args).write_stdin(stdin).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const SMALL: &str = "version: 1\nmock: {}\nload: { open: { stages: [{ name: ramp, rate: 0/s..4/s, duration: 2s }, { name: hold, rate: 4/s, duration: 1s }] } }\n";

#[test]
fn a_schedule_is_every_due_instant() {
    let (code, out, err) = run(&["schedule", "-"], SMALL);
    let expected = "n,offset_s,stage\n1,1.000000,ramp\n2,1.414213,ramp\n3,1.732050,ramp\n4,2.000000,ramp\n\
                    5,2.250000,hold\n6,2.500000,hold\n7,2.750000,hold\n8,3.000000,hold\n";
    assert_eq!((code, out.as_str(), err.as_str()), (0, expected, ""));
    let (_, out, _) = run(&["schedule", "-", "--stripe", "2/3"], SMALL);
    assert_eq!(out, "n,offset_s,stage\n2,1.414213,ramp\n5,2.250000,hold\n8,3.000000,hold\n");
}

#[test]
fn the_same_seed_prints_the_same_bytes() {
    let doors = |seed: &[&str]| run(&[&["schedule", "scenarios/doors-open.yaml"], seed].concat(), "").1;
    let own = doors(&[]);
    assert_eq!(own, doors(&["--seed", "42"]));
    assert_ne!(own, doors(&["--seed", "43"]));
    // Kept from the first version: chance must not change from one release to the next.
    assert!(own.starts_with("n,offset_s,stage\n1,"), "{}", &own[..60]);
    insta::assert_snapshot!("doors_open_head", own.lines().take(8).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_printed_schedule_can_be_played() {
    let dir = tempfile::tempdir().unwrap();
    let (_, printed, _) = run(&["schedule", "-"], SMALL);
    std::fs::write(dir.path().join("seen.csv"), &printed).unwrap();
    let file = dir.path().join("again.yaml");
    std::fs::write(&file, "version: 1\nmock: {}\nload: { trace: { file: seen.csv, speed: 2 } }\n").unwrap();
    let (code, out, _) = run(&["schedule", file.to_str().unwrap()], "");
    assert_eq!((code, out.lines().count()), (0, 9));
    assert!(out.ends_with("8,1.500000,trace\n"), "{out}");
}

#[test]
fn every_shipped_scenario_prints_a_schedule() {
    for (name, _) in headcount::scenario::examples::EXAMPLES {
        let (code, out, err) = run(&["schedule", &format!("scenarios/{name}.yaml")], "");
        assert!(code == 0 && out.lines().count() > 40, "{name}: {err}");
        assert_eq!(run(&["example", name], "").1, std::fs::read_to_string(format!("scenarios/{name}.yaml")).unwrap());
    }
    let (_, out, _) = run(&["schedule", "scenarios/closed-loop.yaml"], "");
    assert!(out.starts_with("users,offset_s,stage\n0,0.000000,arrive\n1,0.600000,arrive\n"), "{out}");
}

#[test]
fn what_has_no_schedule_says_so() {
    let shared = "version: 1\nmock: {}\nload: { shared: { calls: 10 } }\n";
    let closed = "version: 1\nmock: {}\nload: { closed: { stages: [{ users: 1, duration: 1s }] } }\n";
    let mut said = String::new();
    for (args, stdin) in [
        (&["schedule", "-"][..], shared),
        (&["schedule", "-", "--stripe", "1/2"], closed),
        (&["schedule", "-", "--stripe", "3/2"], closed),
        (&["schedule", "-"], "version: 1\nmock: {}\nload: { open: { stages: [{ rate: 5, duration: 1m }] }, seed: x }\n"),
        (&["schedule", "none.yaml"], ""),
        (&["example", "door-open"], ""),
        (&["example", "zzz"], ""),
        (&["schema"], ""),
    ] {
        let (code, out, err) = run(args, stdin);
        said.push_str(&format!("$ headcount {}\n{out}{err}exit {code}\n\n", args.join(" ")));
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_closed_pipe_ends_a_long_schedule() {
    let long = "version: 1\nmock: {}\nload: { open: { arrivals: poisson, stages: [{ rate: 100000/s, duration: 1h }] } }\n";
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(file.path(), long).unwrap();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("headcount"))
        .arg("schedule")
        .arg(file.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.nth(10_000).unwrap().unwrap().split(',').next(), Some("10000"));
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
}

#[test]
fn check_lints_scenarios_beside_rosters() {
    let (code, out, err) = run(&["check", "scenarios/doors-open.yaml", "samples/team.yaml"], "");
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(
        err.contains("doors-open.yaml: scenario doors-open, open load, 14,815 arrivals, 7 min 20 s, 3 stages, 3 thresholds\n"),
        "{err}"
    );
    assert!(err.contains("6 rows: 6 good"), "{err}");
    let bad = "version: 1\nmock: {}\nload: { open: { maxVUs: 3, stages: [{ rate: 5, duration: 1m }] } }\n";
    let (code, out, err) = run(&["check", "-"], bad);
    insta::assert_snapshot!("check_scenario", format!("{out}{err}exit {code}\n"));
    let long = format!("{SMALL}thresholds: [errors.rate < 1%]\n# {}\n", "x".repeat(100_000));
    assert_eq!(run(&["check", "-"], &long).0, 0);
    assert_eq!(run(&["check", "-"], "").0, 104);
    let (code, out, _) = run(&["check", "--json", "-", "scenarios/trace.yaml"], bad);
    let said: Value = serde_json::from_str(&out).unwrap();
    let first = &said["findings"][0];
    assert_eq!((code, &first["level"], &first["line"], &first["column"]), (104, &"fault".into(), &3.into(), &17.into()));
    assert_eq!((&said["scenarios"][0]["planned"], &said["scenarios"][0]["model"]), (&247.into(), &"trace".into()));
    assert_eq!((&said["counts"]["scenarios"], &said["counts"]["faults"]), (&2.into(), &2.into()));
}

#[test]
fn check_looks_at_the_roster_that_a_scenario_names() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("with-roster.yaml");
    let text = "version: 1\nmock: {}\ntarget: { meetings: { create: 2 } }\ndata: { roster: { file: people.csv } }\n\
                load: { shared: { calls: 2 } }\nthresholds: [errors.rate < 1%]\n";
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    let (code, out, _) = run(&["check", path], "");
    assert!(code == 104 && out.contains("people.csv cannot be opened"), "{out}");
    std::fs::write(dir.path().join("people.csv"), "ExternalUserId\nann\n").unwrap();
    assert_eq!(run(&["check", path], "").0, 0);
}

#[test]
fn the_schema_is_printed() {
    let (code, out, _) = run(&["schema", "scenario"], "");
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &schema["properties"]["version"]["minimum"]), (0, &1.into()));
    let (code, out, _) = run(&["schema", "summary"], "");
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &schema), (0, &headcount::load::schema::schema()));
    let (code, out, _) = run(&["schema", "capacity"], "");
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &schema), (0, &headcount::capacity::schema::schema()));
}
