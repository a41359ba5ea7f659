//! Whoever conducts a run: adds up what lanes tell, judges it second by second, writes it down, and ends it.
//!
//! Holds [`conduct`], [`Score`] and [`Conducted`]. Called once a run, beside the lanes. Nothing of it is on a lane's way: lanes hand over
//! a second and go on. It sees no call, no meeting and no clock but the seconds it is told.

use super::board::{Board, Doing};
use super::tell::{Event, Spares, Told};
use crate::drive::pump::Stop;
use crate::scenario::load::Stage;
use crate::stats::cells::{Cells, Filter, Interval};
use crate::stats::judge::Judge;
use crate::stats::recorder::{Latencies, Metric};
use crate::stats::threshold::{Tally, Verdict};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Seconds whose latencies are shown while a run goes on.
const RECENT: usize = 10;

/// A threshold in force.
#[derive(Debug, Clone)]
pub struct Held {
    /// As it is told.
    pub text: String,
    /// Whether failing ends the run.
    pub abort: bool,
    /// The judge.
    pub judge: Judge,
}

/// Keeps seconds, each with the name of the stage under way.
pub type OfSeconds = Box<dyn FnMut(&Interval, &str) -> io::Result<()>>;
/// Keeps events, each with its offset.
pub type OfEvents = Box<dyn FnMut(Duration, &Event) -> io::Result<()>>;

/// What a run is conducted by.
pub struct Score {
    /// How many lanes there are.
    pub lanes: u32,
    /// The stages.
    pub stages: Vec<Stage>,
    /// What it is held to.
    pub held: Vec<Held>,
    /// When to end it, whatever is left.
    pub max_duration: Option<Duration>,
    /// Asked once a second: whether somebody wants it ended.
    pub kill_switch: Box<dyn FnMut() -> bool>,
    /// Told of every second, and the name of the stage under way.
    pub log: OfSeconds,
    /// Told of every event, with its offset.
    pub event: OfEvents,
}

/// Why a run was ended before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A signal.
    Signal,
    /// A threshold with `abort: true`.
    Threshold(String),
    /// The kill switch.
    KillSwitch,
    /// `max_duration`.
    MaxDuration,
    /// The run directory cannot be written.
    Disk(String),
}

/// What a run comes to, added up.
#[derive(Debug)]
pub struct Conducted {
    /// All samples.
    pub cells: Cells,
    /// The thresholds, and how they stand.
    pub held: Vec<Held>,
    /// Why it was ended, if it was.
    pub cause: Option<Cause>,
    /// What the lanes' threads have worked, where that is known.
    pub cpu: Option<Duration>,
}

struct Conductor {
    score: Score,
    stop: watch::Sender<Stop>,
    board: watch::Sender<Board>,
    spares: Spares,
    cells: Cells,
    /// Seconds that not all lanes have told of.
    open: BTreeMap<u64, Box<Interval>>,
    /// Up to which second each lane has told everything.
    through: Vec<u64>,
    next: u64,
    recent: VecDeque<(Latencies, u64, u64)>,
    cause: Option<Cause>,
    cpu: Vec<Option<Duration>>,
}

/// Conducts a run until all lanes have ended. `signals` is whatever may stop it from outside; `stop` is what lanes listen to.
pub async fn conduct(
    score: Score,
    mut told: mpsc::Receiver<Told>,
    mut signals: watch::Receiver<Stop>,
    stop: watch::Sender<Stop>,
    board: watch::Sender<Board>,
    spares: Spares,
) -> Conducted {
    let lanes = score.lanes as usize;
    let mut conductor = Conductor {
        score,
        stop,
        board,
        spares,
        cells: Cells::default(),
        open: BTreeMap::new(),
        through: vec![0; lanes],
        next: 0,
        recent: VecDeque::new(),
        cause: None,
        cpu: vec![None; lanes],
    };
    let lasts: Duration = conductor.score.stages.iter().map(|stage| stage.duration).sum();
    conductor.board.send_modify(|board| board.lasts = lasts);
    let mut level = Stop::No;
    loop {
        let rises = async {
            match signals.wait_for(|now| *now > level).await {
                Ok(now) => *now,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            risen = rises => {
                level = risen;
                conductor.end(Cause::Signal, risen);
            }
            news = told.recv() => match news {
                Some(Told::Interval(lane, interval)) => conductor.interval(lane as usize, interval),
                Some(Told::Ended(lane)) => conductor.through[lane as usize] = u64::MAX,
                Some(Told::Event(at, event)) => conductor.happened(at, &event),
                None => break,
            },
        }
    }
    conductor.close()
}

impl Conductor {
    fn end(&mut self, cause: Cause, level: Stop) {
        self.cause.get_or_insert(cause);
        self.stop.send_if_modified(|now| {
            let rises = level > *now;
            *now = level.max(*now);
            rises
        });
    }

    fn happened(&mut self, at: Duration, event: &Event) {
        if let Err(error) = (self.score.event)(at, event) {
            self.end(Cause::Disk(error.to_string()), Stop::Drain);
        }
    }

    fn interval(&mut self, lane: usize, interval: Box<Interval>) {
        let at = interval.at;
        self.cpu[lane] = interval.cpu.or(self.cpu[lane]);
        match self.open.entry(at) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(interval)),
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                entry.get_mut().merge(&interval);
                self.spare(interval);
            }
        }
        self.through[lane] = at + 1;
        let complete = self.through.iter().copied().min().unwrap_or_default();
        let last = self.open.keys().next_back().map_or(self.next, |at| at + 1);
        while self.next < complete.min(last) {
            self.second();
        }
    }

    /// Takes the next second, of which all is told.
    fn second(&mut self) {
        let at = self.next;
        self.next += 1;
        let interval = self.open.remove(&at).unwrap_or_else(|| Box::new(Interval { at, ..Interval::default() }));
        for held in &mut self.score.held {
            held.judge.second(at, &interval.cells);
        }
        self.cells.merge(&interval.cells);
        self.show(&interval);
        let stage = self.stage(at);
        if let Err(error) = (self.score.log)(&interval, &stage) {
            self.end(Cause::Disk(error.to_string()), Stop::Drain);
        }
        self.spare(interval);
        let failed = |held: &&Held| held.abort && held.judge.stands().0 == Verdict::Fail;
        if let Some(text) = self.score.held.iter().find(failed).map(|held| held.text.clone()) {
            self.end(Cause::Threshold(text), Stop::Drain);
        }
        if self.score.max_duration.is_some_and(|most| Duration::from_secs(at + 1) >= most) {
            self.end(Cause::MaxDuration, Stop::Drain);
        }
        if self.cause.is_none() && (self.score.kill_switch)() {
            self.end(Cause::KillSwitch, Stop::Drain);
        }
    }

    fn stage(&self, at: u64) -> String {
        let mut end = Duration::ZERO;
        let under_way = |stage: &&Stage| {
            end += stage.duration;
            Duration::from_secs(at) < end
        };
        self.score.stages.iter().find(under_way).map_or(String::new(), |stage| stage.name.clone())
    }

    fn show(&mut self, interval: &Interval) {
        let mut tally = Tally::default();
        interval.cells.count(Filter::default(), &mut tally);
        let mut response = Latencies::default();
        interval.cells.gather(Filter::default(), Metric::Response, &mut response);
        self.recent.push_back((response, tally.planned, tally.done));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        let (mut latencies, mut planned, mut done) = (Latencies::default(), 0, 0);
        for (response, of_planned, of_done) in &self.recent {
            latencies.merge_one(Metric::Response, response);
            (planned, done) = (planned + of_planned, done + of_done);
        }
        let histogram = latencies.of(Metric::Response);
        let at = |q| (!histogram.is_empty()).then(|| Duration::from_micros(histogram.value_at_quantile(q)));
        let seconds = self.recent.len() as f64;
        let failing = self.score.held.iter().filter(|held| held.judge.stands().0 == Verdict::Fail);
        let failing: Vec<String> = failing.map(|held| held.text.clone()).collect();
        let (stage, classes) = (self.stage(interval.at), interval.cells.classes());
        self.board.send_modify(|board| {
            board.at = interval.at + 1;
            let over = Duration::from_secs(board.at) > board.lasts && interval.in_flight == 0;
            board.doing = if over { Doing::Cleanup } else { Doing::Load };
            (board.planned_rate, board.achieved_rate) = (planned as f64 / seconds, done as f64 / seconds);
            (board.in_flight, board.waiting) = (interval.in_flight, interval.waiting);
            (board.p50, board.p99) = (at(0.5), at(0.99));
            board.planned += tally.planned;
            board.classes.merge(&classes);
            (board.stage, board.failing) = (stage, failing);
        });
    }

    fn spare(&self, interval: Box<Interval>) {
        let mut spares = self.spares.lock().unwrap_or_else(PoisonError::into_inner);
        // Two a lane are under way at a time; more would be room for nothing.
        if spares.len() < 2 * self.through.len() {
            spares.push(interval);
        }
    }

    fn close(mut self) -> Conducted {
        let last = self.open.keys().next_back().map_or(self.next, |at| at + 1);
        while self.next < last {
            self.second();
        }
        let cpu = self.cpu.iter().copied().sum::<Option<Duration>>();
        Conducted { cells: self.cells, held: self.score.held, cause: self.cause, cpu }
    }
}

/// The stages that are judged.
pub fn judged(stages: &[Stage]) -> Vec<u16> {
    let judged = stages.iter().zip(0u16..).filter(|(stage, _)| !stage.warmup);
    judged.map(|(_, index)| index).collect()
}
