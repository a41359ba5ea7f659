//! How it went, in numbers that add: constant memory, merged by adding.
//!
//! Holds the recorder, and the thresholds a run is held to. Called by the verbs for every sample and by the run directory for every second. It never
//! reads a clock and never averages a percentile.

pub mod check_text;
pub mod recorder;
pub mod threshold;
