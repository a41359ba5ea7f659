//! What a mock is told when it is made.
//!
//! Holds [`Options`]. Filled by the command line, by tests, and by whoever embeds a mock. Everything has a default, and the
//! defaults are those of `headcount mock` without a flag.

use super::keys::KeyRing;
use super::sides::Sides;
use crate::behaviour::{Latency, Quota, Rule, Times};
use crate::chime::id::MeetingId;
use crate::seed::Seed;

/// Whether requests must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// They must, by a key that is known.
    #[default]
    On,
    /// They need not: every request is the default account's.
    Off,
}

/// Whether a 429 says how long to wait (`x-amz-retry-after`, in milliseconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hints {
    /// It does not: none is documented for this service.
    #[default]
    Off,
    /// It does.
    On,
}

/// Whether meetings end by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Lifetime {
    /// They do not.
    #[default]
    Off,
    /// Five minutes after they were made if nobody connects, and after a day; so many times faster than in life.
    On {
        /// 1.0 is life.
        scale: f64,
    },
}

/// A queueing server: so many workers, each busy with one request for so long.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// How many; zero counts as one.
    pub workers: usize,
    /// How long one request takes one of them.
    pub service: Latency,
}

/// How a mock behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Ids, tokens, latencies and mischief follow from it.
    pub seed: Seed,
    /// Whether requests must be signed.
    pub auth: Auth,
    /// Who may sign.
    pub keys: KeyRing,
    /// Undocumented behaviours.
    pub sides: Sides,
    /// Rates, meetings and replicas; off by default. The seats of a meeting always hold.
    pub quota: Quota,
    /// Whether a 429 says how long to wait.
    pub hints: Hints,
    /// Whether meetings end by themselves.
    pub lifetime: Lifetime,
    /// How long answers take.
    pub latency: Latency,
    /// How long those of some kinds take instead; the first that fits has the word.
    pub times: Vec<Times>,
    /// A bounded capacity; none means that requests do not wait for each other.
    pub capacity: Option<Capacity>,
    /// What goes wrong.
    pub mischief: Vec<Rule>,
    /// Meetings that exist from the start, and again after a reset.
    pub adopt: Vec<MeetingId>,
}
