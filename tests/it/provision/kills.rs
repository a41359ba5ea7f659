//! Runs that are killed and go on: at every commit, at every call, by chance, and in a storm. Told to stop, they stop in order.

use super::act::{Act, Ask};
use super::job::{Job, Ran};
use super::world::{World, roster};
use headcount::chime::class::Class;
use headcount::drive::pump::Stop;
use headcount::provision::Ending;
use headcount::provision::board::Board;
use headcount::seed::Seed;
use rand::RngExt;
use tokio::sync::watch;

/// Done when so many rows have been committed and told.
async fn committed(mut board: watch::Receiver<Board>, rows: u64) {
    board.wait_for(|board| board.provisioned + board.refused >= rows).await.unwrap();
}

/// A storm in which every kind of fault happens, none of them for ever.
fn soup(ask: &Ask) -> Act {
    match (ask.chance(11) * 100.0) as u32 {
        0..6 => Act::Refuse(503, "ServiceUnavailableException"),
        6..12 => Act::Lose(Class::Reset),
        12..15 => Act::Break(Class::Reset),
        15..20 => Act::Refuse(429, "ThrottlingException"),
        20..22 => Act::Say(200, b"{}".to_vec()),
        22..23 => Act::Hang,
        _ => Act::Well,
    }
}

/// After `kills` kills, the job ends and nothing was lost; what was asked twice is bounded.
async fn goes_on(job: &Job, world: &World, kills: u32, lost_replies: u32) -> Ran {
    let ran = job.run(world).await;
    assert!(ran.done(), "{:?}", ran.outputs.reasons());
    let most = kills * job.at_stake() + lost_replies;
    assert!(world.repeats() <= most, "{} repeats after {kills} kills, {most} allowed", world.repeats());
    let calls = world.calls();
    assert!(job.run(world).await.done() && world.calls() == calls, "a finished run asks nobody again");
    ran
}

/// One job, killed after each of its commits.
#[tokio::test(start_paused = true)]
async fn a_run_killed_at_every_commit_goes_on() {
    for spoilt in [false, true] {
        let (world, job) = (World::paused(), Job::new(&roster(2, 100)));
        if spoilt {
            world.script(soup);
        }
        let mut kills = 0;
        while job.run_until(&world, async |board| committed(board, 1).await).await.is_none() {
            kills += 1;
            assert!(kills <= 200, "each session commits something");
        }
        assert!(kills >= 5, "{kills} kills");
        let calls = world.calls();
        let ran = goes_on(&job, &world, kills, if spoilt { calls } else { 0 }).await;
        assert_eq!(ran.published.counts.provisioned, 200);
    }
}

/// Fresh jobs, each killed once: after its n-th row is committed, for every n at which a commit ends.
#[tokio::test(start_paused = true)]
async fn a_run_killed_after_the_nth_commit_goes_on() {
    for n in (1..=60).step_by(3) {
        let (world, job) = (World::paused(), Job::new(&roster(2, 30)));
        let ended = job.run_until(&world, async |board| committed(board, n).await).await;
        goes_on(&job, &world, u32::from(ended.is_none()), 0).await;
    }
}

/// Fresh jobs, each killed once: while its n-th call is under way, its work done and its answer on the way.
#[tokio::test(start_paused = true)]
async fn a_run_killed_at_the_nth_call_goes_on() {
    for n in 1..=30 {
        let (world, job) = (World::paused(), Job::new(&roster(2, 15)));
        assert!(job.run_until(&world, async |_| world.reached(n).await).await.is_none());
        goes_on(&job, &world, 1, 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_killed_by_chance_in_a_storm_goes_on() {
    for seed in 0..6 {
        let (world, job) = (World::spoilt(soup), Job::new(&roster(4, 75)));
        let mut chance = Seed(seed).stream("kills");
        let mut kills = 0;
        while kills < 12 {
            let at = world.calls() + chance.random_range(1..60);
            if job.run_until(&world, async |_| world.reached(at).await).await.is_some() {
                break;
            }
            kills += 1;
        }
        assert!(kills >= 4, "{kills} kills");
        let ran = job.run(&world).await;
        assert!(ran.done(), "seed {seed}: {:?}", ran.outputs.reasons());
        assert!(world.most_calls() <= 5 + kills, "seed {seed}: {} calls for one key", world.most_calls());
    }
}

/// Every kill at once: a run killed over and over before it can commit anything still asks a bounded number of rows.
#[tokio::test(start_paused = true)]
async fn a_run_killed_before_each_commit_asks_the_same_rows() {
    let (world, job) = (World::paused(), Job::new(&roster(2, 100)));
    for _ in 0..20 {
        let calls = world.calls();
        assert!(job.run_until(&world, async |_| world.reached(calls + 5).await).await.is_none());
    }
    assert!(world.issued().len() <= 20 + 13, "{} rows asked", world.issued().len());
    goes_on(&job, &world, 20, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_finishes_what_is_in_flight_and_repeats_nothing() {
    for n in [1, 25, 99] {
        let (world, job) = (World::paused(), Job::new(&roster(2, 50)));
        let (tell, stop) = watch::channel(Stop::No);
        let stopper = async {
            world.reached(n).await;
            tell.send_replace(Stop::Drain);
            std::future::pending::<()>().await
        };
        let ran = tokio::select! { ran = job.run_stopped(&world, stop) => ran, () = stopper => unreachable!() };
        assert_eq!(ran.ending, Ending::Stopped);
        assert_eq!(ran.published.counts.provisioned, u64::from(world.calls()), "what was sent is settled");
        assert!(world.calls() <= n + 8, "{} calls after a stop at {n}", world.calls());
        goes_on(&job, &world, 0, 0).await;
    }
}

/// A stop while a call hangs waits for its time-out, no longer, and asks it again the next time.
#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_a_hanging_call_as_long_as_any_call() {
    let world = World::spoilt(|ask| match ask.user.as_deref() {
        Some("user-00010") if ask.nth == 1 => Act::Hang,
        _ => Act::Well,
    });
    let job = Job::new(&roster(2, 50));
    let (tell, stop) = watch::channel(Stop::No);
    let stopper = async {
        world.reached(30).await;
        tell.send_replace(Stop::Drain);
        tokio::time::sleep(job.timeout + std::time::Duration::from_secs(3)).await;
        panic!("the drain took longer than a call may");
    };
    let ran = tokio::select! { ran = job.run_stopped(&world, stop) => ran, () = stopper => unreachable!() };
    assert_eq!((ran.ending, ran.published.counts.unprocessed > 0), (Ending::Stopped, true));
    world.script(|_| Act::Well);
    goes_on(&job, &world, 0, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_stop_leaves_at_once_and_the_run_goes_on() {
    let (world, job) = (World::paused(), Job::new(&roster(2, 50)));
    let (tell, stop) = watch::channel(Stop::No);
    let stopper = async {
        world.reached(40).await;
        tell.send_replace(Stop::Drain);
        tell.send_replace(Stop::Now);
        std::future::pending::<()>().await
    };
    let ran = tokio::select! { ran = job.run_stopped(&world, stop) => ran, () = stopper => unreachable!() };
    assert_eq!(ran.ending, Ending::Abandoned);
    goes_on(&job, &world, 1, 0).await;
}

/// A disk that stands still holds the calls back: what a kill would make us ask again stays bounded whatever the disk does.
#[tokio::test]
async fn a_disk_that_stands_still_holds_the_calls_back() {
    let mut job = Job::new(&roster(4, 200));
    job.slow_disk = true;
    let ran = job.run(&World::real(|_| Act::Well)).await;
    assert!(ran.done());
    assert!(ran.unwritten.unwrap() <= job.at_stake(), "{:?} calls, none of them written down", ran.unwritten);
}
