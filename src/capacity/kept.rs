//! `capacity.json`: a search as it stands, and what it has found.
//!
//! Holds [`Kept`], version 1 of the format in docs/formats.md. Written whole after every step, read to go on and by the report. It holds no id of
//! a person and no token.

use super::Settings;
use super::answer::{Answer, Ending};
use super::quota::Found;
use super::step::Step;
use serde::{Deserialize, Serialize};

/// Of this format.
pub const VERSION: u32 = 1;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The highest rate that holds.
    Search,
    /// The quota.
    Quota,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// [`VERSION`].
    pub version: u32,
    /// `capacity`.
    pub kind: String,
    /// The scenario's name.
    pub name: String,
    /// Whom it asks: an endpoint, or `mock`.
    pub target: String,
    /// The SHA-256 of the scenario as it was read, with what was set from outside.
    pub scenario: String,
    /// How it searches.
    pub settings: Settings,
    /// The steps done so far, in order.
    pub steps: Vec<Step>,
    /// What they come to, when the search is over.
    pub answer: Option<Answer>,
    /// `search`, or `quota`.
    pub mode: Mode,
    /// The quota, where that was looked for and the run is over.
    pub quota: Option<Found>,
}

/// A file that cannot be gone on with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is no such file, or another program's.
    #[error("it is no capacity.json of version {VERSION}: {0}")]
    Unread(String),
    /// It was another search.
    #[error("it was begun with {0}")]
    Another(&'static str),
}

impl Kept {
    /// Reads the file.
    ///
    /// # Errors
    /// It is none, or of another version.
    pub fn read(text: &str) -> Result<Kept, Unusable> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|e| Unusable::Unread(e.to_string()))?;
        if value["version"] != VERSION || value["kind"] != "capacity" {
            return Err(Unusable::Unread(format!("version {}, kind {}", value["version"], value["kind"])));
        }
        serde_json::from_value(value).map_err(|e| Unusable::Unread(e.to_string()))
    }

    /// Whether nothing is left to be done: it has an answer, and that more calls would find no other.
    pub fn is_over(&self) -> bool {
        self.quota.is_some() || self.answer.as_ref().is_some_and(|answer| answer.ending != Ending::Budget)
    }

    /// Whether a search that begins like `self` may take up the steps of `before`.
    ///
    /// # Errors
    /// In what it differs.
    pub fn goes_on(&self, before: &Kept) -> Result<(), Unusable> {
        match before {
            _ if before.scenario != self.scenario => Err(Unusable::Another("another scenario, or other values set in it")),
            _ if before.target != self.target => Err(Unusable::Another("another service")),
            _ if before.settings != self.settings => Err(Unusable::Another("other settings of the search")),
            _ if before.mode != self.mode => Err(Unusable::Another("the other mode")),
            _ => Ok(()),
        }
    }
}
