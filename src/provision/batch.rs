//! Seats asked for together: which go into one call, and what one answer means for each of them.
//!
//! Holds [`Batching`] and the desk's dealings with batches. Called by `Desk::ask` for what to send and by `settle` with what came
//! back. A batch is a ticket of tickets; once its answer is known it falls apart again, so that a seat's own story (doubt,
//! attempts, passes) is told in one way whether it was asked for alone or among a hundred. It never starts anything.

use super::board::Notice;
use super::desk::Desk;
use super::job::Slot;
use super::queue::Ticket;
use super::state::Source;
use crate::call::{End, Fault};
use crate::chime::class::{Class, Tier};
use crate::chime::operation::Operation;
use crate::chime::quota::{ATTENDEES_PER_MEETING, BATCH_MAX};
use crate::client::attempt::Attempted;
use crate::client::replies::Batch;
use crate::ledger::store::Turn;
use std::collections::HashSet;
use std::time::Duration;

/// Unbelievable answers to one batch, after which it is asked in halves: one odd id must not spoil it for the others.
const UNBELIEVED: u32 = 2;

/// How many seats go into one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Batching {
    /// One, by CreateAttendee.
    #[default]
    Off,
    /// As many as may, by BatchCreateAttendee; a seat that is alone by CreateAttendee.
    Auto,
    /// At most so many (1 to 100), always by BatchCreateAttendee.
    Of(u8),
}

impl Batching {
    /// The order that suits it.
    pub fn turn(self) -> Turn {
        if self == Batching::Off { Turn::Roster } else { Turn::Meeting }
    }

    /// Seats in one call at most.
    pub fn size(self) -> usize {
        match self {
            Batching::Off => 1,
            Batching::Auto => BATCH_MAX,
            Batching::Of(n) => usize::from(n),
        }
    }
}

impl Desk {
    /// Whether a lone seat at the front should wait for the others of its page.
    pub(super) fn is_gathering(&self) -> bool {
        let few = self.batching.size() > 1 && self.queue.fresh() < self.batching.size();
        few && (self.source == Source::Fetching || self.source.is_to_come() && self.may_fetch())
    }

    /// The ticket with as many others of its meeting as may go into one call with it.
    pub(super) fn gather(&mut self, now: Duration, first: Ticket) -> Ticket {
        if !first.is_sociable() || matches!(self.batching, Batching::Off) {
            return first;
        }
        let meeting = first.meeting();
        // Beyond its last free seat a meeting is asked for one at a time: some services may refuse a whole batch for it.
        let most = self.batching.size().min(self.free_seats(meeting).max(1));
        let fold = |ticket: &Ticket| ticket.pending().map(|p| p.asked.user.folded());
        let mut folds: HashSet<_> = fold(&first).into_iter().collect();
        let mut seats = vec![first];
        while seats.len() < most {
            let (known, folds) = (self.meetings.get(&meeting), &mut folds);
            let is_dead = |t: &Ticket| known.is_some_and(|meeting| meeting.dead_end(t).is_some());
            // Two ids equal but for letter case could not be told apart in the reply.
            let next = self.queue.take_if(now, |t| {
                t.is_sociable() && t.meeting() == meeting && !is_dead(t) && fold(t).is_some_and(|f| folds.insert(f))
            });
            let Some(next) = next else { break };
            seats.push(next);
        }
        Ticket::of(seats, now, self.batching)
    }

    fn free_seats(&self, meeting: i64) -> usize {
        let Some(meeting) = self.meetings.get(&meeting) else { return usize::MAX };
        let cap = meeting.facts.and_then(|f| f.max_attendees).unwrap_or(ATTENDEES_PER_MEETING);
        (cap as usize).saturating_sub(meeting.given + meeting.asked)
    }

    pub(super) fn batch_answered(&mut self, now: Duration, ticket: Ticket, slot: Slot, attempted: Attempted<Batch>) {
        let way = self.way(&attempted);
        let operation = Operation::BatchCreateAttendee;
        let ends = match attempted.end {
            End::Settled(Batch(ends)) => ends,
            End::Refused(fault) => {
                self.sample(operation, slot, way, &End::<()>::Refused(fault.clone()));
                return self.failed(now, ticket, way, fault);
            }
            End::Unknown(fault) => {
                self.sample(operation, slot, way, &End::<()>::Unknown(fault.clone()));
                return self.failed(now, ticket, way, fault);
            }
        };
        self.batches_work = true;
        // The call is one sample, labelled by the first refusal in it; every refusal is counted as an example.
        let mut faults = ends.iter().filter_map(|end| end.as_ref().err());
        let first = faults.next().cloned();
        faults.for_each(|fault| self.samples.add(fault));
        self.sample(operation, slot, way, &first.map_or(End::Settled(()), End::Refused));
        let (mut refused, mut again) = (Vec::new(), Vec::new());
        let counters = ticket.counters();
        for (mut seat, end) in ticket.dissolve().into_iter().zip(ends) {
            match end {
                Ok(attendee) => match self.unless_taken(now, End::Settled(attendee), &mut seat) {
                    End::Settled(attendee) => self.seated(now, seat, attendee, way),
                    End::Refused(fault) | End::Unknown(fault) => self.failed(now, seat, way, fault),
                },
                Err(fault) if is_passing(fault.class) => again.push((seat, fault)),
                Err(fault) => refused.push((seat, fault)),
            }
        }
        for (seat, fault) in refused {
            match fault.class {
                Class::Capacity => self.failed(now, seat, way, fault),
                // The call was let in and the meeting lives: what is wrong is this seat.
                _ => self.refuse(now, seat, fault),
            }
        }
        // They wait together, so that they can be asked again together.
        if let Some((_, fault)) = again.first() {
            let fault = fault.clone();
            let seats = again.into_iter().map(|(seat, _)| seat).collect();
            let ticket = Ticket::of(seats, now, self.batching).with(counters);
            self.failed(now, ticket, way, fault);
        }
    }

    /// Whether a batch has been answered so oddly that one of its seats may be why.
    pub(super) fn is_spoilt(&self, ticket: &Ticket, pass_over: bool) -> bool {
        ticket.seats() > 1 && (pass_over || ticket.unbelieved >= UNBELIEVED)
    }

    /// Asks for the seats of a batch in two halves, to find out which of them spoils it.
    pub(super) fn halve(&mut self, now: Duration, ticket: Ticket) {
        let mut seats = ticket.dissolve();
        let rest = seats.split_off(seats.len() / 2);
        for mut half in [seats, rest].into_iter().filter(|half| !half.is_empty()) {
            half.iter_mut().for_each(|seat| seat.apart = true);
            self.queue.again(Ticket::of(half, now, self.batching), now);
        }
    }

    /// Batches are not let in, and perhaps single calls are: their permissions are two.
    pub(super) fn give_batches_up(&mut self, now: Duration, ticket: Ticket, fault: &Fault) {
        if self.batching != Batching::Off {
            self.batching = Batching::Off;
            self.teller.say(Notice::NoBatches(super::settle::reason(fault)));
        }
        for seat in ticket.dissolve() {
            self.queue.again(seat, now);
        }
    }
}

/// Whether the same item may be answered otherwise next time.
fn is_passing(class: Class) -> bool {
    matches!(class, Class::Throttled | Class::Conflict | Class::Protocol)
        || matches!(class.tier(), Tier::Service | Tier::Transport)
}
