//! A meeting, and the rules that follow from what it was made with.
//!
//! Holds [`Meeting`], [`Realm`] and the capability rules R0–R5. Called by every operation that names a meeting. Everything that
//! may change lies in [`Inside`], behind the meeting's own lock, so that idempotency and capacity are atomic for each meeting
//! and two meetings never wait for each other.

use super::roll::Roll;
use crate::chime::capability::{Capabilities, Direction};
use crate::chime::quota::{ATTENDEES_PER_HD_MEETING, ATTENDEES_PER_MEETING};
use crate::mock::fault::Fault;
use crate::mock::ids::Guid;
use crate::mock::input::meeting::{Features, NewMeeting};
use crate::mock::input::tag::Tag;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Whose meetings these are, and through which control region they can be seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Realm {
    /// The AWS account.
    pub account: String,
    /// The control region.
    pub region: String,
}

impl Realm {
    /// `account/region`, as a key.
    pub fn key(&self) -> String {
        format!("{}/{}", self.account, self.region)
    }
}

/// A meeting that exists or existed.
#[derive(Debug)]
pub struct Meeting {
    /// MeetingId.
    pub id: Guid,
    /// Whose it is; a meeting that was adopted by its id alone is everybody's.
    pub realm: Option<Arc<Realm>>,
    /// When it was made, on the mock's clock.
    pub made: Duration,
    /// How many meetings of the same request token ended before it.
    pub generation: u32,
    /// What was asked for.
    pub asked: NewMeeting,
    /// The primary of a replica.
    pub primary: Option<Guid>,
    inside: Mutex<Inside>,
}

/// What changes about a meeting.
#[derive(Debug, Default)]
pub struct Inside {
    /// No operation finds it any more.
    pub ended: bool,
    /// Somebody has connected: the five-minute rule is off.
    pub connected: bool,
    /// Who is in it.
    pub roll: Roll,
    /// Tags of the meeting's ARN.
    pub tags: Vec<Tag>,
    /// Whether it is being transcribed.
    pub transcribing: bool,
}

impl Meeting {
    /// A meeting with nobody in it.
    pub fn new(
        id: Guid,
        realm: Option<Arc<Realm>>,
        made: Duration,
        generation: u32,
        asked: NewMeeting,
        primary: Option<Guid>,
    ) -> Self {
        let inside = Inside { tags: asked.tags.clone(), ..Inside::default() };
        Meeting { id, realm, made, generation, asked, primary, inside: Mutex::new(inside) }
    }

    /// What changes, locked; refused once the meeting has ended.
    pub fn open(&self) -> Result<MutexGuard<'_, Inside>, Fault> {
        let inside = self.lock();
        if inside.ended { Err(Fault::meeting_ended()) } else { Ok(inside) }
    }

    /// What changes, locked, ended or not.
    pub fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("no operation panics while it holds a meeting")
    }

    fn features(&self) -> &Features {
        &self.asked.features
    }

    /// The seats of this meeting: 250, 25 in high definition, or what MaxCount says.
    pub fn seats(&self) -> u32 {
        let most = if self.features().is_high_definition() { ATTENDEES_PER_HD_MEETING } else { ATTENDEES_PER_MEETING };
        self.features().max_count.unwrap_or(most).min(most)
    }

    /// Rules R1, R2 and R3: refuses a set of capabilities that this meeting cannot grant.
    pub fn permit(&self, capabilities: Capabilities) -> Result<(), Fault> {
        match capabilities.broken_rule(self.features().has_video(), self.features().has_content()) {
            None => Ok(()),
            Some(rule) => Err(Fault::bad_request(rule.to_string())),
        }
    }

    /// What an attendee gets who asks for nothing: R0, and in meetings without video or content R4 and R5.
    pub fn default_capabilities(&self) -> Capabilities {
        let (video, content) = match (self.features().has_video(), self.features().has_content()) {
            (true, true) => (Direction::SendReceive, Direction::SendReceive),
            // R4: a set that R1 would refuse if it were asked for; the model says so all the same.
            (false, true) => (Direction::Receive, Direction::SendReceive),
            (true, false) => (Direction::SendReceive, Direction::None),
            (false, false) => (Direction::None, Direction::None),
        };
        Capabilities { audio: Direction::SendReceive, video, content }
    }

    /// The meeting's ARN: the region is the endpoint's, not the media region.
    pub fn arn(&self, caller: &Realm) -> String {
        let realm = self.realm.as_deref().unwrap_or(caller);
        let partition = if realm.region.starts_with("us-gov-") { "aws-us-gov" } else { "aws" };
        format!("arn:{partition}:chime:{}:{}:meeting/{}", realm.region, realm.account, self.id)
    }
}
