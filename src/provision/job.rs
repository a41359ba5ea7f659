//! What a run does besides deciding: the jobs of the desk, and how they end.
//!
//! Holds [`Job`] and [`JobEnd`]. Made by the desk, done by `hands`. Everything that waits is one of these.

use super::queue::Ticket;
use crate::call::Attendee;
use crate::chime::id::AttendeeId;
use crate::client::attempt::{Attempted, Try};
use crate::client::judge::MeetingFacts;
use crate::client::replies::{Batch, Made};
use crate::ledger::rooms::NewMeeting;
use crate::ledger::schema::LedgerError;
use crate::ledger::store::{After, Pending, Settled, Settlement};
use crate::stats::recorder::Second;
use std::time::{Duration, SystemTime};

/// Something for `hands` to do.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every job asks; a box a request would cost more than it saves")]
pub enum Job {
    /// Ask the service.
    Ask(Ticket, Try, Slot),
    /// Fetch seats to ask for, after this one.
    Fetch(After),
    /// Commit.
    Commit(Vec<Entry>),
    /// Append a second to the run's logs.
    Log(Box<Second>),
    /// Look for new credentials.
    Renew,
}

/// When a request was due, and when the desk was ready for it.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// Due.
    pub due: Duration,
    /// Ready.
    pub ready: Duration,
}

/// Something to commit.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A seat's end.
    Seat(Box<Settlement>),
    /// Whether a meeting has ended.
    Meeting(i64, bool),
    /// An AttendeeId that somebody else was told too: whoever is settled with it is to be asked again.
    Doubt(AttendeeId),
    /// A meeting has been made in its room.
    Made(Box<NewMeeting>),
    /// The meeting of this seat is full, and it may have another.
    Spill(i64),
}

/// How a job ended.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every end is the large one; a box a request would cost more than it saves")]
pub enum JobEnd {
    /// The service was asked.
    Asked(Ticket, Slot, Answer),
    /// Seats to ask for; fewer than asked for means there are no more.
    Fetched(Result<Vec<Pending>, LedgerError>),
    /// Committed, or not.
    Committed(Vec<Entry>, Result<Settled, LedgerError>),
    /// Logged, or not.
    Logged(std::io::Result<()>),
    /// Looked for credentials: whether new ones are in use now.
    Renewed(Renewal),
}

/// What was asked and answered.
#[derive(Debug)]
pub enum Answer {
    /// CreateAttendee.
    Seat(Attempted<Attendee>),
    /// BatchCreateAttendee.
    Batch(Attempted<Batch>),
    /// GetMeeting.
    Meeting(Attempted<MeetingFacts>),
    /// CreateMeeting, and when it was asked.
    Made(Attempted<Made>, SystemTime),
}

/// What a look for credentials brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// New ones; they are in use.
    Changed,
    /// The same, or none; looking again may help.
    Same,
    /// They can never change.
    Never,
}
