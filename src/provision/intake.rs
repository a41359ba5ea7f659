//! Taking rosters in: every row read, checked and written into the ledger's copy, once.
//!
//! Holds [`Input`], [`intake`] and what it found. Called before the first request. A roster that has not changed since the last
//! run, read with the same settings, is not read again: its fingerprint says so, and a finished job over a million rows costs
//! a second instead of ten.

use crate::chime::id::MeetingId;
use crate::ledger::load::{Compared, Loader, NewRow, Rules, Session};
use crate::ledger::schema::{Ledger, LedgerError};
use crate::roster::Roster;
use crate::roster::error::RosterError;
use crate::roster::note::Note;
use crate::roster::options::{Field, Format, Options, Sessions};
use crate::roster::row::{Row, RowFault, RowWarning};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A roster file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What people call it.
    pub name: String,
    /// Where its bytes are.
    pub path: PathBuf,
}

/// Why a roster cannot be taken in.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The file cannot be opened or read.
    #[error("{name} cannot be read: {error}")]
    Open {
        /// Its name.
        name: String,
        /// Why.
        error: std::io::Error,
    },
    /// The file is refused whole.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A column that the command line speaks of is not there.
    #[error("{name} has no column {column}; it has {columns}")]
    NoColumn {
        /// The roster.
        name: String,
        /// The column.
        column: String,
        /// Those it has.
        columns: String,
    },
    /// A time that is none.
    #[error("line {line}: {value} is no time with its zone, such as 2026-12-01T18:00Z")]
    Doors {
        /// The line.
        line: u64,
        /// What stands there.
        value: String,
    },
    /// More than one roster is refused.
    #[error("{} rosters cannot be taken in", .0.len())]
    Several(Vec<IntakeError>),
}

impl IntakeError {
    /// All of them as one; none is no error.
    pub fn all(mut errors: Vec<IntakeError>) -> Result<(), IntakeError> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(IntakeError::Several(errors)),
        }
    }
}

/// Something to tell the person whose roster it is.
#[derive(Debug)]
pub enum Finding<'a> {
    /// A row is rejected.
    Fault(&'a RowFault),
    /// A row looks odd.
    Warning(&'a RowWarning),
    /// How a roster is read.
    Note(&'a Note),
}

/// What was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intake {
    /// The roster of the last run, unchanged.
    Unchanged,
    /// A new one, or one read anew.
    Read(Compared),
}

/// Takes the rosters in, unless they are the ones that are in already.
pub fn intake(
    ledger: &mut Ledger,
    inputs: &[Input],
    options: &Options,
    rules: Rules,
    tell: &mut dyn FnMut(Finding<'_>),
) -> Result<Intake, IntakeError> {
    let print = fingerprint(inputs, options, rules)?;
    if ledger.has_loaded(&print)? {
        return Ok(Intake::Unchanged);
    }
    let compared = ledger.load(
        |loader| {
            let (mut hash, mut refused) = (seeded(options, rules), Vec::new());
            for input in inputs {
                let read = Arc::new(Mutex::new(Sha256::new()));
                let file = open(input)?;
                let tee = Tee { file, hash: read.clone() };
                match take_file(loader, input, Box::new(tee), options, tell) {
                    Ok(()) => {}
                    // The others are looked at too, so that everything is told at once.
                    Err(error @ IntakeError::Roster(_)) => refused.push(error),
                    Err(error) => return Err(error),
                }
                hash.update(read.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone().finalize());
            }
            IntakeError::all(refused)?;
            Ok::<_, IntakeError>(hex(hash))
        },
        rules,
    )?;
    Ok(Intake::Read(compared))
}

fn take_file(
    loader: &mut Loader<'_>,
    input: &Input,
    bytes: Box<dyn Read + Send>,
    options: &Options,
    tell: &mut dyn FnMut(Finding<'_>),
) -> Result<(), IntakeError> {
    let mut roster = crate::roster::open(&input.name, bytes, Format::Auto, options)?;
    roster.notes().iter().for_each(|note| tell(Finding::Note(note)));
    let file = loader.file(roster.name())?;
    let named = options.sessions.as_ref().map(|sessions| Named::find(sessions, &roster, options)).transpose()?;
    let mut cells = String::new();
    for row in roster.by_ref() {
        let row = row?;
        row.warnings.iter().for_each(|warning| tell(Finding::Warning(warning)));
        cells.clear();
        write_cells(&row, &mut cells);
        let reasons = row.seat.as_ref().err().map(|faults| {
            faults.iter().for_each(|fault| tell(Finding::Fault(fault)));
            let text = faults.iter().map(RowFault::reason).collect::<Vec<_>>().join("; ");
            (faults.first().map_or("row", |f| f.rule.code()), text)
        });
        let seat = row.seat.as_ref().map_err(|_| reasons.as_ref().map_or(("row", ""), |(code, text)| (*code, text.as_str())));
        let session = match &named {
            Some(named) if row.seat.is_ok() => named.of(&row)?,
            _ => None,
        };
        loader.row(&NewRow { file, line: row.line, seat, session, cells: &cells })?;
    }
    let fields: Vec<Option<usize>> = Field::ALL.iter().map(|field| roster.column_of(*field)).collect();
    let caps = options.capabilities.map(|c| [c.audio, c.video, c.content].map(|d| Some(d.to_string()))).unwrap_or_default();
    let [audio, video, content] = caps;
    let defaults = [None, options.meeting_id.as_ref().map(ToString::to_string), audio, video, content];
    let layout = serde_json::json!({ "columns": roster.columns(), "fields": fields, "defaults": defaults,
        "made": options.id.is_some() });
    loader.layout(file, &layout.to_string())?;
    Ok(())
}

/// Where in a row its session is told, and what decides its place there.
struct Named<'a> {
    sessions: &'a Sessions,
    /// Whether a row that names nothing is in the default session, and not in a meeting named for all.
    default: bool,
    meeting: Option<usize>,
    team: Option<usize>,
    presenters: Option<(usize, &'a [String])>,
    doors: Option<usize>,
}

impl<'a> Named<'a> {
    fn find(sessions: &'a Sessions, roster: &Roster, options: &Options) -> Result<Self, IntakeError> {
        let column = |name: &String| {
            let at = roster.columns().iter().position(|column| column.trim().eq_ignore_ascii_case(name.trim()));
            at.ok_or_else(|| IntakeError::NoColumn {
                name: roster.name().to_owned(),
                column: crate::safe::quoted(name, 60),
                columns: roster.columns().iter().map(|column| crate::safe::line(column, 40)).collect::<Vec<_>>().join(", "),
            })
        };
        Ok(Named {
            sessions,
            default: options.meeting_id.is_none(),
            meeting: roster.column_of(Field::MeetingId),
            team: sessions.group_by.as_ref().map(column).transpose()?,
            doors: sessions.doors.as_ref().map(column).transpose()?,
            presenters: sessions
                .presenters
                .as_ref()
                .map(|(name, words)| Ok::<_, IntakeError>((column(name)?, &words[..])))
                .transpose()?,
        })
    }

    /// `None` for a row that names a meeting of its own.
    ///
    /// # Errors
    /// Doors that are no time.
    fn of(&self, row: &'a Row) -> Result<Option<Session<'a>>, IntakeError> {
        let cell = |at: usize| row.cells.get(at).filter(|cell| !cell.is_empty());
        let name = match self.meeting.and_then(cell) {
            Some(cell) if MeetingId::parse(cell).is_some() => return Ok(None),
            Some(cell) => cell,
            None if self.default => &self.sessions.default,
            None => return Ok(None),
        };
        let presents = self.presenters.is_some_and(|(at, words)| {
            cell(at).is_some_and(|cell| words.iter().any(|word| word.eq_ignore_ascii_case(cell.trim())))
        });
        let doors = self.doors.and_then(cell).map(|text| {
            text.trim()
                .parse::<jiff::Timestamp>()
                .map(jiff::Timestamp::as_millisecond)
                .map_err(|_| IntakeError::Doors { line: row.line, value: crate::safe::quoted(text, 40) })
        });
        Ok(Some(Session { name, team: self.team.and_then(cell), presents, doors: doors.transpose()? }))
    }
}

/// The cells as a JSON array; those beyond the header's columns follow.
fn write_cells(row: &Row, out: &mut String) {
    out.push('[');
    for (i, cell) in row.cells.iter().chain(row.extra.iter().map(|c| Some(c.as_str()))).enumerate() {
        if i > 0 {
            out.push(',');
        }
        match cell {
            Some(text) => out.push_str(&serde_json::to_string(text).expect("a string is always JSON")),
            None => out.push_str("null"),
        }
    }
    out.push(']');
}

/// Reads, and hashes what was really read.
struct Tee {
    file: File,
    hash: Arc<Mutex<Sha256>>,
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.hash.lock().unwrap_or_else(std::sync::PoisonError::into_inner).update(&buffer[..n]);
        Ok(n)
    }
}

fn open(input: &Input) -> Result<File, IntakeError> {
    let error = |error| IntakeError::Open { name: crate::safe::line(&input.name, 200), error };
    let file = File::open(&input.path).map_err(error)?;
    if file.metadata().map_err(error)?.is_dir() {
        return Err(error(std::io::Error::other("it is a directory")));
    }
    Ok(file)
}

/// A hash over everything but the files' bytes that decides what their rows mean. Bump the word when reading changes.
fn seeded(options: &Options, rules: Rules) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update(format!("roster-2 {options:?} {rules:?}"));
    hash
}

fn fingerprint(inputs: &[Input], options: &Options, rules: Rules) -> Result<String, IntakeError> {
    let mut hash = seeded(options, rules);
    let mut buffer = vec![0; 1 << 16];
    for input in inputs {
        let mut one = Sha256::new();
        let mut file = open(input)?;
        loop {
            let n = file.read(&mut buffer).map_err(|error| IntakeError::Open { name: input.name.clone(), error })?;
            if n == 0 {
                break;
            }
            one.update(&buffer[..n]);
        }
        hash.update(one.finalize());
    }
    Ok(hex(hash))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
