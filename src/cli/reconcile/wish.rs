//! What a person has asked to be done about what was found.
//!
//! Holds [`Wish`]. Called by the verb, which says it and asks before it does any of it.

use super::super::earlier;
use super::super::failure::Failure;
use super::super::provision::failures::ledger_failure;
use super::super::values::counted;
use super::{Args, told};
use crate::ledger::audit::Leave;
use crate::ledger::schema::Ledger;
use crate::ledger::store::{Replay, Settlement, State};
use crate::reconcile::compare::Difference;
use crate::reconcile::{Change, Seen};

/// What is to be done, as counted before anybody is asked.
pub struct Wish {
    /// Attendees to delete.
    pub deletes: u64,
    /// What the ledger should say instead of what it does.
    pub mended: Vec<Settlement>,
    /// Seats to ask for once the ledger is mended.
    pub open: u64,
    /// Tokens to read from the list.
    pub tokens: u64,
    /// Capabilities to change.
    pub changes: Vec<Change>,
    /// The tokens file is to be published anew.
    pub stale: bool,
    /// Why nothing is pruned, where that is so.
    pub rejected: Option<String>,
}

impl Wish {
    /// What the arguments make of what was seen.
    pub fn of(args: &Args, seen: &Seen, ledger: &Ledger) -> Result<Wish, Failure> {
        let mut wish =
            Wish { deletes: 0, mended: Vec::new(), open: 0, tokens: 0, changes: Vec::new(), stale: false, rejected: None };
        let rejected = ledger.rows().map_err(ledger_failure)?.1;
        if args.prune && rejected > 0 {
            wish.rejected = Some(earlier::rejected(rejected));
        } else if args.prune {
            let leaving = ledger.leaving().map_err(ledger_failure)?;
            // Whoever is held back until they have a token elsewhere goes at the end of a repair.
            let who = if args.repair { Leave::Unnamed } else { Leave::Dropped };
            wish.deletes = ledger.would_leave(who).map_err(ledger_failure)? + leaving;
        }
        if args.repair {
            wish.mended = seen.differences.iter().filter_map(|(meeting, d)| d.mended(meeting)).collect();
            wish.tokens = seen.tally.token_lost;
            let open = ledger.open_seats(i64::MAX, Replay::Resume).map_err(ledger_failure)?;
            // A lost token that was never had is read from the list, and no longer open.
            let found = |(_, d): &&(_, Difference)| matches!(d, Difference::TokenLost(at, _) if at.state != Some(State::Settled));
            let found = seen.differences.iter().filter(found).count() as u64;
            wish.open = open.saturating_sub(found) + seen.tally.missing + seen.tally.void;
            wish.stale = ledger.is_stale().map_err(ledger_failure)?;
        }
        if args.change_capabilities {
            let changes = seen.differences.iter().filter_map(|(meeting, d)| match d {
                Difference::Capabilities(at, wanted, has) => Some((meeting, at, *wanted, *has)),
                _ => None,
            });
            wish.changes = changes
                .map(|(meeting, at, wanted, has)| Change { meeting: meeting.clone(), at: at.clone(), wanted, has })
                .collect();
        }
        Ok(wish)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.deletes + self.open + self.tokens == 0 && self.changes.is_empty() && !self.stale
    }

    /// What is about to happen.
    pub fn words(&self) -> String {
        let mut lines = Vec::new();
        if self.deletes > 0 {
            lines.push(format!("{} that the roster no longer names will be deleted", counted(self.deletes, "attendee")));
        }
        if self.tokens > 0 {
            lines.push(format!("{} will be read from the list", counted(self.tokens, "token")));
        }
        if self.open > 0 {
            lines.push(format!("{} will be asked for", counted(self.open, "seat")));
        }
        if !self.changes.is_empty() {
            lines.push(told::changes(&self.changes));
        }
        if self.stale && lines.is_empty() {
            lines.push("the tokens file will be published anew".to_owned());
        }
        lines.join("\n")
    }
}
