//! The one integration binary: a module a subject. Relinking eight costs four times as much as one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod capacity;
mod check;
mod check_fix;
mod cli;
mod compare;
mod house;
mod junit;
mod ledger;
mod load;
mod merge;
mod mischief;
mod mock;
mod pace;
mod person;
mod provision;
mod roster;
mod scenario;
mod signing;
mod twin;
