//! How long answers of one kind take.
//!
//! Holds [`Times`]. Made where latencies are known by call and by how it ended: a throttle is quick where an attendee is slow. Drawn from
//! by the mock; whatever no line of them is about takes the service's one latency.

use super::Latency;
use crate::chime::class::Class;

/// A latency of some answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Times {
    /// Of which operation, by the service's name or in snake case; of all, if none is named.
    pub operation: Option<String>,
    /// Of answers that end so for the caller; of all that no other line is about, if none is named.
    pub class: Option<Class>,
    /// How long they take.
    pub latency: Latency,
}
