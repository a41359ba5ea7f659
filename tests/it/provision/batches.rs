//! Seats asked for by the hundred: the same seats, the same reasons, fewer calls, whatever goes wrong with part of a batch.

use super::act::{Act, Ask};
use super::job::{Job, Ran};
use super::world::{World, meeting, roster};
use headcount::chime::class::Class;
use headcount::provision::batch::Batching;
use headcount::provision::board::Notice;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn job(roster: &str, batch: Batching) -> Job {
    let mut job = Job::new(roster);
    job.settings.batch = batch;
    job
}

#[tokio::test(start_paused = true)]
async fn batches_save_calls_and_leave_a_lone_seat_to_create_attendee() {
    // 3 meetings of 134, 134 and 133 rows, mixed in the roster: two batches each, none across meetings.
    for (batch, calls) in [(Batching::Off, 401), (Batching::Auto, 6), (Batching::Of(50), 9), (Batching::Of(1), 401)] {
        let (world, rows) = (World::paused(), roster(3, 134));
        let ran = job(rows.trim_end().rsplit_once('\n').unwrap().0, batch).run(&world).await;
        assert_eq!(
            (world.calls(), ran.published.counts.provisioned, ran.requests),
            (calls, 401, u64::from(calls) + 3),
            "{batch:?}"
        );
    }
    let world = World::spoilt(|ask| {
        assert!(ask.batch.len() != 1, "one alone is no batch");
        Act::Well
    });
    let ran = job(&roster(1, 201), Batching::Auto).run(&world).await;
    assert!(ran.done() && world.calls() == 3, "{}", world.calls());
}

#[tokio::test(start_paused = true)]
async fn a_batch_counts_once_by_the_rate_and_each_of_its_seats_has_a_time_to_token() {
    let (world, job) = (World::paused(), job(&roster(1, 250), Batching::Auto));
    let ran = job.run(&world).await;
    assert_eq!(ran.class("ok"), 4, "a look and three batches");
    assert_eq!(ran.summary["latency_ms"]["token"]["count"], 250);
    let again = job.run(&world).await;
    assert_eq!((again.requests, again.published.counts.provisioned), (1, 250), "run again, only the meeting is looked at");
}

/// Ids equal but for case could not be told apart in one reply.
#[tokio::test(start_paused = true)]
async fn ids_that_differ_in_case_alone_go_into_two_batches() {
    let world = World::spoilt(|ask| {
        let mut folded: Vec<_> = ask.batch.iter().map(|user| user.to_lowercase()).collect();
        folded.sort();
        folded.dedup();
        assert_eq!(folded.len(), ask.batch.len());
        Act::Well
    });
    let rows = ["bob", "Bob", "BOB", "eve"].iter().enumerate();
    let rows: String = rows.map(|(i, user)| format!("{},{user},{}\n", i + 1, meeting(0))).collect();
    let ran = job(&format!("n,ExternalUserId,MeetingId\n{rows}"), Batching::Auto).run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.shared), (4, 1));
}

/// 300 rows for 250 seats, where a service refuses a whole batch that does not fit, and where it refuses the items.
#[tokio::test(start_paused = true)]
async fn a_meeting_is_filled_to_its_last_seat() {
    for whole in [false, true] {
        let world = World::paused();
        world.script(move |ask| match whole && ask.batch.len() > 50 && ask.count > 2 {
            true => Act::Refuse(400, "LimitExceededException"),
            false => Act::Well,
        });
        let ran = job(&roster(1, 300), Batching::Auto).run(&world).await;
        assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (250, 50), "whole: {whole}");
        assert!(world.calls() <= 12, "{} calls", world.calls());
        let reasons = ran.outputs.reasons();
        assert_eq!(reasons.len(), 1, "{reasons:?}");
    }
}

/// A call that was let in, to a meeting that lives: what its items are refused for is theirs alone.
#[tokio::test(start_paused = true)]
async fn an_item_that_is_forbidden_or_not_found_closes_no_meeting() {
    for code in ["ForbiddenException", "NotFoundException", "UnauthorizedException"] {
        let world = World::spoilt(move |ask| match ask.batch.len() {
            0 => Act::Well,
            _ => Act::Lie(Box::new(move |body| spoil(body, false, "user-00000", Fate::Item(code), 1))),
        });
        let ran = job(&roster(1, 120), Batching::Auto).run(&world).await;
        assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused, world.calls()), (119, 1, 2), "{code}");
        assert_eq!(ran.outputs.rejects[0]["headcount.code"], code);
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_permission_for_batches_seats_are_asked_for_one_by_one() {
    let world = World::spoilt(|ask| if ask.batch.is_empty() { Act::Well } else { Act::Refuse(403, "ForbiddenException") });
    let ran = job(&roster(2, 60), Batching::Auto).run(&world).await;
    assert!(ran.done() && ran.notices.iter().filter(|n| matches!(n, Notice::NoBatches(_))).count() == 1);
    // With no permission at all, the run ends as it does without batches.
    let world = World::spoilt(|ask| if ask.is_seat() { Act::Refuse(403, "ForbiddenException") } else { Act::Well });
    let ran = job(&roster(2, 60), Batching::Auto).run(&world).await;
    assert!(matches!(ran.ending, headcount::provision::Ending::NotLetIn(_)) && world.calls() <= 100, "{}", world.calls());
}

#[tokio::test(start_paused = true)]
async fn kills_cost_no_more_calls_than_promised() {
    for at in 1..8 {
        let (world, job) = (World::paused().slow(40), job(&roster(2, 250), Batching::Of(50)));
        assert!(job.run_until(&world, async |_| world.reached(at).await).await.is_none());
        let ran = job.run(&world).await;
        assert_eq!(ran.published.counts.provisioned, 500);
        // Ten batches; again those at stake, and a batch that was cut in two in each meeting.
        let most = 10 + job.at_stake().div_ceil(50) + 2;
        assert!(world.calls() <= most, "killed at {at}: {} calls", world.calls());
        assert_eq!(world.issued().len(), 500);
    }
}

/// What happens to a seat when it is asked for in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    /// Its item is refused, always.
    Item(&'static str),
    /// Its item fails once or a few times.
    Passing(&'static str, u32),
    /// The whole batch is refused for it, always.
    Spoils(u16, &'static str),
    /// The reply forgets it a few times.
    Forgotten(u32),
    /// The reply names somebody else in its place, always.
    Mistaken,
    /// The reply is lost a few times.
    Lost(u32),
    /// It is told the AttendeeId of the one before it, once.
    Shared,
}

/// Codes of items that are refused for good, whether asked for alone or not.
const REFUSED: &[&str] = &["BadRequestException", "UnprocessableEntityException", "ValidationException", "BadRequest"];
const PASSING: &[&str] = &["ThrottlingException", "ServiceFailureException", "ServiceUnavailableException", "ConflictException"];

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        12 => Just(Fate::Well),
        1 => proptest::sample::select(REFUSED).prop_map(Fate::Item),
        1 => (proptest::sample::select(PASSING), 1..4u32).prop_map(|(code, n)| Fate::Passing(code, n)),
        1 => Just(Fate::Spoils(400, "BadRequestException")),
        1 => Just(Fate::Spoils(422, "UnprocessableEntityException")),
        1 => (1..4u32).prop_map(Fate::Forgotten),
        1 => Just(Fate::Mistaken),
        1 => (1..4u32).prop_map(Fate::Lost),
        1 => Just(Fate::Shared),
    ]
}

/// What the script makes of a call, given the fates of those in it and how often each has been asked for.
fn act(ask: &Ask, fates: &BTreeMap<String, Fate>, asked: &mut BTreeMap<String, u32>) -> Act {
    if !ask.is_seat() {
        return Act::Well;
    }
    let times: Vec<(String, Fate, u32)> = ask
        .users()
        .map(|user| {
            let n = asked.entry(user.to_owned()).or_default();
            *n += 1;
            (user.to_owned(), fates[user], *n)
        })
        .collect();
    let refused = |fate: Fate| match fate {
        Fate::Spoils(status, code) => Some((status, code)),
        Fate::Item(code) if ask.user.is_some() => Some((400, code)),
        _ => None,
    };
    if let Some((status, code)) = times.iter().find_map(|(_, fate, _)| refused(*fate)) {
        return Act::Refuse(status, code);
    }
    if times.iter().any(|(_, fate, n)| matches!(fate, Fate::Lost(most) if n <= most)) {
        return Act::Lose(Class::Reset);
    }
    let single = ask.user.is_some();
    Act::Lie(Box::new(move |body| times.iter().for_each(|(user, fate, n)| spoil(body, single, user, *fate, *n))))
}

fn spoil(body: &mut Value, single: bool, user: &str, fate: Fate, n: u32) {
    if single {
        if fate == Fate::Mistaken {
            body["Attendee"]["ExternalUserId"] = json!("somebody else");
        }
        return;
    }
    let list = body["Attendees"].as_array_mut().unwrap();
    let Some(at) = list.iter().position(|a| a["ExternalUserId"] == user) else { return };
    let error = |code: &str| json!({ "ExternalUserId": user, "ErrorCode": code, "ErrorMessage": "says the script" });
    match fate {
        Fate::Item(code) => {
            list.remove(at);
            body["Errors"].as_array_mut().unwrap().push(error(code));
        }
        Fate::Passing(code, most) if n <= most => {
            list.remove(at);
            body["Errors"].as_array_mut().unwrap().push(error(code));
        }
        Fate::Forgotten(most) if n <= most => _ = list.remove(at),
        Fate::Mistaken => list[at]["ExternalUserId"] = json!("somebody else"),
        Fate::Shared if n == 1 && at > 0 => list[at]["AttendeeId"] = list[at - 1]["AttendeeId"].clone(),
        _ => {}
    }
}

async fn under(fates: Vec<Fate>, batch: Batching) -> (Ran, World, BTreeMap<String, Fate>) {
    let rows = roster(2, fates.len().div_ceil(2));
    let lines: Vec<&str> = rows.lines().take(fates.len() + 1).collect();
    let fates: BTreeMap<_, _> = fates.into_iter().enumerate().map(|(i, fate)| (format!("user-{i:05}"), fate)).collect();
    let (world, known) = (World::paused(), fates.clone());
    let asked = std::sync::Mutex::new(BTreeMap::new());
    world.script(move |ask| act(ask, &known, &mut asked.lock().unwrap()));
    let ran = job(&lines.join("\n"), batch).run(&world).await;
    (ran, world, fates)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// No row lost, none doubled (the job's own checks), and every reason right, whatever fails in whichever place.
    #[test]
    fn every_failure_in_every_place_is_its_own_rows_alone(
        fates in proptest::collection::vec(fate(), 2..60),
        batch in prop_oneof![Just(Batching::Auto), Just(Batching::Of(5)), Just(Batching::Of(13))],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (ran, world, fates) = runtime.block_on(under(fates, batch));
        let reasons: BTreeMap<_, _> = ran.outputs.rejects.iter()
            .map(|row| (row["ExternalUserId"].clone(), (row["headcount.status"].clone(), row["headcount.code"].clone()))).collect();
        for (user, fate) in &fates {
            let code = match fate {
                Fate::Item(code) | Fate::Spoils(_, code) => Some(*code),
                Fate::Mistaken => Some("UnbelievableReply"),
                _ => None,
            };
            let expected = code.map(|code| ("refused".to_owned(), code.to_owned()));
            prop_assert_eq!(reasons.get(user), expected.as_ref(), "{} {:?}", user, fate);
        }
        prop_assert_eq!(ran.published.counts.unprocessed, 0, "{:?}", ran.ending);
        // Finding a culprit takes some calls; beyond that, nobody is asked for without end.
        let odd = fates.values().filter(|fate| **fate != Fate::Well).count() as u32;
        prop_assert!(world.calls() <= 60 + odd * 45, "{} calls for {} rows, {} of them odd", world.calls(), fates.len(), odd);
    }
}
