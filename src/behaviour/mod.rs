//! What a service does besides answering: latency, quota, lifetime, mischief; as values.
//!
//! Holds the words in which scenario files and the mock speak of a service's manners. Called by the scenario reader, which
//! writes them into a plan, and by the mock, which acts on them. Nothing here waits; `draw` alone draws chance.

pub mod counted;
pub mod draw;
pub mod latency;
pub mod mischief;
pub mod quota;
pub mod span;
pub mod times;

pub use counted::Counted;
pub use latency::Latency;
pub use mischief::Rule;
pub use quota::Quota;
pub use span::Span;
pub use times::Times;

use serde::Deserialize;

/// A file of behaviour (`headcount mock --mischief FILE`): version 1.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// The form of the file; 1 is the only one so far.
    pub version: u32,
    /// One sentence on what it is for.
    #[serde(default)]
    pub about: String,
    /// How long answers take.
    #[serde(default)]
    pub latency: Option<Latency>,
    /// What goes wrong, in order: every rule that matches has its effect, but only the first answers.
    #[serde(default)]
    pub mischief: Vec<Rule>,
}

/// Something that no behaviour can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadBehaviour(pub String);

impl Behaviour {
    /// Checks what types alone cannot.
    pub fn check(&self) -> Result<(), BadBehaviour> {
        if self.version != 1 {
            return Err(BadBehaviour(format!("version is {}; this program reads version 1", self.version)));
        }
        self.latency.iter().try_for_each(Latency::check)?;
        self.mischief.iter().try_for_each(Rule::check)
    }
}
