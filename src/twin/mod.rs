//! The twin of a recorded service: what a run has shown of it, as a value that a mock can be told to behave like.
//!
//! Holds [`Twin`], its file form (`twin.json`) and [`TwinError`]. Made by `recorded` of a run's files, turned into `behaviour`'s words by
//! `played`, told by `told`. Called by the command line (`mock --like`). It opens no file, draws nothing, and never sees a mock. It holds
//! counts and times only: no person, meeting, account or address.

pub mod played;
pub mod quota;
pub mod recorded;
pub mod told;

use crate::behaviour::Counted;
use crate::chime::class::Class;
use crate::chime::operation::Operation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a run has shown of a service: version 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    /// 1.
    pub version: u32,
    /// `twin`.
    pub kind: String,
    /// The run.
    pub of: Of,
    /// How its calls ended, warm-up left out.
    pub answers: Vec<Answers>,
    /// Service times of all calls together, where they were not recorded by call and end; else empty.
    #[serde(default)]
    pub together_us: Counted,
    /// The quota, if the throttles told of one.
    #[serde(default)]
    pub quota: Option<Bucket>,
    /// The most calls a second that were sent over ten seconds (over all of a shorter run), where none was throttled: the quota is at least that.
    #[serde(default)]
    pub unthrottled: Option<f64>,
    /// What is not known, or not played, a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The run that a twin is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Of {
    /// `load` or `provision`.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// When it began, as its manifest has it.
    #[serde(default)]
    pub started: Option<String>,
}

/// Calls of one kind that ended in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Which call; of all together, if it is not told.
    #[serde(default, with = "named")]
    pub operation: Option<Operation>,
    /// How they ended.
    #[serde(with = "named")]
    pub class: Class,
    /// How many.
    pub calls: u64,
    /// The service's codes behind the class with how often each was seen in the run, of all calls together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, u64>,
    /// Service times, where they were recorded by call and end.
    #[serde(default)]
    pub service_us: Counted,
}

/// A quota.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Of which call; over all together, if none is named.
    #[serde(default, with = "named")]
    pub operation: Option<Operation>,
    /// Calls a second.
    pub rate: f64,
    /// Calls at once.
    pub burst: f64,
    /// Seconds, throttled throughout, that the rate stands on; none if `--rate auto` had found it, call by call.
    pub pressed_s: Option<u64>,
}

/// What no twin can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TwinError {
    /// A file that is not what its name says.
    #[error("{file}: {why}")]
    Unreadable {
        /// Which.
        file: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The log and the summary tell of different calls.
    #[error("latency.hlog holds {log} judged calls, and summary.json tells of {summary}: the run directory is not whole")]
    NotWhole {
        /// Calls in the log.
        log: u64,
        /// Calls in the summary.
        summary: u64,
    },
    /// There is nothing to answer like.
    #[error("no call of the run was answered ok outside warm-up: there is nothing to answer like")]
    NoAnswer,
}

impl Twin {
    /// Reads `twin.json`.
    ///
    /// # Errors
    /// It is something else, or says what cannot be.
    pub fn read(text: &[u8]) -> Result<Twin, TwinError> {
        let bad = |why: String| TwinError::Unreadable { file: "twin.json", why };
        let no_twin = || bad("it is no twin, version 1".to_owned());
        let value: serde_json::Value = serde_json::from_slice(text).map_err(|_| no_twin())?;
        if (value["kind"].as_str(), value["version"].as_u64()) != (Some("twin"), Some(1)) {
            return Err(no_twin());
        }
        let mut twin: Twin = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
        // What others have written is shown on terminals.
        let shown = [&mut twin.of.kind, &mut twin.of.name].into_iter().chain(&mut twin.of.started);
        shown.for_each(|text| *text = crate::safe::line(text, 60));
        twin.notes.iter_mut().for_each(|note| *note = crate::safe::line(note, 300));
        for counted in twin.answers.iter().map(|answers| &answers.service_us).chain([&twin.together_us]) {
            if *counted != Counted::default() {
                counted.check().map_err(|e| bad(e.to_string()))?;
            }
        }
        let calls = twin.answers.iter().try_fold(0u64, |sum, answers| sum.checked_add(answers.calls));
        let codes = |answers: &Answers| answers.codes.values().try_fold(0u64, |sum, n| sum.checked_add(*n)).is_some();
        if calls.is_none() || !twin.answers.iter().all(codes) {
            return Err(bad("its counts are beyond counting".to_owned()));
        }
        if twin.quota.is_some_and(|bucket| !quota::is_sane(bucket.rate, bucket.burst)) {
            return Err(bad("its quota is none that a bucket can have".to_owned()));
        }
        if twin.ok().at(0.5).is_none() { Err(TwinError::NoAnswer) } else { Ok(twin) }
    }

    /// How long an ok answer takes, whatever the call; where times were not told apart, how long any answer takes.
    pub fn ok(&self) -> Counted {
        let ok = self.answers.iter().filter(|answers| answers.class == Class::Ok).map(|answers| &answers.service_us);
        let sum = Counted::sum(ok);
        if sum == Counted::default() { self.together_us.clone() } else { sum }
    }

    /// The calls that are told apart, in order.
    pub fn operations(&self) -> Vec<Option<Operation>> {
        let mut all: Vec<_> = self.answers.iter().map(|answers| answers.operation).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Answers about a call.
    pub fn about(&self, operation: Option<Operation>) -> impl Iterator<Item = &Answers> {
        self.answers.iter().filter(move |answers| answers.operation == operation)
    }
}

/// Calls and classes by their names.
mod named {
    use super::{Class, Operation};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// What has a name in files, or none.
    pub trait Named: Sized {
        fn name(&self) -> Option<&'static str>;
        fn of(name: Option<&str>) -> Option<Self>;
    }

    impl Named for Class {
        fn name(&self) -> Option<&'static str> {
            Some(Class::name(*self))
        }
        fn of(name: Option<&str>) -> Option<Class> {
            Class::from_name(name?)
        }
    }

    impl Named for Option<Operation> {
        fn name(&self) -> Option<&'static str> {
            self.map(Operation::name)
        }
        fn of(name: Option<&str>) -> Option<Option<Operation>> {
            name.map_or(Some(None), |name| Operation::from_name(name).map(Some))
        }
    }

    pub fn serialize<T: Named, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        match value.name() {
            Some(name) => to.serialize_str(name),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, T: Named, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        let name = Option::<String>::deserialize(from)?;
        let unknown = || {
            D::Error::custom(format!("{} is no call and no class", crate::safe::quoted(name.as_deref().unwrap_or("null"), 40)))
        };
        T::of(name.as_deref()).ok_or_else(unknown)
    }
}
