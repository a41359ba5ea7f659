//! A lane from beginning to end: meetings are made, the load runs, meetings are deleted.
//!
//! Holds [`run`], [`LaneOf`] and [`LaneRan`]. Called once a lane, on a thread and a runtime of its own, or (in tests) in the same one as
//! everything else. The load's clock starts when all lanes have their meetings.

use super::errand::Counts;
use super::hands::Hands;
use super::job::{Job, JobEnd};
use super::lane::Lane;
use super::law::Ledger;
use super::people::People;
use super::settle::errand_ended;
use super::source::Source;
use super::supply::Supply;
use super::tell::Teller;
use super::{Halt, Learnt, Terms};
use crate::behaviour::BadBehaviour;
use crate::call::Fault;
use crate::chime::id::MeetingId;
use crate::client::transport::Transport;
use crate::drive::pump::{self, Next, Plan, Stop};
use crate::stats::samples::Samples;
use crate::timer::Grain;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Barrier, watch};
use tokio::time::Instant;

/// What a lane works with.
pub struct LaneOf<T> {
    /// What it is told.
    pub terms: Terms,
    /// Who asks.
    pub people: People,
    /// Where.
    pub supply: Supply,
    /// Who does its jobs.
    pub hands: Hands<T>,
    /// Whom it tells.
    pub tell: Teller,
    /// How exactly due times are kept.
    pub grain: Grain,
}

/// Where lanes meet before the load begins, and when it began.
pub struct Gate {
    barrier: Barrier,
    origin: OnceLock<Instant>,
    begins: Begins,
}

/// Called when the load begins.
pub type Begins = Arc<dyn Fn() + Send + Sync>;

impl Gate {
    /// For so many lanes.
    pub fn new(lanes: u32, begins: Begins) -> Arc<Gate> {
        Arc::new(Gate { barrier: Barrier::new(lanes as usize), origin: OnceLock::new(), begins })
    }

    async fn pass(&self) -> Instant {
        self.barrier.wait().await;
        *self.origin.get_or_init(|| {
            (self.begins)();
            Instant::now()
        })
    }
}

/// What a lane leaves.
#[derive(Debug)]
pub struct LaneRan {
    /// The terms of the law.
    pub ledger: Ledger,
    /// What went wrong, with examples.
    pub samples: Samples,
    /// What was done about meetings.
    pub meetings: Counts,
    /// Meetings of ours that may still be there.
    pub leftovers: Vec<MeetingId>,
    /// Why it ended before the schedule did.
    pub halt: Option<Halt>,
    /// How long the load lasted.
    pub lasted: Duration,
    /// The quota that was found, where that was wanted.
    pub learnt: Option<Learnt>,
}

/// Runs a lane.
///
/// # Errors
/// A recorded think time that cannot be read.
pub async fn run<T: Transport>(of: LaneOf<T>, gate: Arc<Gate>, mut stop: watch::Receiver<Stop>) -> Result<LaneRan, BadBehaviour> {
    let LaneOf { terms, people, mut supply, hands, mut tell, grain } = of;
    let work = |job| hands.work(job);
    let mut setup = Phase::new(&mut supply, &mut tell, Until::Ready);
    let began = Instant::now();
    let told = pump::run(&mut setup, work, began, grain, &mut stop).await;
    let (refused, mut samples) = (setup.refused.take(), std::mem::take(&mut setup.samples));
    let origin = gate.pass().await;
    supply.begin();

    let schedule = terms.plan.schedule();
    let source = Source::new(&terms, schedule.as_ref().map(|schedule| schedule.arrivals()))?;
    let mut lane = Lane::new(&terms, source, people, supply, tell, origin);
    let mut left = told == Stop::Now;
    match refused {
        Some(fault) => lane.halt(Duration::ZERO, Halt::NoMeetings(Box::new(fault))),
        None if told > Stop::No => lane.halt(Duration::ZERO, Halt::Stopped),
        None => left = pump::run(&mut lane, work, origin, grain, &mut stop).await == Stop::Now,
    }
    let lasted = origin.elapsed();
    let learnt = lane.source.learnt();
    let Lane { mut supply, mut tell, ledger, samples: of_load, halt, .. } = lane.close(lasted);
    samples.merge(&of_load);

    supply.close(lasted);
    if !left {
        let mut cleanup = Phase::new(&mut supply, &mut tell, Until::Empty);
        pump::run(&mut cleanup, work, origin, grain, &mut stop).await;
        samples.merge(&cleanup.samples);
    }
    tell.close().await;
    Ok(LaneRan { ledger, samples, meetings: supply.counts().clone(), leftovers: supply.leftovers(), halt, lasted, learnt })
}

/// What a phase waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// As many meetings as are to be there at the start.
    Ready,
    /// None of ours.
    Empty,
}

/// A stretch in which meetings alone are dealt with.
struct Phase<'a> {
    supply: &'a mut Supply,
    tell: &'a mut Teller,
    until: Until,
    refused: Option<Fault>,
    samples: Samples,
    draining: bool,
}

impl<'a> Phase<'a> {
    fn new(supply: &'a mut Supply, tell: &'a mut Teller, until: Until) -> Phase<'a> {
        Phase { supply, tell, until, refused: None, samples: Samples::default(), draining: false }
    }
}

impl Plan for Phase<'_> {
    type Job = Job;
    type End = JobEnd;

    fn next(&mut self, now: Duration) -> Next<Job> {
        let over = match self.until {
            Until::Ready => self.refused.is_some() || self.draining || self.supply.is_ready(),
            Until::Empty => self.supply.is_done(),
        };
        if over {
            return Next::Done;
        }
        match self.supply.next(now) {
            Ok(errand) => Next::Start(Job::Errand(errand)),
            Err(Some(at)) => Next::At(at),
            Err(None) => Next::Wait,
        }
    }

    fn ended(&mut self, now: Duration, end: JobEnd) {
        let JobEnd::Errand(errand, end) = end else { return };
        let refused = errand_ended(self.supply, self.tell, &mut self.samples, now, errand, end);
        self.refused = self.refused.take().or(refused);
    }

    fn drain(&mut self, _: Duration) {
        // Meetings are deleted also after a first stop; a second one lets go of everything.
        self.draining = self.until == Until::Ready;
    }
}
