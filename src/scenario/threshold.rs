//! The thresholds of a scenario: what, of which calls, over which stretch.
//!
//! Holds [`Threshold`], its reader, and the rules between a threshold and the rest of the file. Called by `file` and `plan`. It never
//! judges: `stats::threshold` does.

use super::format::{CALLS, THRESHOLD};
use super::load::{Load, Stage};
use super::names::nearest;
use super::operation::{Mix, called};
use super::reader::{At, Faults, Keys};
use super::scalars::{flag, name, span, text};
use crate::chime::class::Class;
use crate::chime::operation::Operation;
use crate::stats::recorder::Metric;
use crate::stats::threshold::{Check, Counted, Subject};
use crate::yaml::node::{Content, Node};
use std::time::Duration;

/// A condition and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The condition.
    pub check: Check,
    /// As written in the file, for reports.
    pub text: String,
    /// Only this stage, by its index; else all that are no warm-up.
    pub stage: Option<u16>,
    /// Only this call; else all of them.
    pub operation: Option<Operation>,
    /// Only calls of this class: of latencies those of the class, of errors the share or number of the class.
    pub class: Option<Class>,
    /// Judged over what.
    pub window: Window,
    /// Not judged before so much of the run (or of its stage) has passed.
    pub after: Duration,
    /// Whether failing ends the run at once.
    pub abort: bool,
}

/// The stretch that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Everything, from `after` on.
    Whole,
    /// Every stretch of this length; failed when so many in a row fail.
    Sliding {
        /// How long a stretch is.
        over: Duration,
        /// How many in a row.
        times: u64,
    },
}

/// A threshold whose stage is still a name.
pub(super) struct Written {
    threshold: Threshold,
    stage: Option<At<String>>,
    operation: Option<At<Operation>>,
    class: Option<At<Class>>,
    check: At<()>,
    over: Option<At<Duration>>,
    after: Option<At<Duration>>,
}

pub(super) fn read<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<Written> {
    if let Content::Scalar { .. } = node.content {
        let (check, text) = check(node, faults)?;
        let threshold = Threshold {
            check,
            text,
            stage: None,
            operation: None,
            class: None,
            window: Window::Whole,
            after: Duration::ZERO,
            abort: false,
        };
        let place = At { value: (), place: node.place };
        return Some(Written { threshold, stage: None, operation: None, class: None, check: place, over: None, after: None });
    }
    let keys = Keys::open(node, &THRESHOLD, faults)?;
    let what = keys.read("check", check);
    let stage = keys.read("stage", name);
    let operation = keys.read("operation", called);
    let class = keys.read("class", class);
    let (over, times, after) = (keys.read("over", span), keys.counted("for"), keys.read("after", span));
    let abort = keys.or("abort", false, flag);
    if let (Some(times), None) = (&times, keys.get("over")) {
        faults.at(times.place, "for counts stretches, so it needs their length: over: 30s");
    }
    keys.end();
    let At { value: (check, text), place } = what?;
    let window = match over {
        Some(over) => Window::Sliding { over: over.value, times: times.map_or(1, |at| at.value) },
        None => Window::Whole,
    };
    let wait = after.map_or(Duration::ZERO, |at| at.value);
    let threshold = Threshold { check, text, stage: None, operation: None, class: None, window, after: wait, abort };
    Some(Written { threshold, stage, operation, class, check: At { value: (), place }, over, after })
}

fn check(node: &Node, faults: &Faults) -> Option<(Check, String)> {
    let text = text(node, faults)?;
    match text.parse() {
        Ok(check) => Some((check, text)),
        Err(error) => faults.none(node.place, crate::safe::line(&format!("{error}"), 400)),
    }
}

fn class(node: &Node, faults: &Faults) -> Option<Class> {
    let text = text(node, faults)?;
    if let Some(class) = Class::ALL.iter().find(|class| class.name() == text) {
        return Some(*class);
    }
    let names = Class::ALL.iter().map(|class| class.name());
    let hint = match nearest(&text, names.clone()) {
        Some(name) => format!("did you mean {name}?"),
        None => format!("there is {}", names.collect::<Vec<_>>().join(", ")),
    };
    faults.none(node.place, format!("no class is called {}: {hint}", crate::safe::quoted(&text, 40)))
}

impl Written {
    /// Held to the rest of the file.
    pub fn settle(self, stages: &[At<Stage>], load: &Load, mix: &Mix, faults: &Faults) -> Option<Threshold> {
        self.fits(load, mix, faults);
        let (mut index, mut lasts) = (None, stages.iter().map(|stage| stage.value.duration).sum());
        if let Some(wanted) = &self.stage {
            let Some(at) = stages.iter().position(|stage| stage.value.name == wanted.value) else {
                let names = stages.iter().map(|stage| stage.value.name.as_str());
                let hint = match nearest(&wanted.value, names.clone()) {
                    Some(name) => format!("did you mean {name}?"),
                    None => format!("there is {}", names.collect::<Vec<_>>().join(", ")),
                };
                return faults.none(wanted.place, format!("no stage is called {}: {hint}", wanted.value));
            };
            if stages[at].value.warmup {
                return faults.none(wanted.place, format!("stage {} is warm-up, which is not judged", wanted.value));
            }
            (index, lasts) = (u16::try_from(at).ok(), stages[at].value.duration);
        }
        if let Some(over) = self.over.filter(|over| over.value > lasts) {
            faults.at(over.place, format!("over: no stretch of {:?} fits into the {lasts:?} that are judged", over.value));
        }
        if let Some(after) = self.after.filter(|after| after.value >= lasts) {
            faults.at(after.place, format!("after: {:?} leaves nothing to judge of {lasts:?}", after.value));
        }
        let (operation, class) = (self.operation.map(|at| at.value), self.class.map(|at| at.value));
        Some(Threshold { stage: index, operation, class, ..self.threshold })
    }

    /// Whether such a load and such calls have such a number at all.
    fn fits(&self, load: &Load, mix: &Mix, faults: &Faults) {
        let subject = self.threshold.check.subject;
        let planned = matches!(subject, Subject::Achieved | Subject::Rate(Counted::Dropped) | Subject::Count(Counted::Dropped));
        if planned && !matches!(load, Load::Open { .. } | Load::Trace { .. }) {
            let model = if matches!(load, Load::Closed { .. }) { "closed" } else { "shared" };
            faults.at(self.check.place, format!("{subject}: a {model} load plans no instants, so that none can be missed"));
        }
        if matches!(subject, Subject::Latency(Metric::Token, _)) && !mix.creates_attendees() {
            faults.at(self.check.place, format!("{subject}: no call of this scenario brings a token"));
        }
        if let Some(class) = self.class.filter(|_| {
            !matches!(subject, Subject::Latency(..) | Subject::Rate(Counted::Errors) | Subject::Count(Counted::Errors))
        }) {
            faults.at(class.place, format!("{subject} is not told by class; a latency and errors are"));
        }
        if let Some(operation) = self.operation.filter(|operation| !mix.calls().contains(&operation.value)) {
            let there: Vec<_> =
                CALLS.iter().filter(|name| mix.calls().iter().any(|call| call.name() == **name)).copied().collect();
            faults.at(
                operation.place,
                format!("no {} is called in this scenario; there is {}", operation.value.name(), there.join(", ")),
            );
        }
    }
}
