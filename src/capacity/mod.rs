//! The highest rate that holds a scenario's thresholds: found by doubling and bisection, each step a load run that ends when it is decided.
//!
//! ```text
//!  steps so far ─► search ─► the next step's rate ─► stage: a Plan of one rate ─► the load engine ─► watch, second by second
//!       ▲                                                                                                │ decided?
//!       └──────────────────────────── step: verdict, numbers, what broke ◄───────────────────────────────┘
//! ```
//!
//! Holds [`Settings`] and the words that the parts share. Called by the command line, and by tests, with everything resolved. The search is
//! a pure function of the steps that have been done, so that going on after a kill is reading them back; it never sees a clock or a socket.

pub mod answer;
pub mod bucket;
pub mod course;
pub mod kept;
pub mod quota;
pub mod schema;
pub mod search;
pub mod sequential;
pub mod stage;
pub mod step;
pub mod watch;

use serde::{Deserialize, Serialize};

/// How to search. Two searches with the same settings and scenario may go on where the other ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The rate of the first step (calls a second).
    pub from: f64,
    /// No step goes beyond this rate; `null` if nothing but the thresholds is the bound.
    pub most: Option<f64>,
    /// How near to each other the highest rate that holds and the lowest that does not must come, as a share.
    pub precision: f64,
    /// Seconds at a step's rate that are not judged: what the last step left behind goes away.
    pub settle_s: f64,
    /// Seconds of a step that are judged, at most.
    pub step_s: f64,
    /// Seconds of the step that confirms the answer, at most.
    pub hold_s: f64,
}

impl Settings {
    /// What holds unless something else is asked for.
    pub const DEFAULT: Settings = Settings { from: 5.0, most: None, precision: 0.03, settle_s: 5.0, step_s: 30.0, hold_s: 90.0 };
}

/// How often a verdict of one step may be wrong, on either side.
pub const ALPHA: f64 = 0.01;
