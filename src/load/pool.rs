//! Attendees that a lane has made and may ask about, or delete, later.
//!
//! Holds [`Pool`]. Called by a lane. One that is taken is nobody else's until it is put back, so that no call asks about an attendee
//! that another is deleting. Bounded: beyond the bound a new one takes the place of one chosen by chance.

use super::supply::Slot;
use crate::call::Seat;
use crate::chime::id::AttendeeId;
use crate::seed::Seed;

/// Attendees kept.
const MOST: usize = 10_000;

type Kept = (Seat, Slot, AttendeeId);

/// Attendees at hand.
#[derive(Debug, Default)]
pub struct Pool {
    seed: u64,
    draws: u64,
    kept: Vec<Kept>,
}

impl Pool {
    /// An empty one.
    pub fn new(seed: Seed) -> Pool {
        Pool { seed: seed.0, ..Pool::default() }
    }

    /// Whether nobody is at hand.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    fn draw(&mut self) -> usize {
        self.draws += 1;
        (mixed(self.seed ^ 0x706f_6f6c, self.draws) % self.kept.len() as u64) as usize
    }

    /// Takes one, by chance.
    pub fn take(&mut self) -> Option<Kept> {
        if self.kept.is_empty() {
            return None;
        }
        let at = self.draw();
        Some(self.kept.swap_remove(at))
    }

    /// Puts one in.
    pub fn put(&mut self, seat: Seat, slot: Slot, id: AttendeeId) {
        if self.kept.len() < MOST {
            self.kept.push((seat, slot, id));
        } else {
            let at = self.draw();
            self.kept[at] = (seat, slot, id);
        }
    }

    /// Forgets those of meetings that are left.
    pub fn forget(&mut self, slots: &[Slot]) {
        if !slots.is_empty() {
            self.kept.retain(|(_, slot, _)| !slots.contains(slot));
        }
    }
}

/// A number that looks like chance and follows from both (the finaliser of SplitMix64).
pub fn mixed(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
