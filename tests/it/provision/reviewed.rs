//! What a review has found, so that it stays mended: tokens kept, rows not given up, the service not pressed. In memory.
//!
//! Holds a case a finding, each under the paused clock. What the command line is part of is in `reviewed_program`.

use super::act::{Act, Ask};
use super::job::{Job, Ran};
use super::world::{World, meeting, roster};
use headcount::bucket::Rate;
use headcount::chime::class::Class;
use headcount::client::pace::Pacing;
use headcount::drive::pump::Stop;
use headcount::ledger::store::Replay;
use headcount::provision::Ending;
use headcount::provision::board::Notice;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

fn user(ask: &Ask) -> &str {
    ask.user.as_deref().unwrap_or_default()
}

async fn finished(world: &World, text: &str) -> Job {
    let job = Job::new(text);
    assert!(job.run(world).await.done());
    world.forget_calls();
    job
}

/// Everything is asked again, and some of it fails, for a pass, for good, for a whole meeting: no token is given up for that.
#[tokio::test(start_paused = true)]
async fn a_replay_of_everything_gives_up_no_token() {
    let world = World::paused();
    let mut job = finished(&world, &roster(3, 40)).await;
    job.settings.replay = Replay::All;
    world.script(|ask| match user(ask) {
        // One in a meeting of each kind: 0 is asked beyond a pass, 1 forbidden, 2 full.
        "user-00033" | "user-00045" | "user-00060" if ask.nth <= 8 => Act::Refuse(503, "ServiceUnavailableException"),
        "user-00034" => Act::Refuse(403, "ForbiddenException"),
        "user-00035" => Act::Refuse(400, "LimitExceededException"),
        _ => Act::Well,
    });
    let ran = job.run(&world).await;
    assert_eq!((ran.ending.clone(), ran.outputs.tokens.len()), (Ending::Finished, 120), "{:?}", ran.outputs.reasons());
    assert!(ran.done());
    for row in [33, 45, 60] {
        assert_eq!(world.calls_of(&meeting(0), &format!("user-{row:05}")), 9, "row {row} is asked until it is settled");
    }
    let asked = |n| world.log().iter().filter(|(_, (m, _))| *m == meeting(n)).count();
    assert_eq!((asked(0), asked(2)), (40 + 3 * 8, 40), "a full meeting still has the seats it had");
}

#[tokio::test(start_paused = true)]
async fn a_meeting_that_cannot_be_looked_at_is_taken_as_it_comes() {
    let world = World::spoilt(|ask| match !ask.is_seat() && ask.meeting == meeting(2) {
        true => Act::Refuse(500, "ServiceFailureException"),
        false => Act::Well,
    });
    let ran = Job::new(&roster(5, 40)).run(&world).await;
    assert!(ran.done() && world.calls() == 200, "{:?}: {:?}", ran.ending, ran.outputs.reasons());
    assert!(world.looks() <= 4 + 3 * 5, "{} looks", world.looks());
    assert_eq!(unknown(&ran), 1, "it is said once");
}

/// An untyped 404 is a gateway's. Only the service itself can say that a meeting is gone.
#[tokio::test(start_paused = true)]
async fn a_404_that_names_no_error_makes_no_row_void() {
    let world = World::paused();
    let job = finished(&world, &roster(2, 20)).await;
    world.script(|ask| match ask.is_seat() {
        false => Act::Say(404, b"<html><h1>404 Not Found</h1></html>".to_vec()),
        true => Act::Well,
    });
    let ran = job.run(&world).await;
    assert!(ran.done(), "{:?}", ran.outputs.reasons());
    assert_eq!((ran.outputs.tokens.len(), ran.published.void, world.calls(), unknown(&ran)), (40, 0, 0, 2));
    world.script(|_| Act::Refuse(404, "NotFoundException"));
    let ran = job.run(&world).await;
    assert_eq!((ran.outputs.tokens.len(), ran.published.void, ran.done()), (0, 40, false));
}

/// Made, answered with 503, and then the key is gone: when the meeting is full later, the seat is still there.
#[tokio::test(start_paused = true)]
async fn a_key_gone_before_a_retry_keeps_the_doubt() {
    let world = World::spoilt(|ask| match user(ask) {
        "user-00001" => Act::Break(Class::ConnectTimeout),
        "user-00003" if ask.nth == 1 => Act::Say(503, br#"{"Code":"ServiceUnavailableException"}"#.to_vec()),
        "user-00003" => Act::Refuse(403, "UnrecognizedClientException"),
        _ => Act::Well,
    });
    let mut job = Job::new(&roster(1, 8));
    let ran = job.run(&world).await;
    assert!(matches!(ran.ending, Ending::NotLetIn(_)), "{:?}", ran.ending);
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.unprocessed), (6, 2));
    // The first row finds the meeting full before the doubtful one is asked.
    world.script(|ask| if user(ask) == "user-00001" { Act::Refuse(400, "LimitExceededException") } else { Act::Well });
    job.settings.concurrency = 1;
    let ran = job.run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (7, 1));
}

/// Made, answered with 503, and stopped before it was asked again: when the meeting is full later, its seat is still there.
#[tokio::test(start_paused = true)]
async fn a_stop_before_a_retry_keeps_the_doubt() {
    let ours = |user: &str| ["user-00006", "user-00011", "user-00017"].contains(&user);
    let world = World::spoilt(move |ask| match user(ask) {
        "user-00001" => Act::Break(Class::ConnectTimeout),
        user if ours(user) => Act::Say(503, br#"{"Code":"ServiceUnavailableException"}"#.to_vec()),
        _ => Act::Well,
    });
    let mut job = Job::new(&roster(1, 20));
    // All are asked at once; none a second time before it is told to stop.
    job.settings.concurrency = 20;
    let (stop, stopped) = watch::channel(Stop::No);
    let stopping = async {
        world.reached(20).await;
        stop.send_replace(Stop::Drain);
    };
    let (ran, ()) = tokio::join!(job.run_stopped(&world, stopped), stopping);
    assert_eq!((ran.ending, ran.published.counts.provisioned, ran.published.counts.unprocessed), (Ending::Stopped, 16, 4));
    assert_eq!((world.issued().len(), world.calls()), (19, 20));
    // The others have filled the meeting meanwhile; the first row finds that out before the doubtful ones are asked.
    world.script(|ask| if user(ask) == "user-00001" { Act::Refuse(400, "LimitExceededException") } else { Act::Well });
    job.settings.concurrency = 1;
    world.forget_calls();
    let ran = job.run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused, world.calls()), (19, 1, 4));
}

/// Made, and answered with what cannot be believed: when the meeting is full a moment later, its seat is still there.
#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_believed_leaves_a_doubt() {
    for nonsense in [&b"<html>not now</html>"[..], b"", b"{}"] {
        let world = World::spoilt(|ask| match user(ask) {
            "user-00002" if ask.nth == 1 => Act::Say(200, nonsense.to_vec()),
            user if user > "user-00002" => Act::Refuse(400, "LimitExceededException"),
            _ => Act::Well,
        });
        let mut job = Job::new(&roster(1, 20));
        job.settings.concurrency = 1;
        let ran = job.run(&world).await;
        assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (3, 17), "{:?}", ran.outputs.reasons());
        assert_eq!(world.issued().len(), 3, "no seat is lost");
    }
}

/// Given up for answers that cannot be believed, and asked again on request: what the service made is still there.
#[tokio::test(start_paused = true)]
async fn a_retry_fetches_what_could_not_be_believed() {
    let world = World::spoilt(|ask| match user(ask) {
        "user-00001" => Act::Refuse(400, "BadRequestException"),
        "user-00002" => Act::Say(200, b"<html>not now</html>".to_vec()),
        _ => Act::Well,
    });
    let mut job = Job::new(&roster(1, 20));
    job.settings.concurrency = 1;
    assert_eq!(job.run(&world).await.published.counts.refused, 2);
    world.script(|ask| if user(ask) == "user-00001" { Act::Refuse(400, "LimitExceededException") } else { Act::Well });
    job.settings.replay = Replay::Retry;
    let ran = job.run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (19, 1), "{:?}", ran.outputs.reasons());
}

/// Rows refused unasked, because their meeting was full, are no doubtful ones: a few tell that it is full still.
#[tokio::test(start_paused = true)]
async fn a_retry_on_a_full_meeting_asks_a_handful() {
    let (world, mut job) = (World::paused(), Job::new(&roster(1, 400)));
    assert_eq!(job.run(&world).await.published.counts.refused, 150);
    world.forget_calls();
    job.settings.replay = Replay::Retry;
    let ran = job.run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (250, 150));
    assert!((1..=9).contains(&world.calls()), "{} of 150 refused rows were asked", world.calls());
}

/// A rate below the slowest that throttles slow down to: a throttle must not make it faster.
#[tokio::test(start_paused = true)]
async fn a_throttle_never_makes_a_slow_rate_faster() {
    for rate in [0.1, 0.4] {
        let world = World::spoilt(|ask| match ask.is_seat() && [4, 5].contains(&ask.count) {
            true => Act::Refuse(429, "ThrottlingException"),
            false => Act::Well,
        });
        let mut job = Job::new(&roster(1, 12));
        (job.settings.rate, job.settings.pacing) = (Rate::per_second(rate).unwrap(), Pacing::Held { burst: 1.0 });
        assert!(job.run(&world).await.done());
        let least = Duration::from_secs_f64(1.0 / rate) - Duration::from_millis(5);
        let log = world.log();
        let gaps = log.windows(2).map(|pair| pair[1].0 - pair[0].0);
        assert!(gaps.clone().all(|gap| gap >= least), "{rate}/s: {:?}", gaps.collect::<Vec<_>>());
    }
}

/// Five hundred meetings and a policy that allows nothing: neither is each looked at, nor is anybody blamed.
#[tokio::test(start_paused = true)]
async fn a_policy_that_allows_nothing_is_found_out_with_few_requests() {
    let world = World::spoilt(|_| Act::Refuse(403, "AccessDeniedException"));
    let ran = Job::new(&roster(500, 3)).run(&world).await;
    assert!(matches!(ran.ending, Ending::NotLetIn(_)), "{:?}", ran.ending);
    assert!(ran.requests <= 100, "{} requests", ran.requests);
    assert_eq!(ran.published.counts.unprocessed, 1500);
}

/// "Come back in twenty seconds", said to everybody, is kept to by everybody.
#[tokio::test(start_paused = true)]
async fn a_hint_of_an_outage_silences_everybody() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let world = World::spoilt(move |ask| {
        log.lock().unwrap().push(ask.at);
        match ask.at.as_secs() < 20 {
            true => Act::RefuseWith(503, "ServiceUnavailableException", "retry-after", "20".to_owned()),
            false => Act::Well,
        }
    });
    let ran = Job::new(&roster(12, 20)).run(&world).await;
    assert!(ran.done(), "{:?}", ran.outputs.reasons());
    let asked = asked.lock().unwrap();
    let told = world.latency * 2;
    let first = asked.iter().filter(|at| **at <= told).count();
    assert!((1..=8).contains(&first), "{first} in the first flight");
    let early: Vec<_> = asked[first..].iter().filter(|at| **at < Duration::from_secs(20)).collect();
    assert!(early.is_empty(), "asked at {early:?}");
}

/// A key revoked on the way is refused for every row alike.
#[tokio::test(start_paused = true)]
async fn a_key_revoked_on_the_way_ends_the_run_and_blames_no_row() {
    for kind in ["UnrecognizedClientException", "InvalidSignatureException"] {
        let world = World::spoilt(move |ask| match ask.is_seat() && ask.count > 20 {
            true => Act::Refuse(403, kind),
            false => Act::Well,
        });
        let ran = Job::new(&roster(4, 50)).run(&world).await;
        assert!(matches!(ran.ending, Ending::NotLetIn(_)), "{kind}: {:?}", ran.ending);
        let counts = ran.published.counts;
        assert_eq!((counts.provisioned, counts.refused, counts.unprocessed), (20, 0, 180), "{kind}");
        assert!(world.calls() <= 20 + 8, "{kind}: {} calls", world.calls());
    }
}

/// How often it was said that a meeting could not be looked at.
fn unknown(ran: &Ran) -> usize {
    ran.notices.iter().filter(|notice| matches!(notice, Notice::MeetingUnknown { .. })).count()
}
