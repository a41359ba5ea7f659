//! What a person should know of how a roster was read, though nothing is wrong with it.
//!
//! Holds [`Note`]. Made when a roster is opened, told by `check` and `provision`. It never holds a cell.

use std::fmt;

/// A remark on a roster as a whole. Its text is safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A stable word for machines.
    pub code: &'static str,
    /// The remark, without the roster's name.
    pub message: String,
    /// The roster.
    pub name: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}
