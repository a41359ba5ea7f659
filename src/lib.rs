//! headcount provisions and load-tests Amazon Chime SDK Meetings attendees.
//!
//! > Rows become seats; a schedule says when; the client asks once; an outcome is written down, counted, and shown.
//!
//! Every module is one noun of that sentence, and data moves one way: `roster` makes seats, `drive` waits, `client` asks,
//! `ledger` settles, `stats` counts, `report` reads what was written. `mock` is the other bank of the river: it shares the
//! service's words ([`chime`]) with the client, never a decision.
//!
//! What holds everywhere:
//! - the core knows no terminal, no arguments and no environment; only `cli` does;
//! - the wall clock is read through [`clock::Wall`], monotonic time is tokio's, chance comes from [`seed::Seed`];
//! - a fault of the service is a value; an `Err` means that *we* cannot go on;
//! - JoinTokens, ids and credentials are redacted by type.
//!
//! docs/ARCHITECTURE.md draws the map; a test holds the import directions to it.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod clock;
pub mod safe;
pub mod seed;
pub mod template;
pub mod timer;

pub mod behaviour;
pub mod bucket;
pub mod call;
pub mod chime;

pub mod yaml;

pub mod roster;

pub mod scenario;
pub mod schedule;

pub mod drive;

pub mod client;

pub mod ledger;

pub mod stats;

pub mod capacity;
pub mod compare;
pub mod load;
pub mod merge;
pub mod plan;
pub mod probe;
pub mod provision;
pub mod reconcile;
pub mod report;
pub mod run_dir;
pub mod twin;

pub mod mock;

#[cfg(feature = "cli")]
pub mod cli;
