//! What `check --json` writes: one document, findings as they come.
//!
//! Holds [`Machine`]. Called by `check`. The shape, version 1 (docs/rosters.md has its codes):
//!
//! ```json
//! {"version": 1,
//!  "findings": [{"level": "fault" | "warning", "code": "id-length", "file": "team.csv", "line": 17, "column": null,
//!                "field": "ExternalUserId", "message": "…", "hint": "…", "other": {"file": "team.csv", "line": 3}}],
//!  "rosters": [{"name": "team.csv", "shape": "CSV with ',', UTF-8", "columns": ["…"], "rows": 20}],
//!  "scenarios": [{"file": "spike.yaml", "name": "spike", "model": "open" | "closed" | "trace" | "shared", "planned": 7600,
//!                 "seconds": 200.0, "stages": ["…"], "thresholds": 4}],
//!  "counts": {"rows": 20, "good": 19, "faulty": 1, "unreadable": 0, "scenarios": 0, "meetings": 1, "seats": 19, "duplicates": 0,
//!             "case_twins": 0, "conflicts": 0, "faults": 1, "warnings": 0}}
//! ```
//!
//! `line`, `column`, `field`, `hint`, `other` and `planned` are `null` where there is none. `rows = good + faulty`.

use super::check::{Counts, Face, Finding, Read};
use super::check_scenario::Scenario;
use serde_json::json;
use std::io::{self, Write};

/// The version of the shape above.
const VERSION: u32 = 1;

/// A document being written.
pub(super) struct Machine<W: Write> {
    out: W,
    begun: bool,
}

impl<W: Write> Machine<W> {
    pub fn new(out: W) -> Self {
        Machine { out, begun: false }
    }

    /// What stands before the next finding, or before the end of the list.
    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            return write!(self.out, "{{\"version\":{VERSION},\"findings\":[");
        }
        Ok(())
    }
}

impl<W: Write> Face for Machine<W> {
    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let comma = self.begun;
        self.begin()?;
        let value = json!({
            "level": if finding.fault { "fault" } else { "warning" },
            "code": finding.code,
            "file": finding.file,
            "line": finding.line,
            "column": finding.column,
            "field": finding.field,
            "message": finding.message,
            "hint": finding.hint,
            "other": finding.other.as_ref().map(|(file, line)| json!({"file": file, "line": line})),
        });
        write!(self.out, "{}\n  {value}", if comma { "," } else { "" })
    }

    fn end(&mut self, read: &[Read], scenarios: &[Scenario], counts: &Counts) -> io::Result<()> {
        self.begin()?;
        let (rosters, scenarios, counts) = (json!(read), json!(scenarios), json!(counts));
        writeln!(self.out, "],\n \"rosters\":{rosters},\n \"scenarios\":{scenarios},\n \"counts\":{counts}}}")?;
        self.out.flush()
    }
}
