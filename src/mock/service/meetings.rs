//! Making, showing and ending meetings.
//!
//! Holds the operations on meetings, adoption and the passing of time. Called by [`Service::answer`] and the admin endpoints.
//! Find-or-create happens under the directory's write lock: two simultaneous requests with one token get one meeting, so the
//! 409 that the model lists for them never happens here by itself.

use super::Service;
use super::change::Change;
use super::directory::Directory;
use super::meeting::{Meeting, Realm};
use super::reply::{MeetingView, OneMeeting, Reply};
use crate::chime::fault::Exception;
use crate::chime::quota::IDLE_MEETING_SECONDS;
use crate::mock::fault::Fault;
use crate::mock::ids::{Guid, meeting_id};
use crate::mock::input::attendee::{Wanted, semantic};
use crate::mock::input::meeting::NewMeeting;
use crate::mock::sides::{DeleteMeeting, GoneMeeting, HdCount, MediaRegion, RequestToken};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A meeting is over after a day at the latest (Developer Guide).
const DAY: Duration = Duration::from_secs(86_400);

/// Media regions of the API reference, then the control region that its list leaves out.
const MEDIA_REGIONS: [&str; 21] = [
    "af-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "il-central-1",
];

impl Service {
    pub(super) fn create_meeting(&self, now: Duration, realm: &Arc<Realm>, asked: NewMeeting) -> Result<Reply, Fault> {
        let meeting = self.find_or_create(now, realm, asked, &[])?;
        let view = MeetingView::of(self.rules.seed, &meeting, realm);
        Ok(Reply::json(&OneMeeting { meeting: view, batch: None }).about(meeting.id))
    }

    pub(super) fn create_meeting_with_attendees(
        &self,
        now: Duration,
        realm: &Arc<Realm>,
        asked: NewMeeting,
        wanted: Vec<Wanted>,
    ) -> Result<Reply, Fault> {
        let meeting = self.find_or_create(now, realm, asked, &wanted)?;
        let (batch, tally) = self.seat_all(&meeting, wanted)?;
        let view = MeetingView::of(self.rules.seed, &meeting, realm);
        Ok(Reply::json(&OneMeeting { meeting: view, batch: Some(batch) }).with(tally).about(meeting.id))
    }

    /// Finds or makes a meeting; where a batch fails whole (`refuse_whole`), none is made for attendees who could not all be seated in it.
    fn find_or_create(
        &self,
        now: Duration,
        realm: &Arc<Realm>,
        mut asked: NewMeeting,
        wanted: &[Wanted],
    ) -> Result<Arc<Meeting>, Fault> {
        let mut directory = self.write();
        // The token alone decides, even if everything else differs (SERVICE.md 6.2).
        if let Some(meeting) = directory.of_token(realm, &asked.request_token).map(Arc::clone) {
            match self.rules.sides.request_token {
                RequestToken::Find => return Ok(meeting),
                RequestToken::Conflict => {
                    return Err(Fault::of(Exception::Conflict, "There is a meeting of this ClientRequestToken"));
                }
                // The next generation of the token, as if the meeting had ended.
                RequestToken::New => {
                    directory.bury_token((realm.key(), asked.request_token.clone()), meeting.generation + 1);
                }
            }
        }
        self.judge(&mut asked)?;
        let primary = asked.primary.as_deref().map(|id| self.primary(&directory, realm, id)).transpose()?;
        if self.rules.meetings.is_some_and(|most| directory.live(realm) >= most) {
            return Err(Fault::of(Exception::LimitExceeded, "The maximum number of concurrent meetings has been reached"));
        }
        let generation = directory.generation(realm, &asked.request_token);
        let id = meeting_id(self.rules.seed, &realm.key(), &asked.request_token, generation, &asked.media_region);
        let meeting = Arc::new(Meeting::new(id, Some(Arc::clone(realm)), now, generation, asked, primary));
        self.refuse_whole(&meeting, &mut meeting.lock(), wanted)?;
        self.take_in(&mut directory, Arc::clone(&meeting), false);
        self.note(|| Change::Made(Arc::clone(&meeting)));
        Ok(meeting)
    }

    /// What the model leaves to the service: characters, media region, and the cap of a high-definition meeting.
    fn judge(&self, asked: &mut NewMeeting) -> Result<(), Fault> {
        semantic("ExternalMeetingId", &asked.external_id)?;
        if self.rules.sides.media_region == MediaRegion::Listed && !MEDIA_REGIONS.contains(&asked.media_region.as_str()) {
            return Err(Fault::bad_request("MediaRegion is not a media region of the service"));
        }
        if asked.features.is_high_definition() {
            match (asked.features.max_count, self.rules.sides.hd_count) {
                (Some(count), _) if count > 25 => {
                    return Err(Fault::bad_request("Attendee MaxCount must be at most 25 with FHD video or UHD content"));
                }
                (None, HdCount::Refuse) => {
                    return Err(Fault::bad_request("Attendee MaxCount is required with FHD video or UHD content"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn primary(&self, directory: &Directory, realm: &Realm, id: &str) -> Result<Guid, Fault> {
        let found = Guid::parse(id).and_then(|id| directory.get(id));
        let Some(primary) = found.filter(|m| m.realm.as_deref().is_none_or(|owner| owner == realm)) else {
            return Err(Fault::bad_request("PrimaryMeetingId names no meeting"));
        };
        if primary.primary.is_some() {
            return Err(Fault::bad_request("PrimaryMeetingId names a replica; a replica cannot have replicas"));
        }
        if self.rules.replicas.is_some_and(|most| directory.replicas(primary.id) >= most as usize) {
            return Err(Fault::of(Exception::LimitExceeded, "The maximum number of replica meetings has been reached"));
        }
        Ok(primary.id)
    }

    /// Puts a meeting into the directory, with the instant at which it will be over.
    pub(super) fn take_in(&self, directory: &mut Directory, meeting: Arc<Meeting>, connected: bool) {
        let deadline = self.deadline(&meeting, connected);
        let id = meeting.id;
        directory.add(meeting);
        directory.set_deadline(id, deadline);
        self.look_at_deadlines(directory);
    }

    /// Five minutes without anybody, a day in any case; a replica and an adopted meeting have no end of their own.
    fn deadline(&self, meeting: &Meeting, connected: bool) -> Option<Duration> {
        let scale = self.rules.lifetime?;
        if meeting.primary.is_some() || meeting.realm.is_none() {
            return None;
        }
        let life = if connected { DAY } else { Duration::from_secs(IDLE_MEETING_SECONDS) };
        Some(meeting.made + life.div_f64(scale))
    }

    fn look_at_deadlines(&self, directory: &Directory) {
        let next = directory.first_deadline().map_or(u64::MAX, |(at, _)| u64::try_from(at.as_micros()).unwrap_or(u64::MAX));
        self.next_deadline.store(next, Ordering::Release);
    }

    /// Ends every meeting whose time is up.
    pub fn sweep(&self, now: Duration) {
        if u128::from(self.next_deadline.load(Ordering::Acquire)) > now.as_micros() {
            return;
        }
        let mut directory = self.write();
        let mut over = Vec::new();
        while let Some((_, id)) = directory.first_deadline().filter(|(at, _)| *at <= now) {
            over.extend(directory.end(id));
        }
        self.look_at_deadlines(&directory);
        drop(directory);
        self.close(over);
    }

    fn close(&self, over: Vec<Arc<Meeting>>) {
        for meeting in over {
            let mut inside = meeting.lock();
            inside.ended = true;
            let gone = inside.roll.count() as u64;
            // A reset may have set the count to nothing in between.
            let _ = self.seats.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n.saturating_sub(gone)));
            inside.roll = Default::default();
            self.note(|| Change::Ended(Arc::clone(&meeting)));
        }
    }

    /// Ends a meeting now, and its replicas.
    pub fn end(&self, id: Guid) -> bool {
        let over = {
            let mut directory = self.write();
            let over = directory.end(id);
            self.look_at_deadlines(&directory);
            over
        };
        let any = !over.is_empty();
        self.close(over);
        any
    }

    pub(super) fn get_meeting(&self, realm: &Realm, id: Guid) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id).map_err(|fault| match self.rules.sides.gone_meeting {
            GoneMeeting::NotFound => fault,
            GoneMeeting::Forbidden => Fault::forbidden(),
        })?;
        Ok(Reply::json(&OneMeeting { meeting: MeetingView::of(self.rules.seed, &meeting, realm), batch: None }))
    }

    pub(super) fn delete_meeting(&self, realm: &Realm, id: Guid) -> Result<Reply, Fault> {
        match self.find(realm, id) {
            Ok(_) => {
                self.end(id);
                Ok(Reply::empty(204))
            }
            // "The API is idempotent and treats non-existing meetings as already ended."
            Err(_) if self.rules.sides.delete_meeting == DeleteMeeting::Succeed => Ok(Reply::empty(204)),
            Err(fault) => Err(fault),
        }
    }

    /// Makes a meeting of this id exist, if it does not, for every caller and for as long as the mock lives.
    pub fn adopt(&self, now: Duration, id: Guid) {
        let mut directory = self.write();
        if directory.get(id).is_some() {
            return;
        }
        let asked = NewMeeting {
            request_token: "adopted".to_owned(),
            external_id: "adopted".to_owned(),
            media_region: "us-east-1".to_owned(),
            ..NewMeeting::default()
        };
        let meeting = Arc::new(Meeting::new(id, None, now, 0, asked, None));
        self.take_in(&mut directory, Arc::clone(&meeting), false);
        self.note(|| Change::Made(meeting));
    }

    /// Plays "somebody connected": the five-minute rule is off for this meeting.
    pub fn connect(&self, id: Guid) -> bool {
        let mut directory = self.write();
        let Some(meeting) = directory.get(id).cloned() else { return false };
        let deadline = self.deadline(&meeting, true);
        directory.set_deadline(id, deadline);
        self.look_at_deadlines(&directory);
        meeting.lock().connected = true;
        self.note(|| Change::Connected(id));
        true
    }
}
