//! What a person can turn: canaries, budgets, replay; and rows that mean the same or contradict each other.

use super::act::Act;
use super::job::Job;
use super::world::{World, meeting, roster};
use headcount::chime::class::Class;
use headcount::clock::Wall;
use headcount::ledger::load::{Fold, OnConflict, Rules};
use headcount::ledger::store::Replay;
use headcount::provision::Ending;
use headcount::provision::board::Notice;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_canary_asks_for_the_first_rows_alone() {
    let (world, mut job) = (World::paused(), Job::new(&roster(2, 50)));
    job.settings.last_row = 7;
    let ran = job.run(&world).await;
    assert_eq!((world.calls(), ran.published.counts.provisioned, ran.published.counts.unprocessed), (7, 7, 93));
    assert!(!ran.done());
    job.settings.last_row = i64::MAX;
    assert!(job.run(&world).await.done() && world.calls() == 100);
}

#[tokio::test(start_paused = true)]
async fn too_many_errors_stop_the_run() {
    let world = World::spoilt(|ask| if ask.is_seat() { Act::Refuse(400, "BadRequestException") } else { Act::Well });
    let mut job = Job::new(&roster(4, 100));
    job.settings.max_errors = Some(10);
    let ran = job.run(&world).await;
    assert_eq!(ran.ending, Ending::TooManyErrors);
    assert!(world.calls() <= 11 + 8 && ran.published.counts.unprocessed >= 380, "{} calls", world.calls());
    job.settings.max_errors = Some(400);
    assert_eq!(job.run(&world).await.ending, Ending::Finished);
}

#[tokio::test(start_paused = true)]
async fn time_is_up_when_it_is_up() {
    let (world, mut job) = (World::paused(), Job::new(&roster(4, 250)));
    job.settings.rate = headcount::bucket::Rate::per_second(10.0).unwrap();
    job.settings.max_duration = Duration::from_secs(20);
    let ran = job.run(&world).await;
    assert_eq!(ran.ending, Ending::OutOfTime);
    assert_eq!(u64::from(world.calls()), ran.published.counts.provisioned, "what was under way is settled");
    assert!((200..=220).contains(&world.calls()), "{} calls in 20 s at 10/s", world.calls());
    job.settings.max_duration = Duration::from_secs(3600);
    assert!(job.run(&world).await.done() && world.repeats() == 0);
}

/// An outage is not outlived for ever.
#[tokio::test(start_paused = true)]
async fn time_is_up_in_an_outage_too() {
    let world = World::spoilt(|ask| if ask.count > 50 { Act::Refuse(503, "ServiceUnavailableException") } else { Act::Well });
    let mut job = Job::new(&roster(4, 250));
    job.settings.max_duration = Duration::from_secs(300);
    let ran = job.run(&world).await;
    assert_eq!((ran.ending, ran.published.counts.provisioned), (Ending::OutOfTime, 50));
    assert_eq!(ran.published.counts.unprocessed, 950, "nobody is blamed for an outage");
    assert!(world.calls() <= 50 + 120, "{} calls in five minutes of outage", world.calls());
}

#[tokio::test(start_paused = true)]
async fn replay_says_what_is_asked_again() {
    let world = World::spoilt(|ask| match ask.user.as_deref() {
        Some("user-00003" | "user-00004") => Act::Refuse(400, "BadRequestException"),
        _ => Act::Well,
    });
    let mut job = Job::new(&roster(1, 20));
    assert_eq!(job.run(&world).await.published.counts.refused, 2);
    world.script(|_| Act::Well);
    for (replay, asked, done) in
        [(Replay::Resume, 0, false), (Replay::Retry, 2, true), (Replay::All, 20, true), (Replay::Retry, 0, true)]
    {
        world.forget_calls();
        job.settings.replay = replay;
        let ran = job.run(&world).await;
        assert_eq!((world.calls(), world.most_calls() <= 1, ran.done()), (asked, true, done), "{replay:?}");
    }
}

/// The mock folds letter case: both are asked, both get the one attendee.
#[tokio::test(start_paused = true)]
async fn case_twins_are_both_asked_and_may_share_an_attendee() {
    let m = meeting(0);
    let text = format!("n,ExternalUserId,MeetingId\n1,Carol,{m}\n2,carol,{m}\n3,CAROL,{m}\n4,dave,{m}\n");
    let mut job = Job::new(&text);
    let world = World::paused();
    let ran = job.run(&world).await;
    assert!(ran.done() && world.calls() == 4 && ran.published.counts.provisioned == 4);
    assert_eq!(ran.outputs.tokens[0]["AttendeeId"], ran.outputs.tokens[1]["AttendeeId"]);
    assert_ne!(ran.outputs.tokens[0]["AttendeeId"], ran.outputs.tokens[3]["AttendeeId"]);
    // A service that tells them apart is believed as well.
    let exact = headcount::mock::Options {
        sides: {
            let mut sides = headcount::mock::sides::Sides::default();
            sides.set("ids", "exact").unwrap();
            sides
        },
        ..Default::default()
    };
    let world = World::with(World::paused().wall(), exact);
    let ran = Job::new(&text).run(&world).await;
    assert!(ran.done() && ran.outputs.tokens[0]["AttendeeId"] != ran.outputs.tokens[1]["AttendeeId"]);
    // Folded beforehand, one is asked.
    job = Job::new(&text);
    job.rules = Rules { fold: Fold::Case, ..Rules::default() };
    let world = World::paused();
    let ran = job.run(&world).await;
    assert_eq!((ran.done(), world.calls(), ran.published.counts.duplicate), (true, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn duplicates_share_one_call_and_conflicts_follow_the_rule() {
    let m = meeting(0);
    let text = format!(
        "n,ExternalUserId,MeetingId,Audio,Video,Content\n1,same,{m},,,\n2,same,{m},,,\n3,same,{},,,\n\
         4,torn,{m},Receive,Receive,Receive\n5,torn,{m},SendReceive,Receive,Receive\n6,Torn,{m},Receive,Receive,Receive\n",
        m.to_uppercase()
    );
    for (on_conflict, calls, tokens, audio) in
        [(OnConflict::Reject, 1, 3, None), (OnConflict::First, 3, 6, Some("Receive")), (OnConflict::Last, 3, 6, Some("Receive"))]
    {
        let (world, mut job) = (World::paused(), Job::new(&text));
        job.rules = Rules { on_conflict, ..Rules::default() };
        let ran = job.run(&world).await;
        assert_eq!((world.calls(), ran.outputs.tokens.len()), (calls, tokens), "{on_conflict:?}");
        assert_eq!(ran.outputs.tokens.get(4).map(|row| row["Audio"].as_str()), audio, "{on_conflict:?}");
        if on_conflict == OnConflict::Reject {
            assert!(
                ran.outputs
                    .rejects
                    .iter()
                    .all(|row| row["headcount.reason"].contains("roster.csv:5, roster.csv:6 and roster.csv:7"))
            );
        }
    }
}

/// Fifteen minutes off either way: learnt from the first refusals, and corrected.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_is_corrected() {
    for minutes in [-15i32, 15, -600, 600] {
        let (world, mut job) = (World::paused(), Job::new(&roster(4, 100)));
        job.settings.concurrency = 32;
        let off = Duration::from_secs(60) * minutes.unsigned_abs();
        let theirs = world.wall().now();
        job.wall = Some(Wall::fixed(if minutes < 0 { theirs - off } else { theirs + off }));
        let ran = job.run(&world).await;
        assert!(ran.done(), "{minutes} minutes: {:?} {:?}", ran.ending, ran.outputs.reasons());
        let refused = ran.requests - 404;
        assert!((1..=40).contains(&refused), "{minutes} minutes: {refused} refused");
        assert!(ran.notices.contains(&Notice::ClockCorrected));
    }
}

/// The clock jumps in the middle of a run.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_is_corrected_again() {
    let world = World::spoilt(|ask| match (ask.is_seat(), ask.count) {
        // As many as are under way at once are signed with the old time.
        (true, 100..108) => Act::Refuse(403, "RequestExpired"),
        _ => Act::Well,
    });
    let ran = Job::new(&roster(4, 100)).run(&world).await;
    assert!(ran.done() && world.calls() == 408, "{:?} {}", ran.ending, world.calls());
}

/// An expired token that cannot be renewed ends the run within its five minutes, and nobody is blamed.
#[tokio::test(start_paused = true)]
async fn an_expired_token_that_stays_expired_ends_the_run() {
    let world = World::spoilt(|ask| if ask.count >= 50 { Act::Refuse(403, "ExpiredTokenException") } else { Act::Well });
    let job = Job::new(&roster(4, 100));
    let ran = job.run(&world).await;
    assert!(matches!(&ran.ending, Ending::NotLetIn(fault) if fault.class == Class::Expired));
    // Nobody is asked to refresh what cannot change.
    assert!(!ran.notices.iter().any(|notice| matches!(notice, Notice::Expired(_))));
    assert!(world.calls() <= 50 + 8 && ran.published.counts.refused == 0, "{} calls", world.calls());
    world.script(|_| Act::Well);
    assert!(job.run(&world).await.done());
}

/// A service whose clock agrees with nothing: given up after a few corrections.
#[tokio::test(start_paused = true)]
async fn a_clock_that_never_agrees_ends_the_run() {
    for kind in ["RequestExpired", "RequestTimeTooSkewed", "SignatureExpired"] {
        let world = World::spoilt(move |_| Act::Refuse(403, kind));
        let ran = Job::new(&roster(4, 100)).run(&world).await;
        assert!(matches!(&ran.ending, Ending::NotLetIn(fault) if fault.class == Class::Skew), "{kind}: {:?}", ran.ending);
        assert!(ran.requests <= 40 && ran.published.counts.unprocessed == 400, "{kind}: {} requests", ran.requests);
    }
}

/// Asked again for everything, and refused this time: a token that was settled stays.
#[tokio::test(start_paused = true)]
async fn a_replay_that_fails_costs_no_token() {
    for (status, kind) in [(400, "BadRequestException"), (503, "ServiceUnavailableException"), (400, "LimitExceededException")] {
        let (world, mut job) = (World::paused(), Job::new(&roster(2, 20)));
        assert!(job.run(&world).await.done());
        world.script(move |ask| if ask.is_seat() { Act::Refuse(status, kind) } else { Act::Well });
        job.settings.replay = Replay::All;
        job.settings.max_duration = Duration::from_secs(60);
        let ran = job.run(&world).await;
        assert_eq!(ran.outputs.tokens.len(), 40, "{kind}: {:?} {:?}", ran.ending, ran.outputs.reasons());
    }
}
