//! Meetings, supplied as a load needs them: made ahead, filled, renewed before they end, deleted when left.
//!
//! Holds [`Supply`], a pure state machine over offsets from the start. Called by a lane for every seat, and asked by it what is to be
//! done about meetings next. Its calls are counted apart from the load's and take a stated share of its rate. It never waits and
//! never calls.

use super::errand::{Counts, Errand, Task, Terms};
use crate::bucket::{Bucket, Rate};
use crate::chime::class::{Class, Tier};
use crate::chime::id::MeetingId;
use crate::client::operations::MeetingWish;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Which meeting of a supply.
pub type Slot = u64;

/// Calls about meetings under way at once.
const AT_ONCE: usize = 10;
/// Attempts at one of them in a row before it is given up: at making one, that is the end of the run.
const ATTEMPTS: u32 = 8;
/// The same while the service throttles; a second apart, for people are waiting for the seats.
const THROTTLES: u32 = 600;

#[derive(Debug)]
struct Meeting {
    id: MeetingId,
    made: Duration,
    taken: u64,
    in_flight: u32,
}

/// The meetings of a lane.
#[derive(Debug)]
pub struct Supply {
    terms: Option<Terms>,
    seats: u64,
    /// Those that attendees are put into.
    live: BTreeMap<Slot, Meeting>,
    /// Those that nobody is put into any more.
    left: BTreeMap<Slot, Meeting>,
    by_row: BTreeMap<MeetingId, Slot>,
    last_slot: Slot,
    /// Where the last seat was taken.
    turn: Slot,
    wishes: u64,
    /// What is being done; kept so that whatever is cut off can be done again.
    out: Vec<Errand>,
    again: VecDeque<(Duration, Errand)>,
    to_delete: VecDeque<MeetingId>,
    bucket: Bucket,
    counts: Counts,
    retired: Vec<Slot>,
    given_up: Vec<MeetingId>,
    closing: bool,
}

impl Supply {
    /// Meetings that are made on these terms.
    pub fn made(terms: Terms) -> Supply {
        let (seats, rate) = (terms.seats, terms.setup_rate);
        Supply { terms: Some(terms), ..Supply::empty(seats, rate) }
    }

    /// Meetings that exist, with so many seats in each.
    pub fn given(ids: &[MeetingId], seats: u64) -> Supply {
        let mut supply = Supply::empty(seats, Rate::UNLIMITED);
        ids.iter().for_each(|id| {
            supply.add(id.clone(), Duration::ZERO);
        });
        supply
    }

    /// Meetings as rows name them.
    pub fn of_rows() -> Supply {
        Supply::empty(u64::MAX, Rate::UNLIMITED)
    }

    fn empty(seats: u64, rate: Rate) -> Supply {
        Supply {
            terms: None,
            seats,
            live: BTreeMap::new(),
            left: BTreeMap::new(),
            by_row: BTreeMap::new(),
            last_slot: 0,
            turn: 0,
            wishes: 0,
            out: Vec::new(),
            again: VecDeque::new(),
            to_delete: VecDeque::new(),
            bucket: Bucket::new(rate, AT_ONCE as f64),
            counts: Counts::default(),
            retired: Vec::new(),
            given_up: Vec::new(),
            closing: false,
        }
    }

    fn add(&mut self, id: MeetingId, made: Duration) -> Slot {
        self.last_slot += 1;
        self.live.insert(self.last_slot, Meeting { id, made, taken: 0, in_flight: 0 });
        self.last_slot
    }

    /// The load begins: what was made before it counts as made at its start, and calls come at the load's share.
    pub fn begin(&mut self) {
        self.live.values_mut().for_each(|meeting| meeting.made = Duration::ZERO);
        if let Some(terms) = &self.terms {
            self.bucket = Bucket::new(terms.rate, 1.0);
        }
    }

    /// Whether as many are there as are to be there before the load begins.
    pub fn is_ready(&self) -> bool {
        self.wanted() == 0 && self.out.is_empty() && self.again.is_empty()
    }

    /// Takes up to `n` seats of one meeting: which, and how many. `None` if none is to be had now.
    pub fn take(&mut self, n: u64) -> Option<(Slot, MeetingId, u64)> {
        let keeps_order = self.terms.as_ref().is_some_and(|terms| terms.ahead.is_none());
        // One after another where meetings are made as needed, in turn where they are given.
        let from = if keeps_order { 0 } else { self.turn + 1 };
        let free = |meeting: &Meeting| meeting.taken < self.seats;
        let found = self.live.range(from..).chain(self.live.range(..from)).find(|(_, meeting)| free(meeting));
        // Where a number of meetings is given and all are full, the service is left to say so.
        let full = || self.live.range(from..).chain(self.live.range(..from)).next().filter(|_| !keeps_order);
        let slot = *found.or_else(full)?.0;
        self.turn = slot;
        let seats = self.seats;
        let meeting = self.live.get_mut(&slot)?;
        let granted = n.min(seats.saturating_sub(meeting.taken)).max(1);
        meeting.taken += granted;
        Some((slot, meeting.id.clone(), granted))
    }

    /// The meeting that a row names.
    pub fn of_row(&mut self, id: &MeetingId) -> Slot {
        if let Some(slot) = self.by_row.get(id) {
            return *slot;
        }
        let slot = self.add(id.clone(), Duration::ZERO);
        self.by_row.insert(id.clone(), slot);
        slot
    }

    /// Any meeting at all, for a call that takes no seat.
    pub fn any(&mut self) -> Option<(Slot, MeetingId)> {
        let from = self.turn + 1;
        let (slot, meeting) = self.live.range(from..).chain(self.live.range(..from)).next()?;
        self.turn = *slot;
        Some((*slot, meeting.id.clone()))
    }

    /// Seats that were taken and did not come to be, or were given back.
    pub fn give_back(&mut self, slot: Slot, n: u64) {
        if let Some(meeting) = self.live.get_mut(&slot) {
            meeting.taken = meeting.taken.saturating_sub(n);
        }
    }

    /// The service says that this one is full.
    pub fn full(&mut self, slot: Slot) {
        let seats = self.seats;
        if let Some(meeting) = self.live.get_mut(&slot).filter(|_| seats < u64::MAX) {
            meeting.taken = meeting.taken.max(seats);
        }
    }

    /// The service says that this one is gone. One of our making is replaced.
    pub fn gone(&mut self, slot: Slot) {
        if self.terms.is_some() && self.live.contains_key(&slot) {
            self.retire(slot);
        }
    }

    /// A call about a meeting begins.
    pub fn enter(&mut self, slot: Slot) {
        if let Some(meeting) = self.live.get_mut(&slot).or_else(|| self.left.get_mut(&slot)) {
            meeting.in_flight += 1;
        }
    }

    /// It has ended.
    pub fn leave(&mut self, slot: Slot) {
        if let Some(meeting) = self.live.get_mut(&slot).or_else(|| self.left.get_mut(&slot)) {
            meeting.in_flight -= 1;
        }
    }

    /// A meeting that the load itself made: it is deleted like those of ours.
    pub fn found(&mut self, id: MeetingId) {
        self.to_delete.push_back(id);
    }

    /// Meetings that nobody is put into any more since this was last asked.
    pub fn retired(&mut self) -> Vec<Slot> {
        std::mem::take(&mut self.retired)
    }

    fn retire(&mut self, slot: Slot) {
        if let Some(meeting) = self.live.remove(&slot) {
            self.left.insert(slot, meeting);
            self.retired.push(slot);
        }
    }

    fn is_stale(&self, meeting: &Meeting, now: Duration) -> bool {
        let renew = self.terms.as_ref().and_then(|terms| terms.renew);
        renew.is_some_and(|age| now.saturating_sub(meeting.made) >= age)
    }

    /// How many are being made, or will be tried again.
    fn making(&self) -> u64 {
        let tried = self.again.iter().map(|(_, errand)| errand);
        self.out.iter().chain(tried).filter(|errand| matches!(errand.task, Task::Make(_))).count() as u64
    }

    /// How many are to be made beyond those that are being made.
    fn wanted(&self) -> u64 {
        self.wanted_at(None)
    }

    fn wanted_at(&self, now: Option<Duration>) -> u64 {
        let Some(terms) = self.terms.as_ref().filter(|_| !self.closing) else { return 0 };
        let fresh = |meeting: &&Meeting| now.is_none_or(|now| !self.is_stale(meeting, now));
        let wanted = match terms.ahead {
            Some(ahead) => ahead.saturating_sub(self.live.values().filter(fresh).count() as u64),
            None => {
                let free: u64 = self.live.values().filter(fresh).map(|m| terms.seats.saturating_sub(m.taken)).sum();
                terms.reserve.max(1).saturating_sub(free).div_ceil(terms.seats)
            }
        };
        wanted.saturating_sub(self.making())
    }

    /// Lets go of those that are full or old, where others have taken their place.
    fn tidy(&mut self, now: Duration) {
        let Some(terms) = self.terms.as_ref().filter(|_| !self.closing) else { return };
        let gone: Vec<Slot> = match terms.ahead {
            Some(ahead) => {
                let over = (self.live.len() as u64).saturating_sub(ahead);
                let stale = self.live.iter().filter(|(_, meeting)| self.is_stale(meeting, now));
                stale.take(usize::try_from(over).unwrap_or(usize::MAX)).map(|(slot, _)| *slot).collect()
            }
            None => {
                let replaced = self.live.values().any(|m| !self.is_stale(m, now) && m.taken < terms.seats);
                let old = |m: &Meeting| self.is_stale(m, now) && replaced;
                let full = |m: &Meeting| m.taken >= terms.seats && m.in_flight == 0 && !terms.keeps_attendees;
                self.live.iter().filter(|(_, m)| old(m) || full(m)).map(|(slot, _)| *slot).collect()
            }
        };
        gone.into_iter().for_each(|slot| self.retire(slot));
        let empty: Vec<Slot> = self.left.iter().filter(|(_, m)| m.in_flight == 0).map(|(slot, _)| *slot).collect();
        for slot in empty {
            self.to_delete.extend(self.left.remove(&slot).map(|meeting| meeting.id));
        }
    }

    /// What is to be done now, or when something may be.
    pub fn next(&mut self, now: Duration) -> Result<Errand, Option<Duration>> {
        self.tidy(now);
        let again = self.again.iter().map(|(due, _)| *due).min();
        let due_again = again.filter(|due| *due <= now);
        let make = self.wanted_at(Some(now)) > 0;
        if due_again.is_none() && !make && self.to_delete.is_empty() {
            return Err([again, self.next_stale(now)].into_iter().flatten().min());
        }
        if self.out.len() >= AT_ONCE {
            return Err(None);
        }
        if let Err(wait) = self.bucket.take(now) {
            return Err(Some(now + wait));
        }
        let repeated = due_again.and_then(|due| self.again.iter().position(|(when, _)| *when == due));
        let errand = match repeated.and_then(|at| self.again.remove(at)) {
            Some((_, errand)) => errand,
            None if make => {
                self.wishes += 1;
                let name = self.terms.as_ref().map(|terms| terms.name.as_str()).unwrap_or_default();
                let token = format!("{name}-{}", self.wishes);
                Errand { task: Task::Make(MeetingWish { label: token.clone(), token }), failed: 0 }
            }
            None => Errand { task: Task::Delete(self.to_delete.pop_front().ok_or(None)?), failed: 0 },
        };
        self.out.push(errand.clone());
        Ok(errand)
    }

    /// When the next one grows old.
    fn next_stale(&self, now: Duration) -> Option<Duration> {
        let renew = self.terms.as_ref().and_then(|terms| terms.renew).filter(|_| !self.closing)?;
        self.live.values().map(|meeting| meeting.made + renew).filter(|at| *at > now).min()
    }

    fn back(&mut self, errand: &Errand, class: Class) {
        self.out.retain(|other| other.task != errand.task);
        self.counts.calls.count(class);
    }

    /// A meeting was made.
    pub fn was_made(&mut self, now: Duration, errand: &Errand, id: MeetingId) {
        self.back(errand, Class::Ok);
        self.counts.made += 1;
        if self.live.values().any(|meeting| self.is_stale(meeting, now)) {
            self.counts.renewed += 1;
        }
        if self.closing {
            self.to_delete.push_back(id);
        } else {
            self.add(id, now);
        }
    }

    /// A meeting was deleted.
    pub fn was_deleted(&mut self, errand: &Errand) {
        self.back(errand, Class::Ok);
        self.counts.deleted += 1;
    }

    /// It did not work: it is tried again after a while. Answers whether a meeting has been given up that was to be made.
    pub fn failed(&mut self, now: Duration, mut errand: Errand, class: Class) -> bool {
        self.back(&errand, class);
        errand.failed += 1;
        let passing = class.is_passing() && class.tier() != Tier::Auth || class == Class::Capacity;
        // A throttle is flow control: the load itself may be what keeps the quota spent.
        let (most, doublings) = if class == Class::Throttled { (THROTTLES, 2) } else { (ATTEMPTS, 6) };
        if errand.failed < most && passing {
            let wait = Duration::from_millis(250).saturating_mul(1 << errand.failed.min(doublings));
            self.again.push_back((now + wait, errand));
            return false;
        }
        match errand.task {
            Task::Make(_) => true,
            // What is gone already needs no deleting.
            Task::Delete(id) => {
                self.given_up.extend((class != Class::NotFound).then_some(id));
                false
            }
        }
    }

    /// The load is over: whatever we made is left, and to be deleted at this rate.
    pub fn close(&mut self, now: Duration) {
        self.closing = true;
        let mine = self.terms.is_some();
        for meeting in std::mem::take(&mut self.live).into_values().chain(std::mem::take(&mut self.left).into_values()) {
            if mine {
                self.to_delete.push_back(meeting.id);
            }
        }
        // What was cut off is done again: the token of a meeting that was being made finds it, so that it can be deleted.
        let cut_off = std::mem::take(&mut self.out);
        self.again.iter_mut().for_each(|(due, _)| *due = now);
        self.again.extend(cut_off.into_iter().map(|errand| (now, errand)));
        if let Some(terms) = &self.terms {
            self.bucket = Bucket::new(terms.setup_rate, AT_ONCE as f64);
            self.bucket.drain(now);
        }
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.out.is_empty() && self.again.is_empty() && self.to_delete.is_empty()
    }

    /// What was done.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Meetings of ours that may still be there.
    pub fn leftovers(&self) -> Vec<MeetingId> {
        let mine = self.live.values().chain(self.left.values()).map(|meeting| &meeting.id).filter(|_| self.terms.is_some());
        let out = self.out.iter().chain(self.again.iter().map(|(_, errand)| errand)).filter_map(|errand| match &errand.task {
            Task::Delete(id) => Some(id),
            Task::Make(_) => None,
        });
        mine.chain(&self.to_delete).chain(out).chain(&self.given_up).cloned().collect()
    }
}
