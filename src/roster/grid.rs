//! Rows of cells under a header: what CSV files and sheets have in common.
//!
//! Holds [`Grid`], which knows the header, and [`Line`], a row as it was read. Called by the CSV and workbook readers. It never
//! sees bytes: cells come as text, with whatever is wrong with them already said.

use super::columns::{ADDED_CODE, ADDED_EXTRA, Columns};
use super::error::RosterError;
use super::options::{Field, Options};
use super::resolve::{Cell, Place, resolve};
use super::row::{Cells, Row, RowFault, Rule};
use std::sync::Arc;

/// A cell that is not to be trusted: its index in the line, why, and what to do.
pub(super) type Damage = (usize, Rule, &'static str);

/// A row as read: its cells lie end to end in a text.
pub(super) struct Line<'a> {
    pub line: u64,
    pub text: &'a str,
    pub spans: &'a [(u32, u32)],
    pub damaged: Vec<Damage>,
}

impl<'a> Line<'a> {
    pub fn cells(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        let text = self.text;
        self.spans.iter().map(|&(from, to)| &text[from as usize..to as usize])
    }
}

/// A header, and what its rows are read with.
pub(super) struct Grid {
    name: Arc<str>,
    /// Where our own `headcount.code` and `headcount.extra` lie in the header, if this is a rejects file.
    added: [Option<usize>; 2],
    /// What to do about rows with more cells than the header, and with fewer.
    ragged: [String; 2],
    options: Options,
}

impl Grid {
    /// Finds the columns in a header.
    pub fn open(
        name: &Arc<str>,
        header: &Line<'_>,
        ragged: [String; 2],
        options: &Options,
    ) -> Result<(Columns, Grid), RosterError> {
        if header.spans.len() > options.limits.columns {
            return Err(RosterError::ManyCells { name: name.to_string(), line: header.line, max: options.limits.columns });
        }
        let added = [ADDED_CODE, ADDED_EXTRA].map(|ours| header.cells().position(|cell| cell == ours));
        let columns = Columns::find(name, header.cells(), options, false)?;
        Ok((columns, Grid { name: name.clone(), added, ragged, options: options.clone() }))
    }

    /// What a line means.
    pub fn row(&self, columns: &Columns, read: Line<'_>) -> Row {
        let Line { line, text, spans, damaged } = read;
        let kept = columns.kept();
        let (cells, extra) = cells(text, spans, columns);
        let place = Place { file: &self.name, line, columns };
        if spans.len() != kept.len() {
            let hint = &self.ragged[usize::from(spans.len() < kept.len())];
            let rule = Rule::Ragged { cells: spans.len(), columns: kept.len() };
            let seat = Err(vec![place.row_fault(None, None, rule, hint)]);
            return Row { line, cells, extra, seat, warnings: Vec::new() };
        }
        let ours = |at: Option<usize>| spans.get(at?).map(|&(from, to)| &text[from as usize..to as usize]);
        if ours(self.added[0]).is_some_and(|code| Rule::DAMAGED.contains(&code)) {
            let hint = "mend its cells, then empty its cell in the column headcount.code";
            let seat = Err(vec![place.row_fault(None, None, Rule::Damaged, hint)]);
            let extra = ours(self.added[1]).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
            return Row { line, cells, extra, seat, warnings: Vec::new() };
        }
        let (seat, warnings) = resolve(place, |at| cells.get(at).map(|text| Cell { text, line }), &self.options);
        let damaged = damaged.into_iter().filter_map(|(at, rule, hint)| {
            let at = kept[at]?;
            Some(damaged_cell(place, at, cells.get(at), rule, hint))
        });
        let mut damaged: Vec<RowFault> = damaged.collect();
        if damaged.is_empty() {
            return Row { line, cells, extra, seat, warnings };
        }
        // What the cell would break besides is no news about a cell that is damaged. First, so that rejects carry its code.
        let faults = seat.err().unwrap_or_default().into_iter();
        let news: Vec<_> = faults.filter(|fault| damaged.iter().all(|d| d.field.is_none() || d.field != fault.field)).collect();
        damaged.extend(news);
        Row { line, cells, extra, seat: Err(damaged), warnings: Vec::new() }
    }
}

/// A fault of the cell in the column at this index.
pub(super) fn damaged_cell(place: Place<'_>, at: usize, cell: Option<&str>, rule: Rule, hint: &str) -> RowFault {
    match Field::ALL.into_iter().find(|field| place.columns.index(*field) == Some(at)) {
        Some(field) => place.fault(field, cell.map(|text| Cell { text, line: place.line }), rule, hint),
        None => place.row_fault(Some(&place.columns.names()[at]), cell, rule, hint),
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
