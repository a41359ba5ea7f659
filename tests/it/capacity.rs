//! The search for the highest rate: against models whose capacity theory gives, and whole, through the load engine against the mock.
//!
//! Holds the models and the engine's driver. Time is a number or a paused clock here: nothing waits.

mod engine;
mod models;
mod page;
mod program;
