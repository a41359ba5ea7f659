//! Putting back what a state file remembers.
//!
//! Holds [`Remembered`] and the way in. Called once, before the first request. What comes back answers as if the mock had never
//! been stopped: same ids, same tokens, same order of attendees, deleted ones still dead.

use super::Service;
use super::meeting::{Meeting, Realm};
use super::roll::Seat;
use crate::mock::ids::{AttendeeKeys, Guid};
use crate::mock::input::meeting::NewMeeting;
use crate::mock::input::tag::Tag;
use crate::mock::sides::Reborn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A meeting as it was.
#[derive(Debug)]
pub struct Remembered {
    /// MeetingId.
    pub id: Guid,
    /// Whose it is; none for an adopted one.
    pub realm: Option<Realm>,
    /// When it was made.
    pub made: Duration,
    /// How many of the same token ended before it.
    pub generation: u32,
    /// What was asked for.
    pub asked: NewMeeting,
    /// The primary of a replica.
    pub primary: Option<Guid>,
    /// Somebody had connected.
    pub connected: bool,
    /// It was being transcribed.
    pub transcribing: bool,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Its attendees, whose ids are not read: they follow from the rest.
    pub seats: Vec<Seat>,
    /// Places that are given to nobody any more.
    pub places: u64,
    /// Users that were deleted, with the generation that the next of each gets.
    pub graves: Vec<(String, u32)>,
}

impl Service {
    /// Puts a meeting back.
    pub fn restore(&self, was: Remembered) {
        let realm = was.realm.map(Arc::new);
        let meeting = Arc::new(Meeting::new(was.id, realm, was.made, was.generation, was.asked, was.primary));
        {
            let mut inside = meeting.lock();
            (inside.connected, inside.transcribing, inside.tags) = (was.connected, was.transcribing, was.tags);
            for (user, next) in &was.graves {
                // With `--side reborn=same` it is the generation that was buried that comes back.
                let next = next - u32::from(self.rules.sides.reborn == Reborn::Same).min(*next);
                inside.roll.bury(&self.key(user), next);
            }
            self.seats.fetch_add(was.seats.len() as u64, Ordering::Relaxed);
            inside.roll.skip_to(was.places);
            for seat in was.seats {
                let key = self.key(&seat.user);
                let id = AttendeeKeys::derive(self.rules.seed, meeting.id, &key, seat.generation).id;
                inside.roll.put(&key, Seat { id, ..seat });
            }
        }
        self.take_in(&mut self.write(), meeting, was.connected);
    }

    /// Remembers that a meeting has been.
    pub fn restore_ended(&self, id: Guid) {
        self.write().remember(id);
    }

    /// Remembers the generation that the next meeting of a token gets.
    pub fn restore_token(&self, realm: String, token: String, next_generation: u32) {
        self.write().bury_token((realm, token), next_generation);
    }
}
