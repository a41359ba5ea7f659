//! Rows out of YAML.
//!
//! Holds [`open`], which reads a document whole, and [`YamlRows`]. Called by `roster::open`. Three shapes are read, and JSON is
//! YAML: a list of rows; `{defaults, attendees: [rows]}`; `{defaults, meetings: [{MeetingId, attendees: [rows]}]}`. A row is a
//! mapping of single values, or a single id. What a row does not say, its meeting says, or else the defaults. Scalars are taken
//! as written: `0123`, `NO` and `1e3` are ids; only `~`, `null` and nothing mean that there is nothing.

use super::columns::{ADDED, Columns};
use super::error::RosterError;
use super::options::{Field, Options, key};
use super::resolve::{Cell, Place, resolve};
use super::row::{Cells, Row, Rule};
use crate::safe;
use crate::yaml::YamlError;
use crate::yaml::cursor::{Cursor, Kind, Limits, Token};
use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

/// Line and column of a token.
type At = (u64, u64);

/// A value of a row, of a meeting or of the defaults.
#[derive(Debug, Clone)]
struct Value {
    column: usize,
    line: u64,
    text: Box<str>,
}

/// A row as written.
struct Written {
    line: u64,
    values: Vec<Value>,
    /// The meeting it is listed under, in `Document::meetings`.
    meeting: Option<usize>,
    slips: Vec<Slip>,
}

/// What is wrong with the form of a mapping's values. In a row it is a fault of that row.
struct Slip {
    at: At,
    rule: Rule,
}

impl Slip {
    fn hint(&self) -> &'static str {
        match self.rule {
            Rule::Twice(_) => "keys are compared without regard to case, space, _ or -: remove one of them",
            Rule::Channel(_) => "remove the key, or mend its name",
            Rule::List => "write - {ExternalUserId: …, MeetingId: …}, or remove the inner dash",
            _ => "write the value itself behind the colon, in quotes if it has brackets of its own",
        }
    }
}

/// The rows of a YAML document.
pub(super) struct YamlRows {
    name: Arc<str>,
    defaults: Vec<Value>,
    meetings: Vec<Vec<Value>>,
    rows: std::vec::IntoIter<Written>,
    options: Options,
}

/// Reads the document; `text` is not to be trusted in size or encoding.
pub(super) fn open(name: &Arc<str>, text: Box<dyn Read + Send>, options: &Options) -> Result<(Columns, YamlRows), RosterError> {
    let text = read(name, text, options.limits.yaml)?;
    let limits = Limits { bytes: options.limits.yaml, tokens: 20_000_000, depth: 16, replayed: 100_000 };
    let mut document = Document {
        cursor: Cursor::new(name, &text, limits)?,
        max_columns: options.limits.columns,
        names: Vec::new(),
        by_key: HashMap::new(),
        defaults: Vec::new(),
        meetings: Vec::new(),
        rows: Vec::new(),
    };
    document.read()?;
    if document.rows.is_empty() {
        return Err(RosterError::NoRows { name: name.to_string(), what: "a document without attendees".into() });
    }
    let columns = Columns::find(name, document.names.iter().map(String::as_str), options, false)?;
    let Document { defaults, meetings, rows, .. } = document;
    Ok((columns, YamlRows { name: name.clone(), defaults, meetings, rows: rows.into_iter(), options: options.clone() }))
}

fn read(name: &str, text: Box<dyn Read + Send>, max: usize) -> Result<String, RosterError> {
    let mut bytes = Vec::new();
    let failed = |source| RosterError::Read { name: name.into(), line: 1, source };
    text.take(max as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > max {
        let error = YamlError::new(name, "", 1, 1, &format!("the document has more than {max} bytes"));
        return Err(error.hint("write a roster of this size as CSV, which is read as a stream").into());
    }
    let line_at = |bytes: &[u8]| 1 + bytes.iter().filter(|&&b| b == b'\n').count() as u64;
    if let Some(at) = bytes.iter().position(|&b| b == 0) {
        return Err(RosterError::Nul { name: name.into(), line: line_at(&bytes[..at]) });
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let before = String::from_utf8_lossy(&bytes[at.saturating_sub(24)..at]).into_owned();
        RosterError::NotUtf8 {
            name: name.into(),
            line: line_at(&bytes[..at]),
            byte: bytes[at],
            before: safe::quoted(&before, 24),
        }
    })
}

/// A document while it is read.
struct Document<'a> {
    cursor: Cursor<'a>,
    max_columns: usize,
    names: Vec<String>,
    by_key: HashMap<String, usize>,
    defaults: Vec<Value>,
    meetings: Vec<Vec<Value>>,
    rows: Vec<Written>,
}

/// Bytes of values that stand for many rows: they are copied into each.
const MAX_SHARED: usize = 64 << 10;

const SHAPES: &str = "a roster is a list of rows, or a mapping with attendees or meetings, and defaults";

impl<'a> Document<'a> {
    fn read(&mut self) -> Result<(), YamlError> {
        let first = self.token()?;
        match first.kind {
            Kind::List => self.rows(None)?,
            Kind::Map => self.top()?,
            _ => return Err(self.wrong(&first, "neither a list nor a mapping").hint(SHAPES)),
        }
        // There may be something behind the document.
        while self.cursor.next()?.is_some() {}
        Ok(())
    }

    /// The keys of the document's own mapping.
    fn top(&mut self) -> Result<(), YamlError> {
        while let Some((at, name)) = self.key()? {
            match key(&name).as_str() {
                "defaults" => {
                    let token = self.token()?;
                    if token.kind == Kind::Map {
                        let (values, slips) = self.values()?;
                        self.defaults = self.shared(at, values, slips)?;
                    } else if !token.kind.is_null() {
                        return Err(self.wrong(&token, "defaults are a mapping of columns to values"));
                    }
                }
                "attendees" => self.list(None)?,
                "meetings" => self.meetings()?,
                _ => {
                    let message = format!("unknown key {}", safe::quoted(&name, 40));
                    return Err(self.cursor.error(at, &message).hint(SHAPES));
                }
            }
        }
        Ok(())
    }

    /// `meetings: [{MeetingId, attendees, …}]`
    fn meetings(&mut self) -> Result<(), YamlError> {
        let token = self.token()?;
        if token.kind.is_null() {
            return Ok(());
        }
        if token.kind != Kind::List {
            return Err(self.wrong(&token, "meetings are a list"));
        }
        loop {
            let token = self.token()?;
            match token.kind {
                Kind::End => return Ok(()),
                Kind::Map => self.meeting()?,
                _ => return Err(self.wrong(&token, "a meeting is a mapping with MeetingId and attendees")),
            }
        }
    }

    fn meeting(&mut self) -> Result<(), YamlError> {
        let meeting = self.meetings.len();
        self.meetings.push(Vec::new());
        let (mut values, mut slips, mut first) = (Vec::new(), Vec::new(), None);
        while let Some((at, name)) = self.key()? {
            first.get_or_insert(at);
            if key(&name) == "attendees" {
                self.list(Some(meeting))?;
            } else {
                self.value(at, &name, &mut values, &mut slips)?;
            }
        }
        self.meetings[meeting] = self.shared(first.unwrap_or((1, 1)), values, slips)?;
        Ok(())
    }

    /// Values that stand for many rows: what is wrong with them is wrong with the document.
    fn shared(&self, at: At, values: Vec<Value>, slips: Vec<Slip>) -> Result<Vec<Value>, YamlError> {
        if let Some(slip) = slips.first() {
            return Err(self.cursor.error(slip.at, &format!("what stands for many rows {}", slip.rule)).hint(slip.hint()));
        }
        if values.iter().map(|value| value.text.len()).sum::<usize>() > MAX_SHARED {
            let message = format!("what stands for many rows has more than {MAX_SHARED} bytes");
            return Err(self.cursor.error(at, &message).hint("write long values into the rows they belong to"));
        }
        Ok(values)
    }

    /// `attendees:` and its list.
    fn list(&mut self, meeting: Option<usize>) -> Result<(), YamlError> {
        let token = self.token()?;
        match token.kind {
            Kind::List => self.rows(meeting),
            ref kind if kind.is_null() => Ok(()),
            _ => Err(self.wrong(&token, "attendees are a list of rows")),
        }
    }

    /// The rows of a list that has begun.
    fn rows(&mut self, meeting: Option<usize>) -> Result<(), YamlError> {
        loop {
            let token = self.token()?;
            let line = token.line;
            let (values, slips) = match token.kind {
                Kind::End => return Ok(()),
                Kind::Map => self.values()?,
                ref kind if kind.is_null() => Default::default(),
                Kind::Scalar { text, .. } => {
                    let column = self.column((line, token.column), Field::ExternalUserId.name())?;
                    (vec![Value { column, line, text: text.into() }], Vec::new())
                }
                Kind::List => {
                    self.column((line, token.column), Field::ExternalUserId.name())?;
                    self.skip()?;
                    (Vec::new(), vec![Slip { at: (line, token.column), rule: Rule::List }])
                }
            };
            self.rows.push(Written { line, values, meeting, slips });
        }
    }

    /// The values of a mapping that has begun.
    fn values(&mut self) -> Result<(Vec<Value>, Vec<Slip>), YamlError> {
        let (mut values, mut slips) = (Vec::new(), Vec::new());
        while let Some((at, name)) = self.key()? {
            self.value(at, &name, &mut values, &mut slips)?;
        }
        Ok((values, slips))
    }

    /// The value behind a key, into `values`: one, three of a `Capabilities` mapping, or none.
    fn value(&mut self, at: At, name: &str, values: &mut Vec<Value>, slips: &mut Vec<Slip>) -> Result<(), YamlError> {
        let token = self.token()?;
        if token.kind == Kind::Map && key(name) == "capabilities" {
            while let Some((at, channel)) = self.key()? {
                let token = self.token()?;
                if matches!(Field::of_column(&channel), Some(Field::Audio | Field::Video | Field::Content)) {
                    self.single(at, &channel, token, values, slips)?;
                    continue;
                }
                slips.push(Slip { at, rule: Rule::Channel(safe::quoted(&channel, 40)) });
                if matches!(token.kind, Kind::List | Kind::Map) {
                    self.skip()?;
                }
            }
            return Ok(());
        }
        self.single(at, name, token, values, slips)
    }

    fn single(
        &mut self,
        at: At,
        name: &str,
        token: Token<'a>,
        values: &mut Vec<Value>,
        slips: &mut Vec<Slip>,
    ) -> Result<(), YamlError> {
        let null = token.kind.is_null();
        let line = token.line;
        let Kind::Scalar { text, .. } = token.kind else {
            slips.push(Slip { at: (line, token.column), rule: Rule::Nested(safe::quoted(name, 40)) });
            if !name.starts_with(ADDED) {
                self.column(at, name)?;
            }
            return self.skip();
        };
        if name.starts_with(ADDED) {
            return Ok(());
        }
        let column = self.column(at, name)?;
        if values.iter().any(|value| value.column == column) {
            slips.push(Slip { at, rule: Rule::Twice(safe::quoted(&self.names[column], 40)) });
        } else if !null {
            values.push(Value { column, line, text: text.into() });
        }
        Ok(())
    }

    /// Passes over a list or mapping that has begun.
    fn skip(&mut self) -> Result<(), YamlError> {
        let mut open = 1;
        while open > 0 {
            match self.token()?.kind {
                Kind::List | Kind::Map => open += 1,
                Kind::End => open -= 1,
                Kind::Scalar { .. } => {}
            }
        }
        Ok(())
    }

    /// The column of a key: a field under its first spelling, any other under its own.
    fn column(&mut self, at: At, name: &str) -> Result<usize, YamlError> {
        if let Some(&column) = self.by_key.get(name) {
            return Ok(column);
        }
        let field = Field::of_column(name);
        let same = |known: &String| field.is_some() && Field::of_column(known) == field;
        let column = match self.names.iter().position(same) {
            Some(column) => column,
            None if self.names.len() == self.max_columns => {
                return Err(self.cursor.error(at, &format!("more than {} different columns", self.max_columns)));
            }
            None => {
                self.names.push(name.to_owned());
                self.names.len() - 1
            }
        };
        self.by_key.insert(name.to_owned(), column);
        Ok(column)
    }

    /// The next key of the mapping at hand, or its end.
    fn key(&mut self) -> Result<Option<(At, String)>, YamlError> {
        let token = self.token()?;
        Ok(match token.kind {
            Kind::Scalar { text, .. } => Some(((token.line, token.column), text.into_owned())),
            // The cursor lets nothing else stand as a key.
            _ => None,
        })
    }

    fn token(&mut self) -> Result<Token<'a>, YamlError> {
        let token = self.cursor.next()?;
        token.ok_or_else(|| self.cursor.error((1, 1), "the document ends in the middle"))
    }

    fn wrong(&self, token: &Token<'_>, message: &str) -> YamlError {
        self.cursor.error((token.line, token.column), message)
    }
}

impl YamlRows {
    pub fn next(&mut self, columns: &Columns) -> Option<Row> {
        let Written { line, values, meeting, slips } = self.rows.next()?;
        let beyond = meeting.map_or(&[][..], |at| &self.meetings[at]).iter().chain(&self.defaults);
        let mut filled: Vec<Option<&Value>> = vec![None; columns.names().len()];
        for value in values.iter().chain(beyond) {
            if let Some(slot) = columns.kept()[value.column].map(|at| &mut filled[at]) {
                slot.get_or_insert(value);
            }
        }
        let cell = |at: usize| filled[at].map(|value| Cell { text: &value.text, line: value.line });
        let place = Place { file: &self.name, line, columns };
        let (mut seat, warnings) = resolve(place, cell, &self.options);
        if !slips.is_empty() {
            // First, so that rejects carry their code: cells are missing that the row meant to have.
            let form = slips.into_iter().map(|slip| {
                let hint = slip.hint();
                place.at(slip.at.0).row_fault(None, None, slip.rule, hint)
            });
            seat = Err(form.chain(seat.err().unwrap_or_default()).collect());
        }
        let cells = Cells::new(filled.iter().map(|value| value.map(|value| &*value.text)));
        Some(Row { line, cells, extra: Vec::new(), seat, warnings })
    }
}
