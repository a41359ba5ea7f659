//! `headcount example`: the scenarios that are shipped.
//!
//! Holds the verb. Called by `main`'s dispatch. What it prints is a scenario as it stands in `scenarios/`, to be kept and changed.

use super::failure::{Exit, Failure};
use crate::scenario::examples::{EXAMPLES, about, companion, example};
use crate::scenario::names::nearest;
use std::io::{self, ErrorKind, Write};

/// List the scenarios that are shipped, or print one
#[derive(Debug, clap::Args)]
#[command(
    after_help = "headcount example doors-open > mine.yaml makes a file to start from. trace.csv is printed by its name, too."
)]
pub struct Args {
    /// Which to print
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Prints a scenario, or the list of them.
///
/// # Errors
/// An unknown name, or stdout cannot be written, other than by being closed.
pub fn run(args: Args) -> super::End {
    let text = match &args.name {
        None => EXAMPLES.iter().map(|(name, text)| format!("{name:<12} {}\n", about(text))).collect(),
        Some(name) => match example(name.trim_end_matches(".yaml")).or_else(|| companion(name)) {
            Some(text) => text.to_owned(),
            None => {
                let names = EXAMPLES.iter().map(|(name, _)| *name);
                let failure = Failure::new(Exit::Usage, format!("no scenario is called {}", crate::safe::quoted(name, 40)));
                return Err(match nearest(name, names.clone()) {
                    Some(known) => failure.hint(format!("did you mean {known}?")),
                    None => failure.hint(format!("there is {}", names.collect::<Vec<_>>().join(", "))),
                });
            }
        },
    };
    print(&text)
}

/// Writes a text to stdout; a closed pipe is no failure.
pub(super) fn print(text: &str) -> super::End {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Incomplete, format!("cannot write to stdout: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}
