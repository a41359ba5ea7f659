//! The currency of the pipe: what is asked, how it ended, and when.
//!
//! Holds [`Seat`], [`Attendee`], [`Fault`], [`End`] and [`Sample`]. Called by every room between the roster and the report. It
//! never sees how a call is made or where an outcome is kept.

use crate::chime::capability::Capabilities;
use crate::chime::class::Class;
use crate::chime::id::{AttendeeId, ExternalUserId, JoinToken, MeetingId};
use crate::chime::operation::Operation;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// What is wanted: somebody in a meeting. Its content is its name; nothing else identifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Which meeting.
    pub meeting: MeetingId,
    /// Who.
    pub user: ExternalUserId,
    /// What they may do; `None` leaves it to the service's default.
    pub capabilities: Option<Capabilities>,
}

/// What stands for a meeting that is not made yet: of the form of a MeetingId, the same for the same name, and nobody's.
pub fn stand_in(name: &str) -> MeetingId {
    let hash = Sha256::digest(name);
    let hex: String = hash[..16].iter().map(|b| format!("{b:02x}")).collect();
    let id = format!("{}-{}-0000-0000-{}", &hex[..8], &hex[8..12], &hex[12..24]);
    MeetingId::parse(&id).expect("five groups of hexadecimal digits")
}

/// Whether this stands for a meeting that is not made yet. The service's ids are of version 4, which these are not.
pub fn is_stand_in(id: &MeetingId) -> bool {
    id.as_str().get(13..24) == Some("-0000-0000-")
}

/// What exists: an attendee that the service has answered with, and that was believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    /// The service's id.
    pub id: AttendeeId,
    /// The id it was asked for, as the service echoed it.
    pub user: ExternalUserId,
    /// The join token.
    pub token: JoinToken,
    /// What was granted, where the answer says.
    pub capabilities: Option<Capabilities>,
}

/// A refusal or a failure, as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub class: Class,
    /// The type name on the wire (`NotFoundException`), or our own word for what happened.
    pub code: String,
    /// The message, made safe to print and never holding an id or a token.
    pub message: String,
    /// `x-amzn-requestid`, for a support case.
    pub request_id: Option<String>,
    /// How long the service asked to wait.
    pub hint: Option<Hint>,
}

/// The service's wish to be left alone for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// `x-amz-retry-after`, in milliseconds: a floor that the SDKs cap at their own backoff plus 5 s.
    Millis(Duration),
    /// `Retry-After`, in seconds or as a date: a floor, capped at a minute.
    Standard(Duration),
}

impl Hint {
    /// How long.
    pub fn wait(self) -> Duration {
        let (Hint::Millis(wait) | Hint::Standard(wait)) = self;
        wait
    }
}

impl Fault {
    /// A fault of our own making.
    pub fn ours(class: Class, code: &str, message: impl Into<String>) -> Self {
        Fault { class, code: code.to_owned(), message: message.into(), request_id: None, hint: None }
    }
}

/// How one attempt at a call ended. Every attempt ends in exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End<T> {
    /// Answered, and believed.
    Settled(T),
    /// The service said no, and a repetition of the same would be told the same or must wait.
    Refused(Fault),
    /// Sent, and no answer that could be believed: the work may have been done.
    Unknown(Fault),
}

impl<T> End<T> {
    /// The class this end is counted under.
    pub fn class(&self) -> Class {
        match self {
            End::Settled(_) => Class::Ok,
            End::Refused(fault) | End::Unknown(fault) => fault.class,
        }
    }

    /// The fault, if it is one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            End::Settled(_) => None,
            End::Refused(fault) | End::Unknown(fault) => Some(fault),
        }
    }
}

/// Four instants of one attempt, as offsets from the start of the run, and its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Which stage of the schedule it belongs to.
    pub stage: u16,
    /// Which call it was.
    pub operation: Operation,
    /// When the schedule wanted it.
    pub due: Duration,
    /// When the generator was ready for it.
    pub ready: Duration,
    /// When it was handed to the transport, signed.
    pub sent: Duration,
    /// When its end was known.
    pub done: Duration,
    /// How it ended.
    pub class: Class,
}

impl Sample {
    /// ready − due: the generator's own lateness.
    pub fn lag(&self) -> Duration {
        self.ready.saturating_sub(self.due)
    }

    /// sent − ready: waiting for a free slot under the stated cap.
    pub fn queue(&self) -> Duration {
        self.sent.saturating_sub(self.ready)
    }

    /// done − sent: what the service and the wire took.
    pub fn service(&self) -> Duration {
        self.done.saturating_sub(self.sent)
    }

    /// done − due: what somebody waiting in line feels.
    pub fn response(&self) -> Duration {
        self.done.saturating_sub(self.due)
    }
}
