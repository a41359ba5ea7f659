//! The attendees of one meeting, in the order they were made.
//!
//! Holds [`Roll`] and [`Seat`]. Called by the meeting's operations, under the meeting's lock. It knows no rule of the service
//! but the two that make it what it is: one attendee a key, and a deleted one never comes back as itself.

use crate::chime::capability::Capabilities;
use crate::mock::ids::{AttendeeKeys, Guid};
use crate::mock::sides::Reborn;
use crate::seed::Seed;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// An attendee. The token is not kept: it follows from the meeting, the key and the generation.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The ExternalUserId as it was first written.
    pub user: Box<str>,
    /// What it may do.
    pub capabilities: Capabilities,
    /// AttendeeId.
    pub id: Guid,
    /// How many of the same key were deleted before it.
    pub generation: u32,
    /// Its place in the order of making, which nobody else ever gets: a page goes on behind it.
    pub place: u64,
}

/// Deleted keys remembered exactly in one meeting; beyond that, every key counts as deleted as often as the most deleted one.
const GRAVES_AT_MOST: usize = 100_000;

/// The attendees of a meeting.
#[derive(Debug, Default)]
pub struct Roll {
    /// By order of making.
    seats: BTreeMap<u64, Seat>,
    by_key: HashMap<Box<str>, u64>,
    by_id: HashMap<Guid, u64>,
    /// The place of the next one.
    next: u64,
    /// Generation that the next attendee of a deleted key gets.
    graves: HashMap<Box<str>, u32>,
    /// Generation of a key that is in no grave.
    floor: u32,
}

impl Roll {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.seats.len()
    }

    /// The attendee of this key.
    pub fn of_key(&mut self, key: &str) -> Option<&mut Seat> {
        self.seats.get_mut(self.by_key.get(key)?)
    }

    /// The attendee of this id.
    pub fn of_id(&mut self, id: Guid) -> Option<&mut Seat> {
        self.seats.get_mut(self.by_id.get(&id)?)
    }

    /// The generation that an attendee of this key would have if it were made now.
    fn generation(&self, key: &str) -> u32 {
        self.graves.get(key).copied().unwrap_or(self.floor)
    }

    /// Makes the attendee of a key that has none, with the keys that follow from it.
    pub fn add(&mut self, seed: Seed, meeting: Guid, key: &str, user: &str, capabilities: Capabilities) -> (&Seat, AttendeeKeys) {
        let generation = self.generation(key);
        let keys = AttendeeKeys::derive(seed, meeting, key, generation);
        let seat = Seat { user: user.into(), capabilities, id: keys.id, generation, place: self.next };
        (self.put(key, seat), keys)
    }

    /// Puts an attendee into its place; also one that was made before, as a state file remembers it.
    pub fn put(&mut self, key: &str, seat: Seat) -> &Seat {
        let order = seat.place;
        self.skip_to(order + 1);
        self.by_key.insert(key.into(), order);
        self.by_id.insert(seat.id, order);
        self.seats.entry(order).or_insert(seat)
    }

    /// Gives no place before this one any more: those who had them are gone, and page tokens may still name them.
    pub fn skip_to(&mut self, place: u64) {
        self.next = self.next.max(place);
    }

    /// Removes an attendee; its key gets another id and token next time, if that is the `reborn` side's wish. The caller folds
    /// the user into a key as for `add`.
    pub fn remove(&mut self, id: Guid, reborn: Reborn, key_of: impl Fn(&str) -> String) -> Option<Seat> {
        let order = self.by_id.remove(&id)?;
        let seat = self.seats.remove(&order)?;
        let key = key_of(&seat.user);
        self.by_key.remove(key.as_str());
        self.bury(&key, seat.generation + u32::from(reborn == Reborn::New));
        Some(seat)
    }

    /// Remembers the generation that the next attendee of a key gets. It never falls: spellings that are one key are remembered
    /// apart by a state file, and come back in any order.
    pub fn bury(&mut self, key: &str, next_generation: u32) {
        if self.graves.len() >= GRAVES_AT_MOST {
            self.floor = self.graves.values().copied().max().unwrap_or(0).max(self.floor);
            self.graves.clear();
        }
        let least = self.generation(key).max(next_generation);
        self.graves.insert(key.into(), least);
    }

    /// At most `size` attendees made after the place `after`, with the place to go on from if there are more.
    pub fn page(&self, after: Option<u64>, size: usize) -> (Vec<&Seat>, Option<u64>) {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.seats.range((start, Bound::Unbounded));
        let mut last = None;
        let seats: Vec<&Seat> = rest
            .by_ref()
            .take(size)
            .map(|(order, seat)| {
                last = Some(*order);
                seat
            })
            .collect();
        (seats, if rest.next().is_some() { last } else { None })
    }

    /// Every attendee, to be changed in place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Seat> {
        self.seats.values_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deleted_key_comes_back_as_somebody_else() {
        let mut roll = Roll::default();
        let first = roll.add(Seed(1), Guid(1), "bob", "Bob", Capabilities::DEFAULT).1.id;
        assert!(roll.remove(first, Reborn::New, str::to_lowercase).is_some());
        assert!(roll.of_key("bob").is_none() && roll.of_id(first).is_none());
        assert_ne!(roll.add(Seed(1), Guid(1), "bob", "Bob", Capabilities::DEFAULT).1.id, first);
    }

    #[test]
    fn pages_go_on_where_they_stopped_also_after_a_deletion() {
        let mut roll = Roll::default();
        let ids: Vec<Guid> =
            (0..5).map(|n| roll.add(Seed(1), Guid(1), &format!("u{n}"), "u", Capabilities::DEFAULT).1.id).collect();
        let (page, next) = roll.page(None, 2);
        assert_eq!((page.len(), next), (2, Some(1)));
        roll.by_key.insert("u".into(), 2);
        roll.remove(ids[1], Reborn::New, str::to_owned);
        let (page, next) = roll.page(next, 3);
        assert_eq!((page.iter().map(|s| s.id).collect::<Vec<_>>(), next), (ids[2..].to_vec(), None));
    }
}
