//! What the end of an attempt means for its row, its meeting and the run.
//!
//! Holds [`rule`], one pure function, and the words of its answer. Called by the desk for every attempt that did not succeed.
//! It decides nothing about time and writes nothing down.

use crate::call::Fault;
use crate::chime::class::{Class, Tier};

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Ask again within this pass, after a backoff; when attempts or the retry quota are used up, the pass is over.
    Again(PassOver),
    /// Flow control: slow down for everybody, ask again later, no attempt used.
    Throttled,
    /// The row is refused for good.
    Refused,
    /// Its meeting takes nobody any more. Rows never asked are refused with it; those whose reply was lost are still asked.
    MeetingFull,
    /// Its meeting is gone, and every row of it with it.
    MeetingGone,
    /// Nobody is let into this meeting by these credentials.
    MeetingForbidden,
    /// These credentials are let into nothing: stop.
    NotLetIn,
    /// The meeting may not be looked at; whether seats may be asked for is another permission.
    NotToBeSeen,
    /// New credentials are needed; no attempt used.
    Expired,
    /// The clock has been corrected; no attempt used.
    ClockCorrected,
}

/// What the end of a pass makes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassOver {
    /// It goes to the end of the queue, for another pass.
    Later,
    /// It is refused.
    Refused,
}

/// How often one row may be asked again after a correction of the clock.
const CORRECTIONS: u32 = 3;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// GetMeeting.
    Meeting,
    /// CreateMeeting.
    Making,
    /// CreateAttendee; and whether any seat has been given in this run.
    Seat {
        /// Whether one has.
        any_given: bool,
    },
}

/// Rules on a fault. `skewed` tells how often this ticket has met the clock.
pub fn rule(fault: &Fault, asked: Asked, skewed: u32) -> Ruling {
    match fault.class {
        Class::Throttled => Ruling::Throttled,
        // No more meetings may be made, or the primary is gone.
        Class::Capacity | Class::NotFound if asked == Asked::Making => Ruling::Refused,
        Class::Capacity => Ruling::MeetingFull,
        Class::NotFound => Ruling::MeetingGone,
        Class::Expired => Ruling::Expired,
        Class::Skew if skewed < CORRECTIONS => Ruling::ClockCorrected,
        // A key or a signature is refused for every meeting alike; a permission may be for some.
        Class::Skew | Class::Unauthorized => Ruling::NotLetIn,
        Class::Forbidden => match asked {
            Asked::Meeting => Ruling::NotToBeSeen,
            Asked::Making => Ruling::NotLetIn,
            Asked::Seat { any_given: true } => Ruling::MeetingForbidden,
            Asked::Seat { any_given: false } => Ruling::NotLetIn,
        },
        // An answer that cannot be believed five times over will not become believable; a row is failed rather than guessed.
        Class::Protocol | Class::Conflict => Ruling::Again(PassOver::Refused),
        class if matches!(class.tier(), Tier::Service | Tier::Transport) => Ruling::Again(PassOver::Later),
        _ => Ruling::Refused,
    }
}

/// Whether a fault is the service's own or the wire's: the kind of which outages are made.
pub fn is_outage(class: Class) -> bool {
    class != Class::Protocol && matches!(class.tier(), Tier::Service | Tier::Transport)
}
