//! A whole load test: lanes on threads, a conductor beside them, one summary.
//!
//! Holds [`Run`], [`Ran`] and their making. Called by the command line, which has resolved everything, and by tests, which run the one
//! lane in their own runtime under a paused clock. It opens no file and no socket: hands and logs are brought along.

use super::board::Board;
use super::conductor::{Held, Score, conduct, judged};
use super::errand;
use super::hands::Hands;
use super::people::{People, Source};
use super::phases::{self, Begins, Gate, LaneOf};
use super::ran::Ran;
use super::supply::Supply;
use super::tell::{Cpu, Spares, Teller, Told};
use super::{Paced, Retrying, Terms};
use crate::bucket::Rate;
use crate::chime::operation::Operation;
use crate::client::transport::Transport;
use crate::drive::pump::Stop;
use crate::scenario::file::Create;
use crate::scenario::load::{Load, Stage};
use crate::scenario::plan::{Meetings, Plan};
use crate::scenario::threshold::{Threshold, Window};
use crate::stats::judge::{Judge, Scope};
use crate::timer::Grain;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// A run, with everything decided.
#[derive(Clone)]
pub struct Run {
    /// The scenario.
    pub plan: Arc<Plan>,
    /// The run's id, 8 characters.
    pub id: String,
    /// Threads that ask.
    pub lanes: u32,
    /// Who asks.
    pub people: Source,
    /// How fast meetings are made before the load and deleted after it, by all lanes together.
    pub setup_rate: Rate,
    /// Calls after which the run ends.
    pub max_calls: Option<u64>,
    /// What the pace of a shared load goes by; by the quota, one lane alone may ask.
    pub paced: Paced,
    /// How exactly due times are kept.
    pub grain: Grain,
    /// What a lane's thread has worked.
    pub cpu: Cpu,
    /// Told when the load begins.
    pub begins: Begins,
}

/// Seconds of the load whose seats are kept ready where meetings are made as needed.
const RESERVE_SECONDS: f64 = 10.0;

/// The channel between lanes and conductor, the intervals in use again, and where lanes meet.
pub struct Links {
    sender: mpsc::Sender<Told>,
    receiver: mpsc::Receiver<Told>,
    spares: Spares,
    gate: Arc<Gate>,
}

impl Links {
    /// For this many lanes.
    pub fn new(lanes: u32, begins: Begins) -> Links {
        let (sender, receiver) = mpsc::channel(256);
        Links { sender, receiver, spares: Spares::default(), gate: Gate::new(lanes, begins) }
    }
}

impl Run {
    fn terms(&self, lane: u32) -> Terms {
        let calls = self.plan.mix.calls();
        let weighted = matches!(self.plan.mix, crate::scenario::operation::Mix::Weights(_));
        let of_n = |n: u64| n / u64::from(self.lanes) + u64::from(u64::from(lane) < n % u64::from(self.lanes));
        Terms {
            plan: Arc::clone(&self.plan),
            lane,
            lanes: self.lanes,
            of_rows: matches!(self.plan.meetings, Meetings::OfRows),
            keeps_attendees: weighted && calls.iter().any(|call| call.needs_attendee()),
            retry: Retrying::of(self.plan.retry),
            max_calls: self.max_calls.map(of_n),
            paced: self.paced,
        }
    }

    /// What the token of everything made by a lane begins with.
    pub fn name(&self, lane: u32) -> String {
        format!("headcount-{}-{lane}", self.id)
    }

    fn supply(&self, lane: u32) -> Supply {
        let lanes = f64::from(self.lanes);
        let share_of = |rate: f64| Rate::per_second(rate / lanes).unwrap_or(Rate::UNLIMITED);
        match &self.plan.meetings {
            Meetings::OfRows => Supply::of_rows(),
            Meetings::Given { ids, max_attendees } => Supply::given(ids, *max_attendees),
            Meetings::Made { create, renew, share, max_attendees } => {
                let (peak, at_once) = match &self.plan.load {
                    Load::Open { profile, flow, .. } => {
                        (Some(profile.stages().iter().map(|s| s.from.max(s.to)).fold(0.0, f64::max)), flow.max_in_flight)
                    }
                    Load::Trace { trace, flow } => {
                        (Some(trace.len() as f64 / trace.lasts().as_secs_f64().max(1.0)), flow.max_in_flight)
                    }
                    Load::Shared { rate, max_in_flight, .. } => {
                        (Some(rate.get()).filter(|rate| rate.is_finite()), *max_in_flight)
                    }
                    Load::Closed { users, .. } => (None, u64::from(users.most())),
                };
                let seats = self.plan.mix.seats_an_arrival();
                // Where no rate is known, those who ask at once may each take a seat, and then another.
                let reserve = peak.map_or(2 * at_once, |peak| (peak * seats * RESERVE_SECONDS).ceil() as u64);
                let batches = self.plan.mix.calls().contains(&Operation::BatchCreateAttendee);
                let reserve = if batches { reserve.max(2 * *max_attendees) } else { reserve };
                let ahead = match create {
                    Create::Auto => None,
                    Create::Ahead(n) => Some(n / u64::from(self.lanes) + u64::from(u64::from(lane) < n % u64::from(self.lanes))),
                };
                Supply::made(errand::Terms {
                    name: self.name(lane),
                    ahead,
                    renew: *renew,
                    seats: *max_attendees,
                    reserve: (reserve as f64 / lanes).ceil() as u64,
                    rate: peak.map_or(Rate::UNLIMITED, |peak| share_of((peak * share).max(0.5))),
                    setup_rate: share_of(self.setup_rate.get()),
                    keeps_attendees: self.plan.mix.calls().iter().any(|call| call.needs_attendee()),
                })
            }
        }
    }

    /// A lane, ready to be run.
    pub fn lane<T: Transport>(&self, lane: u32, hands: Hands<T>, links: &Links) -> LaneOf<T> {
        LaneOf {
            terms: self.terms(lane),
            people: People::new(self.people.clone(), self.id.clone(), u64::from(lane), u64::from(self.lanes)),
            supply: self.supply(lane),
            hands,
            tell: Teller::new(lane, links.sender.clone(), Arc::clone(&links.spares), self.cpu),
            grain: self.grain,
        }
    }

    /// What its conductor goes by, with nobody who listens or interferes.
    pub fn score(&self) -> Score {
        Score {
            lanes: self.lanes,
            stages: self.plan.stages.clone(),
            held: self.held(),
            max_duration: None,
            kill_switch: Box::new(|| false),
            log: Box::new(|_, _| Ok(())),
            event: Box::new(|_, _| Ok(())),
        }
    }

    /// The thresholds of the scenario, in force.
    pub fn held(&self) -> Vec<Held> {
        let judged = judged(&self.plan.stages);
        self.plan.thresholds.iter().map(|threshold| held(threshold, &self.plan.stages, &judged)).collect()
    }

    /// Runs the one lane in this runtime, with whoever conducts it.
    ///
    /// # Errors
    /// As [`phases::run`].
    pub async fn here<T: Transport>(
        &self,
        hands: Hands<T>,
        score: Score,
        signals: watch::Receiver<Stop>,
        board: watch::Sender<Board>,
    ) -> Result<Ran, crate::behaviour::BadBehaviour> {
        let links = Links::new(1, Arc::clone(&self.begins));
        let lane = self.lane(0, hands, &links);
        let (stop, stopped) = watch::channel(Stop::No);
        let Links { sender, receiver, spares, gate } = links;
        drop(sender);
        let conducting = conduct(score, receiver, signals, stop, board, spares);
        let (ran, conducted) = futures::future::join(phases::run(lane, gate, stopped), conducting).await;
        Ok(Ran::of(vec![ran?], conducted))
    }

    /// Runs every lane on a thread and a runtime of its own, and conducts them here. `hands` are made on the lane's thread.
    ///
    /// # Errors
    /// As [`phases::run`]; a thread that cannot be had, in words.
    pub async fn in_threads<T: Transport + 'static>(
        &self,
        hands: impl Fn(u32) -> Hands<T> + Clone + Send + 'static,
        score: Score,
        signals: watch::Receiver<Stop>,
        board: watch::Sender<Board>,
    ) -> Result<Ran, String> {
        let links = Links::new(self.lanes, Arc::clone(&self.begins));
        let (stop, stopped) = watch::channel(Stop::No);
        let mut threads = Vec::new();
        for k in 0..self.lanes {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
            let (gate, stopped, lane) = (Arc::clone(&links.gate), stopped.clone(), self.lane(k, hands(k), &links));
            let (done, waiting) = tokio::sync::oneshot::channel();
            let work = move || {
                let ran = runtime.block_on(phases::run(lane, gate, stopped));
                // A request that nobody waits for any more is let go of with its runtime.
                runtime.shutdown_background();
                let _ = done.send(ran);
            };
            std::thread::Builder::new().name(format!("lane-{k}")).spawn(work).map_err(|e| e.to_string())?;
            threads.push(waiting);
        }
        let Links { sender, receiver, spares, .. } = links;
        drop((sender, stopped));
        let conducted = conduct(score, receiver, signals, stop, board, spares).await;
        let mut lanes = Vec::new();
        for waiting in threads {
            let ran = waiting.await.map_err(|_| "a lane's thread has died".to_owned())?;
            lanes.push(ran.map_err(|e| e.to_string())?);
        }
        Ok(Ran::of(lanes, conducted))
    }
}

fn held(threshold: &Threshold, stages: &[Stage], judged: &[u16]) -> Held {
    let seconds = |span: Duration| span.as_secs() + u64::from(span.subsec_nanos() > 0);
    let before = usize::from(threshold.stage.unwrap_or(0));
    let start: Duration = stages.iter().take(before).map(|stage| stage.duration).sum();
    let mut text = threshold.text.clone();
    let name = threshold.stage.and_then(|index| stages.get(usize::from(index))).map(|stage| stage.name.as_str());
    let narrowed = [name, threshold.operation.map(Operation::name), threshold.class.map(|class| class.name())];
    let narrowed: Vec<&str> = narrowed.into_iter().flatten().collect();
    if !narrowed.is_empty() {
        text.push_str(&format!(" ({})", narrowed.join(", ")));
    }
    let stretches = match threshold.window {
        Window::Whole => None,
        Window::Sliding { over, times } => Some((seconds(over).max(1), times)),
    };
    let scope = Scope {
        check: threshold.check,
        stages: threshold.stage.map_or_else(|| judged.to_vec(), |stage| vec![stage]),
        operation: threshold.operation,
        class: threshold.class,
        from: seconds(start + threshold.after),
        stretches,
    };
    // A whole stage is what was due in it, whenever it ended: `after` alone cuts by the clock.
    let scope = if threshold.after.is_zero() && stretches.is_none() { Scope { from: 0, ..scope } } else { scope };
    Held { text, abort: threshold.abort, judge: Judge::new(scope) }
}
