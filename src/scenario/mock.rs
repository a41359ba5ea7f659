//! The embedded mock of a scenario, in `behaviour`'s words.
//!
//! Holds [`Mock`] and its reader. Called by `file`. It never sees the mock itself: whoever runs one turns these values into its
//! options.

use super::format::MOCK;
use super::reader::{Faults, Keys};
use super::scalars::{factor, flag, list, text};
use crate::behaviour::{Latency, Quota, Rule, Times};
use crate::yaml::node::{Content, Node};

/// How an embedded mock behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Mock {
    /// How long answers take.
    pub latency: Latency,
    /// How long those of some kinds take instead: never of the file, but of a run that the mock is to be like.
    pub times: Vec<Times>,
    /// What it lets an account do.
    pub quota: Quota,
    /// How much faster than in life meetings end; `None` if they do not end by themselves.
    pub lifetime: Option<f64>,
    /// Requests at work at once, and how long each takes; `None` if they do not wait for each other.
    pub workers: Option<(usize, Latency)>,
    /// Ids that differ only in letter case.
    pub ids: Ids,
    /// Whether a 429 says how long to wait.
    pub hints: Hints,
    /// What goes wrong.
    pub mischief: Vec<Rule>,
}

/// Ids that differ only in letter case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// They are one attendee.
    Fold,
    /// They are two.
    Exact,
}

/// Whether a 429 says how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hints {
    /// It does not.
    Off,
    /// It does.
    On,
}

pub(super) fn read<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<Mock> {
    let keys = Keys::open(node, &MOCK, faults)?;
    let latency = keys.or("latency", Latency::default(), latency);
    let written = keys.get("quota").and_then(Node::scalar).unwrap_or("off");
    let published = written.split(',').any(|part| part.trim() == "published");
    let quota = keys.or("quota", Quota::off(), quota);
    let lives = keys.or("lifetime", published, flag);
    let scale = keys.or("time_scale", 1.0, factor);
    let workers = keys.counted("workers");
    let service = keys.read("service", self::latency);
    let together = |there: Option<crate::yaml::node::Place>, key: &str, other: &str| {
        if let Some(place) = there {
            faults.at(place, format!("mock.{key} needs mock.{other}: so many workers, each busy with one request for so long"));
        }
    };
    let workers = match (workers, service) {
        (Some(workers), Some(service)) => Some((usize::try_from(workers.value).unwrap_or(usize::MAX), service.value)),
        (workers, service) => {
            if keys.get("service").is_none() {
                together(workers.map(|at| at.place), "workers", "service");
            }
            if keys.get("workers").is_none() {
                together(service.map(|at| at.place), "service", "workers");
            }
            None
        }
    };
    let ids = if keys.choice("ids", "fold") == "fold" { Ids::Fold } else { Ids::Exact };
    let hints = if keys.or("retry_hints", false, flag) { Hints::On } else { Hints::Off };
    let mischief = keys.or("mischief", Vec::new(), mischief);
    keys.end();
    Some(Mock { latency, times: Vec::new(), quota, lifetime: lives.then_some(scale), workers, ids, hints, mischief })
}

/// A latency in its short spelling, or as a mapping.
pub(super) fn latency(node: &Node, faults: &Faults) -> Option<Latency> {
    let latency = match &node.content {
        Content::Scalar { .. } => match text(node, faults)?.parse::<Latency>() {
            Ok(latency) => latency,
            Err(error) => return faults.none(node.place, error.to_string()),
        },
        _ => typed(node, "latency", faults)?,
    };
    match latency.check() {
        Ok(()) => Some(latency),
        Err(error) => faults.none(node.place, error.to_string()),
    }
}

fn quota(node: &Node, faults: &Faults) -> Option<Quota> {
    let quota = match text(node, faults)?.parse::<Quota>() {
        Ok(quota) => quota,
        Err(error) => return faults.none(node.place, error.to_string()),
    };
    let known = crate::behaviour::quota::WITH_A_QUOTA;
    match quota.operations.keys().find(|name| !known.contains(&name.as_str())) {
        None => Some(quota),
        Some(unknown) => {
            let hint = super::names::nearest(unknown, known).map_or(String::new(), |name| format!(": did you mean {name}?"));
            faults.none(node.place, format!("no operation {} has a quota{hint}", crate::safe::quoted(unknown, 40)))
        }
    }
}

fn mischief(node: &Node, faults: &Faults) -> Option<Vec<Rule>> {
    let read = |node: &Node| {
        let rule: Rule = typed(node, "mischief", faults)?;
        match rule.check() {
            Ok(()) => Some(rule),
            Err(error) => faults.none(node.place, error.to_string()),
        }
    };
    let rules: Vec<Option<Rule>> = list(node, "mischief", faults)?.iter().map(read).collect();
    let rules: Vec<Rule> = rules.into_iter().collect::<Option<_>>()?;
    let twice = rules.iter().enumerate().find(|(i, rule)| rules[..*i].iter().any(|other| other.name == rule.name));
    match twice {
        Some((_, rule)) => faults.none(node.place, format!("two rules of mischief are called '{}'", rule.name)),
        None => Some(rules),
    }
}

/// A value of `behaviour`'s, which reads itself.
fn typed<T: serde::de::DeserializeOwned>(node: &Node, what: &str, faults: &Faults) -> Option<T> {
    match node.into_type() {
        Ok(value) => Some(value),
        Err(misfit) => faults.none(misfit.place.unwrap_or(node.place), format!("{what}: {}", misfit.message)),
    }
}

/// The mock of a scenario that says `mock: {}`.
impl Default for Mock {
    fn default() -> Self {
        Mock {
            latency: Latency::default(),
            times: Vec::new(),
            quota: Quota::off(),
            lifetime: None,
            workers: None,
            ids: Ids::Fold,
            hints: Hints::Off,
            mischief: Vec::new(),
        }
    }
}
