//! The only room that waits.
//!
//! Holds the loop that turns a plan of work into work under way, for any kind of work. Called by the verbs. It names no seat
//! and no service: what to do next, and what an end means, is the plan's to say.

pub mod pump;
