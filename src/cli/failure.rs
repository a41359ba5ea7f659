//! Exit codes, and errors as a person reads them.
//!
//! Holds [`Exit`], the only list of codes, and [`Failure`]: a message, what to do about it, and a code. Called by every verb.
//! It never sees how an error came about: a verb turns its rooms' errors into failures at its own edge.

use std::fmt;
use std::process::ExitCode;

/// Every way the program can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for is there.
    Done = 0,
    /// Our own fault.
    Internal = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Finished, some rows rejected or refused.
    SomeRows = 3,
    /// `--max-errors` was exceeded.
    TooManyErrors = 4,
    /// Incomplete: the same command goes on.
    Incomplete = 75,
    /// Credentials refused.
    Credentials = 77,
    /// The measurement is not to be trusted.
    Invalid = 96,
    /// Thresholds failed, a regression, or every call failed.
    Failed = 99,
    /// A bad scenario or roster.
    BadInput = 104,
    /// A load run was interrupted, and drained.
    Interrupted = 105,
    /// A second Ctrl-C: left at once.
    Killed = 130,
    /// A second SIGTERM: left at once.
    Terminated = 143,
}

/// An end that is no success.
#[derive(Debug)]
pub struct Failure {
    /// The code to leave with.
    pub exit: Exit,
    /// What went wrong, where, in one sentence or a few lines.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure with this code and message.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Failure { exit, message: message.to_string(), hint: None }
    }

    /// The same, with what to do.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

/// Says what there is to say on stderr, and turns the end into the process's exit code.
pub fn conclude(end: super::End) -> ExitCode {
    let exit = match end {
        Ok(exit) => exit,
        Err(failure) => {
            let (red, bold) = (anstyle::AnsiColor::Red.on_default().bold(), anstyle::Style::new().bold());
            let mut text = format!("{red}error:{red:#} {}\n", failure.message);
            if let Some(hint) = &failure.hint {
                text.push_str(&format!("{bold}hint:{bold:#} {hint}\n"));
            }
            use std::io::Write;
            // Nobody is left to tell when stderr itself is gone; the exit code still says it.
            let _ = anstream::stderr().write_all(text.as_bytes());
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}
