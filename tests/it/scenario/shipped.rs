//! The shipped scenarios and the schema: they are read, they plan, and every way of describing the format agrees.

use super::plan;
use headcount::scenario::examples::{EXAMPLES, about, companion, example};
use headcount::scenario::file::Create;
use headcount::scenario::format::SCENARIO;
use headcount::scenario::load::{Load, OnSaturation, Spread};
use headcount::scenario::plan::{Meetings, Plan, Target};
use headcount::scenario::schema::schema;
use headcount::scenario::threshold::Window;
use headcount::scenario::{Surroundings, is_scenario, read};
use headcount::schedule::stripe::Stripe;
use headcount::yaml::node::{Content, Document, Node};
use serde_json::Value;
use std::time::Duration;

fn shipped(name: &str) -> Plan {
    let files = |file: &str| companion(file).map(str::to_owned).ok_or_else(|| std::io::ErrorKind::NotFound.into());
    let around = Surroundings { env: &|_| None, files: &files, endpoint_url: None, set: &[] };
    read(&format!("{name}.yaml"), example(name).unwrap(), &around).unwrap_or_else(|error| panic!("{name}:\n{error}"))
}

#[test]
fn every_shipped_scenario_is_clean_and_says_what_it_is_for() {
    for (name, text) in EXAMPLES {
        let plan = shipped(name);
        assert_eq!(plan.name, *name);
        assert!(is_scenario(text) && plan.about == about(text) && plan.about.len() > 20, "{name}: {}", plan.about);
        assert!(plan.warnings.is_empty() && !plan.thresholds.is_empty(), "{name}");
        assert!(matches!(plan.target, Target::Mock(_)), "{name} would ask a real service");
        if let Some(schedule) = plan.schedule() {
            let stages: Vec<u64> = schedule.arrivals().fold(vec![0; plan.stages.len()], |mut counts, arrival| {
                counts[usize::from(arrival.stage)] += 1;
                counts
            });
            assert!(
                stages.iter().all(|count| *count > 0) && stages.iter().sum::<u64>() == schedule.planned(),
                "{name} {stages:?}"
            );
            assert!(schedule.lasts() <= plan.lasts());
        }
    }
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")).unwrap();
    let there = folder.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "yaml")).count();
    assert_eq!(there, EXAMPLES.len(), "a file in scenarios/ is not among the examples");
}

#[test]
fn the_issues_own_file_means_what_it_says() {
    let plan = shipped("doors-open");
    let Load::Open { spread, profile, flow } = &plan.load else { panic!("{:?}", plan.load) };
    assert_eq!((spread, profile.counts()), (&Spread::Poisson, vec![100, 2700, 12_000]));
    assert_eq!((flow.max_in_flight, flow.on_saturation), (500, OnSaturation::Queue));
    let Meetings::Made { create, renew, max_attendees, .. } = plan.meetings else { panic!("{:?}", plan.meetings) };
    assert_eq!((create, renew, max_attendees), (Create::Ahead(60), Some(Duration::from_secs(240)), 250));
    assert_eq!(
        plan.stages.iter().map(|s| (s.name.as_str(), s.warmup)).collect::<Vec<_>>(),
        [("warm-up", true), ("ramp", false), ("hold", false)]
    );
    let windowed = &plan.thresholds[2];
    assert_eq!(windowed.window, Window::Sliding { over: Duration::from_secs(30), times: 3 });
    assert_eq!((windowed.stage, windowed.abort, windowed.after), (Some(2), true, Duration::from_secs(20)));
    assert_eq!(plan.thresholds[0].text, "response.p99 < 800ms");
}

#[test]
fn what_a_file_leaves_out_is_decided() {
    let small = plan("version: 1\nmock: {}\nload: { trace: { file: three.csv, speed: 2 } }\n").unwrap();
    let at: Vec<u128> = small.schedule().unwrap().arrivals().map(|arrival| arrival.at.as_millis()).collect();
    assert_eq!((small.name.as_str(), at), ("x", vec![0, 500, 1250]));
    assert_eq!(small.warnings.len(), 1);
    let text = "version: 1\nenv: [HOST]\ntarget: { endpoint_url: \"http://${HOST}:8787\", meetings: { create: 1 } }\n\
                load: { shared: { calls: 1_000 } }\nthresholds: [errors.rate < 1%]\n";
    let filled = plan(text).unwrap();
    let expected = Target::Service { region: None, endpoint_url: Some("http://localhost:8787".into()) };
    assert_eq!((&filled.target, filled.schedule()), (&expected, None));
    assert!(
        filled.warnings[0].to_string().contains("1000 attendees are planned and the meetings hold 250"),
        "{:?}",
        filled.warnings
    );
}

#[test]
fn stripes_of_a_scenario_are_the_whole() {
    let schedule = shipped("doors-open").schedule().unwrap();
    let mut union: Vec<_> =
        (1..=3).flat_map(|k| schedule.arrivals().filter(move |arrival| Stripe::new(k, 3).unwrap().holds(arrival))).collect();
    union.sort_by_key(|arrival| arrival.n);
    assert!(union.into_iter().eq(schedule.arrivals()));
}

/// Whether a node is what a schema asks for. Enough of JSON Schema for ours, patterns left out; written from the standard, not
/// from the shapes.
fn fits(node: &Node, schema: &Value) -> bool {
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().any(|schema| fits(node, schema));
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().any(|word| word.as_str() == node.scalar());
    }
    let number = node.scalar().and_then(|text| text.parse::<f64>().ok());
    let is = |kind: &str| match kind {
        "object" => matches!(node.content, Content::Map(_)),
        "array" => matches!(node.content, Content::List(_)),
        "boolean" => matches!(node.scalar(), Some("true" | "false")),
        "integer" => number.is_some_and(|n| n.fract() == 0.0),
        "number" => number.is_some(),
        _ => matches!(node.content, Content::Scalar { .. }),
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    if !kinds.iter().any(|kind| is(kind)) {
        return false;
    }
    match &node.content {
        Content::Scalar { .. } => number.is_none_or(|n| {
            schema["minimum"].as_f64().is_none_or(|least| n >= least) && schema["maximum"].as_f64().is_none_or(|most| n <= most)
        }),
        Content::List(items) => {
            items.len() as u64 >= schema["minItems"].as_u64().unwrap_or(0)
                && items.iter().all(|item| fits(item, &schema["items"]))
        }
        Content::Map(entries) => {
            let closed = schema["additionalProperties"] == false;
            let known = |name: &str| schema["properties"].get(name);
            let needed = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
            entries.iter().all(|(key, value)| known(&key.text).map_or(!closed, |schema| fits(value, schema)))
                && needed.iter().all(|key| node.get(key.as_str().unwrap()).is_some())
                && (schema["maxProperties"].is_null() || entries.len() == 1)
        }
    }
}

#[test]
fn the_schema_and_the_reader_agree() {
    let schema = schema();
    for (name, text) in EXAMPLES {
        assert!(fits(&Document::read(name, text).unwrap().root, &schema), "{name}");
    }
    // What the reader refuses for its keys or kinds, the schema refuses.
    for bad in [
        "version: 2\nmock: {}\nload: { shared: { calls: 1 } }\n",
        "mock: {}\nload: { shared: { calls: 1 } }\n",
        "version: 1\nmock: {}\nload: { shared: { calls: 0 } }\n",
        "version: 1\nmock: {}\nload: { shared: { calls: 1, vus: 3 } }\n",
        "version: 1\nmock: { ids: both }\nload: { shared: { calls: 1 } }\n",
        "version: 1\nmock: {}\nload: { open: { stages: [] } }\n",
        "version: 1\nmock: {}\nretry: { max_attempts: 2 }\nload: { shared: { calls: 1 } }\n",
    ] {
        assert!(plan(bad).is_err() && !fits(&Document::read("bad", bad).unwrap().root, &schema), "{bad}");
    }
    // Every mapping of the reader's is closed in the schema, with the same keys: both are made from the same shapes, and the
    // reader's debug build insists that it asks for each of them.
    let mut keys = 0;
    fn count(value: &Value, keys: &mut usize) {
        if let Value::Object(members) = value {
            if let Some(Value::Object(properties)) = members.get("properties") {
                *keys += properties.len();
            }
            members.values().for_each(|value| count(value, keys));
        } else if let Value::Array(items) = value {
            items.iter().for_each(|value| count(value, keys));
        }
    }
    count(&schema, &mut keys);
    assert_eq!(keys, SCENARIO.all().iter().map(|shape| shape.keys.len()).sum::<usize>());
}
