//! What is wanted of meetings, what is to be done about them, and what was.
//!
//! Holds [`Terms`], [`Errand`] and [`Counts`]: the words of `supply`. It decides nothing.

use crate::bucket::Rate;
use crate::chime::id::MeetingId;
use crate::client::operations::MeetingWish;
use crate::stats::recorder::Classes;
use std::time::Duration;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Begins every idempotency token; no two lanes or runs have the same.
    pub name: String,
    /// Meetings to have at all times; `None` for as many as seats are needed in.
    pub ahead: Option<u64>,
    /// Age at which one is replaced.
    pub renew: Option<Duration>,
    /// Seats of one.
    pub seats: u64,
    /// Free seats to keep ready, where `ahead` is `None`.
    pub reserve: u64,
    /// How fast calls about meetings may come once the load has begun.
    pub rate: Rate,
    /// The same before it has begun.
    pub setup_rate: Rate,
    /// Whether attendees are asked about later, so that full meetings must be kept.
    pub keeps_attendees: bool,
}

/// Something to do about a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Make one.
    Make(MeetingWish),
    /// Delete this one.
    Delete(MeetingId),
}

/// A task, and how often it has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// What to do.
    pub task: Task,
    /// Failures so far.
    pub failed: u32,
}

/// What was done about meetings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Made.
    pub made: u64,
    /// Made in the place of one that grew old.
    pub renewed: u64,
    /// Deleted.
    pub deleted: u64,
    /// Calls, by how they ended.
    pub calls: Classes,
}

impl Counts {
    /// Adds another lane's.
    pub fn merge(&mut self, other: &Counts) {
        self.made += other.made;
        self.renewed += other.renewed;
        self.deleted += other.deleted;
        self.calls.merge(&other.calls);
    }
}
