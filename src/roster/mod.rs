//! Who should have a seat: rosters in, rows and seats out.
//!
//! ```text
//!  bytes ─► decode ─► csv or yaml ─► row (exact cells, physical line) ─► resolve ─► Seat, or every fault of the row
//!           (gz, BOM,   (lexer)       ▲
//!            UTF-16)        columns ──┘  (which column is which field)
//! ```
//!
//! Called by `provision` and by the verbs of `cli`. It opens no file, asks no service and keeps no row: whoever iterates does.
//! CSV streams in constant memory; a YAML document is held whole, up to [`options::Limits::yaml`].

pub mod census;
pub mod columns;
mod csv;
mod decode;
pub mod error;
mod lexer;
pub mod note;
pub mod options;
mod resolve;
pub mod row;
mod yaml;

use crate::roster::columns::Columns;
use crate::roster::decode::{Decoded, Encoding};
use crate::roster::error::RosterError;
use crate::roster::note::Note;
use crate::roster::options::{Format, Options};
use crate::roster::row::Row;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

/// What was found out about a roster before its first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How its text is written.
    pub encoding: Encoding,
    /// What separates its cells; `None` for YAML.
    pub delimiter: Option<u8>,
    /// Whether it came compressed by gzip.
    pub gzip: bool,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.delimiter {
            Some(b'\t') => f.write_str("CSV with tabs")?,
            Some(delimiter) => write!(f, "CSV with {:?}", char::from(delimiter))?,
            None => f.write_str("YAML")?,
        }
        write!(f, ", {}{}", self.encoding, if self.gzip { ", gzip" } else { "" })
    }
}

/// A roster that has been opened: its columns are known, its rows come by iterating.
///
/// An `Err` from the iterator means that the file cannot be read on and must be refused whole; it is the last item. What is
/// wrong with a single row stands in its [`Row::seat`].
pub struct Roster {
    name: Arc<str>,
    columns: Columns,
    shape: Shape,
    rows: Rows,
}

enum Rows {
    Csv(Box<csv::CsvRows>),
    Yaml(yaml::YamlRows),
}

/// Opens a roster: sniffs compression, encoding, format and delimiter, reads the header, finds the columns.
///
/// `name` is what faults will call it; `format` decides where the name's ending does not.
///
/// # Errors
/// No text, no rows, no usable column, or (YAML, read whole) anything that no row can be blamed for.
pub fn open(name: &str, input: Box<dyn Read + Send>, format: Format, options: &Options) -> Result<Roster, RosterError> {
    let shown: Arc<str> = crate::safe::line(name, 200).into();
    let Decoded { text, head, encoding, gzip } = decode::open(&shown, input, &options.limits)?;
    let start = String::from_utf8_lossy(&head[..head.len().min(4096)]);
    if format.is_yaml(name, &start) {
        let (columns, rows) = yaml::open(&shown, text, options)?;
        let shape = Shape { encoding, delimiter: None, gzip };
        return Ok(Roster { name: shown, columns, shape, rows: Rows::Yaml(rows) });
    }
    let (columns, delimiter, rows) = csv::open(&shown, text, &head, options)?;
    let shape = Shape { encoding, delimiter: Some(delimiter), gzip };
    Ok(Roster { name: shown, columns, shape, rows: Rows::Csv(Box::new(rows)) })
}

impl Roster {
    /// What faults call it, safe for a terminal.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The roster's own columns in their order, without those that an earlier run of ours has added (`headcount.…`).
    /// [`Row::cells`] aligns with them. Names of columns that ride along may repeat in CSV.
    pub fn columns(&self) -> &[String] {
        self.columns.names()
    }

    /// What a person should know of how it is read.
    pub fn notes(&self) -> Vec<Note> {
        let unused = self.columns.unused_id().map(|column| Note {
            code: "id-column",
            name: self.name.to_string(),
            message: format!("ids are made by --id; the column {} is not asked for", crate::safe::quoted(column, 40)),
        });
        unused.into_iter().collect()
    }

    /// Which of [`Roster::columns`] holds this field.
    pub fn column_of(&self, field: options::Field) -> Option<usize> {
        self.columns.index(field)
    }

    /// Format, encoding and delimiter as found.
    pub fn shape(&self) -> Shape {
        self.shape
    }
}

impl Iterator for Roster {
    type Item = Result<Row, RosterError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.rows {
            Rows::Csv(rows) => rows.next(&self.columns),
            Rows::Yaml(rows) => rows.next(&self.columns).map(Ok),
        }
    }
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster").field("name", &self.name).field("shape", &self.shape).finish_non_exhaustive()
    }
}
