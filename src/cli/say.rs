//! Talk: everything that is said to a person goes to stderr, through here.
//!
//! Holds [`Voice`]. Called by the verbs. stdout carries data alone. A closed stderr is nobody to talk to, and no failure.

use std::io::{IsTerminal, Write};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Voice {
    /// Warnings and errors.
    Quiet,
    /// What a person needs.
    Normal,
}

impl Voice {
    /// Says a line, unless quiet.
    pub fn say(self, line: impl std::fmt::Display) {
        if self == Voice::Normal {
            write(&line.to_string());
        }
    }

    /// Says a warning, always.
    pub fn warn(self, line: impl std::fmt::Display) {
        let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
        write(&format!("{yellow}warning:{yellow:#} {line}"));
    }
}

fn write(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Logs of this crate alone, on stderr: none, each request, or more. What other crates log is left out whatever the environment
/// says: nobody here has read it for secrets.
pub fn log(verbosity: u8) {
    use tracing_subscriber::prelude::*;
    let level = match verbosity {
        0 => return,
        1 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let ours = tracing_subscriber::filter::Targets::new().with_target("headcount", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal()).compact();
    // A second verb in one process (tests) keeps the first one's subscriber.
    let _ = tracing_subscriber::registry().with(lines.with_filter(ours)).try_init();
}

/// Whether a person sits at the other end of stderr.
pub fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}
