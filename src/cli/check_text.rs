//! What `check` tells a person.
//!
//! Holds [`Person`], one line a finding with its hint below, and [`summary`]. Called by `check`.

use super::check::{Counts, Face, Finding, Read};
use super::check_scenario::Scenario;
use super::values::{counted, grouped};
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};

/// One line a finding, as compilers and editors know it, and the hint below.
pub(super) struct Person<W: Write> {
    pub out: W,
}

impl<W: Write> Face for Person<W> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let dim = Style::new().dimmed();
        let (style, word) = if finding.fault { (AnsiColor::Red, "fault") } else { (AnsiColor::Yellow, "warning") };
        let style = style.on_default().bold();
        // An error of a whole roster names its place itself.
        let place = match (finding.code, finding.line, finding.column) {
            ("unreadable", ..) => String::new(),
            (_, Some(line), Some(column)) => format!("{}:{line}:{column}: ", finding.file),
            (_, Some(line), None) => format!("{}:{line}: ", finding.file),
            (_, None, _) => format!("{}: ", finding.file),
        };
        writeln!(self.out, "{place}{style}{word}:{style:#} {}", finding.message)?;
        for line in finding.snippet.iter().flat_map(|snippet| snippet.lines()) {
            writeln!(self.out, "    {dim}| {line}{dim:#}")?;
        }
        if let Some(hint) = &finding.hint {
            writeln!(self.out, "    {dim}hint: {hint}{dim:#}")?;
        }
        Ok(())
    }

    fn end(&mut self, _: &[Read], _: &[Scenario], _: &Counts) -> io::Result<()> {
        self.out.flush()
    }
}

/// The words at the end.
pub(super) fn summary(read: &[Read], scenarios: &[Scenario], counts: &Counts) -> String {
    let mut out = String::new();
    for roster in read {
        out.push_str(&format!("{}: {}, {}\n", roster.name, roster.shape, counted(roster.rows, "row")));
    }
    for scenario in scenarios {
        out.push_str(&format!("{}\n", scenario.said()));
    }
    if !read.is_empty() || counts.scenarios == 0 {
        out.push_str(&rows(counts));
    }
    let c = counts;
    let verdict = if c.faults == 0 { "clean".to_owned() } else { counted(c.faults, "fault") };
    let warnings = if c.warnings == 0 { String::new() } else { format!(", {}", counted(c.warnings, "warning")) };
    out.push_str(&format!("{verdict}{warnings}"));
    out
}

/// How the rows of all rosters stand.
fn rows(c: &Counts) -> String {
    let parts = [(c.duplicates, "duplicate row"), (c.case_twins, "case twin"), (c.conflicts, "conflict")];
    let more: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {}", counted(*n, what))).collect();
    format!(
        "{}: {} good, {} faulty; {} in {}{more}\n",
        counted(c.rows, "row"),
        grouped(c.good),
        grouped(c.faulty),
        counted(c.seats, "seat"),
        counted(c.meetings, "meeting")
    )
}
