//! When a scenario's calls are made.
//!
//! Holds [`Load`], [`Stage`], [`Flow`] and their reader. Called by `file`. It never sees a clock; the text of a trace is handed in.

use super::format::{CLOSED, LOAD, OPEN, SHARED, STAGE, TRACE, USER_STAGE};
use super::mock::latency;
use super::reader::{At, Faults, Keys};
use super::scalars::{factor, flag, list, name, rate, rate_ramp, span, text, users};
use super::shape::Shape;
use crate::behaviour::Latency;
use crate::bucket::Rate;
use crate::schedule::profile::{self, Profile};
use crate::schedule::trace::Trace;
use crate::schedule::users::{UserStage, Users};
use crate::yaml::node::{Node, Place};
use std::time::Duration;

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Evenly.
    Uniform,
    /// As independent people come.
    Poisson,
}

/// What becomes of an arrival that finds no free slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSaturation {
    /// It waits, and the wait counts.
    Queue,
    /// It is dropped, and counted.
    Drop,
}

/// What is done with arrivals that come faster than answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Calls in flight at once.
    pub max_in_flight: u64,
    /// What becomes of an arrival beyond that.
    pub on_saturation: OnSaturation,
    /// Arrivals that may wait; beyond it they are dropped.
    pub max_queue: u64,
}

/// When calls are made.
#[derive(Debug, Clone, PartialEq)]
pub enum Load {
    /// At a rate.
    Open {
        /// Evenly or at random.
        spread: Spread,
        /// The rate over time, a stage each.
        profile: Profile,
        /// What is done when answers are slow.
        flow: Flow,
    },
    /// By users who wait for their answers. Response and service time are the same here.
    Closed {
        /// How many, over time, a stage each.
        users: Users,
        /// What a user waits between an answer and the next call.
        think: Latency,
    },
    /// At recorded instants, already divided by the speed.
    Trace {
        /// The instants.
        trace: Trace,
        /// What is done when answers are slow.
        flow: Flow,
    },
    /// As fast as allowed.
    Shared {
        /// How many calls.
        calls: u64,
        /// Calls in flight at once.
        max_in_flight: u64,
        /// At most so many a second.
        rate: Rate,
        /// When to stop although calls are left.
        max_duration: Duration,
    },
}

impl Load {
    /// The model's name, as files have it.
    pub fn model(&self) -> &'static str {
        match self {
            Load::Open { .. } => "open",
            Load::Closed { .. } => "closed",
            Load::Trace { .. } => "trace",
            Load::Shared { .. } => "shared",
        }
    }
}

/// A stretch of the run that is counted by itself. `trace` and `shared` have one, called as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What it is called; no two are called the same.
    pub name: String,
    /// Whether it is kept, but not judged.
    pub warmup: bool,
    /// How long it lasts; for `shared`, at most.
    pub duration: Duration,
}

/// What the `load:` of a file says.
pub(super) struct Written {
    pub load: Load,
    pub stages: Vec<At<Stage>>,
    pub grace: Duration,
}

const GRACE: Duration = Duration::from_secs(30);

type ReadFile<'a> = &'a dyn Fn(&str) -> std::io::Result<String>;

pub(super) fn read<'a>(node: &'a Node, files: ReadFile, faults: &'a Faults<'a>) -> Option<Written> {
    let (model, node) = Keys::one(node, &LOAD, faults)?;
    match model {
        "open" => open(node, faults),
        "closed" => closed(node, faults),
        "trace" => trace(node, files, faults),
        _ => shared(node, faults),
    }
}

fn flow(keys: &Keys) -> Flow {
    let on_saturation = if keys.choice("on_saturation", "queue") == "drop" { OnSaturation::Drop } else { OnSaturation::Queue };
    Flow { max_in_flight: keys.count("max_in_flight", 500), on_saturation, max_queue: keys.count("max_queue", 100_000) }
}

fn open<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<Written> {
    let keys = Keys::open(node, &OPEN, faults)?;
    let spread = if keys.choice("arrivals", "uniform") == "poisson" { Spread::Poisson } else { Spread::Uniform };
    let (flow, grace) = (flow(&keys), keys.or("grace", GRACE, span));
    let stages = keys.read("stages", |node, faults| stages(node, &STAGE, faults, |keys| keys.read("rate", rate_ramp)));
    keys.end();
    let (rates, stages) = stages?.value;
    let of =
        |((from, to), stage): (&(f64, f64), &At<Stage>)| profile::Stage { from: *from, to: *to, duration: stage.value.duration };
    match Profile::new(rates.iter().zip(&stages).map(of).collect()) {
        Ok(profile) if profile.count() == 0 => faults.none(node.place, "load.open: these stages have no arrival at all"),
        Ok(profile) => Some(Written { load: Load::Open { spread, profile, flow }, stages, grace }),
        Err(error) => faults.none(node.place, format!("load.open: {error}")),
    }
}

fn closed<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<Written> {
    let keys = Keys::open(node, &CLOSED, faults)?;
    let (think, grace) = (keys.or("think", Latency::default(), latency), keys.or("grace", GRACE, span));
    let stages = keys.read("stages", |node, faults| stages(node, &USER_STAGE, faults, |keys| keys.read("users", users)));
    keys.end();
    let (counts, stages) = stages?.value;
    let of = |((from, to), stage): (&(u32, u32), &At<Stage>)| UserStage { from: *from, to: *to, duration: stage.value.duration };
    match Users::new(counts.iter().zip(&stages).map(of).collect()) {
        Ok(users) if users.most() == 0 => faults.none(node.place, "load.closed: these stages have no user at all"),
        Ok(users) => Some(Written { load: Load::Closed { users, think }, stages, grace }),
        Err(error) => faults.none(node.place, format!("load.closed: {error}")),
    }
}

fn trace<'a>(node: &'a Node, files: ReadFile, faults: &'a Faults<'a>) -> Option<Written> {
    let keys = Keys::open(node, &TRACE, faults)?;
    let (file, speed) = (keys.read("file", text), keys.or("speed", 1.0, factor));
    let (flow, grace) = (flow(&keys), keys.or("grace", GRACE, span));
    keys.end();
    let file = file?;
    let shown = crate::safe::line(&file.value, 80);
    let offsets = match files(&file.value) {
        Ok(offsets) => offsets,
        Err(error) => return faults.none(file.place, format!("{shown} cannot be read: {error}")),
    };
    match Trace::read(&offsets, speed) {
        Ok(trace) => {
            let stage = Stage { name: "trace".into(), warmup: false, duration: trace.lasts() };
            Some(Written { load: Load::Trace { trace, flow }, stages: vec![At { value: stage, place: node.place }], grace })
        }
        Err(error) => faults.none(file.place, format!("{shown}: {error}")),
    }
}

fn shared<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<Written> {
    let keys = Keys::open(node, &SHARED, faults)?;
    let calls = keys.counted("calls");
    let max_in_flight = keys.count("max_in_flight", 500);
    let rate = keys.or("rate", Rate::UNLIMITED, rate);
    let max_duration = keys.or("max_duration", Duration::from_secs(3600), span);
    let grace = keys.or("grace", GRACE, span);
    keys.end();
    let stage = Stage { name: "shared".into(), warmup: false, duration: max_duration };
    let load = Load::Shared { calls: calls?.value, max_in_flight, rate, max_duration };
    Some(Written { load, stages: vec![At { value: stage, place: node.place }], grace })
}

/// Stages of either model; `what` reads the value that the models differ in.
fn stages<'a, T>(
    node: &'a Node,
    shape: &'static Shape,
    faults: &'a Faults<'a>,
    what: impl Fn(&Keys<'a>) -> Option<At<T>>,
) -> Option<(Vec<T>, Vec<At<Stage>>)> {
    let mut all: Vec<Option<(T, At<Stage>)>> = Vec::new();
    let mut names: Vec<(String, Place)> = Vec::new();
    for (i, node) in list(node, shape.path, faults)?.iter().enumerate() {
        let Some(keys) = Keys::open(node, shape, faults) else {
            all.push(None);
            continue;
        };
        let called = keys.read("name", name).unwrap_or_else(|| At { value: format!("stage-{}", i + 1), place: node.place });
        if names.iter().any(|(other, _)| *other == called.value) {
            faults.at(called.place, format!("two stages are called {}", called.value));
        }
        names.push((called.value.clone(), called.place));
        let (value, duration) = (what(&keys), keys.read("duration", span));
        let warmup = keys.or("warmup", false, flag);
        keys.end();
        all.push(value.zip(duration).map(|(value, duration)| {
            let stage = Stage { name: called.value, warmup, duration: duration.value };
            (value.value, At { value: stage, place: called.place })
        }));
    }
    let (values, stages): (Vec<T>, Vec<At<Stage>>) = all.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
    let judged = stages.iter().position(|stage| !stage.value.warmup);
    match judged {
        None => faults.at(node.place, format!("{}: every stage is warm-up, and nothing is left to judge", shape.path)),
        Some(first) => {
            for late in stages[first..].iter().filter(|stage| stage.value.warmup) {
                faults.at(late.place, "a warm-up comes before the stages that are judged");
            }
        }
    }
    Some((values, stages))
}
