//! Rows and meetings that are refused: asked once, said once, and nobody else is hurt.

use super::act::Act;
use super::job::Job;
use super::world::{World, meeting, roster};
use headcount::chime::class::Class;
use headcount::provision::Ending;
use headcount::provision::board::Notice;

#[tokio::test(start_paused = true)]
async fn a_bad_row_is_asked_once_and_the_others_go_on() {
    for (status, kind) in [(400, "BadRequestException"), (422, "UnprocessableEntityException"), (400, "ValidationException")] {
        let world = World::spoilt(move |ask| match ask.user.as_deref() {
            Some("user-00003" | "user-00007") => Act::Refuse(status, kind),
            _ => Act::Well,
        });
        let ran = Job::new(&roster(2, 50)).run(&world).await;
        assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (98, 2), "{kind}");
        assert_eq!((world.calls(), world.most_calls()), (100, 1), "{kind}: one call a key");
        assert!(ran.outputs.rejects.iter().all(|row| row["headcount.code"] == kind && row["headcount.retryable"] == "no"));
    }
}

/// 3 × 300 rows for 3 × 250 seats: one refusal closes a meeting to the rows never sent.
#[tokio::test(start_paused = true)]
async fn a_full_meeting_is_not_asked_again() {
    let (world, job) = (World::paused(), Job::new(&roster(3, 300)));
    let ran = job.run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (750, 150));
    let over = world.calls() - 750;
    assert!((3..=3 + 8).contains(&over) && world.most_calls() == 1, "{over} calls beyond the seats");
    assert_eq!(closed(&ran.notices), 3, "each is said once");
    let again = job.run(&world).await;
    assert_eq!((again.requests, again.published.counts.provisioned), (3, 750), "run again, only GetMeeting is asked");
}

/// A meeting full in the eyes of new rows still holds the seats of those whose reply was lost.
#[tokio::test(start_paused = true)]
async fn a_full_meeting_is_still_asked_for_rows_whose_reply_was_lost() {
    let world = World::spoilt(|ask| match ask.user.as_deref() {
        // Lost so often that the meeting is full long before, some beyond a pass.
        Some(user) if user.ends_with("9") && ask.count < 250 => Act::Lose(Class::Reset),
        Some(user) if user.ends_with("99") && ask.nth <= 7 => Act::Lose(Class::ReadTimeout),
        _ => Act::Well,
    });
    let ran = Job::new(&roster(1, 300)).run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (250, 50));
    assert_eq!(world.issued().len(), 250, "no seat is lost");
}

#[tokio::test(start_paused = true)]
async fn a_full_meeting_is_still_asked_for_rows_whose_reply_was_lost_in_a_kill() {
    let (world, job) = (World::paused(), Job::new(&roster(1, 200)));
    world.script(|ask| if ask.user.as_deref() == Some("user-00060") { Act::Break(Class::Reset) } else { Act::Well });
    assert!(job.run_until(&world, async |_| world.reached(100).await).await.is_none());
    let issued = world.issued();
    // Meanwhile somebody else has taken the seats that were left.
    let seen = issued.clone();
    world.script(move |ask| match &ask.user {
        Some(user) if !seen.contains_key(&(ask.meeting.clone(), user.clone())) => Act::Refuse(400, "LimitExceededException"),
        _ => Act::Well,
    });
    let calls = world.calls();
    let ran = job.run(&world).await;
    assert_eq!(ran.published.counts.provisioned, issued.len() as u64, "what was made before the kill is fetched");
    assert!(world.calls() - calls <= job.at_stake() + 8, "{} calls", world.calls() - calls);
}

#[tokio::test(start_paused = true)]
async fn an_ended_meeting_stops_its_own_rows_once() {
    let gone = meeting(0);
    let world = World::spoilt(move |ask| match &ask.user {
        Some(_) if ask.meeting == gone && ask.count > 60 => Act::Refuse(404, "NotFoundException"),
        _ => Act::Well,
    });
    let ran = Job::new(&roster(3, 200)).run(&world).await;
    let before = world.log().iter().take(60).filter(|(_, (m, _))| *m == meeting(0)).count();
    let asked = world.log().iter().filter(|(_, (m, _))| *m == meeting(0)).count();
    assert!(asked - before <= 8, "{} calls for a meeting that is gone, of 8 at once", asked - before);
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (400, 200));
    assert_eq!(ran.published.void, before as u64, "those who had a token are void");
    assert_eq!((closed(&ran.notices), world.most_calls()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_meeting_that_has_ended_before_the_run_costs_one_request() {
    let gone = meeting(1);
    let world = World::spoilt(move |ask| if ask.meeting == gone { Act::Refuse(404, "NotFoundException") } else { Act::Well });
    let ran = Job::new(&roster(3, 200)).run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (400, 200));
    assert_eq!((world.calls(), world.looks()), (400, 3));
}

/// A finished job whose meeting has ended since: nothing is asked, and nothing is called done.
#[tokio::test(start_paused = true)]
async fn rows_of_a_meeting_that_has_ended_since_are_void() {
    let (world, job) = (World::paused(), Job::new(&roster(2, 50)));
    assert!(job.run(&world).await.done());
    world.forget_calls();
    let gone = meeting(1);
    world.script(move |ask| if ask.meeting == gone { Act::Refuse(404, "NotFoundException") } else { Act::Well });
    let ran = job.run(&world).await;
    assert!(!ran.done() && ran.published.void == 50 && ran.outputs.tokens.len() == 50);
    assert_eq!((world.calls(), world.looks(), closed(&ran.notices)), (0, 2, 1));
    assert!(ran.outputs.rejects.iter().all(|row| row["headcount.code"] == "MeetingEnded"));
}

#[tokio::test(start_paused = true)]
async fn callers_who_are_not_let_in_stop_at_once() {
    for (status, kind) in [
        (401, "UnauthorizedException"),
        (403, "ForbiddenException"),
        (403, "AccessDeniedException"),
        (403, "UnrecognizedClientException"),
        (403, "InvalidSignatureException"),
    ] {
        let world = World::spoilt(move |_| Act::Refuse(status, kind));
        let ran = Job::new(&roster(12, 250)).run(&world).await;
        assert!(matches!(ran.ending, Ending::NotLetIn(_)), "{kind}: {:?}", ran.ending);
        assert!(ran.requests <= 12 + 8, "{kind}: {} requests of 3,000 rows", ran.requests);
        assert_eq!(ran.published.counts.unprocessed, 3000, "{kind}: no row is blamed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_stops_at_once() {
    let mut job = Job::new(&roster(12, 250));
    job.credentials = aws_credential_types::Credentials::new("AKIDHEADCOUNTMOCK", "wrong", None, None, "test");
    let ran = job.run(&World::paused()).await;
    assert!(matches!(ran.ending, Ending::NotLetIn(_)) && ran.requests <= 20, "{:?} after {}", ran.ending, ran.requests);
}

/// Once others have got through, a refusal is about the meeting.
#[tokio::test(start_paused = true)]
async fn a_forbidden_meeting_stops_its_own_rows() {
    let closed_to_us = meeting(2);
    let world = World::spoilt(move |ask| match &ask.user {
        Some(_) if ask.meeting == closed_to_us => Act::Refuse(403, "ForbiddenException"),
        _ => Act::Well,
    });
    // The meeting comes last, so that others succeed first.
    let mut text = roster(2, 200);
    (0..200).for_each(|n| text.push_str(&format!("{},late-{n:03},{}\n", 401 + n, meeting(2))));
    let ran = Job::new(&text).run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (400, 200));
    assert!(world.calls() <= 400 + 8 && world.most_calls() == 1, "{} calls", world.calls());
}

/// How often it was said that a meeting is closed.
fn closed(notices: &[Notice]) -> usize {
    notices.iter().filter(|notice| matches!(notice, Notice::MeetingClosed { .. })).count()
}
