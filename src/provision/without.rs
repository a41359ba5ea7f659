//! Who has no seat, counted by reason.
//!
//! Holds [`Without`] and [`Reason`]. Filled while outputs are published, told by the summary. It keeps no id and no text of a roster, so
//! that a page made of it can be mailed.

use super::layout::retryable;
use crate::ledger::export::{Ended, RowEnd};
use std::collections::BTreeMap;

/// Reasons told apart; what goes beyond is counted together.
const REASONS: usize = 64;

/// Rows without a token, by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Without(BTreeMap<(&'static str, String, String), (u64, bool)>);

/// A reason, and how many rows have it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reason {
    /// `rejected`, `refused` or `unprocessed`.
    pub status: &'static str,
    /// A class, or `rejected`; empty for rows that were not asked for yet.
    pub class: String,
    /// The service's code, or our rule.
    pub code: String,
    /// Rows.
    pub count: u64,
    /// Whether the same rows, unchanged, may have a token next time.
    pub retryable: bool,
}

impl Without {
    /// Counts a row, unless it has a token.
    pub(super) fn add(&mut self, row: &RowEnd<'_>) {
        let (status, why) = match &row.end {
            Ended::Provisioned { .. } => return,
            Ended::Rejected(why) => ("rejected", Some(why)),
            Ended::Refused(why) => ("refused", Some(why)),
            Ended::Unprocessed(why) => ("unprocessed", why.as_ref()),
        };
        let (class, code) = why.map_or(("", ""), |why| (why.class, why.code));
        let mut key = (status, class.to_owned(), code.to_owned());
        if self.0.len() >= REASONS && !self.0.contains_key(&key) {
            (key.1, key.2) = (String::new(), "other".to_owned());
        }
        let (count, again) = self.0.entry(key).or_default();
        *count += 1;
        *again |= retryable(&row.end);
    }

    /// The reasons, the most frequent first.
    pub fn told(&self) -> Vec<Reason> {
        let reason = |((status, class, code), (count, retryable)): (&(&'static str, String, String), &(u64, bool))| Reason {
            status,
            class: class.clone(),
            code: code.clone(),
            count: *count,
            retryable: *retryable,
        };
        let mut told: Vec<Reason> = self.0.iter().map(reason).collect();
        told.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        told
    }
}
