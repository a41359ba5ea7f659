//! The published schemas of the summary and of a search, beside every one that a test makes: neither has a member that the other has not.

use headcount::load::schema::schema;
use serde_json::{Value, json};

/// What does not fit of a summary. Enough of JSON Schema for ours, and stricter: a member that the schema does not describe is a
/// stranger. The jsonschema package of Python judges the program's summaries in tests/peers.
pub fn faults(summary: &Value) -> Vec<String> {
    faults_by(&schema(), summary)
}

/// What does not fit of a value, by this schema.
pub fn faults_by(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    walk("", value, schema, schema, &mut faults);
    faults
}

fn walk(at: &str, value: &Value, schema: &Value, whole: &Value, faults: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        return walk(at, value, &whole["$defs"][name.rsplit('/').next().unwrap()], whole, faults);
    }
    if let Some(all) = schema["anyOf"].as_array() {
        // Of ours, the last is null.
        assert_eq!(all.last().unwrap()["type"], "null");
        if !value.is_null() {
            walk(at, value, &all[0], whole, faults);
        }
        return;
    }
    let is = |kind: &Value| match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64(),
        Some("number") => value.as_f64().is_some_and(|n| n >= 0.0),
        Some("null") => value.is_null(),
        _ => false,
    };
    let right = match (&schema["const"], &schema["enum"], &schema["type"]) {
        (Value::Null, Value::Null, Value::Array(kinds)) => kinds.iter().any(is),
        (Value::Null, Value::Null, kind) => is(kind),
        (Value::Null, words, _) => words.as_array().unwrap().contains(value),
        (only, ..) => only == value,
    };
    if !right {
        faults.push(format!("{at}: {value} is not what {schema} says"));
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        walk(&format!("{at}/{n}"), item, &schema["items"], whole, faults);
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        let allowed = schema["propertyNames"]["enum"].as_array();
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Null) => faults.push(format!("{at}: the schema does not know it")),
            (Value::Null, more) if allowed.is_none_or(|names| names.contains(&json!(name))) => {
                walk(&at, member, more, whole, faults)
            }
            (Value::Null, _) => faults.push(format!("{at}: no such name is allowed")),
            (known, _) => walk(&at, member, known, whole, faults),
        }
    }
    for needed in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value[needed].is_null() && !value.as_object().is_some_and(|members| members.contains_key(needed)) {
            faults.push(format!("{at}: {needed} is missing"));
        }
    }
}

/// Every member is described for whoever reads the schema, and a summary that is not one is told.
#[test]
fn it_says_what_everything_is() {
    fn bare(at: &str, schema: &Value, out: &mut Vec<String>) {
        schema["anyOf"].as_array().into_iter().flatten().for_each(|one| bare(at, one, out));
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            if !member["description"].is_string() {
                out.push(at.clone());
            }
            bare(&at, member, out);
            bare(&at, &member["items"], out);
            bare(&at, &member["additionalProperties"], out);
        }
    }
    let mut out = Vec::new();
    for whole in [schema(), headcount::capacity::schema::schema()] {
        bare("", &whole, &mut out);
        whole["$defs"].as_object().unwrap().values().for_each(|part| bare("", part, &mut out));
    }
    assert_eq!(out, Vec::<String>::new());
    assert!(faults(&json!({ "version": 2 })).iter().any(|fault| fault.starts_with("/version: 2 is not")));
    assert!(faults(&json!({})).contains(&": verdict is missing".to_owned()));
}
