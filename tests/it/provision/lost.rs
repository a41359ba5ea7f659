//! Answers that do not come: work done and the reply lost, failures of the service, outages. Nobody is lost by it.

use super::act::{Act, Ask};
use super::job::Job;
use super::world::{World, roster};
use headcount::chime::class::Class;
use headcount::provision::Ending;
use headcount::provision::board::Notice;
use std::time::Duration;

/// Done, and then: the connection breaks, the body is cut, no answer ever comes. Asked again with the same id.
#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_asked_again() {
    type Fault = (&'static str, fn() -> Act);
    let faults: [Fault; 4] = [
        ("reset", || Act::Lose(Class::Reset)),
        ("read-timeout", || Act::Hang),
        ("read-timeout", || Act::Lose(Class::ReadTimeout)),
        ("protocol", || Act::Say(200, br#"{"Attendee":{"ExternalUserId":"us"#.to_vec())),
    ];
    for (class, fault) in faults {
        for every in [1, 3] {
            let world = World::spoilt(move |ask| match (ask.is_seat(), ask.nth) {
                (true, 1) if ask.chance(1) * f64::from(every) < 1.0 => fault(),
                _ => Act::Well,
            });
            let ran = Job::new(&roster(4, 50)).run(&world).await;
            assert!(ran.done(), "{class} for one in {every}: lost {:?}", ran.outputs.reasons());
            assert!(world.most_calls() <= 3, "{class} for one in {every}: {} calls for one key", world.most_calls());
            assert!(ran.class(class) > 40, "{class}: {}", ran.class(class));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_lost_twice_is_asked_three_times() {
    let world = World::spoilt(|ask| if ask.is_seat() && ask.nth <= 2 { Act::Lose(Class::Reset) } else { Act::Well });
    let ran = Job::new(&roster(2, 50)).run(&world).await;
    assert!(ran.done() && world.most_calls() == 3 && world.calls() == 300, "{} calls", world.calls());
}

/// Thirty of a hundred requests fail in one way or another.
fn soup(ask: &Ask) -> Act {
    match (ask.chance(5) * 1000.0) as u32 {
        0..60 => Act::Refuse(500, "ServiceFailureException"),
        60..120 => Act::Refuse(503, "ServiceUnavailableException"),
        120..150 => Act::Refuse(502, "BadGateway"),
        150..190 => Act::Break(Class::Reset),
        190..230 => Act::Lose(Class::Reset),
        230..250 => Act::Break(Class::ConnectTimeout),
        250..270 => Act::Break(Class::Dns),
        270..290 => Act::Lose(Class::ReadTimeout),
        290..300 => Act::Say(200, b"<html>not now</html>".to_vec()),
        _ => Act::Well,
    }
}

#[tokio::test(start_paused = true)]
async fn thirty_percent_faults_lose_nothing_and_cost_less_than_seventy_percent_more() {
    for concurrency in [1, 32] {
        let mut job = Job::new(&roster(6, 250));
        job.settings.concurrency = concurrency;
        let world = World::spoilt(soup);
        let ran = job.run(&world).await;
        assert!(ran.done(), "{:?}", ran.outputs.reasons());
        assert!(ran.requests * 10 <= 1506 * 17, "{concurrency} at once: {} requests for 1,500 rows", ran.requests);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_three_seconds_costs_a_few_probes() {
    let faults: [fn() -> Act; 4] = [
        || Act::Refuse(503, "ServiceUnavailableException"),
        || Act::Refuse(500, "InternalFailure"),
        || Act::Break(Class::Refused),
        || Act::Lose(Class::Reset),
    ];
    for fault in faults {
        let world = World::spoilt(move |ask| if (1.0..4.0).contains(&ask.at.as_secs_f64()) { fault() } else { Act::Well });
        let ran = Job::new(&roster(6, 250)).run(&world).await;
        assert!(ran.done(), "{:?}", ran.outputs.reasons());
        assert!(world.calls() <= 1500 + 100, "{} calls for 1,500 rows", world.calls());
        assert!(ran.notices.iter().any(|n| matches!(n, Notice::Outage(..))) && ran.notices.contains(&Notice::OutageOver));
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_ten_minutes_is_outlived() {
    let world = World::spoilt(|ask| {
        if (1.0..601.0).contains(&ask.at.as_secs_f64()) { Act::Refuse(503, "ServiceUnavailableException") } else { Act::Well }
    });
    let ran = Job::new(&roster(6, 250)).run(&world).await;
    assert!(ran.done(), "{:?}", ran.outputs.reasons());
    assert!(world.calls() <= 1500 + 200, "{} calls for 1,500 rows", world.calls());
}

/// Bursts of nothing but failures, a second in every three.
#[tokio::test(start_paused = true)]
async fn bursts_of_failures_are_outlived() {
    let world = World::spoilt(|ask| match ask.at.as_millis() % 3000 {
        0..1000 => Act::Refuse(500, "ServiceFailureException"),
        _ => Act::Well,
    });
    let ran = Job::new(&roster(6, 250)).run(&world).await;
    assert!(ran.done() && ran.requests * 10 <= 1506 * 17, "{} requests", ran.requests);
}

/// Nothing ever answers: the run ends by itself, says so, blames no row, and goes on when told to.
#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_ends_the_run() {
    for class in [Class::Refused, Class::Dns, Class::ConnectTimeout, Class::Tls, Class::Reset, Class::ReadTimeout] {
        let world = World::spoilt(move |_| Act::Break(class));
        let job = Job::new(&roster(3, 100));
        let began = tokio::time::Instant::now();
        let ran = job.run(&world).await;
        assert!(matches!(&ran.ending, Ending::Unreachable(fault) if fault.class == class), "{class}: {:?}", ran.ending);
        assert!(began.elapsed() <= Duration::from_secs(150) && ran.requests <= 60, "{class}: {} requests", ran.requests);
        assert_eq!((ran.published.counts.unprocessed, ran.outputs.tokens.len()), (300, 0));
        world.script(|_| Act::Well);
        assert!(job.run(&world).await.done());
    }
}

/// An error that does not name itself as the service does is some gateway's: it settles no row and closes no meeting.
#[tokio::test(start_paused = true)]
async fn a_gateways_error_settles_nothing() {
    for status in [400, 404, 502, 504] {
        let world = World::spoilt(move |ask| match ask.is_seat() && ask.nth == 1 && ask.chance(6) < 0.2 {
            true => Act::Say(status, b"<html>upstream</html>".to_vec()),
            false => Act::Well,
        });
        let ran = Job::new(&roster(2, 50)).run(&world).await;
        assert!(ran.done() && world.most_calls() <= 3, "{status}: {:?}", ran.outputs.reasons());
    }
}
