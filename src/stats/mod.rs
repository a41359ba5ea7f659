//! How it went, in numbers that add: constant memory, merged by adding.
//!
//! Holds the recorders (of a run that asks one thing, and of one that asks many), and the thresholds a run is held to. Called by the
//! verbs for every sample and by the run directory for every second, and read back (`log`, `seconds`, `counts`) by whoever tells of a run. It never reads a clock and never averages a percentile.

pub mod cells;
pub mod check_text;
pub mod counts;
pub mod judge;
pub mod log;
pub mod recorder;
pub mod samples;
pub mod seconds;
pub mod series;
pub mod threshold;
pub mod told;
