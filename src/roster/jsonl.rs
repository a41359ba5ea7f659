//! Rows out of JSON lines, one object at a time.
//!
//! Holds [`open`] and [`JsonRows`]. Called by `roster::open`. Memory is one line. A column is there from the first row that has it:
//! those of the file's beginning are known before the first row, and others follow as they come.

use super::columns::{ADDED, Columns};
use super::error::RosterError;
use super::grid::damaged_cell;
use super::options::{Field, Options, key};
use super::preamble;
use super::resolve::{Cell, Place, resolve};
use super::row::{Cells, Row, RowFault, Rule};
use crate::safe;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

/// Bytes of a line; sixteen of the longest cells that CSV may have.
const MAX_LINE: usize = 1 << 20;

const TYPE: Rule = Rule::Type("is no JSON string; programs round and respell numbers on their way through JSON");
const TYPE_HINT: &str = "write it in quotes, as it is in the system it comes from";

/// The rows of a file of JSON lines.
pub(super) struct JsonRows {
    name: Arc<str>,
    input: BufReader<Box<dyn Read + Send>>,
    /// The line read last.
    line: u64,
    text: Vec<u8>,
    over: bool,
    options: Options,
}

/// Finds the columns of the beginning.
pub(super) fn open(
    name: &Arc<str>,
    text: Box<dyn Read + Send>,
    head: Vec<u8>,
    options: &Options,
) -> Result<(Columns, JsonRows), RosterError> {
    let (text, head) = preamble::skip(name, text, head, options.skip_lines)?;
    let mut rows = JsonRows {
        name: name.clone(),
        input: BufReader::with_capacity(64 << 10, Box::new(&[][..])),
        line: options.skip_lines,
        text: Vec::new(),
        over: false,
        options: options.clone(),
    };
    let mut names: Vec<String> = Vec::new();
    for line in head.split(|&b| b == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
        let Ok(Object(pairs)) = serde_json::from_str(line) else { continue };
        for (name, _, inner) in flat(&pairs) {
            let known = names.iter().any(|known| same(known, &name)) || (inner && !is_channel(&name));
            if !known && !name.starts_with(ADDED) && names.len() < options.limits.columns {
                names.push(name);
            }
        }
    }
    if head.trim_ascii().is_empty() {
        return Err(RosterError::Empty { name: name.to_string() });
    }
    if names.is_empty() {
        let what = "lines that are no JSON objects".to_owned();
        return Err(RosterError::NoRows { name: name.to_string(), what });
    }
    let columns = Columns::find(name, names.iter().map(String::as_str), options, false)?;
    rows.input = BufReader::with_capacity(64 << 10, text);
    Ok((columns, rows))
}

/// A JSON object as written: every pair, in order, repeated keys among them.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        from.deserialize_map(Pairs).map(Object)
    }
}

/// A pair, and whether it stands under `Capabilities`.
type Pair<'a> = (String, &'a RawValue, bool);

/// The pairs, with those of `Capabilities` in its stead.
fn flat<'a>(pairs: &[(String, &'a RawValue)]) -> Vec<Pair<'a>> {
    let mut out = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        match (key(name) == "capabilities", serde_json::from_str(value.get())) {
            (true, Ok(Object(inner))) => out.extend(inner.into_iter().map(|(name, value)| (name, value, true))),
            _ => out.push((name.clone(), *value, false)),
        }
    }
    out
}

fn is_channel(name: &str) -> bool {
    matches!(Field::of_column(name), Some(Field::Audio | Field::Video | Field::Content))
}

/// Whether two keys are one column: a field under any spelling, any other under its own.
fn same(one: &str, other: &str) -> bool {
    one == other || Field::of_column(one).is_some_and(|field| Field::of_column(other) == Some(field))
}

/// What a value is.
enum Value {
    Nothing,
    Text(String),
    /// A number or a boolean, as written.
    Other(String),
    Nested,
}

impl Value {
    fn of(raw: &RawValue) -> Result<Value, serde_json::Error> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'"') => Value::Text(serde_json::from_str(text)?),
            Some(b'n') => Value::Nothing,
            Some(b'{' | b'[') => Value::Nested,
            _ => Value::Other(text.to_owned()),
        })
    }
}

/// A row while it is put together.
#[derive(Default)]
struct Filled {
    cells: Vec<Option<String>>,
    /// Which columns were named, be it with nothing.
    seen: Vec<bool>,
    /// Numbers and booleans in columns that matter.
    typed: Vec<usize>,
    slips: Vec<(Rule, &'static str)>,
}

impl JsonRows {
    pub fn next(&mut self, columns: &mut Columns) -> Option<Result<Row, RosterError>> {
        loop {
            if self.over {
                return None;
            }
            match self.read() {
                Ok(false) => self.over = true,
                Ok(true) if self.text.trim_ascii().is_empty() => {}
                Ok(true) => break,
                Err(source) => {
                    self.over = true;
                    return Some(Err(RosterError::Read { name: self.name.to_string(), line: self.line, source }));
                }
            }
        }
        let row = self.whole().and_then(|text| self.row(columns, &text));
        self.over = row.is_err();
        Some(row)
    }

    /// Reads a line, or as much of it as may be; `false` at the end.
    fn read(&mut self) -> std::io::Result<bool> {
        self.text.clear();
        self.line += 1;
        Ok((&mut self.input).take(MAX_LINE as u64 + 1).read_until(b'\n', &mut self.text)? > 0)
    }

    fn whole(&self) -> Result<String, RosterError> {
        let (name, line) = (self.name.to_string(), self.line);
        if self.text.len() > MAX_LINE {
            return Err(RosterError::LongLine { name, line, max: MAX_LINE });
        }
        let text = std::str::from_utf8(&self.text).map_err(|error| {
            let at = error.valid_up_to();
            let before = String::from_utf8_lossy(&self.text[at.saturating_sub(24)..at]);
            let byte = self.text.get(at).copied().unwrap_or_default();
            RosterError::NotUtf8 { name, line, byte, before: safe::quoted(&before, 24) }
        })?;
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }

    fn row(&self, columns: &mut Columns, text: &str) -> Result<Row, RosterError> {
        let line = self.line;
        let read = serde_json::from_str(text).and_then(|Object(pairs)| self.fill(columns, &pairs));
        let mut filled = match read {
            Ok(filled) => filled?,
            Err(error) => {
                let place = Place { file: &self.name, line, columns };
                let said = error.to_string();
                // The line of a one-line text is no news.
                let said = said.replace(" at line 1 column ", " at character ").replace(" at line 1", "");
                let rule = Rule::Json(safe::line(&said, 120));
                let seat = Err(vec![place.row_fault(None, Some(text), rule, "write one object a line, in double quotes")]);
                // As many as there may ever be: whoever keeps the row must not take its text for a column that comes later.
                let cells = Cells::new((0..self.options.limits.columns).map(|_| None));
                return Ok(Row { line, cells, extra: vec![text.to_owned()], seat, warnings: Vec::new() });
            }
        };
        filled.cells.resize(columns.names().len(), None);
        let place = Place { file: &self.name, line, columns };
        let cell = |at: usize| filled.cells[at].as_deref().map(|text| Cell { text, line });
        let (mut seat, warnings) = resolve(place, cell, &self.options);
        let typed = filled.typed.iter().map(|&at| damaged_cell(place, at, filled.cells[at].as_deref(), TYPE, TYPE_HINT));
        let slips = filled.slips.into_iter().map(|(rule, hint)| place.row_fault(None, None, rule, hint));
        let form: Vec<RowFault> = slips.chain(typed).collect();
        if !form.is_empty() {
            // First, so that rejects carry their code.
            let faults = seat.err().unwrap_or_default().into_iter();
            let news =
                faults.filter(|fault| form.iter().all(|f| f.field.is_none() || f.field != fault.field)).collect::<Vec<_>>();
            seat = Err(form.into_iter().chain(news).collect());
        }
        let cells = Cells::new(filled.cells.iter().map(Option::as_deref));
        Ok(Row { line, cells, extra: Vec::new(), seat, warnings })
    }

    /// The cells of an object. The inner error refuses the file.
    fn fill(
        &self,
        columns: &mut Columns,
        pairs: &[(String, &RawValue)],
    ) -> Result<Result<Filled, RosterError>, serde_json::Error> {
        let mut filled = Filled::default();
        for (name, value, inner) in flat(pairs).into_iter().filter(|(name, ..)| !name.starts_with(ADDED)) {
            let value = Value::of(value)?;
            if inner && !is_channel(&name) {
                filled.slips.push((Rule::Channel(safe::quoted(&name, 40)), "remove the key, or mend its name"));
                continue;
            }
            let known = columns.names().iter().position(|known| same(known, &name));
            let at = match known {
                Some(at) => at,
                None if columns.names().len() == self.options.limits.columns => {
                    let (name, max) = (self.name.to_string(), self.options.limits.columns);
                    return Ok(Err(RosterError::ManyCells { name, line: self.line, max }));
                }
                None => columns.grow(&name, &self.options),
            };
            filled.cells.resize(columns.names().len(), None);
            filled.seen.resize(columns.names().len(), false);
            if std::mem::replace(&mut filled.seen[at], true) {
                let hint = "keys are compared without regard to case, space, _ or -: remove one of them";
                filled.slips.push((Rule::Twice(safe::quoted(&name, 40)), hint));
                continue;
            }
            match value {
                Value::Nothing => {}
                Value::Text(text) => filled.cells[at] = Some(text),
                Value::Other(text) => {
                    filled.cells[at] = Some(text);
                    filled.typed.extend(columns.matters(at).then_some(at));
                }
                Value::Nested => {
                    let hint = "write the value itself, in quotes if it has brackets of its own";
                    filled.slips.push((Rule::Nested(safe::quoted(&name, 40)), hint));
                }
            }
        }
        Ok(Ok(filled))
    }
}
