//! Every way a scenario is refused, word for word, and that one reading tells all of it.

use super::plan;
use headcount::scenario::format::SCENARIO;
use headcount::scenario::{Surroundings, read};
use proptest::prelude::*;

/// A scenario that is fine, but for this line.
fn with(line: &str) -> String {
    let name = line.split(':').next().unwrap();
    let usual = [
        "version: 1",
        "mock: {}",
        "load: { open: { stages: [{ name: warm, rate: 1/s, duration: 10s, warmup: true }, { name: hold, rate: 5/s, duration: 1m }] } }",
        "thresholds: [errors.rate < 1%]",
    ];
    let mut lines: Vec<&str> = usual.into_iter().filter(|usual| usual.split(':').next() != Some(name)).collect();
    lines.push(line);
    lines.join("\n") + "\n"
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_fault_says_where_what_and_what_to_do() {
    let closed = "load: { closed: { stages: [{ users: 5, duration: 1m }] } }";
    let files: Vec<(&str, String)> = vec![
        ("a later version", with("version: 2")),
        ("no version and no load", "name: x\nmock: {}\n".into()),
        ("a roster", "- ann\n- bob\n".into()),
        ("an empty mock is no real service", with("mock:")),
        ("nobody to ask", "version: 1\nload: { shared: { calls: 1 } }\nthresholds: ~\n".into()),
        ("k6 at the top", with("vus: 10")),
        ("k6 stages", with("stages: [{ target: 10, duration: 1m }]")),
        (
            "k6 in a load",
            with("load: { open: { maxVUs: 9, gracefulStop: 3s, stages: [{ target: 9, rate: 1/s, duration: 1m }] } }"),
        ),
        ("Artillery", with("load: { open: { phases: [{ arrivalRate: 5, rampTo: 9, duration: 60 }] } }")),
        ("nearly", with("treshold: [errors.rate < 1%]")),
        ("in the wrong place", with("max_in_flight: 10")),
        ("two models", with("load: { open: { stages: [{ rate: 1/s, duration: 1m }] }, closed: {} }")),
        ("no model", with("load: {}")),
        ("bare numbers", with("load: { open: { stages: [{ rate: 40, duration: 30 }] } }")),
        (
            "words for numbers",
            with("load: { open: { max_in_flight: lots, stages: [{ rate: fast, duration: long, warmup: yes }] } }"),
        ),
        ("no arrivals", with("load: { open: { stages: [{ rate: 0/s, duration: 1m }] } }")),
        ("no stages", with("load: { open: { stages: [] } }")),
        ("too long", with("load: { open: { stages: [{ rate: 1/s, duration: 9000h }] } }")),
        (
            "warm-up",
            with(
                "load: { open: { stages: [{ name: a, rate: 1/s, duration: 1m }, { name: a, rate: 1/s, duration: 1m, warmup: true }] } }",
            ),
        ),
        ("only warm-up", with("load: { open: { stages: [{ rate: 1/s, duration: 1m, warmup: true }] } }")),
        ("users", with("load: { closed: { think: forever, stages: [{ users: 5/s, duration: 1m }] } }")),
        ("a trace that is not there", with("load: { trace: { file: none.csv, speed: 0 } }")),
        ("a trace that is unsorted", with("load: { trace: { file: unsorted.csv } }")),
        ("two to ask", with("target: { endpoint_url: \"http://127.0.0.1:8787\" }")),
        ("a strange service", with("target: { endpoint_url: localhost, region: Virginia }")),
        ("meetings", with("target: { meetings: { create: some, renew: 6m, max_attendees: 251, share: 0%, ids: [abc] } }")),
        ("meetings twice", with("target: { meetings: { create: 3, ids: [11111111-2222-3333-4444-555555555555] } }")),
        ("a mock", with("mock: { latency: { lognormal: { p50: 35, p99: 1s } }, quota: publisht, workers: 3, ids: folded }")),
        (
            "a mock's quota",
            with("mock: { quota: \"published,create_atendee=1/2\", latency: \"uniform:9ms..1ms\", service: 1ms }"),
        ),
        (
            "mischief",
            with("mock: { mischief: [{ name: a, do: explode }, { name: b c, do: stall }, { name: d, do: { slow: fast } }] }"),
        ),
        ("ids", with("data: { generate: { external_user_id: \"aws:{run}-{seq}\" } }")),
        ("one id for all", with("data: { generate: { external_user_id: \"lt-{user}\" } }")),
        ("data", with("data: { roster: { use: random } }")),
        ("operations", with("operations: { weights: { get-attendee: 1, create_attendee: 0 } }")),
        ("a sequence", with("operations: { sequence: [create-attendee, delete-attendee, get-attendee, createAttendee] }")),
        ("retries", with("retry: { mode: adaptive, max_attempts: 1 }")),
        ("a retry", with("retry: always")),
        (
            "a variable that is not set",
            with("load: { open: { stages: [{ rate: \"${RATE}/s\", duration: 1m }] } }").replace("mock", "env: [RATE]\nmock"),
        ),
        ("variables", with("env: [HOST, PORT]\nname: \"${HOME}\"\nabout: \"${HOST\"")),
        (
            "thresholds of k6",
            with("thresholds: [\"http_req_duration < 800\", \"p(95)<200\", \"response.p(99) < 800ms\", http_req_failed < 1%]"),
        ),
        (
            "thresholds",
            with(
                "thresholds: [response.p99 < 800, response.avg < 1s, errors < 1%, errors.rate < 5, latency.p99 < 1s, response.p101 < 1s, response.p99, errors.rate == 0, throttled.rate < many]",
            ),
        ),
        (
            "threshold keys",
            with(
                "thresholds: [{ check: errors.rate < 1%, abortOnFail: true, delayAbortEval: 10s, for: 3, stage: hodl, operation: get-attendee, class: throtled }]",
            ),
        ),
        (
            "threshold stages",
            with(
                "thresholds: [{ check: errors.rate < 1%, stage: warm }, { check: errors.rate < 1%, stage: hold, over: 2m, after: 1m }, { check: dropped.rate < 1%, class: reset }]",
            ),
        ),
        (
            "thresholds of a closed load",
            format!(
                "version: 1\nmock: {{}}\n{closed}\noperations: {{ weights: {{ list-attendees: 1 }} }}\nthresholds: [achieved/planned > 99%, token.p99 < 1s]\n"
            ),
        ),
        ("YAML", with("load: { open: { stages: [{ rate: 1/s, duration: 1m }] }")),
        ("a key twice", with("seed: 1\nseed: 2")),
        ("a tag", with("seed: !!int 1")),
    ];
    let mut said = String::new();
    for (about, text) in files {
        let error = plan(&text).map(|plan| format!("{about} was read: {plan:?}")).unwrap_err();
        said.push_str(&format!("# {about}\n{error}\n\n"));
    }
    insta::assert_snapshot!(said);
}

#[test]
fn nothing_a_file_may_say_is_without_a_sentence_and_a_home() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scenarios.md")).unwrap();
    for shape in SCENARIO.all() {
        for key in shape.keys {
            assert!(key.about.ends_with(['.', '…', ')']), "{}.{}: {}", shape.path, key.name, key.about);
            assert!(
                docs.contains(&format!("`{}`", key.name)),
                "docs/scenarios.md does not know `{}` of {}",
                key.name,
                shape.path
            );
        }
    }
}

proptest! {
    /// Whatever stands where, there is a plan or there are faults, and never a panic.
    #[test]
    fn any_value_anywhere(key in "(version|name|target|mock|data|load|operations|retry|timeout|seed|thresholds|env)",
                          value in "([a-z0-9/%.<:-]|open|closed|trace|shared|stages|rate|users|check|\\{|\\}|\\[|\\]|, |: |\\$\\{HOST\\}){0,12}") {
        let text = with(&format!("{key}: {value}"));
        if let Err(error) = plan(&text) {
            prop_assert!(!error.faults().is_empty());
        }
    }
}

#[test]
fn an_endpoint_from_outside_takes_the_place_of_the_mock() {
    let text = with("target: { region: eu-central-1, endpoint_url: \"http://127.0.0.1:1\" }");
    let around = Surroundings {
        env: &|_| None,
        files: &|_| Err(std::io::ErrorKind::NotFound.into()),
        endpoint_url: Some("http://[::1]:2"),
        set: &[],
    };
    let plan = read("x", &text, &around).unwrap();
    let expected = headcount::scenario::plan::Target::Service {
        region: Some("eu-central-1".into()),
        endpoint_url: Some("http://[::1]:2".into()),
    };
    assert_eq!(plan.target, expected);
}
