//! Rosters as arguments.
//!
//! Holds [`RosterArgs`], shared by every verb that reads rosters, and [`open`]. Called by `check` and `provision`. It never sees a
//! row.

use super::failure::{Exit, Failure};
use crate::chime::capability::Capabilities;
use crate::chime::id::MeetingId;
use crate::roster::error::RosterError;
use crate::roster::options::{
    Field, Format, Limits, Options, Sessions, parse_capabilities, parse_id, parse_map, parse_meeting_id,
};
use crate::roster::{self, Roster};
use crate::template::Template;
use std::fs::File;
use std::io::Read;

/// Which rosters, and how to read them.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Rosters")]
pub struct RosterArgs {
    /// Rosters: CSV, JSON lines (also .gz), YAML, JSON or Excel (.xlsx); - is standard input
    #[arg(required = true, value_name = "ROSTER")]
    pub rosters: Vec<String>,

    /// Take a field from another column, such as ExternalUserId=email
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = parse_map)]
    pub map: Vec<(Field, String)>,

    /// Make each row's ExternalUserId of its columns: {Email|lower}, {Team}/{Staff No|trim}, … (|lower, |upper, |trim)
    #[arg(long, value_name = "TEMPLATE", value_parser = parse_id)]
    pub id: Option<Template>,

    /// Pass over N lines above the header (rows of a sheet)
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub skip_lines: u64,

    /// Which sheet of a workbook
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,

    /// The meeting of rows that name none
    #[arg(long, value_name = "ID", value_parser = parse_meeting_id)]
    pub meeting_id: Option<MeetingId>,

    /// Let meetings be made for rows without one; in place of a MeetingId, a row may name a session
    #[arg(long)]
    pub create_meetings: bool,

    /// The capabilities of rows that name none
    #[arg(long, value_name = "Audio=V,Video=V,Content=V", value_parser = parse_capabilities)]
    pub capabilities: Option<Capabilities>,

    /// Take ids that differ only in letter case for one person
    #[arg(long)]
    pub fold_case: bool,
}

impl RosterArgs {
    /// What the room is told.
    pub fn options(&self) -> Options {
        Options {
            map: self.map.clone(),
            id: self.id.clone(),
            skip_lines: self.skip_lines,
            sheet: self.sheet.clone(),
            meeting_id: self.meeting_id.clone(),
            capabilities: self.capabilities,
            limits: Limits::default(),
            sessions: self.create_meetings.then(Sessions::default),
        }
    }

    /// Standard input can be read once, and ids come from one place.
    ///
    /// # Errors
    /// `-` twice, or `--id` beside `--map ExternalUserId=…`.
    pub fn check(&self) -> Result<(), Failure> {
        if self.id.is_some() && self.map.iter().any(|(field, _)| *field == Field::ExternalUserId) {
            return Err(Failure::new(Exit::Usage, "--id and --map ExternalUserId=… both say what ids are")
                .hint("give one of them; --id '{COLUMN}' takes a column as it is"));
        }
        match self.rosters.iter().filter(|path| *path == "-").count() {
            0 | 1 => Ok(()),
            _ => Err(Failure::new(Exit::Usage, "standard input (-) is named twice, and can be read once")),
        }
    }
}

/// Opens a roster by its argument.
///
/// # Errors
/// As [`roster::open`]; a file that cannot be opened is told the same way.
pub fn open(path: &str, options: &Options) -> Result<Roster, RosterError> {
    let (name, input): (&str, Box<dyn Read + Send>) = match path {
        "-" => ("stdin", Box::new(std::io::stdin())),
        path => match File::open(path) {
            Ok(file) => (path, Box::new(file)),
            Err(source) => return Err(RosterError::Open { name: crate::safe::line(path, 200), source }),
        },
    };
    roster::open(name, input, Format::Auto, options)
}
