//! Rows out of an Excel workbook (`.xlsx`).
//!
//! Holds [`open`] and [`SheetRows`]. Called by `roster::open` for what begins as a zip file. calamine reads the sheet; this file
//! bounds what it may cost, chooses the sheet, and turns cells into the text they are exactly. A sheet is held whole.

use super::columns::Columns;
use super::error::RosterError;
use super::grid::{Damage, Grid, Line};
use super::options::Options;
use super::preamble::{SEARCHED, header_below};
use super::row::{Row, Rule};
use super::weigh::weigh;
use crate::safe;
use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use std::io::{Cursor, Read};
use std::sync::Arc;

/// Bytes of a workbook's file.
const MAX_FILE: usize = 64 << 20;
/// Bytes of what is kept of a sheet: a text may stand in it once and be meant a million times.
const MAX_HELD: usize = 512 << 20;

type Book = Xlsx<Cursor<Vec<u8>>>;

/// A row of a sheet, its cells end to end.
struct Held {
    line: u64,
    text: String,
    spans: Vec<(u32, u32)>,
    /// Cells that are no text, and no whole number either.
    odd: Vec<(usize, Kind)>,
}

/// What a cell is that is no text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Truth,
    Time,
    Error,
}

impl Kind {
    fn damage(self, at: usize) -> Damage {
        let (what, hint) = match self {
            Kind::Number => (
                "is a number with a fraction or of more than 15 digits, which a spreadsheet rounds",
                "format the column as text, then enter the value again",
            ),
            Kind::Truth => ("is a truth value, not text", "format the column as text, then enter the value again"),
            Kind::Time => (
                "is a date or a time, not text: a spreadsheet may have made it of something else",
                "format the column as text, then enter the value again",
            ),
            Kind::Error => ("is the error of a formula", "mend the formula, or enter the value itself"),
        };
        (at, Rule::Type(what), hint)
    }
}

/// The rows of a sheet.
pub(super) struct SheetRows {
    rows: std::vec::IntoIter<Held>,
    grid: Grid,
}

/// Reads the workbook, chooses the sheet, finds the columns; answers the sheet's name too.
pub(super) fn open(
    name: &Arc<str>,
    input: Box<dyn Read + Send>,
    options: &Options,
) -> Result<(Columns, String, SheetRows), RosterError> {
    let mut bytes = Vec::new();
    let failed = |source| RosterError::Read { name: name.to_string(), line: 1, source };
    input.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    let refused = |what: String, advice: &str| RosterError::Workbook { name: name.to_string(), what, advice: advice.into() };
    if bytes.len() > MAX_FILE {
        return Err(refused(
            format!("a workbook of more than {MAX_FILE} bytes"),
            "export the sheet as CSV, which is read as a stream",
        ));
    }
    weigh(&bytes).map_err(|(what, advice)| refused(what, advice))?;
    let broken = |error: XlsxError| {
        refused(
            format!("the workbook cannot be read: {}", safe::line(&error.to_string(), 200)),
            "open it and save it again, or export the sheet as CSV",
        )
    };
    let mut book: Book = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let sheet = choose(&mut book, options).map_err(|problem| match problem {
        Problem::Broken(error) => broken(error),
        Problem::Choice(what, advice) => refused(what, &advice),
    })?;
    let held = rows(&mut book, &sheet, options).map_err(|problem| match problem {
        Problem::Broken(error) => broken(error),
        Problem::Choice(what, advice) => refused(what, &advice),
    })?;
    let mut rows = held.into_iter();
    let Some(header) = rows.next() else {
        return Err(RosterError::Empty { name: format!("{name} (sheet {})", safe::quoted(&sheet, 40)) });
    };
    let ragged = ["clear the cells beyond the header, or name their columns".into(), String::new()];
    let (columns, grid) = Grid::open(name, &header.line(None), ragged, options).map_err(|error| {
        let first = [&header].into_iter().chain(rows.as_slice()).take(SEARCHED);
        let cells = |row: &Held| (row.line, row.line(None).cells().map(str::to_owned).collect());
        error.above(header_below(&first.map(cells).collect::<Vec<_>>(), options).map(|(_, line)| line))
    })?;
    if rows.as_slice().is_empty() {
        return Err(RosterError::NoRows { name: name.to_string(), what: "a header".into() });
    }
    // Rows end where their last cell does; missing ones are empty.
    let width = header.spans.len();
    for row in rows.as_mut_slice() {
        let end = row.text.len() as u32;
        row.spans.resize(row.spans.len().max(width), (end, end));
    }
    Ok((columns, sheet, SheetRows { rows, grid }))
}

impl SheetRows {
    pub fn next(&mut self, columns: &Columns) -> Option<Row> {
        let held = self.rows.next()?;
        Some(self.grid.row(columns, held.line(Some(columns))))
    }
}

impl Held {
    /// As a line, blamed for cells that are no text where text matters.
    fn line(&self, columns: Option<&Columns>) -> Line<'_> {
        let matters = |at: usize| columns.is_some_and(|c| c.kept().get(at).copied().flatten().is_some_and(|at| c.matters(at)));
        let odd = self.odd.iter().filter(|(at, _)| matters(*at)).map(|(at, kind)| kind.damage(*at));
        Line { line: self.line, text: &self.text, spans: &self.spans, damaged: odd.collect() }
    }
}

/// Why a sheet is not read: calamine's word, or ours with what to do.
enum Problem {
    Broken(XlsxError),
    Choice(String, String),
}

/// The sheet that is asked for, or else the only visible one with anything in it.
fn choose(book: &mut Book, options: &Options) -> Result<String, Problem> {
    let sheets: Vec<_> = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).cloned().collect();
    let named = |names: &[&str]| names.iter().take(12).map(|name| safe::quoted(name, 40)).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = &options.sheet {
        let names: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
        if let Some(exact) = names.iter().find(|name| *name == wanted) {
            return Ok((*exact).to_owned());
        }
        let what = format!("no sheet is called {}", safe::quoted(wanted, 40));
        let likeness = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &wanted.to_lowercase());
        let near = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|name| likeness(name) > 0.8);
        let meant = near.map_or_else(String::new, |name| format!("did you mean {}? ", safe::quoted(name, 40)));
        return Err(Problem::Choice(what, format!("{meant}there is {}", named(&names))));
    }
    let mut filled = Vec::new();
    for sheet in sheets.into_iter().filter(|sheet| sheet.visible == SheetVisible::Visible) {
        let mut cells = book.worksheet_cells_reader(&sheet.name).map_err(Problem::Broken)?;
        while let Some(cell) = cells.next_cell().map_err(Problem::Broken)? {
            if !matches!(cell.get_value(), DataRef::Empty) {
                filled.push(sheet.name);
                break;
            }
        }
    }
    match &filled[..] {
        [one] => Ok(one.clone()),
        [] => Err(Problem::Choice(
            "the workbook has no sheet with anything in it".into(),
            "check that this is the file you meant".into(),
        )),
        many => {
            let names: Vec<&str> = many.iter().map(String::as_str).collect();
            let what = format!("the workbook has {} sheets: {}", names.len(), named(&names));
            Err(Problem::Choice(what, "say which with --sheet NAME".into()))
        }
    }
}

/// All rows of a sheet that have anything in them.
fn rows(book: &mut Book, sheet: &str, options: &Options) -> Result<Vec<Held>, Problem> {
    let choice = |line: u64, what: &str, advice: &str| Problem::Choice(format!("row {line} {what}"), advice.to_owned());
    let mut cells = book.worksheet_cells_reader(sheet).map_err(Problem::Broken)?;
    let (mut rows, mut held): (Vec<Held>, usize) = (Vec::new(), 0);
    while let Some(cell) = cells.next_cell().map_err(Problem::Broken)? {
        let (row, column) = cell.get_position();
        let (line, at) = (u64::from(row) + 1, column as usize);
        let (text, kind) = text_of(cell.get_value());
        if text.is_empty() || line <= options.skip_lines {
            continue;
        }
        if text.len() > options.limits.cell || at >= options.limits.columns.saturating_mul(2) {
            let what =
                format!("has a cell of more than {} bytes, or beyond column {}", options.limits.cell, options.limits.columns * 2);
            return Err(choice(line, &what, "check that this is a roster"));
        }
        let again = match rows.last() {
            Some(last) if last.line > line || (last.line == line && last.spans.len() > at) => {
                return Err(choice(line, "stands out of order in the file", "open the workbook and save it again"));
            }
            Some(last) => last.line == line,
            None => false,
        };
        if !again {
            held += size_of::<Held>();
            rows.push(Held { line, text: String::new(), spans: Vec::new(), odd: Vec::new() });
        }
        let Some(last) = rows.last_mut() else { continue };
        held += text.len() + (at + 1 - last.spans.len()) * size_of::<(u32, u32)>();
        if held > MAX_HELD {
            let what = format!("goes beyond the {MAX_HELD} bytes that are held of a sheet");
            return Err(choice(line, &what, "export the sheet as CSV, which is read as a stream"));
        }
        let from = last.text.len() as u32;
        last.spans.resize(at, (from, from));
        last.text.push_str(&text);
        last.spans.push((from, last.text.len() as u32));
        last.odd.extend(kind.map(|kind| (at, kind)));
    }
    Ok(rows)
}

/// Whole numbers below this are exact; a spreadsheet keeps 15 digits.
const EXACT: f64 = 1e15;

/// A cell as text, and what it is if it is not to be taken for an id.
fn text_of(cell: &DataRef<'_>) -> (String, Option<Kind>) {
    match cell {
        DataRef::Empty => (String::new(), None),
        DataRef::String(text) => (text.clone(), None),
        DataRef::SharedString(text) => ((*text).to_owned(), None),
        DataRef::Int(n) => (n.to_string(), None),
        DataRef::Float(n) if n.fract() == 0.0 && n.abs() < EXACT => (format!("{}", *n as i64), None),
        DataRef::Float(n) => (n.to_string(), Some(Kind::Number)),
        DataRef::Bool(truth) => (if *truth { "TRUE" } else { "FALSE" }.to_owned(), Some(Kind::Truth)),
        DataRef::DateTime(time) => (time_text(time), Some(Kind::Time)),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => (text.clone(), Some(Kind::Time)),
        DataRef::Error(error) => (error.to_string(), Some(Kind::Error)),
    }
}

/// A date, a time or both, as ISO 8601 writes them.
fn time_text(time: &ExcelDateTime) -> String {
    let value = time.as_f64();
    let seconds = (value * 86_400.0).round();
    if time.is_duration() || (0.0..1.0).contains(&value) {
        let (whole, sign) = (seconds.abs() as u64, if seconds < 0.0 { "-" } else { "" });
        return format!("{sign}{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    match (hour, minute, second) {
        (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
    }
}
