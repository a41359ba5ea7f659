//! "Too fast": flow control, not failure. Hints are honoured, storms outlived, and few calls wasted.

use super::act::{Act, Ask};
use super::job::Job;
use super::world::{World, roster};
use headcount::bucket::{Bucket, Rate};
use headcount::provision::board::Notice;
use std::sync::Mutex;
use std::time::Duration;

/// Names and statuses under which a rate limit is answered.
const SPELLINGS: &[(u16, &str)] = &[
    (429, "ThrottlingException"),
    (429, "ThrottledClientException"),
    (429, "TooManyRequestsException"),
    (429, "SomethingNobodyHasHeardOf"),
    (400, "ThrottlingException"),
    (503, "SlowDown"),
];

/// The longest time between two calls.
fn longest_gap(world: &World) -> Duration {
    world.log().windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_storm_is_outlived_in_every_spelling() {
    for (status, kind) in SPELLINGS {
        let world = World::spoilt(move |ask| if ask.chance(3) < 0.5 { Act::Refuse(*status, kind) } else { Act::Well });
        let ran = Job::new(&roster(2, 50)).run(&world).await;
        assert!(ran.done(), "{kind}: {:?}", ran.outputs.reasons());
        assert!(ran.requests * 2 <= 102 * 5, "{kind}: {} requests for 100 rows", ran.requests);
        assert!(ran.notices.contains(&Notice::Throttled), "{kind}");
    }
}

/// Half a minute of nothing but throttles.
#[tokio::test(start_paused = true)]
async fn a_total_storm_costs_few_calls() {
    let world = World::spoilt(|ask| match ask.at.as_secs() {
        1..30 => Act::Refuse(429, "ThrottlingException"),
        _ => Act::Well,
    });
    let ran = Job::new(&roster(6, 250)).run(&world).await;
    assert!(ran.done() && ran.requests * 2 <= 1506 * 5, "{} requests for 1,500 rows", ran.requests);
    assert!(ran.requests <= 1506 + 200, "{} requests for 1,500 rows", ran.requests);
}

#[tokio::test(start_paused = true)]
async fn ten_times_over_the_rate_wastes_less_than_a_third() {
    for (ours, theirs) in [(100.0, 10.0), (500.0, 50.0)] {
        let quota = Mutex::new(Bucket::new(Rate::per_second(theirs).unwrap(), 20.0));
        let world = World::spoilt(move |ask| match quota.lock().unwrap().take(ask.at) {
            Ok(()) => Act::Well,
            Err(_) => Act::Refuse(429, "ThrottlingException"),
        });
        let mut job = Job::new(&roster(4, 100));
        job.settings.rate = Rate::per_second(ours).unwrap();
        let ran = job.run(&world).await;
        assert!(ran.done(), "{:?}", ran.outputs.reasons());
        assert!(ran.requests * 10 <= 404 * 13, "{ours}/s on {theirs}/s: {} requests for 404", ran.requests);
    }
}

/// The hint silences everybody, not only the row that was told.
#[tokio::test(start_paused = true)]
async fn a_hint_is_kept_to_by_all() {
    let hints = [("retry-after", "7", 7), ("x-amz-retry-after", "3000", 3), ("retry-after", "30", 30)];
    for (header, value, seconds) in hints {
        for (status, kind) in [(429, "ThrottlingException"), (429, "ThrottledClientException")] {
            let world = World::spoilt(move |ask: &Ask| match (ask.is_seat(), ask.count) {
                (true, 50) => Act::RefuseWith(status, kind, header, value.to_owned()),
                _ => Act::Well,
            });
            let ran = Job::new(&roster(2, 100)).run(&world).await;
            assert!(ran.done() && world.calls() == 201);
            let gap = longest_gap(&world);
            assert!(gap >= Duration::from_secs(seconds) - Duration::from_millis(5), "{header} {value}: a gap of {gap:?}");
        }
    }
}

/// A failure's hint is kept to by its row.
#[tokio::test(start_paused = true)]
async fn a_503_with_a_hint_is_asked_again_after_it() {
    let world = World::spoilt(|ask| match (ask.is_seat(), ask.count) {
        (true, 50) => Act::RefuseWith(503, "ServiceUnavailableException", "retry-after", "9".to_owned()),
        _ => Act::Well,
    });
    let ran = Job::new(&roster(2, 50)).run(&world).await;
    assert!(ran.done() && world.calls() == 101);
    let log = world.log();
    let told = &log[49];
    let again = log.iter().skip(50).find(|(_, key)| *key == told.1).unwrap();
    assert!(again.0 - told.0 >= Duration::from_secs(9), "asked again after {:?}", again.0 - told.0);
}

/// Nonsense is no hint, and a day is a minute.
#[tokio::test(start_paused = true)]
async fn hostile_hints_stop_nobody() {
    let hints = [
        "86400000",
        "18446744073709551615",
        "99999999999999999999999999",
        "-1",
        "0",
        "soon",
        "1e9",
        "NaN",
        "7, 7",
        "",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ];
    for header in ["retry-after", "x-amz-retry-after"] {
        for hint in hints {
            let world = World::spoilt(move |ask| match (ask.is_seat(), ask.count) {
                (true, 50) => Act::RefuseWith(429, "ThrottlingException", header, hint.to_owned()),
                _ => Act::Well,
            });
            let ran = Job::new(&roster(1, 100)).run(&world).await;
            assert!(ran.done() && world.calls() == 101, "{header} {hint:?}: {} calls", world.calls());
            assert!(longest_gap(&world) <= Duration::from_secs(62), "{header} {hint:?}: {:?}", longest_gap(&world));
        }
    }
}

/// Throttles use up no attempt: a row told so a dozen times in a row is still provisioned.
#[tokio::test(start_paused = true)]
async fn throttles_use_up_no_attempt() {
    let world = World::spoilt(|ask| match ask.user.as_deref() {
        Some("user-00005") if ask.nth <= 12 => Act::Refuse(429, "ThrottlingException"),
        _ => Act::Well,
    });
    let ran = Job::new(&roster(1, 20)).run(&world).await;
    assert!(ran.done() && world.most_calls() == 13);
}
