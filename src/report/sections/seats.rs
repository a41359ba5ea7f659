//! Time to token: when seats were ready.
//!
//! Holds [`tokens`]. Called by the page.

use super::section;
use crate::report::charts::seats::{ready, ready_at, token_times};
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::{Kind, Run};
use crate::report::words;

/// Nothing where no token came, as in a load of other calls.
pub fn tokens(runs: &[Run]) -> Option<Section> {
    let times = token_times(runs)?;
    let mut table = Table::new(
        "ready-when",
        "How long after the start so many seats were ready",
        &["run", "#seats", "#50 %", "#90 %", "#95 %", "#99 %", "#100 %"],
    );
    for run in runs {
        let at = |percent| ready_at(run, percent).map_or("never".to_owned(), |at| words::span(at as f64));
        table.row([vec![run.label.clone(), words::count(run.seats())], [50, 90, 95, 99, 100].map(at).to_vec()].concat());
    }
    let lead = match runs[0].kind {
        Kind::Load => {
            "Tokens in the course of the run, of those that came; and how long each took from the instant it was first due."
        }
        Kind::Provision => {
            "When the doors can open: the share of all wanted seats that had a token, by time; and how long each took from the instant it \
             was first due, every attempt and wait included."
        }
    };
    Some(section(
        "time-to-token",
        "Time to token",
        lead,
        vec![Block::Figure(ready(runs)), Block::Table(table), Block::Figure(times)],
    ))
}
