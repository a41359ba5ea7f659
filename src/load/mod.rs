//! A load test: a schedule says when, lanes ask, and the run is judged while it goes on.
//!
//! ```text
//!  scenario::Plan ─► schedule ─► lane (what is due, who, where) ─► hands ─► client ─► the service, or a mock
//!                                  ▲   ▲                             │
//!                        supply ───┘   └── settle ◄──────────────────┘
//!                       (meetings)          │ a second at a time
//!                                           ▼
//!                               conductor ─► judges, run directory, board ─► verdict, summary
//! ```
//!
//! Holds [`Terms`] and the words that the parts share. Called by the command line and by tests, with everything already resolved. It
//! never prints, never reads the environment, and never decides an exit code.

mod aim;
pub mod board;
pub mod call;
pub mod conductor;
pub mod errand;
pub mod guard;
pub mod hands;
pub mod job;
pub mod kept;
pub mod lane;
pub mod law;
pub mod people;
pub mod phases;
pub mod pool;
pub mod ran;
mod rooms;
pub mod run;
pub mod schema;
mod settle;
pub mod source;
pub mod summary;
pub mod supply;
pub mod tell;
pub mod verdict;

use crate::call::Fault;
use crate::client::pace::fit::Learned;
use crate::client::retry::Backoff;
use crate::scenario::file::Retry;
use crate::scenario::plan::Plan;
use std::sync::Arc;

/// What a lane is told, with nothing left open.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The scenario.
    pub plan: Arc<Plan>,
    /// Which lane this is, from 0.
    pub lane: u32,
    /// How many there are.
    pub lanes: u32,
    /// Whether meetings are those that rows name.
    pub of_rows: bool,
    /// Whether attendees are kept to be asked about by later calls.
    pub keeps_attendees: bool,
    /// How failed calls are tried again.
    pub retry: Option<Retrying>,
    /// Calls after which the lane stops.
    pub max_calls: Option<u64>,
    /// What the pace of a shared load goes by.
    pub paced: Paced,
}

/// What the pace of a shared load goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paced {
    /// Its rate.
    #[default]
    ByPlan,
    /// The account's quota, which is to be found; the load is over when it is. Its rate is the most.
    ByQuota,
}

/// A quota that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learnt {
    /// Its bucket.
    pub bucket: Learned,
    /// Whether it stands on enough calls to be right to a few percent.
    pub sure: bool,
}

/// How failed calls are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retrying {
    /// Attempts in all.
    pub attempts: u32,
    /// Waits between them.
    pub backoff: Backoff,
    /// Whether the SDKs' retry quota applies, and the rest of their rules of 2026.
    pub quota: bool,
}

impl Retrying {
    /// The rules that a scenario names.
    pub fn of(retry: Retry) -> Option<Retrying> {
        match retry {
            Retry::Off => None,
            Retry::Standard(attempts) => Some(Retrying { attempts, backoff: Backoff::STANDARD, quota: true }),
            Retry::Legacy(attempts) => Some(Retrying { attempts, backoff: Backoff::LEGACY, quota: false }),
        }
    }
}

/// Why issuing ended before the schedule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// It was told to.
    Stopped,
    /// A roster whose rows are used once has no more.
    RosterUsedUp,
    /// As many calls as allowed have been made.
    MaxCalls,
    /// A meeting could not be made.
    NoMeetings(Box<Fault>),
}
