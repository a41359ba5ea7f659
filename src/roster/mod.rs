//! Who should have a seat: rosters in, rows and seats out.
//!
//! ```text
//!  bytes ─► decode ─► csv, jsonl, yaml or ─► row (exact cells, physical line) ─► resolve ─► Seat, or every fault of the row
//!           (gz, BOM,  a workbook's sheet    ▲
//!            UTF-16)               columns ──┘  (which column is which field)
//! ```
//!
//! Called by `provision` and by the verbs of `cli`. It opens no file, asks no service and keeps no row: whoever iterates does.
//! CSV and JSON lines stream in constant memory; a YAML document, up to [`options::Limits::yaml`], and a sheet are held whole.

pub mod census;
pub mod columns;
mod csv;
mod decode;
pub mod error;
mod grid;
mod jsonl;
mod lexer;
pub mod mend;
pub mod note;
pub mod options;
mod preamble;
mod resolve;
pub mod row;
#[cfg(feature = "xlsx")]
mod weigh;
#[cfg(feature = "xlsx")]
mod workbook;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// How its rows are written.
    pub form: Form,
    /// How its text is written; a workbook has an encoding of its own.
    pub encoding: Encoding,
    /// Whether it came compressed by gzip.
    pub gzip: bool,
}

/// How rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Cells with this byte between them.
    Csv(u8),
    /// A YAML or JSON document.
    Yaml,
    /// A JSON object a line.
    JsonLines,
    /// This sheet of an Excel workbook.
    Sheet(String),
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Csv(b'\t') => f.write_str("CSV with tabs")?,
            Form::Csv(delimiter) => write!(f, "CSV with {:?}", char::from(*delimiter))?,
            Form::Yaml => f.write_str("YAML")?,
            Form::JsonLines => f.write_str("JSON lines")?,
            Form::Sheet(name) => return write!(f, "Excel, sheet {}", crate::safe::quoted(name, 40)),
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
    notes: Vec<Note>,
}

enum Rows {
    Csv(Box<csv::CsvRows>),
    Yaml(Box<yaml::YamlRows>),
    JsonLines(Box<jsonl::JsonRows>),
    #[cfg(feature = "xlsx")]
    Sheet(Box<workbook::SheetRows>),
}

/// Opens a roster: sniffs compression, encoding, format and delimiter, reads the header, finds the columns.
///
/// `name` is what faults will call it; `format` decides where the name's ending does not. A workbook is known by its bytes.
///
/// # Errors
/// No text, no rows, no usable column, or (YAML and workbooks, read whole) anything that no row can be blamed for.
pub fn open(name: &str, input: Box<dyn Read + Send>, format: Format, options: &Options) -> Result<Roster, RosterError> {
    let shown: Arc<str> = crate::safe::line(name, 200).into();
    let unpacked = decode::unpack(&shown, input, &options.limits)?;
    let gzip = unpacked.gzip;
    #[cfg(feature = "xlsx")]
    if unpacked.head.starts_with(decode::ZIP) {
        let (columns, sheet, rows) = workbook::open(&shown, unpacked.whole(), options)?;
        let shape = Shape { form: Form::Sheet(sheet), encoding: Encoding::Utf8, gzip };
        return Ok(Roster { name: shown, columns, shape, rows: Rows::Sheet(Box::new(rows)), notes: Vec::new() }.noted(options));
    }
    let Decoded { text, head, encoding } = decode::text(&shown, unpacked)?;
    let start = String::from_utf8_lossy(&head[..head.len().min(4096)]);
    let (form, columns, rows) = match format.of(name, &start) {
        Format::Yaml => {
            let (columns, rows) = yaml::open(&shown, text, options)?;
            (Form::Yaml, columns, Rows::Yaml(Box::new(rows)))
        }
        Format::JsonLines => {
            let (columns, rows) = jsonl::open(&shown, text, head, options)?;
            (Form::JsonLines, columns, Rows::JsonLines(Box::new(rows)))
        }
        Format::Csv | Format::Auto => {
            let (columns, delimiter, rows) = csv::open(&shown, text, head, options)?;
            (Form::Csv(delimiter), columns, Rows::Csv(Box::new(rows)))
        }
    };
    Ok(Roster { name: shown, columns, shape: Shape { form, encoding, gzip }, rows, notes: Vec::new() }.noted(options))
}

impl Roster {
    /// What faults call it, safe for a terminal.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The roster's own columns in their order, without those that an earlier run of ours has added (`headcount.…`).
    /// [`Row::cells`] aligns with them. In JSON lines, more may come with each row; earlier rows lack them. Names of columns that ride along may repeat in CSV.
    pub fn columns(&self) -> &[String] {
        self.columns.names()
    }

    /// What a person should know of how it is read.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn noted(mut self, options: &Options) -> Self {
        let mut note = |code, message| self.notes.push(Note { code, name: self.name.to_string(), message });
        if let Some(column) = self.columns.unused_id() {
            let column = crate::safe::quoted(column, 40);
            note("id-column", format!("ids are made by --id; the column {column} is not asked for"));
        }
        if options.sheet.is_some() && !matches!(self.shape.form, Form::Sheet(_)) {
            note("option", "is no workbook: --sheet says nothing about it".to_owned());
        }
        if options.skip_lines > 0 && self.shape.form == Form::Yaml {
            note("option", "is YAML, which has no header: --skip-lines says nothing about it".to_owned());
        }
        self
    }

    /// Which of [`Roster::columns`] holds this field.
    pub fn column_of(&self, field: options::Field) -> Option<usize> {
        self.columns.index(field)
    }

    /// Whether what a row means hangs on this column: it holds a field, or ids are made of it.
    pub fn matters(&self, column: usize) -> bool {
        self.columns.matters(column)
    }

    /// Format, encoding and delimiter as found.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}

impl Iterator for Roster {
    type Item = Result<Row, RosterError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.rows {
            Rows::Csv(rows) => rows.next(&self.columns),
            Rows::Yaml(rows) => rows.next(&self.columns).map(Ok),
            Rows::JsonLines(rows) => rows.next(&mut self.columns),
            #[cfg(feature = "xlsx")]
            Rows::Sheet(rows) => rows.next(&self.columns).map(Ok),
        }
    }
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster").field("name", &self.name).field("shape", &self.shape).finish_non_exhaustive()
    }
}
