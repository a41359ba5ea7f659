//! Rows out of CSV, one at a time.
//!
//! Holds [`open`] (delimiter, header) and [`CsvRows`]. Called by `roster::open`. Memory is one record and one buffer, however long
//! the file is.

use super::columns::{self, ADDED_CODE, ADDED_EXTRA, Columns};
use super::error::RosterError;
use super::lexer::{Lexer, Record};
use super::options::{Field, Options};
use super::resolve::{Cell, Place, resolve};
use super::row::{Cells, Row, RowFault, Rule};
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
    delimiter: u8,
    /// Where our own `headcount.code` and `headcount.extra` lie in the header, if this is a rejects file.
    added: [Option<usize>; 2],
    options: Options,
}

/// Finds the delimiter and the columns.
pub(super) fn open(
    name: &Arc<str>,
    text: Box<dyn Read + Send>,
    head: &[u8],
    options: &Options,
) -> Result<(Columns, u8, CsvRows), RosterError> {
    let said = said_delimiter(head);
    let delimiter = said.unwrap_or_else(|| sniff(name, head, options));
    let mut lexer = Lexer::new(name, BufReader::with_capacity(64 << 10, text), delimiter, options.limits);
    let mut record = Record::default();
    let empty = || RosterError::Empty { name: name.to_string() };
    if said.is_some() && !lexer.read(&mut record)? {
        return Err(empty());
    }
    if !lexer.read(&mut record)? {
        return Err(empty());
    }
    if record.spans.len() > options.limits.columns {
        return Err(RosterError::ManyCells { name: name.to_string(), line: record.line, max: options.limits.columns });
    }
    let header = text_of(name, &record)?;
    let cells = record.spans.iter().map(|&(from, to)| &header[from as usize..to as usize]);
    let added = [ADDED_CODE, ADDED_EXTRA].map(|ours| cells.clone().position(|cell| cell == ours));
    let columns = Columns::find(name, cells, options, false)?;
    let ready = lexer.read(&mut record)?;
    if !ready {
        return Err(RosterError::NoRows { name: name.to_string(), what: "a header".into() });
    }
    let rows = CsvRows { name: name.clone(), lexer, record, ready, over: false, delimiter, added, options: options.clone() };
    Ok((columns, delimiter, rows))
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
            Ok(true) => Some(self.row(columns)),
            Err(error) => Some(Err(error)),
        };
        self.over = !matches!(row, Some(Ok(_)));
        row
    }

    fn row(&self, columns: &Columns) -> Result<Row, RosterError> {
        let (record, line) = (&self.record, self.record.line);
        let text = text_of(&self.name, record)?;
        let (written, kept) = (record.spans.len(), columns.kept());
        let (cells, extra) = cells(text, &record.spans, columns);
        let place = Place { file: &self.name, line, columns };
        if written != kept.len() {
            let hint = if written > kept.len() {
                let delimiter = safe::line(&char::from(self.delimiter).to_string(), 4);
                format!("quote a cell that holds a '{delimiter}', and leave out delimiters at the end that the header lacks")
            } else {
                "write empty cells too; a cell with a line break must be quoted".into()
            };
            let rule = Rule::Ragged { cells: written, columns: kept.len() };
            let seat = Err(vec![place.row_fault(None, None, rule, &hint)]);
            return Ok(Row { line, cells, extra, seat, warnings: Vec::new() });
        }
        let ours = |at: Option<usize>| record.spans.get(at?).map(|&(from, to)| &text[from as usize..to as usize]);
        if ours(self.added[0]).is_some_and(|code| Rule::DAMAGED.contains(&code)) {
            let hint = "mend its cells, then empty its cell in the column headcount.code";
            let seat = Err(vec![place.row_fault(None, None, Rule::Damaged, hint)]);
            let extra = ours(self.added[1]).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
            return Ok(Row { line, cells, extra, seat, warnings: Vec::new() });
        }
        let (seat, warnings) = resolve(place, |at| cells.get(at).map(|text| Cell { text, line }), &self.options);
        let damaged: Vec<usize> = record.after_quote.iter().filter_map(|&at| kept[at]).collect();
        if damaged.is_empty() {
            return Ok(Row { line, cells, extra, seat, warnings });
        }
        let mut faults = seat.err().unwrap_or_default();
        for at in damaged {
            let fault = damaged_cell(place, at, cells.get(at));
            // What the cell would break besides is no news about a cell that is damaged.
            faults.retain(|other| fault.field.is_none() || other.field != fault.field);
            faults.push(fault);
        }
        Ok(Row { line, cells, extra, seat: Err(faults), warnings: Vec::new() })
    }
}

/// Text after a closing quote, in the column at this index.
fn damaged_cell(place: Place<'_>, at: usize, cell: Option<&str>) -> RowFault {
    let hint = "quote the whole cell, with \"\" for a quote within it, or do not quote it at all";
    match Field::ALL.into_iter().find(|field| place.columns.index(*field) == Some(at)) {
        Some(field) => place.fault(field, cell.map(|text| Cell { text, line: place.line }), Rule::AfterQuote, hint),
        None => place.row_fault(Some(&place.columns.names()[at]), cell, Rule::AfterQuote, hint),
    }
}

/// The cells of the roster's own columns, and those beyond the header.
fn cells(text: &str, spans: &[(u32, u32)], columns: &Columns) -> (Cells, Vec<String>) {
    let kept = columns.kept();
    if spans.len() == kept.len() && columns.names().len() == kept.len() {
        return (Cells::of_record(text, spans), Vec::new());
    }
    let cell = |at: usize| spans.get(at).map(|&(from, to)| &text[from as usize..to as usize]);
    let own = Cells::new((0..kept.len()).filter(|&at| kept[at].is_some()).map(cell));
    (own, (kept.len()..spans.len()).filter_map(cell).map(str::to_owned).collect())
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
