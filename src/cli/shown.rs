//! How much a verb that runs long shows of itself.
//!
//! Holds [`Loud`] and [`Shown`], the arguments, and what they mean. Called by every verb that has progress.

use super::progress::Draw;
use super::say::{self, Voice};
use clap::ValueEnum;

/// How much is said.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Display")]
pub struct Loud {
    /// Only warnings and errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Log each request (never an id or a token)
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Loud {
    /// How much is said.
    pub fn voice(self) -> Voice {
        if self.quiet { Voice::Quiet } else { Voice::Normal }
    }
}

/// What is shown.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Display")]
pub struct Shown {
    #[allow(missing_docs)]
    #[command(flatten)]
    pub loud: Loud,

    /// How progress is shown
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub progress: Progress,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// A bar on a terminal, lines elsewhere
    Auto,
    /// A bar
    Bar,
    /// A line every few seconds
    Plain,
    /// Nothing
    None,
}

impl Shown {
    /// How much is said.
    pub fn voice(&self) -> Voice {
        self.loud.voice()
    }

    /// What is drawn.
    pub fn draw(&self) -> Draw {
        match (self.progress, self.voice()) {
            (Progress::None, _) | (_, Voice::Quiet) => Draw::Nothing,
            (Progress::Bar, _) => Draw::Bar,
            (Progress::Plain, _) => Draw::Lines,
            // A bar and a log line a request would tear each other.
            (Progress::Auto, _) if say::is_terminal() && self.loud.verbose == 0 => Draw::Bar,
            (Progress::Auto, _) => Draw::Lines,
        }
    }
}
