//! The one loop: start what may start, wait for the next end, the next due time or a stop, and tell the plan.
//!
//! Holds [`Plan`], [`Next`], [`Stop`] and [`run`]. Called by each verb with a plan of its own. A plan is a pure state machine
//! over offsets from the start, so it can be tested without a runtime; everything that waits (a request, a commit, a look for
//! credentials) is a job of the plan and runs here.

use crate::timer::{Alarm, Grain};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How hard to stop. Only ever rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stop {
    /// Go on.
    #[default]
    No,
    /// Start nothing new; finish what is under way.
    Drain,
    /// Leave at once, and let go of what is under way.
    Now,
}

/// What a plan wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<J> {
    /// Start this.
    Start(J),
    /// Nothing before this offset, unless something ends first.
    At(Duration),
    /// Nothing until something ends.
    Wait,
    /// Nothing ever again; what is under way is waited for.
    Done,
    /// Nothing ever again, and what is under way is let go of.
    Leave,
}

/// A plan of work. `now` is an offset from the start of the run.
pub trait Plan {
    /// Something to do.
    type Job;
    /// How it ended.
    type End;

    /// What to do next. Asked again and again until it answers something else than `Start`.
    fn next(&mut self, now: Duration) -> Next<Self::Job>;

    /// A job has ended.
    fn ended(&mut self, now: Duration, end: Self::End);

    /// Start no new requests. `Next::Done` follows once what must still be done has been.
    fn drain(&mut self, now: Duration);
}

/// Runs a plan to its end. `do_job` makes the future of a job; `origin` is the start of the run. The plan bounds how many jobs
/// are under way at once. `grain` is how exactly due times are kept. Returns how hard it was stopped.
pub async fn run<P, F, Fut>(plan: &mut P, do_job: F, origin: Instant, grain: Grain, stop: &mut watch::Receiver<Stop>) -> Stop
where
    P: Plan,
    F: Fn(P::Job) -> Fut,
    Fut: Future<Output = P::End>,
{
    let mut under_way = FuturesUnordered::new();
    let mut told = Stop::No;
    let mut alarm = Alarm::new(grain);
    loop {
        let wake = loop {
            match plan.next(origin.elapsed()) {
                Next::Start(job) => under_way.push(do_job(job)),
                Next::At(at) => break Some(origin + at),
                Next::Wait => break None,
                Next::Done if under_way.is_empty() => return told,
                Next::Done => break None,
                Next::Leave => return told,
            }
        };
        if let Some(wake) = wake {
            alarm.set(wake);
        }
        // Ends first: they free slots and carry news. A stop is looked at once a turn all the same.
        tokio::select! {
            biased;
            level = stopped(stop, told) => {
                told = level;
                if level == Stop::Now {
                    return told;
                }
                plan.drain(origin.elapsed());
            }
            Some(end) = under_way.next(), if !under_way.is_empty() => plan.ended(origin.elapsed(), end),
            () = alarm.rings(), if wake.is_some() => {}
        }
    }
}

/// Waits until the stop rises above what has been told. Nobody left to stop us is no stop.
async fn stopped(stop: &mut watch::Receiver<Stop>, told: Stop) -> Stop {
    match stop.wait_for(|level| *level > told).await {
        Ok(level) => *level,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three jobs a second apart, each a second and a half long, at most two at once.
    struct Three {
        started: u64,
        running: usize,
        ends: Vec<(u64, Duration)>,
        draining: bool,
    }

    impl Plan for Three {
        type Job = u64;
        type End = u64;

        fn next(&mut self, now: Duration) -> Next<u64> {
            let due = Duration::from_secs(self.started);
            match self.started {
                3.. => Next::Done,
                _ if self.draining => Next::Done,
                _ if self.running == 2 => Next::Wait,
                _ if due > now => Next::At(due),
                n => {
                    self.started += 1;
                    self.running += 1;
                    Next::Start(n)
                }
            }
        }

        fn ended(&mut self, now: Duration, end: u64) {
            self.running -= 1;
            self.ends.push((end, now));
        }

        fn drain(&mut self, _: Duration) {
            self.draining = true;
        }
    }

    async fn work(n: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        n
    }

    #[tokio::test(start_paused = true)]
    async fn work_starts_when_due_and_all_of_it_ends() {
        let mut plan = Three { started: 0, running: 0, ends: vec![], draining: false };
        let (_keep, mut stop) = watch::channel(Stop::No);
        let how = run(&mut plan, work, Instant::now(), Grain::Coarse, &mut stop).await;
        assert_eq!(how, Stop::No);
        assert_eq!(plan.ends, [(0, 1500), (1, 2500), (2, 3500)].map(|(n, ms)| (n, Duration::from_millis(ms))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_drains_and_a_second_one_leaves() {
        for (second, ends) in [(false, 1), (true, 0)] {
            let mut plan = Three { started: 0, running: 0, ends: vec![], draining: false };
            let (tell, mut stop) = watch::channel(Stop::No);
            let stopper = async {
                tokio::time::sleep(Duration::from_millis(500)).await;
                tell.send_replace(Stop::Drain);
                tokio::time::sleep(Duration::from_millis(500)).await;
                if second {
                    tell.send_replace(Stop::Now);
                }
                std::future::pending::<()>().await
            };
            let how = tokio::select! { how = run(&mut plan, work, Instant::now(), Grain::Coarse, &mut stop) => how, () = stopper => unreachable!() };
            assert_eq!((how, plan.ends.len()), (if second { Stop::Now } else { Stop::Drain }, ends));
        }
    }
}
