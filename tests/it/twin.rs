//! Twins: what a run has shown of a mock whose behaviour is known makes another mock that behaves alike.

mod drawn;
mod program;
pub mod written;
