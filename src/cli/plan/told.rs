//! What `plan` says, as figures.
//!
//! Holds [`Told`], [`Figure`] and how they are written. Filled by the plans of rosters and scenarios. It never reckons anything.

use super::super::End;
use super::super::failure::{Exit, Failure};
use crate::plan::needs::Need;
use serde::Serialize;
use std::io::Write;

/// One figure, and how it was reckoned.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    pub name: &'static str,
    /// As a person reads it.
    pub text: String,
    /// As a program does; seconds for times.
    pub value: f64,
    pub unit: &'static str,
    pub formula: String,
}

/// Everything that is said.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub version: u32,
    pub what: String,
    pub figures: Vec<Figure>,
    /// Quotas, with what is needed of each.
    pub quotas: Vec<Need>,
    /// When to begin: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doors: Option<Window>,
    /// What to mind, a sentence each.
    pub advice: Vec<String>,
}

/// When to begin.
#[derive(Debug, Serialize)]
pub(super) struct Window {
    pub doors: String,
    /// Earlier, and the meetings end before the doors.
    pub not_before: Option<String>,
    /// Later, and somebody may be without a token.
    pub not_after: String,
    pub possible: bool,
}

impl Told {
    pub(super) fn json(&self) -> End {
        let text = serde_json::to_string_pretty(self).map_err(|e| Failure::new(Exit::Internal, e))?;
        print(&text);
        Ok(Exit::Done)
    }

    pub(super) fn text(&self) {
        let mut lines = vec![self.what.clone()];
        let width = self.figures.iter().map(|f| f.name.len()).max().unwrap_or(0);
        let values = self.figures.iter().map(|f| f.text.chars().count()).max().unwrap_or(0);
        for Figure { name, text, formula, .. } in &self.figures {
            lines.push(format!("  {name:width$}  {text:>values$}  {formula}").trim_end().to_owned());
        }
        lines.push("quotas".to_owned());
        for need in &self.quotas {
            let now = need.now.map_or("no limit".to_owned(), |now| format!("{now}"));
            let verdict = if need.enough { "enough" } else { "ASK AWS" };
            lines.push(format!(
                "  {verdict:7}  {} {}: {} needed, {now} there = {}",
                need.code, need.name, need.needed, need.formula
            ));
        }
        if let Some(window) = &self.doors {
            lines.push(format!("doors at {}", window.doors));
            if let Some(not_before) = &window.not_before {
                lines.push(format!(
                    "  begin no earlier than {not_before}: meetings end five minutes after they are made if nobody joins"
                ));
            }
            lines.push(format!("  begin no later than {}: the estimate, a quarter more, and 10 s", window.not_after));
            if !window.possible {
                lines.push("  THERE IS NO SAFE START: the run takes longer than its meetings live; see below".to_owned());
            }
        }
        lines.extend(self.advice.iter().map(|advice| format!("- {advice}")));
        print(&lines.join("\n"));
    }
}

fn print(text: &str) {
    // Whoever was reading has seen enough, if it cannot be written.
    let _ = writeln!(anstream::stdout().lock(), "{text}");
}
