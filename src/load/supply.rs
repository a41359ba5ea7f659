//! Meetings, supplied as a load needs them: made ahead, filled, renewed before they end, deleted when left.
//!
//! Holds [`Supply`], a pure state machine over offsets from the start. Called by a lane for every seat, and asked by it what is to be
//! done about meetings next. Its calls are counted apart from the load's and take a stated share of its rate. It never waits and
//! never calls.

use super::errand::{Counts, Errand, Task, Terms};
use super::rooms::Rooms;
pub use super::rooms::Slot;
use crate::bucket::{Bucket, Rate};
use crate::chime::class::{Class, Tier};
use crate::chime::id::MeetingId;
use crate::client::operations::MeetingWish;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Calls about meetings under way at once.
const AT_ONCE: usize = 10;
/// Attempts at one of them in a row before it is given up: at making one, that is the end of the run.
const ATTEMPTS: u32 = 8;
/// The same while the service throttles; a second apart, for people are waiting for the seats.
const THROTTLES: u32 = 600;

/// The meetings of a lane.
#[derive(Debug)]
pub struct Supply {
    terms: Option<Terms>,
    seats: u64,
    rooms: Rooms,
    by_row: BTreeMap<MeetingId, Slot>,
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
        let (seats, rate, rooms) = (terms.seats, terms.setup_rate, Rooms::new(terms.seats, terms.renew));
        Supply { terms: Some(terms), rooms, ..Supply::empty(seats, rate) }
    }

    /// Meetings that exist, with so many seats in each.
    pub fn given(ids: &[MeetingId], seats: u64) -> Supply {
        let mut supply = Supply::empty(seats, Rate::UNLIMITED);
        ids.iter().for_each(|id| {
            supply.rooms.add(id.clone(), Duration::ZERO);
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
            rooms: Rooms::new(seats, None),
            by_row: BTreeMap::new(),
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

    /// The load begins: what was made before it counts as made at its start, and calls come at the load's share.
    pub fn begin(&mut self) {
        self.rooms.refresh(Duration::ZERO);
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
        // One after another where meetings are made as needed, in turn where their number is given.
        let in_turn = self.terms.as_ref().is_none_or(|terms| terms.ahead.is_some());
        self.rooms.take(n, in_turn)
    }

    /// The meeting that a row names.
    pub fn of_row(&mut self, id: &MeetingId) -> Slot {
        if let Some(slot) = self.by_row.get(id) {
            return *slot;
        }
        let slot = self.rooms.add(id.clone(), Duration::ZERO);
        self.by_row.insert(id.clone(), slot);
        slot
    }

    /// Any meeting at all, for a call that takes no seat.
    pub fn any(&mut self) -> Option<(Slot, MeetingId)> {
        self.rooms.any()
    }

    /// Seats that were taken and did not come to be, or were given back.
    pub fn give_back(&mut self, slot: Slot, n: u64) {
        self.rooms.count(slot, |taken| taken.saturating_sub(n));
    }

    /// The service says that this one is full.
    pub fn full(&mut self, slot: Slot) {
        let seats = self.seats;
        if seats < u64::MAX {
            self.rooms.count(slot, |taken| taken.max(seats));
        }
    }

    /// The service says that this one is gone. One of our making is replaced.
    pub fn gone(&mut self, slot: Slot) {
        if self.terms.is_some() && self.rooms.is_live(slot) {
            self.retire(slot);
        }
    }

    /// A call about a meeting begins.
    pub fn enter(&mut self, slot: Slot) {
        self.rooms.enter(slot);
    }

    /// It has ended.
    pub fn leave(&mut self, slot: Slot) {
        self.to_delete.extend(self.rooms.leave(slot));
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
        if self.rooms.is_live(slot) {
            self.to_delete.extend(self.rooms.retire(slot));
            self.retired.push(slot);
        }
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
        let (meetings, room) = self.rooms.fresh(now);
        let wanted = match terms.ahead {
            Some(ahead) => ahead.saturating_sub(meetings),
            None => terms.reserve.max(1).saturating_sub(room).div_ceil(terms.seats),
        };
        wanted.saturating_sub(self.making())
    }

    /// Lets go of those that are full or old, where others have taken their place.
    fn tidy(&mut self, now: Duration) {
        let Some(terms) = self.terms.as_ref().filter(|_| !self.closing) else { return };
        let over = self.rooms.len().saturating_sub(terms.ahead.unwrap_or(0));
        let mut gone: Vec<Slot> = match terms.ahead {
            Some(_) => self.rooms.stale(now).take(usize::try_from(over).unwrap_or(usize::MAX)).collect(),
            None if self.rooms.fresh(Some(now)).1 > 0 => self.rooms.stale(now).collect(),
            None => Vec::new(),
        };
        let spent = self.rooms.spent();
        if terms.ahead.is_none() && !terms.keeps_attendees {
            gone.extend(spent);
        }
        gone.into_iter().for_each(|slot| self.retire(slot));
    }

    /// What is to be done now, or when something may be.
    pub fn next(&mut self, now: Duration) -> Result<Errand, Option<Duration>> {
        self.tidy(now);
        let again = self.again.iter().map(|(due, _)| *due).min();
        let due_again = again.filter(|due| *due <= now);
        let make = self.wanted_at(Some(now)) > 0;
        if due_again.is_none() && !make && self.to_delete.is_empty() {
            return Err([again, self.rooms.next_stale(now).filter(|_| !self.closing)].into_iter().flatten().min());
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
                Errand {
                    task: Task::Make(MeetingWish { label: token.clone(), token, primary: None, template: Arc::default() }),
                    failed: 0,
                }
            }
            None => Errand { task: Task::Delete(self.to_delete.pop_front().ok_or(None)?), failed: 0 },
        };
        self.out.push(errand.clone());
        Ok(errand)
    }

    fn back(&mut self, errand: &Errand, class: Class) {
        self.out.retain(|other| other.task != errand.task);
        self.counts.calls.count(class);
    }

    /// A meeting was made.
    pub fn was_made(&mut self, now: Duration, errand: &Errand, id: MeetingId) {
        self.back(errand, Class::Ok);
        self.counts.made += 1;
        if self.rooms.stale(now).next().is_some() {
            self.counts.renewed += 1;
        }
        if self.closing {
            self.to_delete.push_back(id);
        } else {
            self.rooms.add(id, now);
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
        let all = self.rooms.take_all();
        if self.terms.is_some() {
            self.to_delete.extend(all);
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
        let mine = self.rooms.all().filter(|_| self.terms.is_some());
        let out = self.out.iter().chain(self.again.iter().map(|(_, errand)| errand)).filter_map(|errand| match &errand.task {
            Task::Delete(id) => Some(id),
            Task::Make(_) => None,
        });
        mine.chain(&self.to_delete).chain(out).chain(&self.given_up).cloned().collect()
    }
}
