//! `headcount schema`: formats, for editors and other programs.
//!
//! Holds the verb. Called by `main`'s dispatch.

use super::failure::{Exit, Failure};

/// Print the JSON Schema of a file format
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Editors that know YAML take it from a first line such as\n  # yaml-language-server: $schema=scenario.schema.json"
)]
pub struct Args {
    /// Which format
    #[arg(value_name = "FORMAT", value_enum)]
    format: Format,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A load scenario, version 1
    Scenario,
    /// The summary.json of a load run, version 1
    Summary,
    /// The capacity.json of a search, version 1
    Capacity,
}

/// Prints the schema.
///
/// # Errors
/// stdout cannot be written, other than by being closed.
pub fn run(args: Args) -> super::End {
    let schema = match args.format {
        Format::Scenario => crate::scenario::schema::schema(),
        Format::Summary => crate::load::schema::schema(),
        Format::Capacity => crate::capacity::schema::schema(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Failure::new(Exit::Internal, error))?;
    super::example::print(&format!("{text}\n"))
}
