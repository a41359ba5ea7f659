//! A lane: one thread's share of a load, as a pure state machine over offsets from the start.
//!
//! Holds [`Lane`], what it decides to do next. Driven by `drive::pump`; its jobs are done by `hands`, and what their ends mean is
//! in `settle`. It never waits, reads a clock or touches a socket. Nothing that is due is skipped: it is sent, or waits with its due
//! time up to the stated bound, or is counted as dropped.

use super::aim::choose;
use super::call::{Call, Gone, Later, Who};
use super::job::{Job, JobEnd};
use super::law::Ledger;
use super::people::People;
use super::pool::Pool;
use super::source::{Due, Source};
use super::supply::Supply;
use super::tell::Teller;
use super::{Halt, Terms};
use crate::call::Sample;
use crate::chime::class::Class;
use crate::chime::operation::Operation;
use crate::client::attempt::Try;
use crate::client::retry::Quota;
use crate::drive::pump::{Next, Plan};
use crate::scenario::load::{Load, OnSaturation};
use crate::scenario::operation::Mix;
use crate::stats::samples::Samples;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// One thread's share of a load.
pub struct Lane<'a> {
    pub(super) terms: &'a Terms,
    pub(super) source: Source<'a>,
    pub(super) people: People,
    pub(super) supply: Supply,
    pub(super) pool: Pool,
    pub(super) tell: Teller,
    /// Due, and waiting for a slot.
    pub(super) waiting: VecDeque<Box<Call>>,
    /// Not due yet: retries, and calls that follow others.
    pub(super) later: BinaryHeap<Reverse<Later>>,
    order: u64,
    flights: Vec<Option<Gone>>,
    free: Vec<usize>,
    in_flight: usize,
    pub(super) ledger: Ledger,
    pub(super) quota: Quota,
    pub(super) rng: ChaCha8Rng,
    pub(super) samples: Samples,
    pub(super) halt: Option<Halt>,
    pub(super) renewing: Option<Duration>,
    pub(super) origin: Instant,
    /// When issuing ended.
    ended: Option<Duration>,
    short: bool,
}

impl<'a> Lane<'a> {
    /// A lane about to begin at `origin`.
    pub fn new(terms: &'a Terms, source: Source<'a>, people: People, supply: Supply, tell: Teller, origin: Instant) -> Lane<'a> {
        let stream = format!("lane-{}", terms.lane);
        Lane {
            source,
            people,
            supply,
            pool: Pool::new(terms.plan.seed),
            tell,
            waiting: VecDeque::new(),
            later: BinaryHeap::new(),
            order: 0,
            flights: Vec::new(),
            free: Vec::new(),
            in_flight: 0,
            ledger: Ledger::default(),
            quota: Quota::new(terms.retry.is_some_and(|retry| retry.quota)),
            rng: terms.plan.seed.stream(&stream),
            samples: Samples::default(),
            halt: None,
            renewing: None,
            origin,
            ended: None,
            short: false,
            terms,
        }
    }

    /// Ends issuing: what has not become due never will.
    pub(super) fn halt(&mut self, now: Duration, halt: Halt) {
        if self.halt.is_some() {
            return;
        }
        self.halt = Some(halt);
        self.ended.get_or_insert(now);
        let rest = self.source.rest();
        let unplanned = rest * self.terms.plan.mix.calls_an_arrival();
        self.ledger.planned += unplanned;
        self.ledger.unissued += unplanned;
        for call in std::mem::take(&mut self.waiting) {
            self.unissued(&call);
        }
        for Reverse(later) in std::mem::take(&mut self.later) {
            self.unissued(&later.call);
        }
    }

    /// A call, and those that were to follow it, will not be made.
    pub(super) fn unissued(&mut self, call: &Call) {
        self.ledger.unissued += 1 + self.followers(call);
        self.release(call);
    }

    /// Calls of its sequence that come after it.
    pub(super) fn followers(&self, call: &Call) -> u64 {
        match &self.terms.plan.mix {
            Mix::Weights(_) => 0,
            Mix::Sequence(calls) => (calls.len() - 1 - call.step.min(calls.len() - 1)) as u64,
        }
    }

    /// Seats that a call held and will not use.
    fn release(&mut self, call: &Call) {
        if let Some(slot) = call.who.slot().filter(|_| call.holds) {
            self.supply.leave(slot);
        }
        match &call.who {
            Who::One(_, slot, None) if call.operation.makes_attendees() => self.supply.give_back(*slot, 1),
            Who::Many(seats, slot) => self.supply.give_back(*slot, seats.len() as u64),
            _ => {}
        }
    }

    pub(super) fn later(&mut self, due: Duration, call: Box<Call>) {
        self.order += 1;
        self.later.push(Reverse(Later { due, order: self.order, call }));
    }

    fn flow(&self) -> (usize, OnSaturation, usize) {
        let share = |n: u64| usize::try_from(n.div_ceil(u64::from(self.terms.lanes)).max(1)).unwrap_or(usize::MAX);
        match &self.terms.plan.load {
            Load::Open { flow, .. } | Load::Trace { flow, .. } => {
                (share(flow.max_in_flight), flow.on_saturation, share(flow.max_queue))
            }
            Load::Shared { max_in_flight, .. } => (share(*max_in_flight), OnSaturation::Queue, usize::MAX),
            // Users are the bound.
            Load::Closed { .. } => (usize::MAX, OnSaturation::Queue, usize::MAX),
        }
    }

    /// Takes in whatever has become due by now.
    fn take_in(&mut self, now: Duration) {
        let (most, on_saturation, queue) = self.flow();
        while let Some(Reverse(later)) = self.later.peek().filter(|Reverse(later)| later.due <= now) {
            let due = later.due;
            let Some(Reverse(Later { mut call, .. })) = self.later.pop() else { break };
            (call.due, call.ready) = (due, now);
            self.waiting.push_back(call);
        }
        loop {
            let free = self.in_flight + self.waiting.len() < most;
            let Some(due) = self.source.next(now, free) else { break };
            let call = self.begin(due, now);
            let no_room = match on_saturation {
                OnSaturation::Drop => !free,
                OnSaturation::Queue => self.waiting.len() >= queue,
            };
            if no_room { self.drop_call(&call) } else { self.waiting.push_back(call) }
        }
    }

    /// The first call of something that has become due.
    fn begin(&mut self, due: Due, now: Duration) -> Box<Call> {
        let mix = &self.terms.plan.mix;
        let mut operation = choose(mix, self.terms.plan.seed, due.n);
        if let Mix::Sequence(calls) = mix {
            calls.iter().for_each(|call| self.tell.cells().plan(due.stage, *call));
        } else {
            if operation.needs_attendee() && self.pool.is_empty() {
                self.ledger.made_instead += 1;
                operation = Operation::CreateAttendee;
            }
            self.tell.cells().plan(due.stage, operation);
        }
        self.ledger.planned += mix.calls_an_arrival();
        let Due { n, at, stage, user } = due;
        Box::new(Call {
            n,
            stage,
            due: at,
            ready: now,
            first_due: at,
            operation,
            step: 0,
            failed: 0,
            user,
            who: Who::Nobody,
            holds: false,
        })
    }

    /// Counts a call, and those that were to follow it, as due and not sent.
    fn drop_call(&mut self, call: &Call) {
        self.release(call);
        self.ledger.dropped += 1 + self.followers(call);
        self.tell.cells().drop_one(call.stage, call.operation);
        if let Mix::Sequence(calls) = &self.terms.plan.mix {
            calls.iter().skip(call.step + 1).for_each(|next| self.tell.cells().drop_one(call.stage, *next));
        }
    }

    /// The next call that may be sent.
    fn send(&mut self, now: Duration) -> Option<Job> {
        let (most, _, _) = self.flow();
        if self.in_flight >= most || self.renewing.is_some() {
            return None;
        }
        let mut call = self.waiting.pop_front()?;
        match self.aim(&mut call) {
            Some(true) => self.short = false,
            Some(false) => {
                if !std::mem::replace(&mut self.short, true) {
                    self.ledger.waited_for_meetings += 1;
                }
                self.waiting.push_front(call);
                return None;
            }
            None => {
                self.unissued(&call);
                self.halt(now, Halt::RosterUsedUp);
                return None;
            }
        }
        if self.terms.max_calls.is_some_and(|most| self.ledger.sent >= most) {
            self.unissued(&call);
            self.halt(now, Halt::MaxCalls);
            return None;
        }
        if let Some(slot) = call.who.slot().filter(|_| !std::mem::take(&mut call.holds)) {
            self.supply.enter(slot);
        }
        self.ledger.sent += 1;
        self.tell.sent();
        self.in_flight += 1;
        let followers = self.followers(&call);
        let gone = Gone { stage: call.stage, operation: call.operation, due: call.due, ready: call.ready, sent: now, followers };
        let flight = self.free.pop().unwrap_or_else(|| {
            self.flights.push(None);
            self.flights.len() - 1
        });
        self.flights[flight] = Some(gone);
        let most = self.terms.retry.map_or(1, |retry| retry.attempts);
        let attempt = Try { number: call.failed + 1, most };
        Some(Job::Ask(call, flight, attempt))
    }

    /// A call in flight has landed.
    pub(super) fn landed(&mut self, flight: usize) {
        self.flights[flight] = None;
        self.free.push(flight);
        self.in_flight -= 1;
    }

    /// The grace is over: what is in flight is given up, with its age; what waits was due and not sent.
    fn give_up(&mut self, now: Duration) {
        for flight in std::mem::take(&mut self.flights).into_iter().flatten() {
            let Gone { stage, operation, due, ready, sent, followers } = flight;
            let sample = Sample { stage, operation, due, ready, sent, done: now, class: Class::Aborted };
            self.tell.cells().record(&sample, false);
            self.ledger.aborted += 1;
            self.ledger.unissued += followers;
        }
        self.in_flight = 0;
        for call in std::mem::take(&mut self.waiting) {
            self.drop_call(&call);
        }
        for Reverse(later) in std::mem::take(&mut self.later) {
            self.unissued(&later.call);
        }
    }

    /// Ends a lane whose loop has ended, however it did: nothing stays uncounted.
    pub(super) fn close(mut self, now: Duration) -> Lane<'a> {
        if self.in_flight > 0 || !self.waiting.is_empty() || !self.later.is_empty() {
            self.halt(now, Halt::Stopped);
            self.give_up(now);
        }
        self.tell.roll(now, 0, 0);
        self
    }

    fn lasts(&self) -> Duration {
        self.terms.plan.lasts()
    }
}

impl Plan for Lane<'_> {
    type Job = Job;
    type End = JobEnd;

    fn next(&mut self, now: Duration) -> Next<Job> {
        self.tell.roll(now, self.in_flight as u64, self.waiting.len() as u64);
        if self.ended.is_none() && now >= self.lasts() {
            // Everything that was to become due has: it is looked at once more, below.
            self.ended = Some(self.lasts());
            if let Load::Shared { .. } | Load::Closed { .. } = self.terms.plan.load {
                self.take_in(self.lasts());
                let left = self.source.rest() * self.terms.plan.mix.calls_an_arrival();
                self.ledger.planned += left;
                self.ledger.unissued += left;
            }
        }
        if let Some(at) = self.renewing.filter(|at| *at <= now) {
            self.renewing = Some(Duration::MAX);
            if at < Duration::MAX {
                return Next::Start(Job::Renew);
            }
        }
        if self.halt.is_none() {
            self.take_in(now);
        }
        if let Some(job) = self.send(now) {
            return Next::Start(job);
        }
        let supply_at = match self.supply.next(now) {
            Ok(errand) => return Next::Start(Job::Errand(errand)),
            Err(at) => at,
        };
        let next_at = if self.halt.is_none() { self.source.next_at() } else { None };
        let exhausted = next_at.is_none() && self.later.is_empty() && self.waiting.is_empty();
        if exhausted && self.in_flight == 0 && (self.ended.is_some() || !self.is_open_ended()) {
            return Next::Leave;
        }
        let give_up_at = self.ended.map(|at| at + self.terms.plan.grace);
        if give_up_at.is_some_and(|at| now >= at) {
            self.give_up(now);
            return Next::Leave;
        }
        let later_at = self.later.peek().map(|Reverse(later)| later.due);
        let renew_at = self.renewing.filter(|at| *at < Duration::MAX);
        let lasts = self.ended.is_none().then(|| self.lasts());
        let wakes =
            [next_at.filter(|at| *at > now), later_at, supply_at, give_up_at, renew_at, lasts, Some(self.tell.next_roll())];
        wakes.into_iter().flatten().min().map_or(Next::Wait, |at| Next::At(at.max(now)))
    }

    fn ended(&mut self, now: Duration, end: JobEnd) {
        self.settle(now, end);
    }

    fn drain(&mut self, now: Duration) {
        self.halt(now, Halt::Stopped);
    }
}

impl Lane<'_> {
    /// Whether more may become due although nothing is known to.
    fn is_open_ended(&self) -> bool {
        matches!(self.terms.plan.load, Load::Closed { .. })
    }
}
