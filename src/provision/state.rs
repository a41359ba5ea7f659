//! The small things a run keeps track of, each with the states it can be in.
//!
//! Holds [`Meeting`], [`Source`], [`Credentials`], [`Contest`] and [`Said`]. Called by the desk and by what settles its answers. It
//! never decides anything.

use crate::call::Fault;
use crate::client::judge::MeetingFacts;
use crate::ledger::rooms::Room;
use crate::ledger::store::After;
use std::time::Duration;

/// What is known of a meeting.
#[derive(Debug, Clone, Default)]
pub(super) struct Meeting {
    pub(super) id: String,
    pub(super) facts: Option<MeetingFacts>,
    /// The room it is made in, if it is made for the roster.
    pub(super) room: Option<Room>,
    pub(super) closed: Option<Closed>,
    /// When it was last known to live.
    pub(super) seen: Duration,
    /// Seats settled in it, as far as the ledger knows.
    pub(super) given: usize,
    /// Seats being asked for.
    pub(super) asked: usize,
}

impl Meeting {
    /// Whether its people may be asked for: it is there, or is known not to be.
    pub(super) fn is_known(&self) -> bool {
        self.closed.is_some() || self.room.as_ref().is_none_or(|room| room.made.is_some())
    }
}

/// Why a meeting takes nobody any more.
#[derive(Debug, Clone)]
pub(super) struct Closed {
    pub(super) fault: Fault,
    /// Whether rows whose reply was lost are still asked.
    pub(super) ask_doubtful: bool,
    /// Whether the others may sit elsewhere.
    pub(super) spills: bool,
}

/// Where fresh tickets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Meetings are being looked at.
    Meetings,
    /// Seats after this one are still to be fetched.
    More(After),
    /// They are being fetched.
    Fetching,
    /// There are no more in this sweep.
    Dry,
}

impl Source {
    /// Whether more fresh tickets are to come in this sweep.
    pub(super) fn is_to_come(self) -> bool {
        matches!(self, Source::More(_) | Source::Fetching)
    }
}

/// How the credentials stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Credentials {
    Good,
    /// Expired; the next look may be made at `.0`, and none after `.1`.
    Expired(Duration, Duration),
    /// A look is under way; none after this.
    Looking(Duration),
}

/// An AttendeeId that two different people were told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contest {
    /// Who was told it first (see `settle::whose`).
    pub(super) holder: u64,
    /// Whether they have been told it a second time.
    pub(super) firm: bool,
}

/// What is said once a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    pub(super) throttled: bool,
    pub(super) skewed: bool,
    /// That the credentials have expired, since they were last good.
    pub(super) expired: bool,
}
