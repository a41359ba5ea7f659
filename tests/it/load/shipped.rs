//! Every shipped scenario, run whole under a paused clock: what it is there to show, it shows.

use super::line::{load, shipped};

#[tokio::test(start_paused = true)]
async fn smoke() {
    let loaded = load("smoke", &shipped("smoke")).await;
    assert_eq!(loaded.verdict(), "pass");
    assert_eq!((loaded.number("counts.planned"), loaded.number("classes.ok")), (50.0, 50.0));
    // 20 ms, told to three digits; nothing waited and nothing was late.
    for (metric, ms) in [("response", 20.0), ("service", 20.0), ("queue", 0.001), ("lag", 0.001)] {
        assert!((loaded.number(&format!("latency_ms.{metric}.p99")) - ms).abs() < 0.02, "{metric}: {:#}", loaded.summary);
    }
    assert_eq!(loaded.number("rate.planned"), 5.0);
}

#[tokio::test(start_paused = true)]
async fn doors_open() {
    let loaded = load("doors-open", &shipped("doors-open")).await;
    assert_eq!(loaded.verdict(), "pass", "{:#}", loaded.summary);
    // (5·20 s) + (5+40)/2·120 s + 40·300 s = 14,800, give or take a Poisson's root.
    assert!((loaded.number("counts.planned") - 14_800.0).abs() < 490.0);
    assert_eq!(loaded.number("classes.ok"), loaded.number("counts.planned"));
    // Sixty meetings at all times: those of the start, replaced at the age of four minutes.
    assert!(
        loaded.number("meetings.made") >= 120.0 && loaded.number("meetings.renewed") >= 60.0,
        "{:#}",
        loaded.summary["meetings"]
    );
    assert_eq!(loaded.number("meetings.made"), loaded.number("meetings.deleted"));
    // The mock draws lognormal(35 ms, 180 ms).
    let service = |q: &str| loaded.number(&format!("latency_ms.service.{q}"));
    assert!(
        (service("p50") - 35.0).abs() < 1.5 && (service("p99") - 180.0).abs() < 15.0,
        "{} {}",
        service("p50"),
        service("p99")
    );
    assert!(loaded.summary["stages"][0]["warmup"].as_bool().unwrap());
    assert!(loaded.number("latency_ms.service.count") < loaded.number("counts.done"), "warm-up is left out");
}

#[tokio::test(start_paused = true)]
async fn spike() {
    let loaded = load("spike", &shipped("spike")).await;
    assert_eq!(loaded.verdict(), "pass", "{:#}", loaded.summary);
    // Forty workers of 100 ms do 400/s, twice the spike: nothing waits long.
    assert!((loaded.number("stages.1.rate.planned") - 200.0).abs() < 15.0);
}

#[tokio::test(start_paused = true)]
async fn soak() {
    let loaded = load("soak", &shipped("soak")).await;
    assert_eq!(loaded.verdict(), "pass", "{:#}", loaded.summary);
    assert!(loaded.number("counts.planned") > 57_000.0);
    // Two hours of meetings that end after five minutes: each was replaced in time, and no call met a dead one.
    assert!(loaded.number("meetings.made") >= 30.0, "{:#}", loaded.summary["meetings"]);
    assert_eq!(loaded.number("classes.ok"), loaded.number("counts.done"));
}

#[tokio::test(start_paused = true)]
async fn quota_wall() {
    let loaded = load("quota-wall", &shipped("quota-wall")).await;
    assert_eq!(loaded.verdict(), "pass", "{:#}", loaded.summary);
    // Beyond the wall, 20/s meet 10/s: half of them are throttled.
    let beyond = |what: &str| loaded.number(&format!("stages.2.{what}"));
    assert!((beyond("classes.throttled") / beyond("done") - 0.5).abs() < 0.05, "{:#}", loaded.summary["stages"][2]);
    assert!(loaded.summary["errors"]["throttled"]["codes"]["ThrottlingException"]["request_ids"][0].is_string());
}

#[tokio::test(start_paused = true)]
async fn closed_loop() {
    let loaded = load("closed-loop", &shipped("closed-loop")).await;
    assert_eq!(loaded.verdict(), "pass", "{:#}", loaded.summary);
    let calls = |n: usize| (loaded.summary["operations"][n]["name"].clone(), loaded.number(&format!("operations.{n}.done")));
    let [(create, made), (get, looked), (delete, deleted)] = [calls(0), calls(1), calls(2)];
    assert_eq!([create, get, delete], ["create-attendee", "get-attendee", "delete-attendee"]);
    assert!(made > 3_000.0 && (made - looked).abs() < 60.0 && (made - deleted).abs() < 60.0, "{made} {looked} {deleted}");
    assert!(loaded.summary["notes"][0].as_str().unwrap().contains("response time is service time here"));
    assert!(loaded.summary["rate"]["planned"].is_null());
}

#[tokio::test(start_paused = true)]
async fn trace() {
    let loaded = load("trace", &shipped("trace")).await;
    assert_eq!(loaded.verdict(), "pass", "{:#}", loaded.summary);
    assert_eq!(loaded.number("counts.planned"), loaded.number("classes.ok"));
}

#[tokio::test(start_paused = true)]
async fn stall() {
    let loaded = load("stall", &shipped("stall")).await;
    assert_eq!(loaded.verdict(), "fail");
    assert_eq!(loaded.summary["thresholds"][1]["check"], "response.p99 < 1s");
    let holds: Vec<bool> = (0..4).map(|n| loaded.summary["thresholds"][n]["ok"].as_bool().unwrap()).collect();
    assert_eq!(holds, [true, false, true, true], "{:#}", loaded.summary["thresholds"]);
    assert!(loaded.summary["notes"][0].as_str().unwrap().contains("waited for a free slot"), "{:#}", loaded.summary["notes"]);
}

/// The same seed under a paused clock: the same bytes.
#[tokio::test(start_paused = true)]
async fn a_run_replays_to_the_byte() {
    let of = |loaded: &super::line::Loaded| (loaded.summary.to_string(), loaded.rows.clone());
    let (one, two) = (load("spike", &shipped("spike")).await, load("spike", &shipped("spike")).await);
    assert_eq!(of(&one), of(&two));
}
