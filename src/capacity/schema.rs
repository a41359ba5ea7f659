//! `capacity.json` as a JSON Schema, for programs that read it.
//!
//! Holds [`schema`]. Called by `headcount schema capacity`. It says what a reader may lean on, and nothing against members of later programs.
//! A test walks real files beside it, so that neither has a member that the other has not. It never sees a search.

use super::step::Cause;
use crate::load::schema::{count, defined, described, list, maybe, number, object, text, words};
use serde_json::{Value, json};

/// The schema, in the dialect of 2020-12.
pub fn schema() -> Value {
    let mut whole = object(&[
        ("version", json!({ "const": 1 }), "Of this format."),
        ("kind", json!({ "const": "capacity" }), "What kind of run."),
        ("mode", words(&["search", "quota"]), "search: for the highest rate that holds. quota: for the account's quota."),
        ("name", text(), "The scenario's name."),
        ("target", text(), "Whom it asks: an endpoint, or the mock and its seed."),
        ("scenario", text(), "The SHA-256 of the scenario's text and everything that was set in it."),
        ("settings", settings(), "How it searches; a search goes on only with the same."),
        ("steps", list(step()), "The steps done so far, in order; of a quota, none."),
        ("answer", or_null(answer()), "What the steps come to; null as long as the search is not over."),
        ("quota", or_null(quota()), "What was found of the quota; null as long as it was not looked for."),
    ]);
    whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    whole["title"] = json!("headcount capacity, version 1");
    whole["description"] = json!(
        "capacity.json of a search. Rates are calls a second, latencies milliseconds, shares 0 to 1. A reader ignores members that it does not know."
    );
    whole["$defs"] = json!({ "bucket": bucket(), "cause": cause() });
    whole
}

fn settings() -> Value {
    object(&[
        ("from", number(), "The rate of the first step."),
        ("most", maybe(), "No step goes beyond; null if nothing but the thresholds is the bound."),
        ("precision", number(), "How near the highest rate that holds and the lowest that does not must come, as a share."),
        ("settle_s", number(), "Seconds that a step runs before it is judged."),
        ("step_s", number(), "Seconds that a step is judged, at most."),
        ("hold_s", number(), "Seconds that the answer is held, at most."),
    ])
}

fn step() -> Value {
    object(&[
        ("n", count(), "Which, from 1."),
        ("rate", number(), "Calls a second that were due."),
        ("kind", words(&["seek", "hold"]), "seek: to find the way. hold: to confirm what was found, for longer."),
        (
            "verdict",
            words(&["pass", "fail", "invalid"]),
            "pass: every threshold holds. fail: one does not. invalid: the generator may have made the difference.",
        ),
        ("decided", boolean(), "Whether the sequential test had decided it; otherwise its time was over."),
        ("reasons", list(text()), "Why, a sentence each."),
        ("broke", list(broke()), "The thresholds that broke; empty unless it failed."),
        ("seconds", number(), "Seconds that were judged."),
        ("calls", count(), "Calls that were sent, those before it was judged included."),
        ("achieved", number(), "Calls that ended ok, a second."),
        ("p50_ms", maybe(), "The median of response times; null without data."),
        ("p99_ms", maybe(), "Their 99th percentile; null without data."),
        ("throttled", share(), "The share of calls that were throttled."),
        ("errors", share(), "The share of calls that did not end ok, throttled ones included."),
        ("lag_p99_ms", maybe(), "The 99th percentile of the generator's own lateness; null without data."),
        ("bucket", or_null(defined("bucket")), "The quota's bucket, as far as this step shows it; null if it shows none."),
    ])
}

fn broke() -> Value {
    object(&[
        ("check", text(), "As it was written."),
        ("value", maybe(), "What was measured: milliseconds of a latency, a share, or a number; null without data."),
        ("cause", defined("cause"), "What made it."),
    ])
}

fn answer() -> Value {
    object(&[
        (
            "ending",
            words(&["found", "none-holds", "ceiling", "generator", "budget", "unsteady"]),
            "ceiling: the highest rate that was allowed holds. generator: this machine was the bound. budget: the calls that were allowed are used up. \
             unsteady: so many steps find nothing.",
        ),
        ("rate", maybe(), "The highest rate that holds, as far as was found; null if none is known to."),
        ("confirmed", boolean(), "Whether it held for the longer time, too."),
        ("low", maybe(), "The interval's lower end: the highest rate decided to hold; null if nothing was decided."),
        ("high", maybe(), "Its upper end: the lowest rate decided not to hold; null if nothing was decided."),
        ("confidence", share(), "How sure the interval is."),
        ("knees", list(knee()), "Where each cause breaks a threshold, as far as was seen."),
        ("calls", count(), "Calls that were sent in all steps."),
    ])
}

fn knee() -> Value {
    object(&[
        ("cause", defined("cause"), "What breaks it."),
        ("holds", maybe(), "The highest rate below that held; null if none did."),
        ("breaks", number(), "The lowest rate at which it broke a threshold."),
        ("check", text(), "Which threshold it was there."),
    ])
}

fn quota() -> Value {
    object(&[
        ("bucket", or_null(defined("bucket")), "The bucket; null if no 429 told of one."),
        ("sure", boolean(), "Whether it stands on enough calls to be right to a few percent."),
        ("calls", count(), "Calls that were sent."),
        ("throttled", count(), "Of these, how many were throttled."),
        ("peak", count(), "The most calls let in, in one second."),
        ("seconds", number(), "How long it took."),
    ])
}

fn bucket() -> Value {
    object(&[("rate", number(), "Calls a second."), ("burst", number(), "Calls at once.")])
}

fn cause() -> Value {
    described(words(&Cause::ALL.map(Cause::name)), "throttle: 429s. latency: answers came late. errors: calls failed otherwise.")
}

fn share() -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1 })
}

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

fn or_null(of: Value) -> Value {
    json!({ "anyOf": [of, { "type": "null" }] })
}
