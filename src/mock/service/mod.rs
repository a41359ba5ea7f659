//! The service itself: pure state, a time that is handed in, requests to replies.
//!
//! Holds [`Service`]. Called by the mock once a request has been let in. It does no I/O, reads no clock and draws no chance:
//! what it answers follows from its seed, its sides and what it was asked before. Limits of rate, latency and mischief are
//! other rooms' business.

pub mod attendees;
pub mod change;
pub mod directory;
pub mod extras;
pub mod meeting;
pub mod meetings;
pub mod reply;
pub mod restore;
pub mod roll;

use super::fault::Fault;
use super::ids::Guid;
use super::input;
use super::operation::{Operation, Route};
use super::sides::Sides;
use crate::seed::Seed;
use change::Change;
use directory::Directory;
use meeting::{Meeting, Realm};
use reply::Reply;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// What the service is told once, when it is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Ids and tokens follow from it.
    pub seed: Seed,
    /// Undocumented behaviours.
    pub sides: Sides,
    /// Concurrent meetings of a realm, if that is limited.
    pub meetings: Option<u32>,
    /// Replicas of a primary, if that is limited.
    pub replicas: Option<u32>,
    /// Whether meetings end by themselves, and how much faster than in life (1.0 is life).
    pub lifetime: Option<f64>,
}

/// Somebody who is told every change, in order for each meeting.
pub type Watcher = Box<dyn Fn(Change) + Send + Sync>;

/// The service.
pub struct Service {
    rules: Rules,
    directory: RwLock<Directory>,
    /// The first deadline in microseconds, so that most requests need not look at the directory's.
    next_deadline: AtomicU64,
    watcher: Option<Watcher>,
    /// Attendees that exist.
    seats: AtomicU64,
    /// Tokens given to repetitions (`--side repeat-token=fresh`).
    tokens: AtomicU64,
}

impl Service {
    /// A service with no meetings.
    pub fn new(rules: Rules, watcher: Option<Watcher>) -> Service {
        let next_deadline = AtomicU64::new(u64::MAX);
        let (seats, tokens) = (AtomicU64::new(0), AtomicU64::new(0));
        Service { rules, directory: RwLock::default(), next_deadline, watcher, seats, tokens }
    }

    /// Answers a request at `now`, which is an offset on the mock's own clock and never goes back.
    pub fn answer(&self, now: Duration, realm: &Arc<Realm>, route: &Route, body: &[u8]) -> Result<Reply, Fault> {
        use Operation::*;
        self.sweep(now);
        let side = self.rules.sides.bad_input;
        let meeting = || input::attendee::guid("meetingId", route.meeting.as_deref(), side);
        let attendee = || input::attendee::guid("attendeeId", route.attendee.as_deref(), side);
        match route.operation {
            CreateMeeting => self.create_meeting(now, realm, input::read(body, side, input::meeting::meeting)?),
            CreateMeetingWithAttendees => {
                let (asked, attendees) = input::read(body, side, input::meeting::meeting_with_attendees)?;
                self.create_meeting_with_attendees(now, realm, asked, attendees)
            }
            GetMeeting => self.get_meeting(realm, meeting()?),
            DeleteMeeting => self.delete_meeting(realm, meeting()?),
            CreateAttendee => self.create_attendee(realm, meeting()?, input::read(body, side, input::attendee::wanted)?),
            BatchCreateAttendee => {
                let wanted = |form: input::Form<'_>| input::attendee::batch(form, crate::chime::quota::BATCH_MAX);
                self.batch_create(realm, meeting()?, input::read(body, side, wanted)?)
            }
            GetAttendee => self.get_attendee(realm, meeting()?, attendee()?),
            DeleteAttendee => self.delete_attendee(realm, meeting()?, attendee()?),
            ListAttendees => {
                let (size, token) = input::attendee::page(route, side)?;
                self.list_attendees(realm, meeting()?, size, token.as_deref())
            }
            UpdateAttendeeCapabilities => {
                self.update(realm, meeting()?, attendee()?, input::read(body, side, input::attendee::update)?)
            }
            BatchUpdateAttendeeCapabilitiesExcept => {
                let (excluded, capabilities) = input::read(body, side, input::attendee::update_except)?;
                self.update_except(realm, meeting()?, &excluded, capabilities)
            }
            StartMeetingTranscription => {
                let engines = input::read(body, side, input::transcription::start)?;
                self.start_transcription(realm, meeting()?, &engines)
            }
            StopMeetingTranscription => self.stop_transcription(realm, meeting()?),
            TagResource => {
                let (arn, tags) = input::read(body, side, input::tag::tag_resource)?;
                self.tag(realm, &arn, tags)
            }
            UntagResource => {
                let (arn, keys) = input::read(body, side, input::tag::untag_resource)?;
                self.untag(realm, &arn, &keys)
            }
            ListTagsForResource => self.list_tags(realm, &input::tag::list_tags(route, side)?),
        }
    }

    /// Living meetings and attendees.
    pub fn counts(&self) -> (usize, u64) {
        (self.read().count(), self.seats.load(Ordering::Relaxed))
    }

    /// Forgets everything, as if it had just been made.
    pub fn reset(&self) {
        let over: Vec<_> = {
            let mut directory = self.write();
            let over = directory.all().cloned().collect();
            *directory = Directory::default();
            over
        };
        over.iter().for_each(|meeting: &Arc<Meeting>| meeting.lock().ended = true);
        self.next_deadline.store(u64::MAX, Ordering::Relaxed);
        self.seats.store(0, Ordering::Relaxed);
        self.note(|| Change::Reset);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Directory> {
        self.directory.read().expect("no operation panics while it holds the directory")
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Directory> {
        self.directory.write().expect("no operation panics while it holds the directory")
    }

    /// The meeting, if this caller may see it.
    fn find(&self, realm: &Realm, id: Guid) -> Result<Arc<Meeting>, Fault> {
        let directory = self.read();
        match directory.get(id) {
            Some(meeting) if meeting.realm.as_deref().is_none_or(|owner| owner == realm) => Ok(Arc::clone(meeting)),
            // Another account's, or another control region's: not to be found from here.
            Some(_) => Err(Fault::no_meeting(id)),
            None if directory.has_ended(id) => Err(Fault::meeting_ended()),
            None => Err(Fault::no_meeting(id)),
        }
    }

    fn note(&self, change: impl FnOnce() -> Change) {
        if let Some(watcher) = &self.watcher {
            watcher(change());
        }
    }
}
