//! The load engine: whole runs in one process under a paused clock, and the program over sockets.

pub mod line;
mod page;
mod program;
mod rules;
pub mod schema;
mod shipped;
mod truth;
