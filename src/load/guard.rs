//! The blast radius: what a load test may do to a service that is not on this machine.
//!
//! Holds [`planned`], how much a scenario asks for, and [`allowed`], who may be asked for it. Called by the command line before
//! anything is sent. It never asks anybody.

use crate::chime::operation::Operation;
use crate::scenario::file::Create;
use crate::scenario::load::Load;
use crate::scenario::operation::Mix;
use crate::scenario::plan::{Meetings, Plan};

/// How much a scenario asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Calls, as far as they are known before the run: a closed load plans none.
    pub calls: Option<u64>,
    /// Meetings made for it, at the least.
    pub meetings: u64,
}

/// How much this plan asks for, its retries left out.
pub fn planned(plan: &Plan) -> Planned {
    let arrivals = match &plan.load {
        Load::Shared { calls, .. } => Some(*calls),
        Load::Closed { .. } => None,
        Load::Open { .. } | Load::Trace { .. } => plan.schedule().map(|schedule| schedule.planned()),
    };
    let seats = arrivals.map(|n| (n as f64 * plan.mix.seats_an_arrival()).ceil() as u64);
    let own = match &plan.mix {
        Mix::Weights(weights) => {
            let all: u64 = weights.iter().map(|(_, weight)| weight).sum();
            let making: u64 =
                weights.iter().filter(|(call, _)| *call == Operation::CreateMeeting).map(|(_, weight)| weight).sum();
            arrivals.map_or(0, |n| n * making / all.max(1))
        }
        Mix::Sequence(calls) => {
            arrivals.unwrap_or(0) * calls.iter().filter(|call| **call == Operation::CreateMeeting).count() as u64
        }
    };
    let supplied = match &plan.meetings {
        Meetings::Made { create: Create::Ahead(n), .. } => *n,
        Meetings::Made { create: Create::Auto, max_attendees, .. } => seats.unwrap_or(1).div_ceil((*max_attendees).max(1)).max(1),
        Meetings::Given { .. } | Meetings::OfRows => 0,
    };
    Planned { calls: arrivals.map(|n| n * plan.mix.calls_an_arrival()), meetings: supplied + own }
}

/// Why a service may not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// Nobody said which account may be.
    #[error("this would load a real service (account {account}); nobody has allowed that")]
    Unsaid {
        /// The credentials' account, or that it is unknown.
        account: String,
    },
    /// The credentials are another account's.
    #[error("the credentials are of account {account}, and {allowed} is allowed")]
    Another {
        /// The credentials' account, or that it is unknown.
        account: String,
        /// What was allowed.
        allowed: String,
    },
}

/// Whether the account of the credentials is one that may be asked.
///
/// # Errors
/// No account was allowed, or others; or the credentials do not tell theirs.
pub fn allowed(account: Option<&str>, allow: &[String]) -> Result<(), NotAllowed> {
    let shown = account.unwrap_or("unknown").to_owned();
    match account {
        _ if allow.is_empty() => Err(NotAllowed::Unsaid { account: shown }),
        Some(account) if allow.iter().any(|allowed| allowed == account) => Ok(()),
        _ => Err(NotAllowed::Another { account: shown, allowed: allow.join(", ") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_must_be_allowed_by_name_and_known() {
        let allow = ["111122223333".to_owned()];
        assert_eq!(allowed(Some("111122223333"), &allow), Ok(()));
        assert!(matches!(allowed(Some("111122223333"), &[]), Err(NotAllowed::Unsaid { .. })));
        assert!(matches!(allowed(Some("444455556666"), &allow), Err(NotAllowed::Another { .. })));
        assert!(matches!(allowed(None, &allow), Err(NotAllowed::Another { .. })));
    }
}
