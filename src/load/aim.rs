//! Which call is made, and whom it is about.
//!
//! Holds the choosing part of a lane. Called when something becomes due, and when it is sent. It never sends.

use super::call::{Call, Who};
use super::lane::Lane;
use crate::call::Seat;
use crate::chime::operation::Operation;
use crate::chime::quota::BATCH_MAX;
use crate::scenario::operation::Mix;
use crate::seed::Seed;

impl Lane<'_> {
    /// Chooses whom a call is about. `false` if there is no meeting for it now; `None` if nobody is left to ask.
    pub(super) fn aim(&mut self, call: &mut Call) -> Option<bool> {
        if !matches!(call.who, Who::Nobody) {
            return Some(true);
        }
        let of_rows = self.terms.of_rows;
        match call.operation {
            Operation::CreateAttendee if of_rows => {
                let person = self.people.take()?;
                let meeting = person.meeting?;
                let slot = self.supply.of_row(&meeting);
                call.who = Who::One(Seat { meeting, user: person.user, capabilities: person.capabilities }, slot, None);
            }
            Operation::CreateAttendee => {
                let Some((slot, meeting, _)) = self.supply.take(1) else { return Some(false) };
                let Some(person) = self.people.take() else {
                    self.supply.give_back(slot, 1);
                    return None;
                };
                call.who = Who::One(Seat { meeting, user: person.user, capabilities: person.capabilities }, slot, None);
            }
            Operation::BatchCreateAttendee => return self.aim_batch(call),
            Operation::GetAttendee | Operation::DeleteAttendee => match self.pool.take() {
                Some((seat, slot, attendee)) => call.who = Who::One(seat, slot, Some(attendee)),
                None => {
                    // Whoever was there when this became due has gone since.
                    call.operation = Operation::CreateAttendee;
                    self.ledger.made_instead += 1;
                    return self.aim(call);
                }
            },
            Operation::ListAttendees => match self.supply.any() {
                Some((slot, meeting)) => call.who = Who::Meeting(meeting, slot),
                None => return Some(false),
            },
            Operation::CreateMeeting | Operation::GetMeeting | Operation::DeleteMeeting => {}
        }
        Some(true)
    }

    fn aim_batch(&mut self, call: &mut Call) -> Option<bool> {
        let wanted = BATCH_MAX as u64;
        let (slot, meeting, granted) = if self.terms.of_rows {
            let meeting = self.people.peek()?.meeting?;
            (self.supply.of_row(&meeting), meeting, wanted)
        } else {
            let Some(taken) = self.supply.take(wanted) else { return Some(false) };
            taken
        };
        let mut seats = Vec::new();
        while (seats.len() as u64) < granted {
            // A batch is of one meeting: rows of the next one wait for the next batch.
            let next = self.people.peek();
            let here = next.filter(|person| !self.terms.of_rows || person.meeting.as_ref() == Some(&meeting));
            let Some(person) = here else { break };
            self.people.take();
            seats.push(Seat { meeting: meeting.clone(), user: person.user, capabilities: person.capabilities });
        }
        self.supply.give_back(slot, granted - seats.len() as u64);
        if seats.is_empty() {
            return None;
        }
        call.who = Who::Many(seats, slot);
        Some(true)
    }
}

/// The call of the n-th arrival: by weight, from the seed and the number alone, so that lanes and replays agree.
pub(super) fn choose(mix: &Mix, seed: Seed, n: u64) -> Operation {
    match mix {
        Mix::Sequence(calls) => calls.first().copied().unwrap_or(Operation::CreateAttendee),
        Mix::Weights(weights) if weights.len() == 1 => weights[0].0,
        Mix::Weights(weights) => {
            let all: u64 = weights.iter().map(|(_, weight)| weight).sum();
            let mut place = super::pool::mixed(seed.0, n) % all.max(1);
            for (operation, weight) in weights {
                match place.checked_sub(*weight) {
                    Some(rest) => place = rest,
                    None => return *operation,
                }
            }
            weights.last().map_or(Operation::CreateAttendee, |(operation, _)| *operation)
        }
    }
}
