//! A table written row by row as CSV, JSON lines, JSON or YAML.
//!
//! Holds [`Table`], [`Form`] and [`Guard`]. Called by `publish`. It never sees what a row means.

use std::io::{self, Write};
use std::path::Path;

/// One row; `None` is a cell that is not there.
pub type Cells = Vec<Option<String>>;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated, with a header.
    Csv,
    /// A JSON object a line.
    JsonLines,
    /// One JSON list.
    Json,
    /// One YAML list.
    Yaml,
}

impl Form {
    /// By the ending of the name.
    pub fn of(path: &Path) -> Option<Form> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Form::Csv),
            "jsonl" | "ndjson" => Some(Form::JsonLines),
            "json" => Some(Form::Json),
            "yaml" | "yml" => Some(Form::Yaml),
            _ => None,
        }
    }
}

/// Whether cells that came with the roster are kept from running as formulas in a spreadsheet (CSV alone).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guard {
    /// A cell beginning with `=`, `+`, `-`, `@`, tab, carriage return or `'` gets a `'` in front; a reader takes one off again.
    #[default]
    Formulas,
    /// As it is.
    Raw,
}

/// A table being written.
pub struct Table<'a> {
    out: Out<'a>,
    guard: Guard,
    columns: Vec<String>,
    /// How many of the last columns did not ride along: ids, tokens and links, which are exact.
    ours: usize,
    rows: u64,
}

enum Out<'a> {
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
    Text(&'a mut dyn Write, Form),
}

impl<'a> Table<'a> {
    /// An empty table.
    pub fn new(out: &'a mut dyn Write, form: Form, guard: Guard) -> Self {
        let out = match form {
            Form::Csv => Out::Csv(Box::new(csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(out))),
            form => Out::Text(out, form),
        };
        Table { out, guard, columns: Vec::new(), ours: 0, rows: 0 }
    }

    /// The columns, in order; the last `ours` of them are never guarded. In JSON and YAML a repeated name gets a number, because a mapping can hold it once.
    pub fn begin(&mut self, columns: &[String], ours: usize) -> io::Result<()> {
        (self.columns, self.ours) = (columns.to_vec(), ours);
        match &mut self.out {
            Out::Csv(csv) => {
                let guarded = columns.iter().map(|name| match self.guard == Guard::Formulas && is_formula(name) {
                    true => format!("'{name}"),
                    false => name.clone(),
                });
                csv.write_record(guarded).map_err(io::Error::from)
            }
            Out::Text(out, form) => {
                number_repeats(&mut self.columns);
                if *form == Form::Json { out.write_all(b"[") } else { Ok(()) }
            }
        }
    }

    /// A row, as wide as the columns.
    pub fn row(&mut self, cells: &Cells) -> io::Result<()> {
        self.rows += 1;
        match &mut self.out {
            Out::Csv(csv) => {
                let riders = if self.guard == Guard::Formulas { cells.len().saturating_sub(self.ours) } else { 0 };
                for (i, cell) in cells.iter().enumerate() {
                    let text = cell.as_deref().unwrap_or_default();
                    if i < riders && is_formula(text) {
                        csv.write_field(format!("'{text}"))?;
                    } else {
                        csv.write_field(text)?;
                    }
                }
                csv.write_record(None::<&[u8]>).map_err(io::Error::from)
            }
            Out::Text(out, form) => {
                let there = self.columns.iter().zip(cells).filter_map(|(c, cell)| cell.as_ref().map(|cell| (c, cell)));
                let pairs: Vec<String> = there
                    .map(|(c, cell)| format!("{}:{}{}", json(c), if *form == Form::Yaml { " " } else { "" }, json(cell)))
                    .collect();
                match form {
                    // A flow mapping with JSON strings is YAML, and no id in it can turn into a number or a boolean.
                    Form::Yaml => writeln!(out, "- {{{}}}", pairs.join(", ")),
                    Form::Json => write!(out, "{}\n{{{}}}", if self.rows > 1 { "," } else { "" }, pairs.join(",")),
                    _ => writeln!(out, "{{{}}}", pairs.join(",")),
                }
            }
        }
    }

    /// The end.
    pub fn end(self) -> io::Result<()> {
        match self.out {
            Out::Csv(mut csv) => csv.flush(),
            Out::Text(out, Form::Json) => out.write_all(b"\n]\n"),
            Out::Text(out, Form::Yaml) if self.rows == 0 => out.write_all(b"[]\n"),
            Out::Text(..) => Ok(()),
        }
    }
}

/// Whether a spreadsheet might run it, or it begins as a guarded one would.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\''])
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}

fn number_repeats(columns: &mut [String]) {
    for i in 1..columns.len() {
        let repeats = columns[..i].iter().filter(|c| **c == columns[i]).count();
        if repeats > 0 {
            columns[i] = format!("{} ({})", columns[i], repeats + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, guard: Guard) -> String {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, form, guard);
        let columns: Vec<String> =
            ["Note", "Note"].into_iter().chain(super::super::layout::TOKEN_COLUMNS).map(str::to_owned).collect();
        table.begin(&columns, 8).unwrap();
        let mut cells: Cells = vec![Some("=1+1".into()), None];
        cells.extend((0..8).map(|i| Some(format!("@{i}"))));
        table.row(&cells).unwrap();
        table.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn formulas_are_guarded_in_cells_that_rode_along_and_nowhere_else() {
        assert!(written(Form::Csv, Guard::Formulas).ends_with("\n'=1+1,,@0,@1,@2,@3,@4,@5,@6,@7\n"));
        assert!(written(Form::Csv, Guard::Raw).ends_with("\n=1+1,,@0,@1,@2,@3,@4,@5,@6,@7\n"));
    }

    #[test]
    fn every_form_holds_the_same() {
        let line: serde_json::Value = serde_json::from_str(&written(Form::JsonLines, Guard::Formulas)).unwrap();
        let list: serde_json::Value = serde_json::from_str(&written(Form::Json, Guard::Formulas)).unwrap();
        let yaml: serde_json::Value = crate::yaml::parse("t", &written(Form::Yaml, Guard::Formulas)).unwrap();
        assert_eq!(serde_json::json!([line]), list);
        assert_eq!(yaml, list);
        assert_eq!(line["Note"], "=1+1");
        assert_eq!(line["JoinToken"], "@3");
        assert_eq!(line.get("Note (2)"), None);
    }
}
