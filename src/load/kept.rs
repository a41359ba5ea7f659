//! What a run is cut into and held to, as its `run.json` keeps it.
//!
//! Holds [`Kept`], its making from a run and its reading back. Written when a run begins, so that it is there of a run that was killed, too; read by a merge, which
//! judges without the scenario's environment, trace and roster. It never sees a number that was measured.

use super::conductor::Held;
use super::run::Run;
use crate::chime::class::Class;
use crate::chime::operation::Operation;
use crate::scenario::load::Stage;
use crate::stats::check_text::BadCheck;
use crate::stats::judge::{Judge, Scope};
use crate::stats::seconds::LONGEST;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The models of a load.
const MODELS: [&str; 4] = ["open", "closed", "trace", "shared"];

/// The members of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// `open`, `closed`, `trace` or `shared`.
    pub model: String,
    /// The stages, in order.
    pub stages: Vec<KeptStage>,
    /// What the run is held to, in the scenario's order.
    pub thresholds: Vec<KeptThreshold>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptStage {
    /// Its name.
    pub name: String,
    /// Whether it is kept and not judged.
    pub warmup: bool,
    /// How long it lasts; of a shared load, at most.
    pub seconds: f64,
}

/// A threshold, with everything that narrows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptThreshold {
    /// As it is told.
    pub told: String,
    /// The condition.
    pub check: String,
    /// Of these stages, by name.
    pub stages: Vec<String>,
    /// Of this call.
    pub call: Option<String>,
    /// Of this class.
    pub class: Option<String>,
    /// From this second on.
    pub from_s: u64,
    /// Judged in stretches of so many seconds; null judges everything together.
    pub stretch_s: Option<u64>,
    /// So many of them in a row must fail.
    pub in_a_row: Option<u64>,
}

/// Members of a `run.json` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKept {
    /// A model, a stage, a call or a class that is not known.
    #[error("{what} {name} is not known")]
    Unknown {
        /// What it should be.
        what: &'static str,
        /// What it is.
        name: String,
    },
    /// A stage that lasts no time, or stages that last longer together than any run.
    #[error("{0} s is no time that stages last: {LONGEST} s at most, all of them together")]
    Time(String),
    /// A threshold that is none.
    #[error(transparent)]
    Check(#[from] BadCheck),
}

impl Kept {
    /// Of a run that is about to begin.
    pub fn of(run: &Run) -> Kept {
        let stages = &run.plan.stages;
        let name = |index: &u16| stages.get(usize::from(*index)).map_or(String::new(), |stage| stage.name.clone());
        let threshold = |held: Held| {
            let scope = held.judge.scope();
            KeptThreshold {
                check: scope.check.to_string(),
                stages: scope.stages.iter().map(name).collect(),
                call: scope.operation.map(|call| call.name().to_owned()),
                class: scope.class.map(|class| class.name().to_owned()),
                from_s: scope.from,
                stretch_s: scope.stretches.map(|(over, _)| over),
                in_a_row: scope.stretches.map(|(_, times)| times),
                told: held.text,
            }
        };
        Kept {
            model: run.plan.load.model().to_owned(),
            stages: stages.iter().map(KeptStage::of).collect(),
            thresholds: run.held().into_iter().map(threshold).collect(),
        }
    }

    /// The model, as summaries tell it.
    ///
    /// # Errors
    /// It is not known.
    pub fn model(&self) -> Result<&'static str, BadKept> {
        MODELS.into_iter().find(|model| *model == self.model).ok_or_else(|| unknown("the model", &self.model))
    }

    /// The stages.
    ///
    /// # Errors
    /// One lasts no time, or they last longer than any run.
    pub fn stages(&self) -> Result<Vec<Stage>, BadKept> {
        let mut together = 0.0;
        let stage = |kept: &KeptStage| {
            let bad = |seconds: f64| BadKept::Time(seconds.to_string());
            let duration = Duration::try_from_secs_f64(kept.seconds).map_err(|_| bad(kept.seconds))?;
            together += kept.seconds;
            if together > LONGEST as f64 {
                return Err(bad(together));
            }
            Ok(Stage { name: kept.name.clone(), warmup: kept.warmup, duration })
        };
        self.stages.iter().map(stage).collect()
    }

    /// The index of a stage.
    pub fn stage(&self, name: &str) -> Option<u16> {
        self.stages.iter().position(|stage| stage.name == name).and_then(|index| u16::try_from(index).ok())
    }

    /// The thresholds, in force, with nothing seen.
    ///
    /// # Errors
    /// A check that is none; a stage, call or class that is not known.
    pub fn held(&self) -> Result<Vec<Held>, BadKept> {
        let held = |kept: &KeptThreshold| {
            let stage = |name: &String| self.stage(name).ok_or_else(|| unknown("the stage", name));
            let call = |name: &String| Operation::from_name(name).ok_or_else(|| unknown("the call", name));
            let class = |name: &String| Class::from_name(name).ok_or_else(|| unknown("the class", name));
            let scope = Scope {
                check: kept.check.parse()?,
                stages: kept.stages.iter().map(stage).collect::<Result<_, _>>()?,
                operation: kept.call.as_ref().map(call).transpose()?,
                class: kept.class.as_ref().map(class).transpose()?,
                from: kept.from_s,
                stretches: kept.stretch_s.map(|over| (over.max(1), kept.in_a_row.unwrap_or(1))),
            };
            Ok(Held { text: kept.told.clone(), abort: false, judge: Judge::new(scope) })
        };
        self.thresholds.iter().map(held).collect()
    }
}

impl KeptStage {
    fn of(stage: &Stage) -> KeptStage {
        KeptStage { name: stage.name.clone(), warmup: stage.warmup, seconds: stage.duration.as_secs_f64() }
    }
}

fn unknown(what: &'static str, name: &str) -> BadKept {
    BadKept::Unknown { what, name: crate::safe::quoted(name, 60) }
}
