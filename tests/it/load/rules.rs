//! The rules of a run: what is dropped, given up, tried again, renewed, ended early; and that everything is counted once.

use super::line::{Loaded, load, load_until};
use headcount::drive::pump::Stop;
use std::time::Duration;

fn open(mock: &str, more: &str, stages: &str, rest: &str) -> String {
    format!("version: 1\nmock: {mock}\nload: {{ open: {{ {more} stages: [{stages}] }} }}\n{rest}")
}

const TEN_SECONDS: &str = "{ name: only, rate: 100/s, duration: 10s }";

#[tokio::test(start_paused = true)]
async fn what_finds_no_slot_waits_or_is_dropped_and_is_counted() {
    // Ten slots of 200 ms do 50/s; 100/s are due.
    let mock = "{ latency: 200ms }";
    let queue = load("queue", &open(mock, "max_in_flight: 10, grace: 60s,", TEN_SECONDS, "")).await;
    assert_eq!((queue.number("classes.ok"), queue.number("counts.dropped")), (1000.0, 0.0));
    assert!(queue.number("latency_ms.response.max") > 9_000.0 && queue.number("latency_ms.service.max") < 201.0);
    assert!(queue.summary["notes"][0].as_str().unwrap().contains("waited for a free slot"));
    // Nothing of that is held against the generator.
    assert_eq!(queue.verdict(), "pass");

    let drop = load("drop", &open(mock, "max_in_flight: 10, on_saturation: drop,", TEN_SECONDS, "")).await;
    assert!((drop.number("counts.dropped") - 500.0).abs() <= 10.0, "{:#}", drop.summary["counts"]);
    assert!(drop.number("latency_ms.response.max") < 201.0);

    let bounded = load("bounded", &open(mock, "max_in_flight: 10, max_queue: 50, grace: 60s,", TEN_SECONDS, "")).await;
    assert!((bounded.number("counts.dropped") - 450.0).abs() <= 10.0, "{:#}", bounded.summary["counts"]);
    let checks = "thresholds: [dropped.rate < 1%, achieved/planned > 99%]\n";
    let judged = load("judged", &open(mock, "max_in_flight: 10, on_saturation: drop,", TEN_SECONDS, checks)).await;
    assert_eq!(judged.verdict(), "fail");
    assert_eq!(judged.summary["thresholds"].as_array().unwrap().iter().filter(|check| check["ok"] == true).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_when_the_grace_is_over_is_an_aborted_sample() {
    let mock = "{ mischief: [{ name: hang, from: 9s, operations: [CreateAttendee], do: { hang: before_work } }] }";
    let ran = load("hang", &open(mock, "grace: 5s, max_in_flight: 50,", TEN_SECONDS, "timeout: 1h\n")).await;
    // A hundred and one are due from there on: fifty hang, the others never find a slot.
    assert_eq!((ran.number("counts.aborted"), ran.number("counts.dropped")), (50.0, 51.0), "{:#}", ran.summary["counts"]);
    assert_eq!(ran.number("classes.aborted"), 50.0);
    let max = ran.number("latency_ms.response.max");
    assert!((5_000.0..6_100.0).contains(&max), "each with its age: {max}");
}

#[tokio::test(start_paused = true)]
async fn retries_are_calls_of_their_own_and_tokens_count_from_the_first() {
    let mock = "{ latency: 10ms, mischief: [{ name: once, first_per_key: 1, operations: [CreateAttendee], do: { error: { type: ServiceUnavailableException } } }] }";
    let rest = "retry: { mode: standard, max_attempts: 3 }\n";
    let ran = load("retry", &open(mock, "", "{ rate: 1/s, duration: 20s }", rest)).await;
    assert_eq!((ran.number("counts.planned"), ran.number("counts.retries"), ran.number("counts.done")), (20.0, 20.0, 40.0));
    assert_eq!((ran.number("classes.ok"), ran.number("classes.unavailable")), (20.0, 20.0));
    assert!(ran.number("latency_ms.token.max") > 20.0 && ran.number("latency_ms.service.max") < 11.0);
    let off = load("off", &open(mock, "", "{ rate: 1/s, duration: 20s }", "")).await;
    assert_eq!(
        (off.number("counts.done"), off.verdict()),
        (20.0, "fail"),
        "every call failed, and no threshold was needed to say so"
    );
    assert!(off.summary["reasons"][0].as_str().unwrap().contains("every one of 20 calls failed"));
}

#[tokio::test(start_paused = true)]
async fn a_threshold_that_aborts_ends_the_run_and_meetings_are_deleted() {
    let mock = "{ mischief: [{ name: broken, from: 20s, operations: [CreateAttendee], do: { error: { type: ServiceFailureException } } }] }";
    let rest = "thresholds: [{ check: errors.rate < 10%, over: 2s, for: 2, abort: true }]\n";
    let ran = load("abort", &open(mock, "", "{ rate: 50/s, duration: 10m }", rest)).await;
    assert_eq!(ran.verdict(), "fail");
    assert_eq!(ran.summary["ending"], "threshold: errors.rate < 10%");
    assert!(ran.number("seconds") < 30.0 && ran.number("counts.unissued") > 28_000.0, "{:#}", ran.summary["counts"]);
    assert_eq!(ran.line.mock.service().counts().0, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_drains_and_a_second_one_leaves() {
    let stages = "{ rate: 50/s, duration: 6s }, { rate: 50/s, duration: 10m }, { rate: 50/s, duration: 10m }";
    let text = open("{ latency: 500ms }", "", stages, "thresholds: [errors.rate < 1%]\n");
    let stop = |after: u64, level| async move {
        tokio::time::sleep(Duration::from_secs(after)).await;
        level
    };
    let drained: Loaded = load_until("drain", &text, stop(10, Stop::Drain)).await;
    assert_eq!((drained.verdict(), &drained.summary["ending"]), ("pass", &"interrupted".into()));
    assert_eq!(drained.number("counts.aborted"), 0.0, "what was in flight was waited for");
    assert!(drained.number("counts.unissued") > 59_000.0);
    // Rates of a stage are over the time it had: all of it, four seconds and the drain, nothing.
    assert_eq!((drained.number("stages.0.rate.achieved"), drained.number("stages.2.rate.achieved")), (50.0, 0.0));
    assert!(drained.number("stages.1.rate.planned") > 40.0, "{:#}", drained.summary["stages"][1]["rate"]);
    assert!(drained.board.at >= 10);
}

#[tokio::test(start_paused = true)]
async fn no_data_is_no_pass() {
    let checks = "thresholds: [{ check: service.p99 < 1s, class: throttled }]\n";
    let ran = load("nothing", &open("{}", "", "{ rate: 5/s, duration: 2s }", checks)).await;
    assert_eq!((ran.verdict(), ran.summary["thresholds"][0]["verdict"].as_str()), ("fail", Some("no-data")));
}

#[tokio::test(start_paused = true)]
async fn mixes_and_batches_and_lists() {
    let rest = "operations: { weights: { create-attendee: 4, get-attendee: 2, delete-attendee: 2, list-attendees: 1, create-meeting: 1, batch-create-attendee: 1 } }\n";
    let ran = load("mix", &open("{ latency: 5ms }", "", "{ rate: 50/s, duration: 60s }", rest)).await;
    assert_eq!(ran.number("classes.ok"), 3000.0, "{:#} {:#}", ran.summary["classes"], ran.summary["errors"]);
    let names: Vec<&str> =
        ran.summary["operations"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["create-attendee", "batch-create-attendee", "create-meeting", "get-attendee", "list-attendees", "delete-attendee"]
    );
    // Meetings that the load itself made are deleted like those made for it.
    assert_eq!(ran.line.mock.service().counts().0, 0);
    // Time to token counts tokens, and a batch brings many.
    assert!(ran.number("latency_ms.token.count") > 3.0 * 3000.0);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_outruns_its_meetings_says_so() {
    let text = "version: 1\ntarget: { meetings: { create: 2, max_attendees: 10 } }\nmock: {}\n\
                load: { open: { stages: [{ rate: 10/s, duration: 10s }] } }\n";
    let ran = load("few-seats", text).await;
    // Twenty seats: our own bound stands, and the service's own 250 is not reached; the rest go to meetings that are full by our count.
    assert_eq!(ran.number("counts.done"), 100.0);
    let auto = text.replace("create: 2", "create: auto");
    let ran = load("enough", &auto).await;
    assert_eq!(ran.number("classes.ok"), 100.0);
    assert!(ran.number("meetings.made") >= 10.0, "{:#}", ran.summary["meetings"]);
}

#[tokio::test(start_paused = true)]
async fn a_shared_load_makes_its_calls_as_fast_as_allowed() {
    let text = "version: 1\nmock: { latency: 100ms }\nload: { shared: { calls: 500, max_in_flight: 10 } }\n";
    let ran = load("shared", text).await;
    assert_eq!(ran.number("classes.ok"), 500.0);
    // Ten slots of 100 ms: five seconds.
    assert!((ran.number("seconds") - 5.0).abs() < 0.2, "{}", ran.number("seconds"));
    let slow = text.replace("max_in_flight: 10", "max_in_flight: 10, rate: 20/s");
    assert!((load("slow", &slow).await.number("seconds") - 25.0).abs() < 0.3);
    let short = text.replace("calls: 500", "calls: 500, max_duration: 2s");
    let ran = load("short", &short).await;
    assert!(
        (ran.number("counts.done") - 200.0).abs() <= 10.0 && ran.number("counts.unissued") >= 290.0,
        "{:#}",
        ran.summary["counts"]
    );
}
