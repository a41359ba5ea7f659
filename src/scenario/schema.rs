//! The scenario format as a JSON Schema, for editors.
//!
//! Holds [`schema`]. Called by `headcount schema scenario`. It is made from the shapes that the reader works with, so that the two
//! cannot drift apart; what a schema cannot say (rules between keys) only the reader knows.

use super::format::SCENARIO;
use super::shape::{Kind, Shape};
use serde_json::{Map, Value, json};

/// The schema, in the dialect of 2020-12.
pub fn schema() -> Value {
    let mut whole = shape(&SCENARIO, false);
    whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    whole["title"] = json!("headcount scenario, version 1");
    whole
}

fn shape(shape: &Shape, one: bool) -> Value {
    let mut properties = Map::new();
    for key in shape.keys {
        let mut value = kind(&key.kind);
        value["description"] = json!(key.about);
        properties.insert(key.name.to_owned(), value);
    }
    let needed: Vec<_> = shape.keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
    let mut out = json!({"type": "object", "description": shape.about, "additionalProperties": false, "properties": properties});
    if !needed.is_empty() {
        out["required"] = json!(needed);
    }
    if one {
        (out["minProperties"], out["maxProperties"]) = (json!(1), json!(1));
    }
    out
}

fn kind(kind: &Kind) -> Value {
    let pattern = |pattern: &str| json!({"type": "string", "pattern": pattern});
    match kind {
        Kind::Text => json!({"type": ["string", "number", "boolean"]}),
        Kind::Name => pattern("^[A-Za-z0-9_-]{1,40}$"),
        Kind::Count(least, most) if *most == u64::MAX => json!({"type": "integer", "minimum": least}),
        Kind::Count(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Factor => json!({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, pattern("^[0-9.]+x$")]}),
        Kind::Share => json!({"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, pattern("^[0-9.]+ *%$")]}),
        Kind::Span => pattern("^[0-9].*[a-z]$"),
        Kind::Rate => pattern("^([0-9.]+ */ *[0-9.]* *[a-z]+|unlimited)$"),
        Kind::RateRamp => pattern("^[0-9.]+ */ *[0-9.]* *[a-z]+( *\\.\\. *[0-9.]+ */ *[0-9.]* *[a-z]+)?$"),
        Kind::Users => json!({"anyOf": [{"type": "integer", "minimum": 0}, pattern("^[0-9]+ *\\.\\. *[0-9]+$")]}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Choice(words) => json!({"enum": words}),
        Kind::Latency => {
            json!({"anyOf": [pattern("^[a-z0-9]"), {"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames":
            {"enum": ["fixed", "uniform", "exponential", "lognormal", "bimodal", "recorded"]}}]})
        }
        Kind::Mischief => json!({"type": "object", "required": ["name", "do"]}),
        Kind::Check => pattern("[<>]"),
        Kind::Map(inner) => shape(inner, false),
        Kind::OneOf(inner) => shape(inner, true),
        Kind::List(inner) => json!({"type": "array", "minItems": 1, "items": self::kind(inner)}),
        Kind::Either(kinds) => json!({"anyOf": kinds.iter().map(self::kind).collect::<Vec<_>>()}),
    }
}
