//! Transcription and tags.
//!
//! Holds the operations beside meetings and attendees. Called by [`Service::answer`]. Of a transcription only whether it runs
//! is kept; of tags, key and value in the order they were first set.

use super::Service;
use super::change::Change;
use super::meeting::{Meeting, Realm};
use super::reply::{Reply, TagList};
use crate::chime::fault::Exception;
use crate::mock::fault::Fault;
use crate::mock::ids::Guid;
use crate::mock::input::tag::Tag;
use crate::mock::input::transcription::Engine;
use crate::mock::sides::StopIdle;
use std::sync::Arc;

/// Tags of one resource.
const TAGS_AT_MOST: usize = 50;

/// 404, under the name that the tag operations list.
fn unknown(arn: &str) -> Fault {
    Fault::of(Exception::ResourceNotFound, "Resource not found").about(arn)
}

impl Service {
    /// Starting again changes the settings of what runs.
    pub(super) fn start_transcription(&self, realm: &Realm, id: Guid, engines: &[Engine]) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id)?;
        let mut inside = meeting.open()?;
        match engines {
            [] => Err(Fault::bad_request(
                "TranscriptionConfiguration must contain EngineTranscribeSettings or EngineTranscribeMedicalSettings",
            )),
            [_] => {
                inside.transcribing = true;
                self.note(|| Change::Transcribing(id, true));
                Ok(Reply::empty(200))
            }
            _ => Err(Fault::of(Exception::UnprocessableEntity, "TranscriptionConfiguration names two engines")),
        }
    }

    pub(super) fn stop_transcription(&self, realm: &Realm, id: Guid) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id)?;
        let mut inside = meeting.open()?;
        if !inside.transcribing && self.rules.sides.stop_idle == StopIdle::Refuse {
            return Err(Fault::of(Exception::UnprocessableEntity, "The meeting is not being transcribed"));
        }
        inside.transcribing = false;
        self.note(|| Change::Transcribing(id, false));
        Ok(Reply::empty(200))
    }

    /// The meeting of an ARN.
    fn of_arn(&self, realm: &Realm, arn: &str) -> Result<Arc<Meeting>, Fault> {
        let (_, id) = arn.rsplit_once(":meeting/").ok_or_else(|| unknown(arn))?;
        let meeting = Guid::parse(id).and_then(|id| self.find(realm, id).ok()).ok_or_else(|| unknown(arn))?;
        if meeting.arn(realm).eq_ignore_ascii_case(arn) { Ok(meeting) } else { Err(unknown(arn)) }
    }

    pub(super) fn tag(&self, realm: &Realm, arn: &str, tags: Vec<Tag>) -> Result<Reply, Fault> {
        let meeting = self.of_arn(realm, arn)?;
        let mut inside = meeting.open().map_err(|_| unknown(arn))?;
        let mut all = inside.tags.clone();
        for tag in tags {
            match all.iter_mut().find(|old| old.key == tag.key) {
                Some(old) => old.value = tag.value,
                None => all.push(tag),
            }
        }
        if all.len() > TAGS_AT_MOST {
            return Err(Fault::of(Exception::TooManyTags, "A resource can have at most 50 tags").about(arn));
        }
        inside.tags.clone_from(&all);
        self.note(|| Change::Tagged(meeting.id, all));
        Ok(Reply::empty(204))
    }

    pub(super) fn untag(&self, realm: &Realm, arn: &str, keys: &[String]) -> Result<Reply, Fault> {
        let meeting = self.of_arn(realm, arn)?;
        let mut inside = meeting.open().map_err(|_| unknown(arn))?;
        inside.tags.retain(|tag| !keys.contains(&tag.key));
        self.note(|| Change::Tagged(meeting.id, inside.tags.clone()));
        Ok(Reply::empty(204))
    }

    pub(super) fn list_tags(&self, realm: &Realm, arn: &str) -> Result<Reply, Fault> {
        let meeting = self.of_arn(realm, arn)?;
        let inside = meeting.open().map_err(|_| unknown(arn))?;
        Ok(Reply::json(&TagList { tags: inside.tags.clone() }))
    }
}
