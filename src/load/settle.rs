//! What the end of a job means to a lane: counted, put back, followed by the next call of its sequence, or over.
//!
//! Holds the lane's other half. Every call that is sent ends here, or in `Lane::give_up`, in exactly one sample.

use super::Halt;
use super::call::{Call, Who};
use super::errand::{Errand, Task};
use super::job::{Asked, Brought, JobEnd};
use super::lane::Lane;
use super::supply::Supply;
use super::tell::{Event, Teller};
use crate::call::{Fault, Hint, Sample};
use crate::chime::class::{Class, Tier};
use crate::chime::id::MeetingId;
use crate::chime::operation::Operation;
use crate::scenario::operation::Mix;
use crate::stats::samples::Samples;
use std::time::Duration;

/// Between two looks for new credentials.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Lane<'_> {
    pub(super) fn settle(&mut self, now: Duration, end: JobEnd) {
        match end {
            JobEnd::Asked(call, flight, asked) => self.asked(now, call, flight, asked),
            JobEnd::Renewed => self.renewing = None,
            JobEnd::Errand(errand, end) => {
                let refused = errand_ended(&mut self.supply, &mut self.tell, &mut self.samples, now, errand, end);
                if let Some(fault) = refused {
                    self.halt(now, Halt::NoMeetings(Box::new(fault)));
                }
            }
        }
        let retired = self.supply.retired();
        self.pool.forget(&retired);
    }

    fn asked(&mut self, now: Duration, mut call: Box<Call>, flight: usize, asked: Asked) {
        self.landed(flight);
        self.ledger.done += 1;
        if let Some(slot) = call.who.slot() {
            self.supply.leave(slot);
        }
        let since = |at: tokio::time::Instant| at.saturating_duration_since(self.origin);
        let (sent, done) = (since(asked.sent).max(call.ready), since(asked.done));
        let fault = match &asked.end {
            Ok(Brought::Batch(batch)) => batch.fault(),
            Ok(_) => None,
            Err(fault) => Some(fault),
        };
        let class = fault.map_or(Class::Ok, |fault| fault.class);
        if let Some(fault) = fault {
            self.samples.add(fault);
        }
        let again = asked.end.as_ref().err().and_then(|fault| self.wait_before_retry(&call, fault));
        let Call { stage, operation, due, ready, first_due, .. } = *call;
        let sample = Sample { stage, operation, due, ready, sent, done, class };
        self.tell.cells().record(&sample, again.is_some());
        self.source.came_back(now, sent, class);
        if class == Class::Expired && self.renewing.is_none() {
            self.renewing = Some(now + if self.tell.said_expired(now) { LOOK_EVERY } else { Duration::ZERO });
        }
        if let Some(wait) = again {
            call.failed += 1;
            self.ledger.retries += 1;
            self.hold(&mut call);
            return self.later(now + wait, call);
        }
        let after = done.saturating_sub(first_due);
        match asked.end {
            Ok(brought) => {
                self.quota.succeeded(call.failed > 0);
                self.brought(&mut call, brought, after);
                self.follow(done, call, class == Class::Ok);
            }
            Err(fault) => {
                self.lost(&mut call, &fault, asked.perhaps_sent);
                self.follow(done, call, false);
            }
        }
    }

    /// The wait before a failed call is tried again, by the rules that the scenario names; `None` if it is not.
    fn wait_before_retry(&mut self, call: &Call, fault: &Fault) -> Option<Duration> {
        let retry = self.terms.retry?;
        let throttled = fault.class == Class::Throttled || (retry.quota && fault.class == Class::Capacity);
        let transient = matches!(fault.class.tier(), Tier::Service | Tier::Transport) && fault.class != Class::Protocol;
        if self.halt.is_some() || call.failed + 1 >= retry.attempts || !(throttled || transient) {
            return None;
        }
        if !self.quota.pay_for(throttled) {
            return None;
        }
        // No SDK of today honours the standard header; theirs is in milliseconds.
        let hint = fault.hint.filter(|hint| retry.quota && matches!(hint, Hint::Millis(_)));
        Some(retry.backoff.after(call.failed + 1, throttled, hint, &mut self.rng))
    }

    /// What a call has brought is kept, given back, or passed on to the calls that follow.
    fn brought(&mut self, call: &mut Call, brought: Brought, after: Duration) {
        let keeps = self.terms.keeps_attendees;
        match (brought, &mut call.who) {
            (Brought::Attendee(attendee), Who::One(seat, slot, id)) => {
                self.tell.cells().token(call.stage, call.operation, after);
                if keeps {
                    self.pool.put(seat.clone(), *slot, attendee.id);
                } else {
                    *id = Some(attendee.id);
                }
            }
            (Brought::Batch(batch), Who::Many(seats, slot)) => {
                let (slot, mut first) = (*slot, None);
                for (seat, end) in std::mem::take(seats).into_iter().zip(batch.0) {
                    match end {
                        Ok(attendee) => {
                            self.tell.cells().token(call.stage, call.operation, after);
                            match keeps {
                                true => self.pool.put(seat, slot, attendee.id),
                                false => drop(first.get_or_insert((seat, attendee.id))),
                            }
                        }
                        Err(fault) => {
                            self.supply.give_back(slot, 1);
                            self.meeting_said(slot, &fault);
                        }
                    }
                }
                // The first of a batch goes on through the sequence.
                if let Some((seat, id)) = first {
                    call.who = Who::One(seat, slot, Some(id));
                }
            }
            (Brought::Meeting(id), _) => self.supply.found(id),
            (_, Who::One(_, slot, Some(_))) if call.operation == Operation::DeleteAttendee => self.supply.give_back(*slot, 1),
            (_, Who::One(seat, slot, Some(id))) if keeps => self.pool.put(seat.clone(), *slot, id.clone()),
            _ => {}
        }
    }

    /// A call that brought nothing: its seats are free again, unless the service may have given them.
    fn lost(&mut self, call: &mut Call, fault: &Fault, perhaps_sent: bool) {
        let doubt = perhaps_sent && matches!(fault.class.tier(), Tier::Service | Tier::Transport);
        match &call.who {
            Who::One(_, slot, None) if !doubt => self.supply.give_back(*slot, 1),
            Who::Many(seats, slot) if !doubt => self.supply.give_back(*slot, seats.len() as u64),
            Who::One(seat, slot, Some(id)) if self.terms.keeps_attendees && fault.class != Class::NotFound => {
                self.pool.put(seat.clone(), *slot, id.clone());
            }
            _ => {}
        }
        let about_meeting = call.operation.makes_attendees() || call.operation == Operation::ListAttendees;
        if let Some(slot) = call.who.slot().filter(|_| about_meeting) {
            self.meeting_said(slot, fault);
        }
    }

    fn meeting_said(&mut self, slot: super::supply::Slot, fault: &Fault) {
        match fault.class {
            Class::Capacity => self.supply.full(slot),
            Class::NotFound => self.supply.gone(slot),
            _ => {}
        }
    }

    /// A call that will be made later keeps its meeting from being deleted meanwhile.
    fn hold(&mut self, call: &mut Call) {
        if let Some(slot) = call.who.slot() {
            self.supply.enter(slot);
            call.holds = true;
        }
    }

    /// The next call of its sequence, due when this one has ended; or the end of the turn.
    fn follow(&mut self, done: Duration, mut call: Box<Call>, well: bool) {
        if let Mix::Sequence(calls) = &self.terms.plan.mix
            && let Some(next) = calls.get(call.step + 1)
        {
            // Without an attendee there is nothing to ask about; anything else does not depend on what came before.
            let possible = well || !next.needs_attendee() || matches!(call.who, Who::One(_, _, Some(_)));
            if possible && self.halt.is_none() {
                let deleted = call.operation == Operation::DeleteAttendee;
                let keeps = !deleted && next.needs_attendee() && matches!(call.who, Who::One(_, _, Some(_)));
                if !keeps {
                    call.who = Who::Nobody;
                }
                (call.step, call.operation, call.failed, call.first_due) = (call.step + 1, *next, 0, done);
                self.hold(&mut call);
                return self.later(done, call);
            }
            self.ledger.unissued += self.followers(&call);
        }
        self.source.turn_over(done, call.user);
    }
}

/// Something was done about a meeting, or was not. Answers why, if a meeting that is needed cannot be made.
pub(super) fn errand_ended(
    supply: &mut Supply,
    tell: &mut Teller,
    samples: &mut Samples,
    now: Duration,
    errand: Errand,
    end: Result<Option<MeetingId>, Fault>,
) -> Option<Fault> {
    match (end, &errand.task) {
        (Ok(Some(id)), _) => {
            tell.event(now, Event::MeetingMade(id.to_string()));
            supply.was_made(now, &errand, id);
            None
        }
        (Ok(None), task) => {
            if let Task::Delete(id) = task {
                tell.event(now, Event::MeetingDeleted(id.to_string()));
            }
            supply.was_deleted(&errand);
            None
        }
        (Err(fault), _) => {
            samples.add(&fault);
            let given_up = supply.failed(now, errand, fault.class);
            if given_up {
                tell.event(now, Event::MeetingRefused(told(&fault)));
            }
            given_up.then_some(fault)
        }
    }
}

fn told(fault: &Fault) -> String {
    format!("{} ({}): {}", fault.class, fault.code, fault.message)
}
