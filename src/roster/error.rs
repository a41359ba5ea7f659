//! Why a roster is refused whole.
//!
//! Holds [`RosterError`]: what was seen, where, and (as [`RosterError::hint`]) what to do. Called by every file of this room;
//! `cli` prints it. What is wrong with a single row is a [`crate::roster::row::RowFault`] and no error.

use super::options::Field;
use crate::yaml::YamlError;
use std::io;

/// A roster that cannot be read, or not on. Every text in it is safe for a terminal.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The input failed: broken compression, a bad disk, text that is not in its encoding.
    #[error("{name}:{line}: cannot be read on: {source}")]
    Read {
        /// The roster.
        name: String,
        /// The line reached.
        line: u64,
        /// What failed.
        source: io::Error,
    },
    /// The file cannot be opened.
    #[error("{name} cannot be opened: {source}")]
    Open {
        /// The roster.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// No bytes, or nothing but blank lines.
    #[error("{name} is empty")]
    Empty {
        /// The roster.
        name: String,
    },
    /// Columns, or a document, and nobody in it.
    #[error("{name} holds no rows, only {what}")]
    NoRows {
        /// The roster.
        name: String,
        /// What there is instead.
        what: String,
    },
    /// Something else than text.
    #[error("{name} is no text: it looks like {what}")]
    NotText {
        /// The roster.
        name: String,
        /// What it seems to be.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// Bytes that are no UTF-8.
    #[error("{name}:{line}: is not UTF-8: byte 0x{byte:02X} after {before}")]
    NotUtf8 {
        /// The roster.
        name: String,
        /// The line.
        line: u64,
        /// The first byte at fault.
        byte: u8,
        /// The text before it.
        before: String,
    },
    /// A NUL byte, which no roster needs and no terminal shows.
    #[error("{name}:{line}: holds a NUL byte")]
    Nul {
        /// The roster.
        name: String,
        /// The line.
        line: u64,
    },
    /// A quote that is never closed.
    #[error("{name}:{line}: the quote opened here is never closed; it would swallow the rest of the file")]
    Quote {
        /// The roster.
        name: String,
        /// The line where it opens.
        line: u64,
    },
    /// A cell beyond the bound.
    #[error("{name}:{line}: a cell that begins here has more than {max} bytes")]
    LongCell {
        /// The roster.
        name: String,
        /// The line where it begins.
        line: u64,
        /// The bound.
        max: usize,
        /// Whether it is quoted, so that the cause may be a quote that is never closed.
        quoted: bool,
    },
    /// More cells than can be meant.
    #[error("{name}:{line}: has more than {max} cells")]
    ManyCells {
        /// The roster.
        name: String,
        /// The line.
        line: u64,
        /// The bound.
        max: usize,
    },
    /// No column with ids.
    #[error("{name}: no column ExternalUserId; seen: {seen}")]
    NoIdColumn {
        /// The roster.
        name: String,
        /// The columns there are.
        seen: String,
        /// One that may be meant.
        near: Option<String>,
        /// Whether the first row looks like somebody, not like a header.
        data: bool,
        /// A column with addresses.
        mail: Option<String>,
    },
    /// The first row is no header, and one further down may be.
    #[error("{error}")]
    Preamble {
        /// What is wrong with the first row as a header.
        error: Box<RosterError>,
        /// The line that looks like the header.
        line: u64,
    },
    /// A line of JSON lines beyond the bound.
    #[error("{name}:{line}: the line has more than {max} bytes")]
    LongLine {
        /// The roster.
        name: String,
        /// The line.
        line: u64,
        /// The bound.
        max: usize,
    },
    /// A workbook that cannot be read as a roster.
    #[error("{name}: {what}")]
    Workbook {
        /// The roster.
        name: String,
        /// What is wrong with it.
        what: String,
        /// What to do.
        advice: String,
    },
    /// No column with meetings, and no meeting given.
    #[error("{name}: no column MeetingId, and no meeting given for all; seen: {seen}")]
    NoMeeting {
        /// The roster.
        name: String,
        /// The columns there are.
        seen: String,
        /// One that may be meant.
        near: Option<String>,
    },
    /// A column that `--map` names is not there.
    #[error("{name}: no column {wanted} to take {field} from; seen: {seen}")]
    NoSuchColumn {
        /// The roster.
        name: String,
        /// The field.
        field: Field,
        /// The column asked for.
        wanted: String,
        /// The columns there are.
        seen: String,
        /// One that may be meant.
        near: Option<String>,
    },
    /// Two columns for one field.
    #[error("{name}: two columns hold {field}: {one} and {other}")]
    TwoColumns {
        /// The roster.
        name: String,
        /// The field.
        field: Field,
        /// A column.
        one: String,
        /// Another.
        other: String,
    },
    /// YAML that is none, or of another shape.
    #[error(transparent)]
    Yaml(#[from] YamlError),
}

impl RosterError {
    /// The line it is about, where it is about one.
    pub fn line(&self) -> Option<u64> {
        match self {
            RosterError::Read { line, .. }
            | RosterError::NotUtf8 { line, .. }
            | RosterError::Nul { line, .. }
            | RosterError::Quote { line, .. }
            | RosterError::LongCell { line, .. }
            | RosterError::ManyCells { line, .. }
            | RosterError::LongLine { line, .. } => Some(*line),
            RosterError::Yaml(error) => Some(error.line),
            _ => None,
        }
    }

    /// The same of a first row, where the header may stand in a line below. Only what is wrong with a header is said so.
    pub(super) fn above(self, header: Option<u64>) -> Self {
        match (self, header) {
            (
                error @ (RosterError::NoIdColumn { .. } | RosterError::NoMeeting { .. } | RosterError::NoSuchColumn { .. }),
                Some(line),
            ) => RosterError::Preamble { error: Box::new(error), line },
            (error, _) => error,
        }
    }

    /// What to do about it, in one sentence.
    pub fn hint(&self) -> String {
        let meant = |near: &Option<String>, field: Field| match near {
            Some(column) if column.contains(' ') => format!("if it is meant, say --map '{field}={}'", column.trim_matches('"')),
            Some(column) => format!("if {column} is meant, say --map {field}={}", column.trim_matches('"')),
            None => format!("name the column with --map {field}=COLUMN"),
        };
        match self {
            RosterError::Open { .. } => "check the path, and that you may read it".into(),
            RosterError::Read { source, .. } if source.kind() == io::ErrorKind::FileTooLarge => {
                "unpack it first, if its size is meant".into()
            }
            RosterError::Read { .. } => "check that the file is whole".into(),
            RosterError::Empty { .. } | RosterError::NoRows { .. } => "check that this is the file you meant".into(),
            RosterError::NotText { advice, .. } => (*advice).into(),
            RosterError::NotUtf8 { .. } => {
                "save it as UTF-8 (Excel: \"CSV UTF-8\"), or convert it: iconv -f WINDOWS-1252 -t UTF-8".into()
            }
            RosterError::Nul { .. } => "remove it; if the file is UTF-16, save it with a byte order mark or as UTF-8".into(),
            RosterError::Quote { .. } | RosterError::LongCell { quoted: true, .. } => {
                "close the quote, or write a quote that is part of a cell as \"\" within a quoted cell".into()
            }
            RosterError::LongCell { .. } => "check that the file has line breaks".into(),
            RosterError::ManyCells { .. } => "check that this is a roster".into(),
            RosterError::NoIdColumn { data: true, .. } => {
                "the first row looks like data: put a header row above it, such as ExternalUserId,MeetingId".into()
            }
            RosterError::NoIdColumn { near: None, mail: Some(mail), .. } => {
                format!(
                    "say --id '{{{mail}|lower}}' to take addresses for ids, or name a column with --map ExternalUserId=COLUMN"
                )
            }
            RosterError::NoIdColumn { near, .. } => meant(near, Field::ExternalUserId),
            RosterError::Preamble { line, .. } => {
                format!("line {line} looks like the header: say --skip-lines {} to begin there", line - 1)
            }
            RosterError::LongLine { .. } => "write one object a line".into(),
            RosterError::Workbook { advice, .. } => advice.clone(),
            RosterError::NoMeeting { near, .. } => format!("{}, or give --meeting-id ID", meant(near, Field::MeetingId)),
            RosterError::NoSuchColumn { near: Some(near), .. } => format!("did you mean {near}?"),
            RosterError::NoSuchColumn { .. } => "use one of the columns seen".into(),
            RosterError::TwoColumns { field, .. } => format!("rename one of them, or say which with --map {field}=COLUMN"),
            RosterError::Yaml(error) => error.hint.unwrap_or("see docs/rosters.md for the shapes that are read").into(),
        }
    }
}
