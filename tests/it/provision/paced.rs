//! `--rate auto` in whole runs: the quota of the mock is found, kept to, told, and remembered.
//!
//! Holds runs in memory under the paused clock, against the mock's own limits, and the program itself for what it says and keeps.
//! The search itself is simulated in `crate::pace`, over quotas of every kind.

use super::binary::{Ended, Here, finish};
use super::job::{Job, Ran};
use super::tcp::Server;
use super::world::{Key, World, roster};
use headcount::bucket::Rate;
use headcount::client::pace::Pacing;
use headcount::client::pace::fit::Learned;
use headcount::mock::Options;
use std::collections::HashMap;
use std::time::Duration;

/// A world whose account has this quota, and a run at a rate to be found that asks it for so many seats.
async fn found(rate: f64, burst: f64, latency: u64, rows: usize, known: Option<Learned>) -> (World, Ran) {
    let quota = format!("all={rate}/{burst}").parse().unwrap();
    let world = World::with(World::paused().wall(), Options { quota, ..Options::default() }).slow(latency);
    let meetings = rows.div_ceil(250);
    let mut job = Job::new(&roster(meetings, rows / meetings));
    job.settings.rate = Rate::per_second(500.0).unwrap();
    job.settings.pacing = Pacing::Auto { known };
    job.settings.concurrency = 64;
    let ran = job.run(&world).await;
    assert!(ran.done(), "{:?} {:?}", ran.ending, ran.outputs.reasons());
    (world, ran)
}

/// When the first call was throttled, and when each seat was given: the last call for it.
fn history(world: &World) -> (Duration, Vec<Duration>) {
    let log = world.log();
    let last: HashMap<&Key, Duration> = log.iter().map(|(at, key)| (key, *at)).collect();
    let spent = log.iter().find(|(at, key)| last[key] != *at).expect("the burst is never spent").0;
    let mut given: Vec<Duration> = last.into_values().collect();
    given.sort();
    (spent, given)
}

#[tokio::test(start_paused = true)]
async fn the_quota_of_the_mock_is_found_and_kept_to() {
    for (rate, burst, latency, rows) in
        [(3.0, 6.0, 80, 300), (10.0, 20.0, 30, 1000), (10.0, 1.0, 5, 800), (60.0, 120.0, 100, 4000)]
    {
        let (world, ran) = found(rate, burst, latency, rows, None).await;
        let (spent, given) = history(&world);
        // To where the last rows that were throttled are waiting for their turn, and nobody else is.
        let (from, to) = (spent + Duration::from_secs(30), given[given.len() - 30]);
        assert!(to >= from + Duration::from_secs(20), "{rate}/s: too short to judge");
        let count = given.iter().filter(|at| (from..to).contains(*at)).count() as f64;
        let share = count / (rate * (to - from).as_secs_f64());
        let (throttled, most) = (ran.class("throttled") as f64, 0.02 * ran.requests as f64 + 10.0);
        assert!(
            share >= 0.95 && throttled <= most,
            "{rate}/s, {burst}: {share:.3} let in, {throttled} of {} throttled",
            ran.requests
        );
        let learned = &ran.summary["learned"];
        let found = learned["rate"].as_f64().unwrap();
        assert!((found / rate - 1.0).abs() <= 0.05, "{rate}/s, {burst}: {learned}");
    }
}

/// A run that knows its account from an earlier one wastes next to nothing.
#[tokio::test(start_paused = true)]
async fn a_known_account_is_asked_at_its_rate_from_the_start() {
    let (_, first) = found(10.0, 20.0, 30, 600, None).await;
    let (_, second) = found(10.0, 20.0, 30, 600, Some(Learned { rate: 9.9, burst: 20.0 })).await;
    assert!(
        second.class("throttled") < first.class("throttled"),
        "{} then {}",
        first.class("throttled"),
        second.class("throttled")
    );
}

/// A rate that is given learns nothing, and says nothing of it.
#[tokio::test(start_paused = true)]
async fn a_given_rate_learns_nothing() {
    let ran = Job::new(&roster(1, 20)).run(&World::paused()).await;
    assert!(ran.done() && ran.summary.get("learned").is_none());
}

#[test]
fn the_program_says_what_it_found_and_remembers_it() {
    let quota = "all=15/1".parse().unwrap();
    let options = Options { quota, ..Options::default() };
    let world = World::with(headcount::clock::Wall::System, options).slow(0);
    let (server, here) = (Server::new(&world), Here::new(&roster(1, 40)));
    let ended = here.run(&server, &world, &["--rate", "auto"]);
    let says = |ended: &Ended, words: &str| assert!(ended.stderr.contains(words), "{words:?} is not in {}", ended.stderr);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    says(&ended, "41 requests at a rate to be found, at most 100/s; at the published 10/s: about ");
    says(&ended, "the account's rate: about ");
    says(&ended, "kept for the next run in ");
    let kept = std::fs::read_to_string(here.path().join(".local/state/headcount/rates.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let rate = kept["rates"][0]["rate"].as_f64().unwrap();
    assert!(kept["version"] == 1 && (5.0..=20.0).contains(&rate), "{kept}");
    // Another roster's run, other outputs: the account is the same.
    let more = ["--rate", "auto", "--rate-max", "60/s", "--limit", "3", "-o", "other.csv", "--rejects", "others.csv"];
    let ended = finish(here.provision(&server.url(), &more).spawn().unwrap());
    assert_eq!(ended.code(), Some(75), "{}", ended.stderr);
    says(&ended, "at most 60/s; at ");
    says(&ended, "as an earlier run found it");
}

#[test]
fn a_bound_on_a_rate_that_is_given_is_refused_before_anything_is_made() {
    let here = Here::new(&roster(1, 2));
    let ended = finish(here.provision("http://127.0.0.1:9", &["--rate", "8/s", "--rate-max", "9/s"]).spawn().unwrap());
    assert_eq!(ended.code(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("give it with --rate auto"), "{}", ended.stderr);
    assert!(!here.path().join("tokens.csv.run").exists());
}
