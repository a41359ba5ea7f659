//! Rows out of CSV, one at a time.
//!
//! Holds [`open`] (delimiter, header) and [`CsvRows`]. Called by `roster::open`. Memory is one record and one buffer, however long
//! the file is.

use super::columns::{self, Columns};
use super::error::RosterError;
use super::grid::{Grid, Line};
use super::lexer::{Lexer, Record};
use super::options::Options;
use super::preamble::{self, SEARCHED, header_below};
use super::row::{Row, Rule};
use crate::safe;
use std::io::{BufReader, Read};
use std::sync::Arc;

/// Delimiters that are tried, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The rows of a CSV file.
pub(super) struct CsvRows {
    name: Arc<str>,
    lexer: Lexer<BufReader<Box<dyn Read + Send>>>,
    record: Record,
    /// `record` holds a row already: the first is read when the file is opened, to know that there is one.
    ready: bool,
    over: bool,
    grid: Grid,
}

/// Finds the delimiter and the columns.
pub(super) fn open(
    name: &Arc<str>,
    text: Box<dyn Read + Send>,
    head: Vec<u8>,
    options: &Options,
) -> Result<(Columns, u8, CsvRows), RosterError> {
    let (text, head) = preamble::skip(name, text, head, options.skip_lines)?;
    let said = said_delimiter(&head);
    let delimiter = said.unwrap_or_else(|| sniff(name, &head, options));
    let first = options.skip_lines + 1;
    let mut lexer = Lexer::new(name, BufReader::with_capacity(64 << 10, text), delimiter, options.limits).beginning_at(first);
    let mut record = Record::default();
    let empty = || RosterError::Empty { name: name.to_string() };
    if said.is_some() && !lexer.read(&mut record)? {
        return Err(empty());
    }
    if !lexer.read(&mut record)? {
        return Err(empty());
    }
    let shown = safe::line(&char::from(delimiter).to_string(), 4);
    let ragged = [
        format!("quote a cell that holds a '{shown}', and leave out delimiters at the end that the header lacks"),
        "write empty cells too; a cell with a line break must be quoted".into(),
    ];
    let (columns, grid) =
        Grid::open(name, &line(name, &record)?, ragged, options).map_err(|error| error.above(below(name, &head, options)))?;
    let ready = lexer.read(&mut record)?;
    if !ready {
        return Err(RosterError::NoRows { name: name.to_string(), what: "a header".into() });
    }
    Ok((columns, delimiter, CsvRows { name: name.clone(), lexer, record, ready, over: false, grid }))
}

/// The line further down that looks like the header, under whatever delimiter it does most.
fn below(name: &str, head: &[u8], options: &Options) -> Option<u64> {
    let found = DELIMITERS.into_iter().filter_map(|delimiter| {
        let mut lexer = Lexer::new(name, head, delimiter, options.limits).beginning_at(options.skip_lines + 1);
        let (mut record, mut records) = (Record::default(), Vec::new());
        while records.len() < SEARCHED && matches!(lexer.read(&mut record), Ok(true)) {
            let Ok(line) = line(name, &record) else { break };
            records.push((line.line, line.cells().map(str::to_owned).collect()));
        }
        header_below(&records, options)
    });
    found.reduce(|best, one| if one.0 > best.0 { one } else { best }).map(|(_, line)| line)
}

/// Excel's `sep=;` in the first line.
fn said_delimiter(head: &[u8]) -> Option<u8> {
    match head {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter, b'\r' | b'\n', ..] => {
            DELIMITERS.contains(delimiter).then_some(*delimiter)
        }
        _ => None,
    }
}

/// The delimiter under which the first record looks most like a header: by the fields found, then by the number of cells.
fn sniff(name: &str, head: &[u8], options: &Options) -> u8 {
    let likeness = |delimiter: u8| {
        let mut record = Record::default();
        let read = Lexer::new(name, head, delimiter, options.limits).read(&mut record);
        let text = String::from_utf8_lossy(&record.text);
        if !matches!(read, Ok(true)) || text.len() != record.text.len() {
            return (0, 0);
        }
        let cells = record.spans.iter().filter_map(|&(from, to)| text.get(from as usize..to as usize));
        (columns::score(cells, options), record.spans.len())
    };
    // max_by_key takes the last of equals, so the likeliest comes last.
    DELIMITERS.into_iter().rev().max_by_key(|&delimiter| likeness(delimiter)).unwrap_or(b',')
}

impl CsvRows {
    pub fn next(&mut self, columns: &Columns) -> Option<Result<Row, RosterError>> {
        if self.over {
            return None;
        }
        let read = if std::mem::take(&mut self.ready) { Ok(true) } else { self.lexer.read(&mut self.record) };
        let row = match read {
            Ok(false) => None,
            Ok(true) => Some(line(&self.name, &self.record).map(|line| self.grid.row(columns, line))),
            Err(error) => Some(Err(error)),
        };
        self.over = !matches!(row, Some(Ok(_)));
        row
    }
}

/// A record as a line.
fn line<'a>(name: &str, record: &'a Record) -> Result<Line<'a>, RosterError> {
    const HINT: &str = "quote the whole cell, with \"\" for a quote within it, or do not quote it at all";
    let damaged = record.after_quote.iter().map(|&at| (at, Rule::AfterQuote, HINT)).collect();
    Ok(Line { line: record.line, text: text_of(name, record)?, spans: &record.spans, damaged })
}

/// The text of a record, if it is UTF-8 as a whole and in each of its cells.
fn text_of<'a>(name: &str, record: &'a Record) -> Result<&'a str, RosterError> {
    let bytes = &record.text[..];
    let fault = match std::str::from_utf8(bytes) {
        // Two halves of a character in neighbouring cells make a whole one end to end.
        Ok(text) => match record.spans.iter().find(|&&(_, to)| !text.is_char_boundary(to as usize)) {
            None => return Ok(text),
            Some(&(_, to)) => (0..to as usize).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0),
        },
        Err(error) => error.valid_up_to(),
    };
    let before = String::from_utf8_lossy(&bytes[..fault]);
    let skip = before.chars().count().saturating_sub(24);
    let breaks = before.replace("\r\n", "\n").matches(['\n', '\r']).count();
    Err(RosterError::NotUtf8 {
        name: name.to_owned(),
        line: record.line + breaks as u64,
        byte: bytes.get(fault).copied().unwrap_or_default(),
        before: safe::quoted(&before.chars().skip(skip).collect::<String>(), 24),
    })
}
