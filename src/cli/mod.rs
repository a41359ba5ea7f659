//! The only room with a person in it.
//!
//! Holds the command line: one file a verb, each with its `Args` and its `run`. Called by `main` alone. Everything below it is
//! told what it needs as values; nothing below it prints, reads the environment or decides an exit code.

mod agree;
mod baseline;
mod earlier;
pub mod embedded;
pub mod failure;
pub mod input;
mod kept;
mod like;
mod loading;
mod profiles;
pub mod progress;
pub mod say;
pub mod service;
pub mod shown;
pub mod signals;
pub mod values;

pub mod capacity;
pub mod check;
mod check_fix;
mod check_json;
mod check_scenario;
mod check_text;
pub mod cleanup;
pub mod compare;
pub mod example;
pub mod load;
pub mod merge;
pub mod mock;
pub mod plan;
pub mod probe;
pub mod provision;
pub mod reconcile;
pub mod report;
pub mod scenario;
pub mod schedule;
pub mod schema;

use anstream::ColorChoice;
use clap::{Parser, Subcommand};
use failure::{Exit, Failure};
use std::process::ExitCode;

/// Provisions Amazon Chime SDK Meetings attendees from rosters, and contains a mock of the service.
#[derive(Debug, Parser)]
#[command(name = "headcount", version, propagate_version = true, max_term_width = 110)]
struct Cli {
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", help_heading = "Display", value_parser = colour)]
    color: Option<ColorChoice>,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Provision(Box<provision::Args>),
    Plan(Box<plan::Args>),
    Check(check::Args),
    Reconcile(Box<reconcile::Args>),
    Cleanup(Box<cleanup::Args>),
    Load(Box<load::Args>),
    Capacity(Box<capacity::Args>),
    Report(report::Args),
    Compare(Box<compare::Args>),
    Merge(merge::Args),
    Schedule(schedule::Args),
    Example(example::Args),
    Schema(schema::Args),
    Probe(probe::Args),
    Mock(Box<mock::Args>),
}

/// The whole program: parse, run, say what went wrong, exit.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    if let Some(when) = cli.color {
        when.write_global();
    }
    let end = match cli.verb {
        Verb::Provision(args) => provision::run(*args),
        Verb::Plan(args) => plan::run(*args),
        Verb::Check(args) => check::run(args),
        Verb::Reconcile(args) => reconcile::run(*args),
        Verb::Cleanup(args) => cleanup::run(*args),
        Verb::Load(args) => load::run(*args),
        Verb::Capacity(args) => capacity::run(*args),
        Verb::Report(args) => report::run(args),
        Verb::Compare(args) => compare::run(*args),
        Verb::Merge(args) => merge::run(args),
        Verb::Schedule(args) => schedule::run(args),
        Verb::Example(args) => example::run(args),
        Verb::Schema(args) => schema::run(args),
        Verb::Probe(args) => probe::run(args),
        Verb::Mock(args) => mock::run(*args),
    };
    failure::conclude(end)
}

/// The arguments of a provisioning, from the words of its command line; `None` if these are of something else.
fn provisioning(words: &[String]) -> Option<provision::Args> {
    match Cli::try_parse_from(std::iter::once("headcount").chain(words.iter().map(String::as_str))).ok()?.verb {
        Verb::Provision(args) => Some(*args),
        _ => None,
    }
}

fn colour(text: &str) -> Result<ColorChoice, &'static str> {
    match text {
        "auto" => Ok(ColorChoice::Auto),
        "always" => Ok(ColorChoice::Always),
        "never" => Ok(ColorChoice::Never),
        _ => Err("must be auto, always or never"),
    }
}

/// Does something to its end on a runtime of this thread. What still runs beside it then is not waited for: after a second Ctrl-C
/// that would hold up whoever has left, and a ledger is whole between two commits.
fn alone<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| Failure::new(Exit::Internal, e))?;
    let end = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(end)
}

/// What every verb returns.
pub type End = Result<Exit, Failure>;
