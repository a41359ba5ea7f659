//! The meetings of a lane and their seats: which have a free one, which are too old, which are full or left.
//!
//! Holds [`Rooms`], a pure book. Kept by `supply`, which decides what is to be made and deleted. Every call of a load comes by here,
//! so nothing looks at all meetings: what is asked for is kept up to date as seats come and go.

use crate::chime::id::MeetingId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Which meeting of a supply.
pub type Slot = u64;

#[derive(Debug)]
struct Meeting {
    id: MeetingId,
    made: Duration,
    taken: u64,
    in_flight: u32,
}

/// Meetings and their seats.
#[derive(Debug)]
pub(super) struct Rooms {
    /// Seats of each.
    seats: u64,
    /// The age at which one is too old.
    renew: Option<Duration>,
    /// Those that attendees are put into, the oldest first: what is too old stands in front.
    live: BTreeMap<Slot, Meeting>,
    /// Those of them with a free seat, and the free seats of all.
    open: BTreeSet<Slot>,
    room: u128,
    /// Those of them that were full while no call was about them; a set, for nobody asks for them where meetings are given.
    spent: BTreeSet<Slot>,
    /// Those that nobody is put into any more, while calls are about them.
    left: BTreeMap<Slot, Meeting>,
    last: Slot,
    /// Where the last seat was taken.
    turn: Slot,
}

impl Rooms {
    /// None yet, of so many seats each, good until this age.
    pub fn new(seats: u64, renew: Option<Duration>) -> Rooms {
        let (live, left) = (BTreeMap::new(), BTreeMap::new());
        Rooms { seats, renew, live, open: BTreeSet::new(), room: 0, spent: BTreeSet::new(), left, last: 0, turn: 0 }
    }

    /// A new one, made now; `made` never goes back.
    pub fn add(&mut self, id: MeetingId, made: Duration) -> Slot {
        self.last += 1;
        self.live.insert(self.last, Meeting { id, made, taken: 0, in_flight: 0 });
        self.open.insert(self.last);
        self.room += u128::from(self.seats);
        self.last
    }

    /// All of them count as made now.
    pub fn refresh(&mut self, now: Duration) {
        self.live.values_mut().for_each(|meeting| meeting.made = now);
    }

    /// How many are live.
    pub fn len(&self) -> u64 {
        self.live.len() as u64
    }

    /// Whether this one is live.
    pub fn is_live(&self, slot: Slot) -> bool {
        self.live.contains_key(&slot)
    }

    /// Takes up to `n` seats of one: the first with a free one, or the next `in_turn`. Where all are full and taken in turn, the
    /// service is left to say so.
    pub fn take(&mut self, n: u64, in_turn: bool) -> Option<(Slot, MeetingId, u64)> {
        let from = if in_turn { self.turn + 1 } else { 0 };
        let open = self.open.range(from..).next().or_else(|| self.open.first()).copied();
        let slot = open.or_else(|| self.next_live().filter(|_| in_turn))?;
        self.turn = slot;
        let meeting = self.live.get(&slot)?;
        let (id, granted) = (meeting.id.clone(), n.min(self.seats.saturating_sub(meeting.taken)).max(1));
        self.count(slot, |taken| taken + granted);
        Some((slot, id, granted))
    }

    /// The next one in turn, free seats or not.
    pub fn any(&mut self) -> Option<(Slot, MeetingId)> {
        self.turn = self.next_live()?;
        Some((self.turn, self.live.get(&self.turn)?.id.clone()))
    }

    fn next_live(&self) -> Option<Slot> {
        self.live.range(self.turn + 1..).next().or_else(|| self.live.first_key_value()).map(|(slot, _)| *slot)
    }

    /// Changes how many seats of a live one are taken.
    pub fn count(&mut self, slot: Slot, taken: impl FnOnce(u64) -> u64) {
        let Some(meeting) = self.live.get_mut(&slot) else { return };
        let before = self.seats.saturating_sub(meeting.taken);
        meeting.taken = taken(meeting.taken);
        let after = self.seats.saturating_sub(meeting.taken);
        self.room = self.room - u128::from(before) + u128::from(after);
        if after > 0 {
            self.open.insert(slot);
        } else {
            self.open.remove(&slot);
            self.spent.extend((meeting.in_flight == 0).then_some(slot));
        }
    }

    /// A call about one begins.
    pub fn enter(&mut self, slot: Slot) {
        if let Some(meeting) = self.live.get_mut(&slot).or_else(|| self.left.get_mut(&slot)) {
            meeting.in_flight += 1;
        }
    }

    /// It has ended. Answers the one it was about if that was left, and nothing is about it any more.
    pub fn leave(&mut self, slot: Slot) -> Option<MeetingId> {
        if let Some(meeting) = self.live.get_mut(&slot) {
            meeting.in_flight -= 1;
            self.spent.extend((meeting.in_flight == 0 && meeting.taken >= self.seats).then_some(slot));
            return None;
        }
        let meeting = self.left.get_mut(&slot)?;
        meeting.in_flight -= 1;
        if meeting.in_flight > 0 { None } else { self.left.remove(&slot).map(|meeting| meeting.id) }
    }

    /// Puts nobody into it any more. Answers it if nothing is about it.
    pub fn retire(&mut self, slot: Slot) -> Option<MeetingId> {
        let meeting = self.live.remove(&slot)?;
        self.room -= u128::from(self.seats.saturating_sub(meeting.taken));
        self.open.remove(&slot);
        if meeting.in_flight == 0 {
            return Some(meeting.id);
        }
        self.left.insert(slot, meeting);
        None
    }

    /// Those that are too old, of the live ones.
    pub fn stale(&self, now: Duration) -> impl Iterator<Item = Slot> {
        self.too_old(now).map(|(slot, _)| *slot)
    }

    fn too_old(&self, now: Duration) -> impl Iterator<Item = (&Slot, &Meeting)> {
        self.live.iter().take_while(move |(_, meeting)| self.renew.is_some_and(|age| now.saturating_sub(meeting.made) >= age))
    }

    /// When the next one grows too old.
    pub fn next_stale(&self, now: Duration) -> Option<Duration> {
        let renew = self.renew?;
        self.live.values().map(|meeting| meeting.made + renew).find(|at| *at > now)
    }

    /// How many live ones are not too old, and their free seats; of all, where no time is given.
    pub fn fresh(&self, now: Option<Duration>) -> (u64, u64) {
        let all = (self.len(), self.room);
        let old = |now| self.too_old(now).map(|(_, meeting)| u128::from(self.seats.saturating_sub(meeting.taken)));
        let (n, room) = now.map_or(all, |now| old(now).fold(all, |(n, room), gone| (n - 1, room - gone)));
        (n, u64::try_from(room).unwrap_or(u64::MAX))
    }

    /// Those that are full while no call is about them; each is told once.
    pub fn spent(&mut self) -> Vec<Slot> {
        let is_spent = |slot: &Slot| self.live.get(slot).is_some_and(|m| m.taken >= self.seats && m.in_flight == 0);
        std::mem::take(&mut self.spent).into_iter().filter(is_spent).collect()
    }

    /// All of them, live or left; none is there any more.
    pub fn take_all(&mut self) -> Vec<MeetingId> {
        let all = std::mem::replace(self, Rooms::new(self.seats, self.renew));
        all.live.into_values().chain(all.left.into_values()).map(|meeting| meeting.id).collect()
    }

    /// All of them, live or left.
    pub fn all(&self) -> impl Iterator<Item = &MeetingId> {
        self.live.values().chain(self.left.values()).map(|meeting| &meeting.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> MeetingId {
        MeetingId::parse(&format!("00000000-0000-4000-8000-{n:012}")).unwrap()
    }

    #[test]
    fn seats_come_and_go_and_the_books_stay_right() {
        let mut rooms = Rooms::new(2, Some(Duration::from_secs(10)));
        let one = rooms.add(id(1), Duration::ZERO);
        let two = rooms.add(id(2), Duration::from_secs(5));
        assert_eq!(rooms.fresh(None), (2, 4));
        assert_eq!(rooms.take(5, false).map(|(slot, _, n)| (slot, n)), Some((one, 2)));
        rooms.enter(one);
        assert_eq!(rooms.take(1, false).map(|(slot, _, n)| (slot, n)), Some((two, 1)));
        assert_eq!((rooms.fresh(None), rooms.spent()), ((2, 1), vec![]));
        assert_eq!((rooms.leave(one), rooms.spent()), (None, vec![one]));
        rooms.count(one, |taken| taken - 1);
        assert_eq!(rooms.fresh(None), (2, 2));
        // The first is too old from the tenth second on, the second from the fifteenth.
        assert_eq!(rooms.fresh(Some(Duration::from_secs(10))), (1, 1));
        assert_eq!(rooms.next_stale(Duration::from_secs(10)), Some(Duration::from_secs(15)));
        assert_eq!(rooms.stale(Duration::from_secs(15)).collect::<Vec<_>>(), [one, two]);
        rooms.enter(one);
        assert_eq!((rooms.retire(one), rooms.retire(two)), (None, Some(id(2))));
        assert_eq!((rooms.fresh(None), rooms.leave(one)), ((0, 0), Some(id(1))));
    }

    #[test]
    fn where_all_are_full_those_in_turn_are_asked_all_the_same() {
        let mut rooms = Rooms::new(1, None);
        let slots = [rooms.add(id(1), Duration::ZERO), rooms.add(id(2), Duration::ZERO)];
        let took: Vec<_> = (0..4).map(|_| rooms.take(1, true).unwrap().0).collect();
        assert_eq!(took, [slots, slots].concat());
        assert!(rooms.take(1, false).is_none());
        // However long a load asks full meetings, the books stay as large as the meetings are many.
        for _ in 0..1000 {
            let (slot, ..) = rooms.take(1, true).unwrap();
            rooms.enter(slot);
            rooms.leave(slot);
        }
        assert_eq!((rooms.spent.len(), rooms.spent()), (2, slots.to_vec()));
    }
}
