//! Capabilities: what an attendee may send and receive, and the rules between the three channels.
//!
//! Holds [`Direction`], [`Capabilities`] and the documented rules R1–R3 as one function. Called by the roster check, the client
//! (was I given what I asked for?) and the mock. It never sees a request.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One channel's capability, as the service spells it (exact case).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// Both ways; what an attendee gets when nothing is asked.
    SendReceive,
    /// Send only.
    Send,
    /// Receive only.
    Receive,
    /// Neither.
    None,
}

impl Direction {
    /// All four, in the order of the model.
    pub const ALL: [Direction; 4] = [Direction::SendReceive, Direction::Send, Direction::Receive, Direction::None];

    /// The service's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendReceive => "SendReceive",
            Direction::Send => "Send",
            Direction::Receive => "Receive",
            Direction::None => "None",
        }
    }

    /// Whether media may be received.
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendReceive | Direction::Receive)
    }
}

/// A value that is none of the four spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be SendReceive, Send, Receive or None (exact case)")]
pub struct BadDirection;

impl FromStr for Direction {
    type Err = BadDirection;

    fn from_str(text: &str) -> Result<Self, BadDirection> {
        Direction::ALL.into_iter().find(|d| d.as_str() == text).ok_or(BadDirection)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The three channels of an attendee. When capabilities are given at all, all three are required (model).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Capabilities {
    /// Audio.
    pub audio: Direction,
    /// Video.
    pub video: Direction,
    /// Content share.
    pub content: Direction,
}

/// A documented rule that a set of capabilities breaks. The service answers 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityRule {
    /// R1: the meeting was made without video.
    #[error("the meeting has MeetingFeatures.Video.MaxResolution None, so Video must be None")]
    VideoOff,
    /// R2: the meeting was made without content.
    #[error("the meeting has MeetingFeatures.Content.MaxResolution None, so Content must be None")]
    ContentOff,
    /// R3: content cannot be received without receiving video.
    #[error("Content SendReceive or Receive needs Video SendReceive or Receive")]
    ContentNeedsVideo,
}

impl Capabilities {
    /// What an attendee gets in an ordinary meeting when the request names none (rule R0).
    pub const DEFAULT: Capabilities =
        Capabilities { audio: Direction::SendReceive, video: Direction::SendReceive, content: Direction::SendReceive };

    /// All 64 sets, for tables and tests.
    pub fn all() -> impl Iterator<Item = Capabilities> {
        (0..64).filter_map(Capabilities::from_code)
    }

    /// A number from 0 to 63 for storage; [`Capabilities::from_code`] reads it back.
    pub fn code(self) -> u8 {
        (self.audio as u8) << 4 | (self.video as u8) << 2 | self.content as u8
    }

    /// The set of this number, if it is one.
    pub fn from_code(code: u8) -> Option<Capabilities> {
        let direction = |two_bits: u8| Direction::ALL[usize::from(two_bits & 3)];
        (code < 64).then(|| Capabilities { audio: direction(code >> 4), video: direction(code >> 2), content: direction(code) })
    }

    /// The first documented rule this set breaks in a meeting with (`true`) or without video and content.
    ///
    /// Source: the Capabilities notes of CreateAttendee in the API reference (rules R1, R2, R3).
    pub fn broken_rule(self, meeting_video: bool, meeting_content: bool) -> Option<CapabilityRule> {
        if !meeting_video && self.video != Direction::None {
            Some(CapabilityRule::VideoOff)
        } else if !meeting_content && self.content != Direction::None {
            Some(CapabilityRule::ContentOff)
        } else if self.content.receives() && !self.video.receives() {
            Some(CapabilityRule::ContentNeedsVideo)
        } else {
            None
        }
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Audio={},Video={},Content={}", self.audio, self.video, self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_valid_sets_are_the_published_ones() {
        let valid = |video, content| Capabilities::all().filter(|c| c.broken_rule(video, content).is_none()).count();
        assert_eq!((valid(true, true), valid(false, true), valid(true, false), valid(false, false)), (48, 8, 16, 4));
    }

    #[test]
    fn codes_round_trip() {
        assert_eq!(Capabilities::all().count(), 64);
        assert!(Capabilities::all().enumerate().all(|(i, c)| usize::from(c.code()) == i));
        assert_eq!(Capabilities::from_code(64), None);
    }
}
