//! What is waiting to be asked: fresh tickets in roster order, and those to be asked again at a due time of their own.
//!
//! Holds [`Ticket`] and [`Queue`]. Called by the desk. It never sees an answer; a retry is a due time put back in here.

use super::batch::Batching;
use super::making::Wish;
use crate::ledger::store::{MeetingRow, Pending};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

/// One thing to ask, and what has happened to it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// What to ask.
    pub what: What,
    /// Attempts of this pass that have ended in failure; throttles do not count.
    pub failed: u32,
    /// Answers to it that could not be believed.
    pub unbelieved: u32,
    /// Attempts made in this session.
    pub attempts: u32,
    /// Throttles in a row.
    pub throttled: u32,
    /// Signatures refused for the clock's sake.
    pub skewed: u32,
    /// Not to be asked before.
    pub not_before: Duration,
    /// When the schedule first wanted it; time to token runs from here.
    pub first_due: Option<Duration>,
    /// When this pass began.
    pub pass_began: Option<Duration>,
    /// Whether the service may have done the work already.
    pub doubt: bool,
    /// Whether it is to be asked without others: it may be what spoilt a batch.
    pub apart: bool,
}

/// What provisioning asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// GetMeeting, once a meeting, before its first row.
    Meeting(MeetingRow),
    /// CreateMeeting, for rows that have none.
    Make(Wish),
    /// CreateAttendee.
    Seat(Pending),
    /// BatchCreateAttendee: seats of one meeting, a ticket each.
    Batch(Vec<Ticket>),
}

/// What has happened to a ticket in this pass.
#[derive(Debug, Clone, Copy)]
pub struct Counters {
    failed: u32,
    unbelieved: u32,
    throttled: u32,
    skewed: u32,
    pass_began: Option<Duration>,
}

impl Ticket {
    /// A ticket nobody has asked yet.
    pub fn new(what: What, now: Duration) -> Self {
        let doubt = matches!(&what, What::Seat(pending) if pending.doubt);
        Ticket {
            what,
            failed: 0,
            unbelieved: 0,
            attempts: 0,
            throttled: 0,
            skewed: 0,
            not_before: now,
            first_due: None,
            pass_began: None,
            doubt,
            apart: false,
        }
    }

    /// A ticket for these seats of one meeting, of which there is at least one; what has happened to each stays its own.
    pub fn of(mut seats: Vec<Ticket>, now: Duration, batching: Batching) -> Self {
        match (seats.len(), batching) {
            (1, Batching::Off | Batching::Auto) => seats.remove(0),
            _ => {
                let apart = seats.iter().any(|seat| seat.apart);
                Ticket { apart, ..Ticket::new(What::Batch(seats), now) }
            }
        }
    }

    /// The seats of a ticket, a ticket each: none for a meeting.
    pub fn dissolve(self) -> Vec<Ticket> {
        match self.what {
            What::Batch(mut seats) => {
                // What a batch of one was told, its seat was told.
                let unbelieved = if seats.len() == 1 { self.unbelieved } else { 0 };
                for seat in &mut seats {
                    seat.unbelieved += unbelieved;
                    seat.doubt |= self.doubt;
                    seat.attempts += self.attempts;
                }
                seats
            }
            What::Seat(_) => vec![self],
            What::Meeting(_) | What::Make(_) => Vec::new(),
        }
    }

    /// How many seats it asks for.
    pub fn seats(&self) -> usize {
        match &self.what {
            What::Batch(seats) => seats.len(),
            What::Seat(_) => 1,
            What::Meeting(_) | What::Make(_) => 0,
        }
    }

    /// The seat of a ticket for one.
    pub fn pending(&self) -> Option<&Pending> {
        match &self.what {
            What::Seat(pending) => Some(pending),
            _ => None,
        }
    }

    /// Whether a seat may be asked for together with others.
    pub fn is_sociable(&self) -> bool {
        matches!(self.what, What::Seat(_)) && !self.apart && self.failed == 0 && self.unbelieved == 0
    }

    /// When the schedule first wanted it, for each of its seats.
    pub fn wanted(&mut self, due: Duration) {
        self.first_due.get_or_insert(due);
        if let What::Batch(seats) = &mut self.what {
            seats.iter_mut().for_each(|seat| _ = seat.first_due.get_or_insert(due));
        }
    }

    /// What has happened to it in this pass.
    pub fn counters(&self) -> Counters {
        let Ticket { failed, unbelieved, throttled, skewed, pass_began, .. } = *self;
        Counters { failed, unbelieved, throttled, skewed, pass_began }
    }

    /// The same with another's counters, whose pass it goes on with.
    pub fn with(self, counters: Counters) -> Self {
        let Counters { failed, unbelieved, throttled, skewed, pass_began } = counters;
        Ticket { failed, unbelieved, throttled, skewed, pass_began, ..self }
    }

    /// The number of the meeting it is about.
    pub fn meeting(&self) -> i64 {
        match &self.what {
            What::Meeting(meeting) => meeting.key,
            What::Make(wish) => wish.key,
            What::Seat(pending) => pending.meeting,
            What::Batch(seats) => seats.first().map_or(0, Ticket::meeting),
        }
    }
}

/// Tickets in waiting. Its size is bounded by whoever fills it: a page of fresh ones, and as many again as are asked at once.
#[derive(Debug, Default)]
pub struct Queue {
    fresh: VecDeque<Ticket>,
    again: BinaryHeap<Reverse<Waiting>>,
    turn: u64,
}

/// Ordered by due time, then by turn, so that equal due times keep their order and runs replay.
#[derive(Debug, PartialEq, Eq)]
struct Waiting {
    due: Duration,
    turn: u64,
    ticket: Ticket,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.turn).cmp(&(other.due, other.turn))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Queue {
    /// Adds a ticket behind the fresh ones.
    pub fn push(&mut self, ticket: Ticket) {
        self.fresh.push_back(ticket);
    }

    /// Puts a ticket back, to be asked from `due` on.
    pub fn again(&mut self, mut ticket: Ticket, due: Duration) {
        ticket.not_before = due;
        self.turn += 1;
        self.again.push(Reverse(Waiting { due, turn: self.turn, ticket }));
    }

    /// The ticket to ask at `now`, if one may be: those put back come first once they are due.
    pub fn take(&mut self, now: Duration) -> Option<Ticket> {
        if self.again.peek().is_some_and(|Reverse(w)| w.due <= now) {
            return self.again.pop().map(|Reverse(w)| w.ticket);
        }
        self.fresh.pop_front()
    }

    /// The ticket to ask at `now`, if it is wanted: of those put back, or else of the fresh ones.
    pub fn take_if(&mut self, now: Duration, mut wanted: impl FnMut(&Ticket) -> bool) -> Option<Ticket> {
        if self.again.peek().is_some_and(|Reverse(w)| w.due <= now && wanted(&w.ticket)) {
            return self.again.pop().map(|Reverse(w)| w.ticket);
        }
        self.fresh.pop_front_if(|ticket| wanted(ticket))
    }

    /// Any ticket, due or not.
    pub fn pop(&mut self) -> Option<Ticket> {
        self.fresh.pop_front().or_else(|| self.again.pop().map(|Reverse(w)| w.ticket))
    }

    /// The meetings still to be looked at for the first time.
    pub fn take_looks(&mut self) -> Vec<i64> {
        let is_look = |ticket: &Ticket| matches!(ticket.what, What::Meeting(_));
        let looks = self.fresh.iter().filter(|ticket| is_look(ticket)).map(Ticket::meeting).collect();
        self.fresh.retain(|ticket| !is_look(ticket));
        looks
    }

    /// Whether this meeting waits to be made.
    pub fn waits_to_make(&self, key: i64) -> bool {
        let is_it = |ticket: &Ticket| matches!(&ticket.what, What::Make(wish) if wish.key == key);
        self.fresh.iter().any(is_it) || self.again.iter().any(|Reverse(w)| is_it(&w.ticket))
    }

    /// Gives back a ticket that could not be asked after all.
    pub fn untake(&mut self, ticket: Ticket) {
        self.fresh.push_front(ticket);
    }

    /// When the next ticket may be asked; in the past if one may be now.
    pub fn next_due(&self) -> Option<Duration> {
        match self.fresh.front() {
            Some(ticket) => Some(ticket.not_before),
            None => self.again.peek().map(|Reverse(w)| w.due),
        }
    }

    /// Fresh tickets in waiting.
    pub fn fresh(&self) -> usize {
        self.fresh.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.again.is_empty()
    }
}
