//! A run as it stands, for whoever watches.
//!
//! Holds [`Board`]. Written by the conductor once a second, read by a progress bar and by the status server whenever they like. It
//! holds counts alone.

use crate::stats::recorder::Classes;
use std::time::Duration;
use tokio::sync::watch;

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doing {
    /// Making meetings.
    #[default]
    Setup,
    /// The load.
    Load,
    /// Deleting meetings.
    Cleanup,
}

impl Doing {
    /// A word for files.
    pub fn name(self) -> &'static str {
        match self {
            Doing::Setup => "setup",
            Doing::Load => "load",
            Doing::Cleanup => "cleanup",
        }
    }
}

/// A run as it stands.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// What it is doing.
    pub doing: Doing,
    /// The name of the stage under way.
    pub stage: String,
    /// Seconds of the load that are over.
    pub at: u64,
    /// How long the load lasts, its grace left out.
    pub lasts: Duration,
    /// Arrivals that became due in the last second that had any part of ten, a second.
    pub planned_rate: f64,
    /// Calls that ended in it, a second.
    pub achieved_rate: f64,
    /// Calls in flight.
    pub in_flight: u64,
    /// Arrivals that wait for a slot.
    pub waiting: u64,
    /// Response times of the last ten seconds.
    pub p50: Option<Duration>,
    /// The same.
    pub p99: Option<Duration>,
    /// Calls that became due so far.
    pub planned: u64,
    /// Calls that ended so far, by class; dropped ones are among them.
    pub classes: Classes,
    /// Thresholds that do not hold as it stands.
    pub failing: Vec<String>,
}

/// A board, and where it is seen.
pub fn board() -> (watch::Sender<Board>, watch::Receiver<Board>) {
    watch::channel(Board::default())
}
