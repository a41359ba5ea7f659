//! A page of lines and tables, set for a terminal or as Markdown.
//!
//! Holds [`Page`]. One algorithm; a style only says how a heading, a line and a row look. It never sees what is told.

use super::Style;

/// A page being set.
pub struct Page {
    style: Style,
    out: String,
}

impl Page {
    /// An empty one.
    pub fn new(style: Style) -> Page {
        Page { style, out: String::new() }
    }

    /// The first line.
    pub fn title(&mut self, text: &str) {
        match self.style {
            Style::Text => self.out.push_str(&format!("{text}\n")),
            Style::Markdown => self.out.push_str(&format!("## {text}\n")),
        }
    }

    /// A heading.
    pub fn head(&mut self, text: &str) {
        match self.style {
            Style::Text => self.out.push_str(&format!("{text}\n")),
            Style::Markdown => self.out.push_str(&format!("\n### {text}\n")),
        }
    }

    /// A line of its own.
    pub fn line(&mut self, text: &str) {
        match self.style {
            Style::Text => self.out.push_str(&format!("  {text}\n")),
            Style::Markdown => self.out.push_str(&format!("\n{}\n", escaped(text))),
        }
    }

    /// One of several.
    pub fn item(&mut self, text: &str) {
        match self.style {
            Style::Text => self.out.push_str(&format!("  {text}\n")),
            Style::Markdown => self.out.push_str(&format!("- {}\n", escaped(text))),
        }
    }

    /// A table. The first column stands left, the others right, but for a last one of words.
    pub fn table(&mut self, head: &[&str], rows: Vec<Vec<String>>) {
        if rows.is_empty() {
            return;
        }
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        let width = |column: usize| {
            let cells = rows.iter().chain(std::iter::once(&head)).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let numeric = |column: usize| {
            let is_number = |cell: &String| cell == "-" || cell.starts_with(|c: char| c.is_ascii_digit());
            column > 0 && rows.iter().filter_map(|row| row.get(column)).all(is_number)
        };
        let right: Vec<bool> = (0..head.len()).map(numeric).collect();
        if self.style == Style::Markdown {
            self.out.push('\n');
        }
        for (n, row) in std::iter::once(&head).chain(&rows).enumerate() {
            match self.style {
                Style::Text => {
                    let cell = |(column, cell): (usize, &String)| {
                        let width = widths[column];
                        if right[column] { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                    };
                    let line = row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ");
                    self.out.push_str(&format!("  {}\n", line.trim_end()));
                }
                Style::Markdown => {
                    let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
                    self.out.push_str(&format!("| {} |\n", cells.join(" | ")));
                    if n == 0 {
                        let rule = |right: &bool| if *right { "---:" } else { "---" };
                        self.out.push_str(&format!("| {} |\n", right.iter().map(rule).collect::<Vec<_>>().join(" | ")));
                    }
                }
            }
        }
    }

    /// The page.
    pub fn text(self) -> String {
        self.out
    }
}

/// What Markdown would take for its own.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '|' | '<' | '>' | '`' | '*' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
