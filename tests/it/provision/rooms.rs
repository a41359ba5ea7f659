//! Meetings made for the roster: who sits where, what a resume finds again, what an ended meeting makes void.

use super::act::Act;
use super::job::{Job, Ran};
use super::outputs::{Row, rows};
use super::world::World;
use headcount::behaviour::Quota;
use headcount::chime::class::Class;
use headcount::ledger::seating::{Audience, Seating};
use headcount::mock::Options;
use headcount::mock::options::Lifetime;
use headcount::provision::batch::Batching;
use headcount::provision::board::Notice;
use std::collections::BTreeMap;
use std::time::Duration;

/// People of these sessions in turn; the role of every tenth is host.
fn people(sessions: &[&str], numbers: impl IntoIterator<Item = usize>) -> String {
    let mut text = "n,ExternalUserId,MeetingId,Role,Team\n".to_owned();
    for (row, n) in numbers.into_iter().enumerate() {
        let role = if n % 10 == 0 { "Host" } else { "" };
        text.push_str(&format!("{},user-{n:05},{},{role},team {}\n", row + 1, sessions[n % sessions.len()], n % 7));
    }
    text
}

fn job(roster: &str, per_meeting: u32, audience: Audience) -> Job {
    let mut job = Job::new(roster);
    job.settings.batch = Batching::Auto;
    job.make(Seating { per_meeting, reserve: 0, audience });
    job
}

fn mortal(quota: &str) -> World {
    let wall = World::paused().wall();
    World::with(
        wall,
        Options { quota: quota.parse::<Quota>().unwrap(), lifetime: Lifetime::On { scale: 1.0 }, ..Options::default() },
    )
}

fn meetings(job: &Job) -> Vec<Row> {
    rows(&std::fs::read_to_string(job.path().join("meetings.csv")).unwrap())
}

/// Who sits where: by meeting, how many.
fn seats(ran: &Ran) -> BTreeMap<(String, String), usize> {
    let mut seats = BTreeMap::new();
    for row in &ran.outputs.tokens {
        *seats.entry((row["Session"].clone(), row["MeetingId"].clone())).or_default() += 1;
    }
    seats
}

#[tokio::test(start_paused = true)]
async fn sessions_named_in_a_roster_get_meetings_of_their_own() {
    let (world, job) = (World::paused(), job(&people(&["Keynote", "Workshop", ""], 0..360), 50, Audience::Meetings));
    let ran = job.run(&world).await;
    assert!(ran.done() && world.makings() == 9, "120 in each of three, 50 in a meeting: {} made", world.makings());
    let made = seats(&ran);
    assert!(made.len() == 9 && made.values().all(|n| *n <= 50), "{made:?}");
    assert_eq!(made.keys().filter(|(session, _)| session == "main").count(), 3, "rows that name none are in the default session");
    let told = meetings(&job);
    assert_eq!(told.iter().map(|row| row["Seats"].parse::<usize>().unwrap()).sum::<usize>(), 360);
    assert!(
        told.iter().all(|row| row["Status"] == "made" && row["Role"] == "meeting" && row["SignalingUrl"].starts_with("wss://"))
    );
    let again = job.run(&world).await;
    assert_eq!((again.requests, &again.outputs), (9, &ran.outputs), "run again, the meetings are looked at and nobody moves");
}

#[tokio::test(start_paused = true)]
async fn presenters_are_in_the_primary_and_its_replicas_hold_those_who_watch() {
    let (world, mut job) = (World::paused(), job(&people(&[""], 0..300), 100, Audience::Replicas));
    job.options.sessions.as_mut().unwrap().presenters = Some(("role".to_owned(), vec!["host".to_owned()]));
    let ran = job.run(&world).await;
    assert!(ran.done());
    let told = meetings(&job);
    let shape: Vec<(&str, &str)> = told.iter().map(|row| (row["Role"].as_str(), row["Seats"].as_str())).collect();
    assert_eq!(shape, [("primary", "30"), ("replica", "100"), ("replica", "100"), ("replica", "70")]);
    assert!(told[1..].iter().all(|row| row["PrimaryMeetingId"] == told[0]["MeetingId"]));
    assert!(ran.outputs.tokens.iter().all(|row| (row["Role"] == "Host") == (row["MeetingId"] == told[0]["MeetingId"])));
}

/// A roster's own column of that name rides along under another.
#[tokio::test(start_paused = true)]
async fn the_session_of_a_row_stands_in_one_column() {
    let ran = job("n,ExternalUserId,session\n1,user-1,mine\n", 50, Audience::Meetings).run(&World::paused()).await;
    let row = &ran.outputs.tokens[0];
    assert_eq!((row["Session"].as_str(), row["roster.session"].as_str()), ("main", "mine"));
}

#[tokio::test(start_paused = true)]
async fn groups_sit_together() {
    let (world, mut job) = (World::paused(), job(&people(&[""], 0..70), 25, Audience::Meetings));
    job.options.sessions.as_mut().unwrap().group_by = Some("Team".to_owned());
    let ran = job.run(&world).await;
    let mut teams = BTreeMap::<&str, Vec<&str>>::new();
    ran.outputs.tokens.iter().for_each(|row| teams.entry(&row["Team"]).or_default().push(&row["MeetingId"]));
    assert!(ran.done() && teams.values().all(|at| at.iter().all(|id| *id == at[0])), "{teams:?}");
}

/// Killed wherever it may be, run again: the meetings are found again, nobody is asked for twice that was settled.
#[tokio::test(start_paused = true)]
async fn a_resume_finds_its_meetings_again() {
    for at in [0, 1, 2, 3] {
        let world = World::paused().slow(30);
        world.script(|ask| match (ask.is_seat(), ask.nth) {
            // The reply of the second meeting is lost: asked again, the same token finds it.
            (false, 2) if ask.meeting.is_empty() => Act::Lose(Class::Reset),
            _ => Act::Well,
        });
        let job = job(&people(&["Keynote", "Workshop"], 0..400), 100, Audience::Replicas);
        let watched = world.clone();
        let death = async |_: tokio::sync::watch::Receiver<_>| match at {
            0 => tokio::time::sleep(Duration::from_millis(100)).await,
            at => watched.reached(at).await,
        };
        assert!(job.run_until(&world, death).await.is_none());
        let ran = job.run(&world).await;
        assert!(ran.done(), "{:?}", ran.published);
        let told = meetings(&job);
        assert_eq!(told.len(), 6);
        let ids: std::collections::BTreeSet<_> = told.iter().map(|row| &row["MeetingId"]).collect();
        let issued = world.issued();
        assert!(issued.len() == 400 && issued.keys().all(|(meeting, _)| ids.contains(meeting)), "nobody sits in a lost meeting");
    }
}

/// Five minutes later nobody has joined: the tokens are void, and the next run makes the next generation.
#[tokio::test(start_paused = true)]
async fn nobody_is_handed_a_dead_token_as_good() {
    let (world, job) = (mortal("off"), job(&people(&["Keynote", "Workshop"], 0..400), 100, Audience::Replicas));
    let first = job.run(&world).await;
    assert!(first.done());
    tokio::time::advance(Duration::from_secs(301)).await;
    let second = job.run(&world).await;
    assert!(second.done());
    let ids =
        |ran: &Ran| ran.outputs.tokens.iter().map(|row| row["MeetingId"].clone()).collect::<std::collections::BTreeSet<_>>();
    assert!(ids(&first).is_disjoint(&ids(&second)), "no token of an ended meeting is told as good");
    assert!(meetings(&job).iter().all(|row| row["Generation"] == "2" && row["Status"] == "made"));
    let third = job.run(&world).await;
    assert_eq!((third.requests, third.outputs), (6, second.outputs));
}

/// Meetings that end while their people are asked for: void in this run, made anew by the next.
#[tokio::test(start_paused = true)]
async fn a_meeting_that_ends_under_a_run_is_made_anew_by_the_next() {
    let (world, mut job) = (mortal("off"), job(&people(&[""], 0..300), 250, Audience::Meetings));
    job.settings.batch = Batching::Off;
    // 300 calls, one every two seconds: both meetings are dead before the last is asked, and the first is not asked again.
    job.settings.rate = headcount::bucket::Rate::per_second(0.5).unwrap();
    let ran = job.run(&world).await;
    assert!(!ran.done() && ran.published.counts.provisioned == 0 && ran.published.void > 100, "{:?}", ran.published);
    job.settings.batch = Batching::Auto;
    let again = job.run(&world).await;
    assert!(again.done(), "{:?}", again.published);
}

/// Each meeting is made when its people come up; those whose doors open first come first, and each so long before its doors.
#[tokio::test(start_paused = true)]
async fn meetings_come_in_waves_just_before_their_doors() {
    let world = World::paused();
    let began = world.wall().now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64;
    let mut text = "n,ExternalUserId,MeetingId,Doors\n".to_owned();
    // Four sessions, ten minutes apart, the last of the roster first; made all at once, three of them would be dead by then.
    for n in 0..400 {
        let session = n % 4;
        let doors = jiff::Timestamp::from_millisecond(began + (4 - session as i64) * 600_000).unwrap();
        text.push_str(&format!("{},user-{n:05},Session {session},{doors}\n", n + 1));
    }
    for batch in [Batching::Auto, Batching::Off] {
        let world = mortal("off");
        let mut job = job(&text, 60, Audience::Replicas);
        job.options.sessions.as_mut().unwrap().doors = Some("doors".to_owned());
        job.settings.batch = batch;
        job.settings.waves = Some(headcount::provision::Waves { lead: Duration::from_secs(120), began });
        job.settings.max_duration = Duration::from_secs(7200);
        let ran = job.run(&world).await;
        assert!(ran.published.counts.provisioned + ran.published.void == 400, "{:?}", ran.published);
        for (at, (_, user)) in world.log() {
            let session: u64 = user[5..].parse::<u64>().unwrap() % 4;
            let doors = Duration::from_secs((4 - session) * 600);
            assert!(at + Duration::from_secs(120) >= doors && at < doors, "{batch:?}: session {session} at {at:?}");
        }
        let first = ran.outputs.tokens.iter().filter(|row| row["Session"] == "Session 0").count();
        assert_eq!(first, 100, "the last to be made lives when the run is over");
    }
}

/// Without doors, waves make each meeting when the first of its people is asked for.
#[tokio::test(start_paused = true)]
async fn a_wave_makes_its_meeting_when_the_first_of_its_people_comes_up() {
    let (world, mut job) = (mortal("off"), job(&people(&["a1", "b2", "c3"], 0..600), 100, Audience::Meetings));
    job.settings.batch = Batching::Off;
    job.settings.rate = headcount::bucket::Rate::per_second(1.0).unwrap();
    job.settings.waves = Some(headcount::provision::Waves { lead: Duration::ZERO, began: 0 });
    // 600 seats at one a second: made at once, all but the first meetings would be dead long before their people are asked for.
    let ran = job.run(&world).await;
    assert_eq!(world.makings(), 6);
    let full = meetings(&job).iter().filter(|row| row["Seats"] == "100").count();
    assert_eq!(full, 6, "everybody was given a token while their meeting lived: {:?}", ran.published);
    assert!(ran.published.void > 0, "and those of the first are told as void by now: {:?} {:?}", ran.ending, ran.published);
}

/// Somebody else has taken seats meanwhile: those who find no room go to the next meeting, and stay there.
#[tokio::test(start_paused = true)]
async fn who_finds_a_meeting_full_is_given_the_next() {
    for audience in [Audience::Meetings, Audience::Replicas] {
        let world = World::paused();
        let job = job(&people(&[""], 0..200), 100, audience);
        // The service says that 40 is all, in every meeting, item by item.
        let counts = std::sync::Mutex::new(BTreeMap::<String, usize>::new());
        world.script(move |ask| {
            if !ask.is_seat() {
                return Act::Well;
            }
            let mut counts = counts.lock().unwrap();
            let given = counts.entry(ask.meeting.clone()).or_default();
            match ask.users().count() {
                n if *given + n <= 40 => {
                    *given += n;
                    Act::Well
                }
                _ => Act::Refuse(400, "LimitExceededException"),
            }
        });
        let ran = job.run(&world).await;
        assert!(ran.done(), "{audience:?}: {:?}", ran.published);
        let made = seats(&ran);
        assert!(made.len() == 5 && made.values().all(|n| *n == 40), "{audience:?}: {made:?}");
        world.script(|_| Act::Well);
        let again = job.run(&world).await;
        assert_eq!(again.outputs, ran.outputs, "nobody moves");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_roster_moves_nobody_who_stays() {
    let (world, job) = (World::paused(), job(&people(&["Keynote", "Workshop"], 0..500), 100, Audience::Meetings));
    let first = job.run(&world).await;
    // 30 leave, 50 go to the other session, 200 come.
    let text = people(&["Keynote", "Workshop"], (30..500).chain(1000..1200));
    let moved = |line: &str| (100..150).any(|n| line.contains(&format!("user-{n:05}")));
    let other = |line: &str| match line.contains("Keynote") {
        true => line.replace("Keynote", "Workshop"),
        false => line.replace("Workshop", "Keynote"),
    };
    let lines: Vec<String> = text.lines().map(|line| if moved(line) { other(line) } else { line.to_owned() }).collect();
    job.edit(&lines.join("\n"));
    world.forget_calls();
    let second = job.run(&world).await;
    assert!(second.done());
    let place = |ran: &Ran| {
        ran.outputs.tokens.iter().map(|row| (row["ExternalUserId"].clone(), row["JoinToken"].clone())).collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (place(&first), place(&second));
    let kept = before.iter().filter(|(user, token)| after.get(*user) == Some(*token)).count();
    assert_eq!((kept, after.len()), (420, 670), "everybody else keeps the token they have");
    let asked: u32 = world.issued().len() as u32;
    assert_eq!(asked, 500 + 250, "only the difference is asked for");
}

/// Replicas beyond the quota: said once, nobody is asked for in vain, and once it is raised the same command goes on.
#[tokio::test(start_paused = true)]
async fn meetings_that_may_not_be_made_are_told_with_their_rows() {
    let (world, job) = (mortal("replicas=4"), job(&people(&[""], 0..1000), 100, Audience::Replicas));
    let ran = job.run(&world).await;
    assert_eq!((ran.published.counts.provisioned, ran.published.counts.refused), (400, 600));
    let told = ran.notices.iter().filter(|n| matches!(n, Notice::MeetingNotMade { .. })).count();
    assert!(told < 10 && world.makings() <= 5 + 8, "{told} told, {} asked", world.makings());
    assert_eq!(ran.outputs.reasons().keys().map(|(_, code)| code.as_str()).collect::<Vec<_>>(), ["LimitExceededException"]);
    assert!(
        ran.outputs.rejects.iter().all(|row| row["MeetingId"].is_empty() || row["MeetingId"] == "main"),
        "rejects name the session"
    );
}

/// No more meetings at all: primaries that wait in line are given up with their replicas, and nobody waits for them until the end.
#[tokio::test(start_paused = true)]
async fn sessions_beyond_the_meetings_there_may_be_are_given_up_with_their_replicas() {
    for waves in [None, Some(headcount::provision::Waves { lead: Duration::ZERO, began: 0 })] {
        let (world, mut job) = (mortal("meetings=2"), job(&people(&["a1", "b2", "c3", "d4"], 0..400), 60, Audience::Replicas));
        // A primary and a replica of its own exist; every further meeting is one too many.
        (job.settings.concurrency, job.settings.waves) = (1, waves);
        let ran = job.run(&world).await;
        assert_eq!(ran.ending, headcount::provision::Ending::Finished, "{waves:?}");
        assert_eq!(ran.published.counts.unprocessed, 0, "{waves:?}: {:?}", ran.published);
        assert!(ran.outputs.reasons().keys().all(|(_, code)| code == "LimitExceededException"), "{:?}", ran.outputs.reasons());
        assert!(ran.summary["seconds"].as_f64().unwrap() < 60.0, "{waves:?}: {}", ran.summary["seconds"]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_make_no_meetings_is_told_at_once() {
    let world = World::spoilt(|ask| if ask.meeting.is_empty() { Act::Refuse(403, "ForbiddenException") } else { Act::Well });
    let ran = job(&people(&["a-session", "another"], 0..300), 100, Audience::Meetings).run(&world).await;
    assert!(matches!(ran.ending, headcount::provision::Ending::NotLetIn(_)) && world.calls() == 0);
}
