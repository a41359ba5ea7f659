//! What `plan` foretells, held against runs: calls exactly, the last token within 1 %.

use super::job::Job;
use super::world::{World, roster};
use headcount::bucket::Rate;
use headcount::ledger::schema::Ledger;
use headcount::ledger::seating::{Audience, Seating};
use headcount::ledger::store::Replay;
use headcount::plan::{Estimate, Task, Terms};
use headcount::provision::batch::Batching;
use std::time::Duration;

/// What the plan says of the roster that a job has run over, as if nothing had been asked.
fn foretold(job: &Job, latency: Duration) -> Estimate {
    let ledger = Ledger::open(&job.ledger()).unwrap();
    let mut meetings = ledger.meetings(i64::MAX).unwrap();
    meetings.iter_mut().filter_map(|meeting| meeting.room.as_mut()).for_each(|room| room.made = None);
    let open = ledger.open_by_meeting(i64::MAX, Replay::All).unwrap();
    let task = Task::of(&meetings, |key| open.get(&key).copied().unwrap_or(0));
    let s = &job.settings;
    task.estimate(&Terms { rate: s.rate, burst: 20.0, concurrency: s.concurrency, batch: s.batch.size(), latency })
}

#[tokio::test(start_paused = true)]
async fn the_plan_is_within_a_hundredth_of_the_run() {
    let nobody = |n: usize| (0..n).fold("n,ExternalUserId\n".to_owned(), |text, i| text + &format!("{},user-{i:05}\n", i + 1));
    let replicas = Some(Seating { audience: Audience::Replicas, ..Seating::default() });
    let sessions = Some(Seating { per_meeting: 60, ..Seating::default() });
    for (text, seating, batch, rate, concurrency, latency) in [
        (roster(3, 150), None, Batching::Off, 10.0, 32, 80),
        (roster(5, 200), None, Batching::Auto, 10.0, 32, 200),
        (nobody(2_000), replicas, Batching::Auto, 10.0, 32, 120),
        (nobody(10_000), replicas, Batching::Auto, 10.0, 32, 60),
        (nobody(600), sessions, Batching::Off, 25.0, 4, 500),
    ] {
        let mut job = Job::new(&text);
        if let Some(seating) = seating {
            job.make(seating);
        }
        (job.settings.batch, job.settings.concurrency) = (batch, concurrency);
        job.settings.rate = Rate::per_second(rate).unwrap();
        let world = World::paused().slow(latency);
        let ran = job.run(&world).await;
        assert!(ran.done());
        let plan = foretold(&job, Duration::from_millis(latency));
        assert_eq!(plan.requests(), ran.requests, "{batch:?} at {rate}/s");
        let (took, told) = (ran.summary["seconds"].as_f64().unwrap(), plan.last_token.as_secs_f64());
        // Ten thousand over forty replicas in under 20 s, against 998 s one by one.
        assert!(batch == Batching::Off || took < 20.0, "{took} s");
        assert!((took - told).abs() <= took * 0.01, "{batch:?} at {rate}/s: took {took} s, foretold {told} s");
    }
}
