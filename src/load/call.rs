//! A call on its way through a lane.
//!
//! Holds [`Call`], [`Who`] and [`Gone`], what is remembered of one that is in flight. Passed between the parts of a lane. It never
//! sees a reply.

use super::supply::Slot;
use crate::call::Seat;
use crate::chime::id::{AttendeeId, MeetingId};
use crate::chime::operation::Operation;
use std::cmp::Ordering;
use std::time::Duration;

/// A call that is wanted.
#[derive(Debug, Clone)]
pub struct Call {
    /// The arrival's number, or a running one; chooses the call of a mix.
    pub n: u64,
    /// The stage it belongs to.
    pub stage: u16,
    /// When it was to be made.
    pub due: Duration,
    /// When the lane saw that.
    pub ready: Duration,
    /// When the first attempt at it was due.
    pub first_due: Duration,
    /// Which call.
    pub operation: Operation,
    /// Its place in a sequence.
    pub step: usize,
    /// Attempts at it that have failed.
    pub failed: u32,
    /// The user who makes it, in a closed load.
    pub user: Option<u32>,
    /// Whom it is about; chosen when it is sent first.
    pub who: Who,
    /// Whether it keeps its meeting from being deleted while it waits.
    pub holds: bool,
}

/// Whom or what a call is about.
#[derive(Debug, Clone)]
pub enum Who {
    /// Not chosen yet, or nobody.
    Nobody,
    /// One seat, and its attendee if there is one.
    One(Seat, Slot, Option<AttendeeId>),
    /// Several seats of one meeting.
    Many(Vec<Seat>, Slot),
    /// A meeting.
    Meeting(MeetingId, Slot),
}

impl Who {
    /// The meeting it is about.
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Who::Nobody => None,
            Who::One(_, slot, _) | Who::Many(_, slot) | Who::Meeting(_, slot) => Some(*slot),
        }
    }
}

/// What is remembered of a call in flight, should it have to be given up.
#[derive(Debug, Clone, Copy)]
pub struct Gone {
    /// Its stage.
    pub stage: u16,
    /// Which call.
    pub operation: Operation,
    /// When it was due.
    pub due: Duration,
    /// When the lane saw that.
    pub ready: Duration,
    /// When it was handed to the client.
    pub sent: Duration,
    /// Calls that were to follow it.
    pub followers: u64,
}

/// A call that is due later; ordered by when, and between equals by who came first.
#[derive(Debug)]
pub struct Later {
    /// When.
    pub due: Duration,
    /// Who came first.
    pub order: u64,
    /// The call.
    pub call: Box<Call>,
}

impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.order) == (other.due, other.order)
    }
}

impl Eq for Later {}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Later {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}
