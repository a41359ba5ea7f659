//! What happened, for whoever keeps it.
//!
//! Holds [`Change`]. Told by the service to its watcher, under the lock of the meeting concerned, so that the order of changes
//! to one meeting is the order in which they took effect. It never says who asked.

use super::meeting::Meeting;
use super::roll::Seat;
use crate::chime::capability::Capabilities;
use crate::mock::ids::Guid;
use crate::mock::input::tag::Tag;
use std::sync::Arc;

/// A change of state.
#[derive(Debug, Clone)]
pub enum Change {
    /// A meeting was made or adopted.
    Made(Arc<Meeting>),
    /// A meeting is over.
    Ended(Arc<Meeting>),
    /// Somebody has connected to it.
    Connected(Guid),
    /// An attendee was made.
    Seated(Guid, Seat),
    /// An attendee was deleted; the next of its key has this generation.
    Left(Guid, Seat),
    /// An attendee may do other things now.
    Allowed(Guid, Guid, Capabilities),
    /// A meeting has these tags now.
    Tagged(Guid, Vec<Tag>),
    /// A meeting is being transcribed, or no longer.
    Transcribing(Guid, bool),
    /// Everything was forgotten.
    Reset,
}
