//! What a lane has done for it, and how that ends.
//!
//! Holds [`Job`] and [`JobEnd`]. Made by a lane, done by `hands`.

use super::call::Call;
use super::errand::Errand;
use crate::call::{Attendee, Fault};
use crate::chime::id::MeetingId;
use crate::client::attempt::Try;
use crate::client::replies::Batch;
use tokio::time::Instant;

/// Something to do.
#[derive(Debug)]
pub enum Job {
    /// Make a call of the load; its place among those in flight; which attempt it is.
    Ask(Box<Call>, usize, Try),
    /// Do something about a meeting.
    Errand(Errand),
    /// Look for new credentials.
    Renew,
}

/// How it ended.
#[derive(Debug)]
pub enum JobEnd {
    /// A call has ended.
    Asked(Box<Call>, usize, Asked),
    /// Something was done about a meeting; of one that was made, its id.
    Errand(Errand, Result<Option<MeetingId>, Fault>),
    /// Looked for credentials.
    Renewed,
}

/// How a call ended.
#[derive(Debug)]
pub struct Asked {
    /// When it was handed to the transport, signed.
    pub sent: Instant,
    /// When its end was known.
    pub done: Instant,
    /// Whether the service may have seen it.
    pub perhaps_sent: bool,
    /// What it brought, or what was wrong.
    pub end: Result<Brought, Fault>,
}

/// What a call brought.
#[derive(Debug)]
pub enum Brought {
    /// Nothing to keep.
    Nothing,
    /// An attendee.
    Attendee(Attendee),
    /// Attendees, and refusals.
    Batch(Batch),
    /// A meeting.
    Meeting(MeetingId),
}
