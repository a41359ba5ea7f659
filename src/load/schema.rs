//! `summary.json` of a load run as a JSON Schema, for programs that read it.
//!
//! Holds [`schema`]. Called by `headcount schema summary`. It says what a reader may lean on, and nothing against members of later
//! programs: a reader ignores what it does not know. A test walks real summaries beside it, so that neither has a member that the other
//! has not. Its small words serve the schema of a search, too. It never sees a run.

use crate::chime::class::Class;
use crate::chime::operation::Operation;
use crate::stats::recorder::Metric;
use serde_json::{Map, Value, json};

/// The schema, in the dialect of 2020-12.
pub fn schema() -> Value {
    let mut whole = object(&[
        ("version", json!({ "const": 1 }), "Of this format."),
        ("kind", json!({ "const": "load" }), "What kind of run."),
        ("name", text(), "The scenario's name."),
        ("model", words(&["open", "closed", "trace", "shared"]), "The model of the load."),
        (
            "verdict",
            words(&["pass", "fail", "invalid"]),
            "pass: every threshold holds. fail: one does not, whatever the doubts. invalid: the generator may have made the difference.",
        ),
        ("reasons", list(text()), "Why, a sentence each; the first is the one to read. Empty of a pass."),
        ("ending", text(), ENDING),
        ("seconds", number(), "Of the load, its grace included."),
        ("counts", counts(), "planned + retries = done + dropped + aborted + unissued; sent = done + aborted. All stages."),
        ("classes", defined("classes"), "How calls ended; together, done + dropped + aborted."),
        ("rate", defined("rate"), "Calls a second."),
        ("latency_ms", defined("latencies"), "Without warm-up."),
        ("stages", list(defined("part")), "Every stage, warm-up included, in order."),
        ("operations", list(defined("part")), "Every call that was made, without warm-up."),
        ("thresholds", list(threshold()), "What the run was held to, in the scenario's order."),
        ("errors", errors(), "The classes that are no ok, with codes, messages and request ids."),
        ("meetings", meetings(), "Calls about meetings, which are in none of the numbers above."),
        ("generator", generator(), "The generator itself."),
        ("notes", list(text()), "What is worth knowing beside the numbers, a sentence each."),
    ]);
    let traffic = described(traffic(), "What went over the wire, calls about meetings included; absent where nothing counts it.");
    whole["properties"]["traffic"] = traffic;
    whole["properties"]["coverage"] = described(coverage(), "Of a merged run: how much of the time all members were there.");
    whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    whole["title"] = json!("headcount load summary, version 1");
    whole["description"] = json!("summary.json of a load run. A reader ignores members that it does not know.");
    whole["$defs"] =
        json!({ "latency": latency(), "latencies": latencies(), "classes": classes(), "rate": rate(), "part": part() });
    whole
}

const ENDING: &str = "finished; or what ended it before its time: interrupted, kill-switch, max-duration, max-calls, roster-used-up, \
                      threshold: CHECK, no-meetings: WHY, disk: WHY. Of a merged run those of its members, killed among them, apart by semicolons.";

fn counts() -> Value {
    object(&[
        ("planned", count(), "Calls that were wanted, those that never became due included."),
        ("retries", count(), "Calls that were put back to be tried again."),
        ("unissued", count(), "Calls that did not become due before the end."),
        ("sent", count(), "Requests handed to the transport."),
        ("done", count(), "Those that ended."),
        ("dropped", count(), "Calls due and not sent."),
        ("aborted", count(), "Sent, and given up when the grace was over."),
    ])
}

fn latency() -> Value {
    let mut out = object(&[("count", count(), "Values.")]);
    for (name, about) in [
        ("p50", "Half of them are no longer than this."),
        ("p90", "The 90th percentile."),
        ("p95", "The 95th."),
        ("p99", "The 99th."),
        ("p99_9", "The 99.9th."),
        ("max", "The longest."),
        ("mean", "The mean."),
    ] {
        out["properties"][name] = described(number(), about);
    }
    described(out, "A distribution in milliseconds, at three significant digits; an empty one has only its count.")
}

fn latencies() -> Value {
    let about = |metric: &Metric| match metric {
        Metric::Response => "done − due: what somebody waiting in line feels.",
        Metric::Service => "done − sent: what the service takes.",
        Metric::Queue => "sent − ready: the wait for a free slot.",
        Metric::Lag => "ready − due: the generator's own lateness.",
        Metric::Token => "Token in hand − first due, retries included; absent where no token was made.",
    };
    let (always, token) = Metric::ALL.split_at(Metric::ALL.len() - 1);
    let members: Vec<_> = always.iter().map(|metric| (metric.name(), defined("latency"), about(metric))).collect();
    let mut out = object(&members);
    token.iter().for_each(|metric| out["properties"][metric.name()] = described(defined("latency"), about(metric)));
    out
}

fn classes() -> Value {
    let names: Vec<_> = Class::ALL.iter().map(|class| class.name()).collect();
    json!({ "type": "object", "propertyNames": { "enum": names }, "additionalProperties": count() })
}

fn rate() -> Value {
    object(&[
        ("planned", maybe(), "Planned calls over the planned time; null where none are planned (closed, shared)."),
        ("achieved", number(), "Calls that ended over the time it took."),
    ])
}

fn part() -> Value {
    let calls = Operation::ALL.iter().map(|call| call.name()).collect::<Vec<_>>().join(", ");
    object(&[
        ("name", text(), &format!("The stage's name, or the call's: {calls}.")),
        ("warmup", json!({ "type": "boolean" }), "Whether it is kept and not judged."),
        ("planned", count(), "Calls that became due in it."),
        ("done", count(), "Of those, how many ended."),
        ("dropped", count(), "How many were not sent."),
        ("aborted", count(), "How many were given up."),
        ("rate", defined("rate"), "Calls a second; of a call in a mix, over the stages that are judged."),
        ("classes", defined("classes"), "How they ended."),
        ("latency_ms", defined("latencies"), "How long they took."),
    ])
}

fn threshold() -> Value {
    object(&[
        ("check", text(), "As it was written, with what narrows it."),
        (
            "value",
            maybe(),
            "Milliseconds of a latency, a share from 0 to 1, or a number; of stretches, the worst. null: no data.",
        ),
        ("ok", json!({ "type": "boolean" }), "Whether it holds."),
        (
            "verdict",
            words(&["pass", "fail", "no-data", "doubtful"]),
            "doubtful: it fails, and by no more than the generator was late.",
        ),
    ])
}

fn errors() -> Value {
    let kind = object(&[
        ("count", count(), "How often."),
        ("messages", list(text()), "At most three."),
        ("request_ids", list(text()), "At most three."),
    ]);
    let mut class =
        object(&[("count", count(), "How many calls ended so."), ("meaning", text(), "What it means, and what to do.")]);
    class["properties"]["codes"] = described(
        json!({ "type": "object", "additionalProperties": kind }),
        "By the service's code, or ours; at most eight, the rest under other. Absent where there is none.",
    );
    let names: Vec<_> = Class::ALL.iter().filter(|class| **class != Class::Ok).map(|class| class.name()).collect();
    json!({ "type": "object", "propertyNames": { "enum": names }, "additionalProperties": class })
}

fn meetings() -> Value {
    object(&[
        ("made", count(), "Made for the run."),
        ("renewed", count(), "Of those, how many replaced one that grew too old."),
        ("deleted", count(), "Deleted by the run."),
        ("calls", count(), "Calls that took."),
        ("classes", defined("classes"), "How they ended."),
        ("left_over", list(text()), "MeetingIds of this run that may still be there."),
    ])
}

fn traffic() -> Value {
    object(&[
        ("connections_opened", count(), "Connections opened."),
        ("connections_reused", count(), "Requests sent on one that had carried another before."),
        ("bytes_out", count(), "Bytes sent."),
        ("bytes_in", count(), "Bytes received."),
        ("connect_us_mean", count(), "Microseconds that connecting took, name, TCP and TLS together: the mean."),
        ("connect_us_max", count(), "The longest."),
        ("out_of_descriptors", count(), "Times that this machine had no descriptor or no port left."),
    ])
}

fn coverage() -> Value {
    let stretch = json!({ "type": "array", "items": count(), "minItems": 2, "maxItems": 2 });
    let member = object(&[
        ("run", text(), "What its directory was called."),
        ("id", text(), "Its id."),
        ("offset_s", number(), "How long after the first its load began, by the clocks of both."),
        ("from_s", count(), "Its first second, on the clock of the whole."),
        ("to_s", count(), "The second after its last, its grace left out, as it was planned."),
        ("missing", list(stretch), "Stretches of these that it says nothing of: the first second, and the one after the last."),
        ("torn", count(), "Lines of its logs that could not be read."),
    ]);
    object(&[
        ("seconds", number(), "From the beginning of the first member to when the last was to end, time of grace left out."),
        ("together", number(), "How many of them every member tells of."),
        ("share", number(), "Their share, 0 to 1."),
        ("wanted", number(), "The share below which the run is invalid."),
        ("members", list(member), "The members, in the order in which they began."),
    ])
}

fn generator() -> Value {
    object(&[
        ("lanes", count(), "Threads that asked."),
        ("cpu_share", maybe(), "The share of the time they worked, 0 to 1; null where it cannot be known."),
        ("cpu_us_a_call", maybe(), "Microseconds of CPU a call, of those threads."),
        ("memory", maybe(), "The most memory that the process held, in bytes."),
        ("tolerable_lag_ms", number(), "The p99 of its own lateness beyond which the run is invalid."),
    ])
}

/// An object with members that are always there.
pub(crate) fn object(members: &[(&str, Value, &str)]) -> Value {
    let properties: Map<_, _> =
        members.iter().map(|(name, kind, about)| ((*name).to_owned(), described(kind.clone(), about))).collect();
    let needed: Vec<_> = members.iter().map(|(name, ..)| name).collect();
    json!({ "type": "object", "required": needed, "properties": properties })
}

pub(crate) fn described(mut kind: Value, about: &str) -> Value {
    kind["description"] = json!(about);
    kind
}

pub(crate) fn defined(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

pub(crate) fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

pub(crate) fn words(of: &[&str]) -> Value {
    json!({ "enum": of })
}

pub(crate) fn text() -> Value {
    json!({ "type": "string" })
}

pub(crate) fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

pub(crate) fn number() -> Value {
    json!({ "type": "number", "minimum": 0 })
}

pub(crate) fn maybe() -> Value {
    json!({ "type": ["number", "null"], "minimum": 0 })
}
