//! Runs held against what the service lists: what somebody else has done behind their back, and what a late roster leaves behind.

use super::act::Act;
use super::job::Job;
use super::memory::Wire;
use super::world::{World, meeting, roster};
use aws_credential_types::Credentials;
use headcount::bucket::Rate;
use headcount::call::{End, Fault, Seat};
use headcount::chime::capability::{Capabilities, Direction};
use headcount::chime::class::Class;
use headcount::chime::id::{AttendeeId, ExternalUserId, MeetingId};
use headcount::client::attempt::{Client, Try};
use headcount::client::endpoint::Endpoint;
use headcount::client::retry::Backoff;
use headcount::drive::pump::Stop;
use headcount::ledger::audit::Leave;
use headcount::ledger::schema::Ledger;
use headcount::ledger::seating::{Audience, Seating};
use headcount::ledger::store::{Settlement, State, Written};
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_REGION, DEFAULT_SECRET_KEY};
use headcount::reconcile::compare::{Difference, Tally};
use headcount::reconcile::round::{Ending, Pacing};
use headcount::reconcile::{Change, Seen, Shared, change, delete, end_meetings, locked, look};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

const ONCE: Try = Try { number: 1, most: 1 };

/// Somebody with the account's keys: this run, or another.
pub fn client(world: &World) -> Client<Wire> {
    let keys = Credentials::new(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, None, None, "test");
    let endpoint = Endpoint::custom("http://127.0.0.1:1", DEFAULT_REGION).unwrap();
    Client::new(Wire(world.clone()), endpoint, keys, world.wall(), Duration::from_secs(2)).unwrap()
}

fn pacing() -> Pacing {
    let rate = Rate::per_second(500.0).unwrap();
    Pacing { rate, burst: 8.0, concurrency: 8, attempts: 5, backoff: Backoff::STANDARD, seed: 7 }
}

fn ledger(job: &Job) -> Shared {
    Arc::new(Mutex::new(Ledger::open(&job.ledger()).unwrap()))
}

async fn seen(job: &Job, world: &World) -> Seen {
    let (_keep, mut stop) = watch::channel(Stop::No);
    let (seen, ending) = look(&client(world), &ledger(job), pacing(), &mut stop, &mut |_| {}).await.unwrap();
    assert_eq!(ending, Ending::Finished);
    seen
}

/// Deletes whom the roster no longer names; answers how many.
async fn prune(job: &Job, world: &World, who: Option<Leave>) -> u64 {
    let (_keep, mut stop) = watch::channel(Stop::No);
    let ledger = ledger(job);
    let leaving = locked(&ledger).take_leave(who).unwrap();
    let (done, ending) = delete(&client(world), &ledger, leaving, pacing(), &mut stop, &mut |_| {}).await;
    assert!(ending == Ending::Finished && done.failed.is_empty(), "{ending:?} {done:?}");
    done.done
}

fn seat(meeting: &str, user: &str, capabilities: Option<Capabilities>) -> Seat {
    Seat { meeting: MeetingId::parse(meeting).unwrap(), user: ExternalUserId::parse(user).unwrap(), capabilities }
}

pub fn attendee_of(world: &World, meeting: &str, user: &str) -> AttendeeId {
    AttendeeId::parse(&world.issued()[&(meeting.to_owned(), user.to_owned())].attendee).unwrap()
}

fn settled<R>(end: End<R>) -> R {
    match end {
        End::Settled(answer) => answer,
        other => panic!("{:?}", other.class()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_finished_run_is_clean_over_all_pages() {
    let (world, job) = (World::paused(), Job::new(&roster(3, 250)));
    assert!(job.run(&world).await.done());
    world.forget_calls();
    let seen = seen(&job, &world).await;
    assert_eq!((seen.tally, seen.meetings, seen.listed), (Tally::default(), 3, 750));
    assert_eq!(world.looks(), 9, "three pages a meeting");
}

#[tokio::test(start_paused = true)]
async fn what_others_did_behind_its_back_is_found_and_mended() {
    let (first, second) = (meeting(0), meeting(1));
    let text = roster(2, 120);
    let (world, job) = (World::paused(), Job::new(&format!("{text}241,a stranger,{second}\n")));
    job.edit(&text);
    assert!(job.run(&world).await.done());
    let other = client(&world);
    let meeting_id = MeetingId::parse(&first).unwrap();
    // Two are deleted, one of them made anew; somebody else comes in; one may only receive from now on.
    for user in ["user-00000", "user-00002"] {
        settled(other.delete_attendee(&meeting_id, &attendee_of(&world, &first, user), ONCE).await.end);
    }
    settled(other.create_attendee(&seat(&first, "user-00002", None), ONCE).await.end);
    settled(other.create_attendee(&seat(&second, "a stranger", None), ONCE).await.end);
    let quiet = Capabilities { audio: Direction::Receive, video: Direction::Receive, content: Direction::Receive };
    let (at, id) = (seat(&second, "user-00001", None), attendee_of(&world, &second, "user-00001"));
    settled(other.update_attendee_capabilities(&at, &id, quiet, ONCE).await.end);
    // And one reply was lost, as far as the ledger knows.
    let shared = ledger(&job);
    let lost = locked(&shared).sitting(2).unwrap()[4].clone();
    let fault = Fault::ours(Class::ReadTimeout, "Timeout", "no answer");
    let asked = seat(&second, lost.user.as_str(), None);
    let end = Settlement { seat: lost.seat, asked, end: Written::Not(State::Unknown, fault), attempts: 1 };
    locked(&shared).rewrite(&[end]).unwrap();
    drop(shared);

    let found = seen(&job, &world).await;
    assert_eq!(found.tally, Tally { missing: 1, token_lost: 2, capabilities: 1, extra: 1, ..Tally::default() });
    let mended: Vec<Settlement> = found.differences.iter().filter_map(|(meeting, d)| d.mended(meeting)).collect();
    locked(&ledger(&job)).rewrite(&mended).unwrap();
    assert!(locked(&ledger(&job)).is_stale().unwrap(), "the tokens file holds tokens that are no good");
    world.forget_calls();
    assert!(job.run(&world).await.done());
    assert!(!locked(&ledger(&job)).is_stale().unwrap());
    assert_eq!((world.calls(), world.calls_of(&first, "user-00000")), (1, 1), "tokens in the list are read, and not asked for");

    let found = seen(&job, &world).await;
    assert_eq!(found.tally, Tally { capabilities: 1, extra: 1, ..Tally::default() });
    let changes = found.differences.iter().filter_map(|(meeting, d)| match d {
        Difference::Capabilities(at, wanted, has) => {
            Some(Change { meeting: meeting.clone(), at: at.clone(), wanted: *wanted, has: *has })
        }
        _ => None,
    });
    let (changes, (_keep, mut stop)) = (changes.collect(), watch::channel(Stop::No));
    let (done, _) = change(&client(&world), &ledger(&job), changes, pacing(), &mut stop, &mut |_| {}).await;
    assert_eq!(done.done, 1);
    assert_eq!(seen(&job, &world).await.tally, Tally { extra: 1, ..Tally::default() });
    assert!(job.run(&world).await.done());
}

/// People of two sessions in turn.
fn people(numbers: impl Iterator<Item = usize>, moved: std::ops::Range<usize>) -> String {
    let mut text = "n,ExternalUserId,MeetingId\n".to_owned();
    for (row, n) in numbers.enumerate() {
        let session = ["Keynote", "Workshop"][(n + usize::from(moved.contains(&n))) % 2];
        text.push_str(&format!("{},user-{n:05},{session}\n", row + 1));
    }
    text
}

fn sessions(roster: &str, audience: Audience) -> Job {
    let mut job = Job::new(roster);
    job.make(Seating { per_meeting: 100, reserve: 0, audience });
    job
}

#[tokio::test(start_paused = true)]
async fn of_a_late_roster_only_the_difference_is_asked_and_pruned() {
    let (world, job) = (World::paused(), sessions(&people(0..500, 0..0), Audience::Meetings));
    assert!(job.run(&world).await.done());
    world.forget_calls();
    // 30 leave, 50 go to the other session, 200 come.
    job.edit(&people((30..500).chain(1000..1200), 100..150));
    assert!(job.run(&world).await.done());
    assert_eq!(world.calls(), 250);
    assert_eq!(seen(&job, &world).await.tally, Tally { dropped: 80, ..Tally::default() });
    assert_eq!(prune(&job, &world, Some(Leave::Dropped)).await, 80);
    let clean = seen(&job, &world).await;
    assert_eq!((clean.tally, clean.listed), (Tally::default(), 670));
    world.forget_calls();
    assert!(job.run(&world).await.done() && world.calls() == 0);
    assert_eq!(prune(&job, &world, Some(Leave::Dropped)).await, 0);
}

/// Cut short anywhere, with replies lost on top: nobody is told a token that may be gone, and the next time finishes.
#[tokio::test(start_paused = true)]
async fn a_deletion_cut_short_goes_on() {
    for millis in [1, 20, 60, 140] {
        let (world, job) = (World::paused().slow(30), Job::new(&roster(2, 60)));
        assert!(job.run(&world).await.done());
        job.edit(&roster(2, 20));
        assert!(job.run(&world).await.done());
        world.script(|ask| match ask.nth % 3 {
            0 => Act::Lose(Class::Reset),
            1 => Act::Refuse(503, "ServiceUnavailableException"),
            _ => Act::Well,
        });
        let cut = tokio::time::timeout(Duration::from_millis(millis), prune(&job, &world, Some(Leave::Dropped))).await;
        assert!(cut.is_err(), "{millis}");
        tokio::task::spawn_blocking(|| {}).await.unwrap();
        let found = seen_well(&job, &world).await;
        assert_eq!(found.tally, Tally { leaving: found.tally.leaving, ..Tally::default() }, "{millis}");
        let left = locked(&ledger(&job)).leaving().unwrap();
        assert!(left > 0 && found.tally.leaving <= left, "{millis}: {left}");
        assert_eq!(prune(&job, &world, None).await, left);
        assert_eq!(seen_well(&job, &world).await.listed, 40);
    }
}

/// A look without mischief.
async fn seen_well(job: &Job, world: &World) -> Seen {
    world.script(|_| Act::Well);
    seen(job, world).await
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_before_the_deletion_ends_is_not_deleted() {
    let (world, job) = (World::paused(), Job::new(&roster(1, 10)));
    assert!(job.run(&world).await.done());
    job.edit(&roster(1, 8));
    assert!(job.run(&world).await.done());
    assert_eq!(locked(&ledger(&job)).take_leave(Some(Leave::Dropped)).unwrap().len(), 2);
    // The run that would have deleted them never got to it, and the roster names one of them again.
    job.edit(&roster(1, 9));
    assert!(job.run(&world).await.done());
    assert_eq!(prune(&job, &world, None).await, 1);
    let found = seen(&job, &world).await;
    assert_eq!((found.tally, found.listed), (Tally::default(), 9));
}

#[tokio::test(start_paused = true)]
async fn an_attendee_shared_by_ids_that_differ_in_case_stays_while_one_of_them_does() {
    let text = |users: &[&str]| {
        let rows: String = users.iter().enumerate().map(|(n, user)| format!("{},{user},{}\n", n + 1, meeting(0))).collect();
        format!("n,ExternalUserId,MeetingId\n{rows}")
    };
    let (world, job) = (World::paused(), Job::new(&text(&["Bob", "bob", "ann"])));
    assert!(job.run(&world).await.done());
    job.edit(&text(&["Bob", "ann"]));
    assert!(job.run(&world).await.done());
    assert_eq!(prune(&job, &world, Some(Leave::Dropped)).await, 0);
    let found = seen(&job, &world).await;
    assert_eq!((found.tally, found.listed), (Tally::default(), 2));
}

#[tokio::test(start_paused = true)]
async fn who_has_no_seat_where_they_moved_to_keeps_the_old_one() {
    let (world, job) = (World::paused(), Job::new(&roster(2, 2)));
    assert!(job.run(&world).await.done());
    let (from, to) = (meeting(0), meeting(1));
    job.edit(&roster(2, 2).replace(&format!("user-00000,{from}"), &format!("user-00000,{to}")));
    world.script(|ask| if ask.is_seat() { Act::Refuse(400, "LimitExceededException") } else { Act::Well });
    assert!(!job.run(&world).await.done());
    assert_eq!(prune(&job, &world, Some(Leave::Dropped)).await, 0);
    let mut job = job;
    job.settings.replay = headcount::ledger::store::Replay::Retry;
    world.script(|_| Act::Well);
    assert!(job.run(&world).await.done());
    assert_eq!(prune(&job, &world, Some(Leave::Dropped)).await, 1);
    assert_eq!(seen(&job, &world).await.tally, Tally::default());
}

#[tokio::test(start_paused = true)]
async fn meetings_that_the_run_made_end_with_their_replicas_and_no_others() {
    let (world, job) = (World::paused(), sessions(&people(0..500, 0..0), Audience::Replicas));
    assert!(job.run(&world).await.done());
    let shared = ledger(&job);
    let own = locked(&shared).own_meetings().unwrap();
    assert_eq!(own.iter().map(|meeting| meeting.replicas).collect::<Vec<_>>(), [3, 3]);
    world.forget_calls();
    let (_keep, mut stop) = watch::channel(Stop::No);
    let (done, ending) = end_meetings(&client(&world), &shared, own, pacing(), &mut stop, &mut |_| {}).await;
    assert_eq!((done.done, ending, world.looks()), (2, Ending::Finished, 2), "replicas end with their primary");
    assert!(locked(&shared).own_meetings().unwrap().is_empty());
    drop(shared);
    let found = seen(&job, &world).await;
    assert_eq!((found.ended, found.tally), (6, Tally { void: 500, ..Tally::default() }));
    assert!(job.run(&world).await.done(), "and the next run makes them anew");
    assert_eq!(seen(&job, &world).await.tally, Tally::default());
    let (world, named) = (World::paused(), Job::new(&roster(2, 5)));
    assert!(named.run(&world).await.done());
    assert!(locked(&ledger(&named)).own_meetings().unwrap().is_empty(), "a meeting that the roster names is not ours");
}

#[tokio::test(start_paused = true)]
async fn throttles_and_failures_are_waited_out_and_endless_lists_told() {
    let (world, job) = (World::paused(), Job::new(&roster(4, 120)));
    assert!(job.run(&world).await.done());
    world.forget_calls();
    world.script(|ask| match ask.nth {
        1 => Act::Refuse(429, "ThrottledClientException"),
        2 => Act::Lose(Class::Reset),
        3 => Act::Refuse(503, "ServiceUnavailableException"),
        _ => Act::Well,
    });
    let found = seen(&job, &world).await;
    assert_eq!((found.tally, found.listed), (Tally::default(), 480));
    let one = meeting(2);
    world.script(move |ask| match ask.meeting == one {
        true => Act::Lie(Box::new(|body| body["NextToken"] = "again".into())),
        false => Act::Well,
    });
    // The token that the lie tells is none of the service's, which refuses it.
    let found = seen(&job, &world).await;
    assert_eq!((found.unseen.len(), found.meetings), (1, 3));
    world.script(|_| Act::Refuse(503, "ServiceUnavailableException"));
    let (_keep, mut stop) = watch::channel(Stop::No);
    let (_, ending) = look(&client(&world), &ledger(&job), pacing(), &mut stop, &mut |_| {}).await.unwrap();
    assert!(matches!(ending, Ending::Unreachable(_)), "{ending:?}");
    world.script(|_| Act::Refuse(403, "ForbiddenException"));
    let (_, ending) = look(&client(&world), &ledger(&job), pacing(), &mut stop, &mut |_| {}).await.unwrap();
    assert!(matches!(ending, Ending::NotLetIn(_)), "{ending:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_drains_a_look() {
    let (world, job) = (World::paused().slow(100), Job::new(&roster(40, 3)));
    assert!(job.run(&world).await.done());
    let (tell, mut stop) = watch::channel(Stop::No);
    let stopper = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(150)).await;
        tell.send_replace(Stop::Drain);
        std::future::pending::<()>().await;
    });
    let (seen, ending) = look(&client(&world), &ledger(&job), pacing(), &mut stop, &mut |_| {}).await.unwrap();
    assert_eq!((ending, seen.meetings), (Ending::Stopped, 16), "what is in flight is waited for");
    stopper.abort();
}
