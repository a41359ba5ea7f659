//! Ledgers that are torn, damaged, swapped or somebody else's; rosters that change between runs. Nothing wrong is believed.

use super::job::Job;
use super::outputs::rows;
use super::world::{World, meeting, roster};
use headcount::seed::Seed;
use rand::RngExt;
use rusqlite::Connection;

async fn finished(world: &World) -> Job {
    let job = Job::new(&roster(2, 100));
    assert!(job.run(world).await.done());
    world.forget_calls();
    job
}

fn tokens(job: &Job) -> Vec<u8> {
    std::fs::read(job.path().join("tokens.csv")).unwrap()
}

/// Runs again: whatever was damaged is asked again, the outputs are those of before, and then all is quiet.
async fn mends(job: &Job, world: &World, before: &[u8], asked_again: u32) {
    let ran = job.run(world).await;
    assert!(ran.done(), "{:?}", ran.outputs.reasons());
    assert_eq!((world.calls(), ran.damaged), (asked_again, u64::from(asked_again)));
    assert_eq!(tokens(job), before, "the same bytes as before");
    world.forget_calls();
    assert!(job.run(world).await.done() && world.calls() == 0, "mended for good");
}

#[tokio::test(start_paused = true)]
async fn a_finished_run_asks_nobody_again_and_writes_the_same_bytes() {
    let world = World::paused();
    let job = finished(&world).await;
    let before = tokens(&job);
    for _ in 0..3 {
        assert!(job.run(&world).await.done());
        assert_eq!((world.calls(), tokens(&job)), (0, before.clone()));
    }
    assert_eq!(world.looks(), 3 * 2, "only the meetings are looked at");
}

#[tokio::test(start_paused = true)]
async fn damaged_records_are_asked_again() {
    let damages = [
        "UPDATE outcome SET token=replace(token, substr(token, 9, 1), '~') WHERE seat % 10 = 3",
        "UPDATE outcome SET token='stolen' WHERE seat % 10 = 3",
        "UPDATE outcome SET attendee='aaaaaaaa-bbbb-8024-dddd-eeeeeeeeeeee' WHERE seat % 10 = 3",
        "UPDATE outcome SET state=2 WHERE seat % 10 = 3",
        "UPDATE outcome SET granted=63 WHERE seat % 10 = 3",
        "UPDATE outcome SET sum=sum+1 WHERE seat % 10 = 3",
        "UPDATE outcome SET token=x'00ff' WHERE seat % 10 = 3",
        "UPDATE outcome SET token=NULL WHERE seat % 10 = 3",
        // Records in each other's place, each of them sound by itself.
        "UPDATE outcome SET (attendee, token, sum) = (SELECT attendee, token, sum FROM outcome o WHERE o.seat=outcome.seat + 1) WHERE seat % 10 = 3",
    ];
    for damage in damages {
        let world = World::paused();
        let job = finished(&world).await;
        let before = tokens(&job);
        assert_eq!(Connection::open(job.ledger()).unwrap().execute(damage, []).unwrap(), 20, "{damage}");
        mends(&job, &world, &before, 20).await;
    }
}

/// A file cut or spoilt anywhere is refused, or mended by asking: what is published is right in either case.
#[tokio::test(start_paused = true)]
async fn a_torn_or_spoilt_file_is_refused_or_mended() {
    let world = World::paused();
    let job = finished(&world).await;
    let (whole, before) = (std::fs::read(job.ledger()).unwrap(), tokens(&job));
    let mut chance = Seed(3).stream("damage");
    let mut refused = 0;
    for round in 0..60 {
        let mut bytes = whole.clone();
        let at = chance.random_range(0..bytes.len());
        match round % 3 {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << chance.random_range(0..8),
            _ => bytes[at..].iter_mut().take(512).for_each(|b| *b = 0),
        }
        std::fs::write(job.ledger(), &bytes).unwrap();
        world.forget_calls();
        let (_keep, stop) = tokio::sync::watch::channel(headcount::drive::pump::Stop::No);
        match job.attempt(&world, stop, async |_| std::future::pending().await).await {
            Ok(ran) => assert!(ran.unwrap().done(), "round {round}"),
            Err(_) => {
                refused += 1;
                assert_eq!(tokens(&job), before, "round {round}: what was published stays");
                for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
                    let _ = std::fs::remove_file(job.ledger().with_file_name(name));
                }
                std::fs::remove_file(job.path().join("tokens.csv")).unwrap();
                std::fs::remove_file(job.path().join("rejects.csv")).unwrap();
                assert!(job.run(&world).await.done(), "round {round}: a new ledger asks everything again");
            }
        }
        assert_eq!(rows(&String::from_utf8(tokens(&job)).unwrap()).len(), 200);
    }
    assert!(refused > 5 && refused < 55, "{refused} of 60 refused");
}

/// Somebody copies the ledger of one job over that of another.
#[tokio::test(start_paused = true)]
async fn a_swapped_ledger_is_refused_while_outputs_stand_and_believed_in_nothing_else() {
    let (theirs, world) = (World::paused(), World::paused());
    let (one, other) = (finished(&theirs).await, Job::new(&roster(3, 40).replace("user-", "guest-")));
    assert!(other.run(&world).await.done());
    std::fs::copy(one.ledger(), other.ledger()).unwrap();
    assert!(other.refused(&world).await.contains("has been changed since this run wrote it"));
    for name in ["tokens.csv", "rejects.csv"] {
        std::fs::remove_file(other.path().join(name)).unwrap();
    }
    world.forget_calls();
    assert!(other.run(&world).await.done());
    assert_eq!(world.calls(), 120, "every row is asked again, none is taken from the other's ledger");
}

#[tokio::test(start_paused = true)]
async fn another_endpoint_or_account_is_refused_before_anything_is_asked() {
    let world = World::paused();
    let mut job = finished(&world).await;
    job.place = "https://meetings-chime.eu-central-1.amazonaws.com";
    assert!(job.refused(&world).await.contains("belongs to http://127.0.0.1:1"));
    job.place = "http://127.0.0.1:1";
    let account = |id: &str| {
        let given = headcount::mock::DEFAULT_ACCESS_KEY;
        let builder = aws_credential_types::Credentials::builder().access_key_id(given);
        builder.secret_access_key(headcount::mock::DEFAULT_SECRET_KEY).provider_name("test").account_id(id).build()
    };
    job.credentials = account("111122223333");
    assert!(job.run(&world).await.done());
    job.credentials = account("444455556666");
    assert!(job.refused(&world).await.contains("account 111122223333"));
    assert_eq!(world.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_edited_roster_asks_for_what_is_new_in_it_alone() {
    let world = World::paused();
    let job = finished(&world).await;
    let text = roster(2, 100);
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    // Turned round, with every tenth row gone and thirty new ones between the others.
    lines.reverse();
    let kept = lines.iter().enumerate().filter(|(i, _)| i % 10 != 0).map(|(_, line)| (*line).to_owned());
    let new = (0..30).map(|i| format!("{},new-{i:03},{}", 1000 + i, meeting(i % 2)));
    let mut all: Vec<String> = kept.chain(new).collect();
    all.sort_by_key(|line| line.len() * 7 % 11);
    let text = all.iter().enumerate().fold("n,ExternalUserId,MeetingId\n".to_owned(), |text, (i, line)| {
        let rest = line.split_once(',').unwrap().1;
        text + &format!("{},{rest}\n", i + 1)
    });
    job.edit(&text);
    assert!(job.run(&world).await.done());
    assert_eq!((world.calls(), world.repeats()), (30, 0));
}

#[tokio::test(start_paused = true)]
async fn a_roster_edited_between_kills_loses_and_doubles_nobody() {
    let world = World::paused();
    let job = Job::new(&roster(2, 60));
    for kill in 1..=6 {
        assert!(job.run_until(&world, async |_| world.reached(kill * 15).await).await.is_none());
        let mut lines: Vec<String> = roster(2, 60 + kill as usize).lines().skip(1).map(str::to_owned).collect();
        let middle = lines.len() / (kill as usize + 1);
        lines.rotate_left(middle);
        let numbered = lines.iter().enumerate().map(|(i, line)| format!("{},{}\n", i + 1, line.split_once(',').unwrap().1));
        job.edit(&("n,ExternalUserId,MeetingId\n".to_owned() + &numbered.collect::<String>()));
    }
    assert!(job.run(&world).await.done());
    assert!(world.repeats() <= 6 * job.at_stake(), "{} repeats", world.repeats());
}

/// The copy of the roster is read anew when it is not what was read: nobody is asked for whom the roster does not name.
#[tokio::test(start_paused = true)]
async fn a_damaged_copy_of_the_roster_is_read_anew() {
    let damages = [
        "UPDATE seat SET user='user-90003' WHERE user='user-00003'",
        "UPDATE seat SET meeting=3 - meeting WHERE user='user-00003'",
        "UPDATE row SET user='user-90003' WHERE user='user-00003'",
        "UPDATE row SET seat=seat + 1 WHERE user='user-00003'",
        "UPDATE row SET caps=63 WHERE user='user-00003'",
        "UPDATE row SET role=2 WHERE user='user-00003'",
        "UPDATE row SET cells='[]' WHERE user='user-00003'",
        "UPDATE row SET cells='[' WHERE user='user-00003'",
        "UPDATE row SET line=1, file=7 WHERE user='user-00003'",
        "DELETE FROM row WHERE user='user-00003'",
        "DELETE FROM seat WHERE user='user-00003'",
        "UPDATE file SET layout='{}'",
        "UPDATE meeting SET id='00000009-2222-4333-8444-555555555555' WHERE meeting=1",
        "DELETE FROM meeting WHERE meeting=1",
    ];
    for damage in damages {
        let world = World::paused();
        let job = finished(&world).await;
        let before = tokens(&job);
        assert!(Connection::open(job.ledger()).unwrap().execute(damage, []).unwrap() > 0, "{damage}");
        assert!(job.run(&world).await.done(), "{damage}");
        assert_eq!(tokens(&job), before, "{damage}");
        assert!(world.calls() <= 100 && world.most_calls() <= 1, "{damage}: {} calls", world.calls());
    }
}
