//! What an answer means: counted, settled, put back, or a reason to stop.
//!
//! Holds the desk's other half. Called by `Desk::ended`. Every attempt ends here in exactly one sample, and every seat in at
//! most one settlement a pass. It never starts anything.

use super::Ending;
use super::board::Notice;
use super::desk::Desk;
use super::job::{self, Answer, Renewal, Slot};
use super::queue::{Ticket, What};
use super::ruling::{Asked, PassOver, Ruling, is_outage, rule};
use super::state::Credentials;
use crate::call::{Attendee, End, Fault, Hint, Sample};
use crate::chime::class::{Class, Tier};
use crate::chime::operation::Operation;
use crate::client::attempt::Attempted;
use crate::ledger::store::{MeetingRow, Settled, Settlement, State, Written};
use rand::RngExt;
use std::time::Duration;

/// How long an expired token may stay expired before the run gives up.
const RENEW_WITHIN: Duration = Duration::from_secs(300);
/// How long nothing may connect at the start before the run gives up, and how long nothing may answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// The wait before a meeting is asked for anew whose pass is over.
const NEXT_PASS: Duration = Duration::from_secs(5);
/// Meetings that may not be looked at, after which no more are tried.
const SEEN_ENOUGH: u32 = 3;
/// Unbelievable answers, and none to believe, after which it is not the service that answers.
const STRANGER: u64 = 25;

/// What is known of an attempt besides its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    sent: Duration,
    done: Duration,
    perhaps_sent: bool,
    answered: bool,
}

impl Desk {
    pub(super) fn answered(&mut self, now: Duration, mut ticket: Ticket, slot: Slot, answer: Answer) {
        match answer {
            Answer::Seat(attempted) => {
                let way = self.way(&attempted);
                let end = self.unless_taken(now, attempted.end, &mut ticket);
                self.sample(Operation::CreateAttendee, slot, way, &end);
                match end {
                    End::Settled(attendee) => self.seated(now, ticket, attendee, way),
                    End::Refused(fault) | End::Unknown(fault) => self.failed(now, ticket, way, fault),
                }
            }
            Answer::Made(attempted, at) => self.making_answered(now, ticket, slot, attempted, at),
            Answer::Batch(attempted) => self.batch_answered(now, ticket, slot, attempted),
            Answer::Meeting(attempted) => {
                let way = self.way(&attempted);
                self.sample(Operation::GetMeeting, slot, way, &attempted.end);
                match attempted.end {
                    End::Settled(facts) => self.looked(now, &ticket, facts),
                    End::Refused(fault) | End::Unknown(fault) => self.failed(now, ticket, way, fault),
                }
            }
        }
    }

    pub(super) fn way<R>(&self, attempted: &Attempted<R>) -> Way {
        let since = |at: tokio::time::Instant| at.saturating_duration_since(self.origin);
        let Attempted { sent, done, perhaps_sent, answered, .. } = *attempted;
        Way { sent: since(sent), done: since(done), perhaps_sent, answered }
    }

    pub(super) fn sample<R>(&mut self, operation: Operation, slot: Slot, way: Way, end: &End<R>) {
        let (class, Way { sent, done, .. }) = (end.class(), way);
        self.recorder.record(&Sample { stage: 0, operation, due: slot.due, ready: slot.ready, sent, done, class });
        self.answers += u64::from(way.answered);
        if way.answered && class != Class::Throttled {
            self.pace.let_in(done, sent);
        }
        if let Some(fault) = end.fault() {
            self.samples.add(fault);
        }
    }

    pub(super) fn seated(&mut self, now: Duration, ticket: Ticket, attendee: Attendee, way: Way) {
        self.succeeded += 1;
        if let Some(meeting) = self.meetings.get_mut(&ticket.meeting()) {
            meeting.given += 1;
        }
        self.believed = true;
        self.good(now);
        self.quota.succeeded(ticket.failed > 0);
        self.sweeps = 0;
        self.recorder.token(way.done.saturating_sub(ticket.first_due.unwrap_or(way.done)));
        self.write_seat(now, ticket, Written::Settled(attendee));
    }

    pub(super) fn good(&mut self, now: Duration) {
        self.not_out(now);
        self.pace.accepted(now);
    }

    fn not_out(&mut self, now: Duration) {
        if self.outage.next_probe().is_some() {
            self.teller.say(Notice::OutageOver);
        }
        self.outage.good(now);
    }

    pub(super) fn failed(&mut self, now: Duration, mut ticket: Ticket, way: Way, fault: Fault) {
        // A failure of the service's own may have come after the work was done, just as a reply lost or spoilt on its way may.
        ticket.doubt |= way.perhaps_sent && matches!(fault.class.tier(), Tier::Service | Tier::Transport);
        self.believed |= !matches!(fault.class.tier(), Tier::Service | Tier::Transport);
        let asked = match ticket.what {
            What::Meeting(_) => Asked::Meeting,
            What::Make(_) => Asked::Making,
            What::Seat(_) | What::Batch(_) => Asked::Seat { any_given: self.succeeded > 0 },
        };
        let ruling = rule(&fault, asked, ticket.skewed);
        let is_batch = matches!(ticket.what, What::Batch(_));
        if !is_outage(fault.class) && ruling != Ruling::Throttled {
            self.good(now);
        }
        match ruling {
            Ruling::Throttled => {
                ticket.throttled += 1;
                let wait = self.settings.backoff.after(ticket.throttled, true, fault.hint, &mut self.rng);
                // The SDKs cap their own header's wish by the backoff; the standard one's is kept whole, up to a minute.
                let hint = fault.hint.map(|hint| if let Hint::Millis(_) = hint { wait } else { hint.wait() });
                if !std::mem::replace(&mut self.said.throttled, true) {
                    self.teller.say(Notice::Throttled);
                }
                self.not_out(now);
                self.pace.throttled(now, way.sent, hint);
                self.queue.again(ticket, now + wait);
            }
            Ruling::Expired => {
                // Those sent before the renewal say nothing about the new credentials.
                if way.sent >= self.renewed_at {
                    self.expired(now);
                }
                self.queue.again(ticket, now);
            }
            Ruling::ClockCorrected => {
                if !std::mem::replace(&mut self.said.skewed, true) {
                    self.teller.say(Notice::ClockCorrected);
                }
                ticket.skewed += 1;
                self.queue.again(ticket, now);
            }
            Ruling::NotLetIn | Ruling::MeetingForbidden if is_batch && !self.batches_work && fault.class == Class::Forbidden => {
                self.give_batches_up(now, ticket, &fault);
            }
            // Whole batches are refused for what may be the fault of one seat, or the lack of room for one.
            Ruling::Refused | Ruling::MeetingFull if ticket.seats() > 1 => self.halve(now, ticket),
            Ruling::NotLetIn => {
                // Put back, so that a doubt from an earlier attempt is written down with the others.
                self.queue.again(ticket, now);
                self.end(Ending::NotLetIn(Box::new(fault)));
            }
            Ruling::Again(over) => self.again(now, ticket, fault, over),
            Ruling::Refused => self.refuse(now, ticket, fault),
            Ruling::MeetingFull => self.shut(now, ticket, fault, true),
            Ruling::MeetingGone => {
                self.write(now, job::Entry::Meeting(ticket.meeting(), true));
                match &ticket.what {
                    What::Meeting(row @ MeetingRow { room: Some(room), .. }) if !self.looking_again => {
                        self.make_again(now, row, room);
                    }
                    _ => self.shut(now, ticket, fault, false),
                }
            }
            Ruling::NotToBeSeen => {
                self.unseen += 1;
                self.refuse(now, ticket, fault);
                if self.unseen >= SEEN_ENOUGH {
                    self.look_no_further();
                }
            }
            Ruling::MeetingForbidden => self.shut(now, ticket, fault, false),
        }
    }

    /// Asks again within the pass, or ends the pass.
    fn again(&mut self, now: Duration, mut ticket: Ticket, fault: Fault, over: PassOver) {
        ticket.failed += 1;
        ticket.throttled = 0;
        ticket.unbelieved += u32::from(over == PassOver::Refused);
        let probing = self.outage.next_probe().is_some() && is_outage(fault.class);
        // A probe stays with its row for a whole pass: one that needs three tries must not wait for everybody else's first two.
        let pass_over = ticket.failed >= self.settings.attempts || !probing && !self.quota.pay();
        if over == PassOver::Refused && self.is_spoilt(&ticket, pass_over) {
            return self.halve(now, ticket);
        }
        if is_outage(fault.class) {
            let began = ticket.pass_began.filter(|_| pass_over);
            let jitter = self.rng.random::<f64>();
            self.outage.failed(now, began, u32::try_from(self.settings.concurrency).unwrap_or(u32::MAX), jitter);
            // A hint speaks for the service, not for one row, unless others get through.
            if let Some(hint) = fault.hint.filter(|_| self.outage.is_silent(now)) {
                self.pace.quiet(now, hint.wait());
            }
            if !probing && self.outage.next_probe().is_some() {
                self.teller.say(Notice::Outage(fault.class, fault.message.clone()));
            }
            let within = match fault.class {
                Class::Tls => Duration::ZERO,
                Class::Dns | Class::Refused | Class::ConnectTimeout => CONNECT_WITHIN,
                _ => ANSWER_WITHIN,
            };
            if self.answers == 0 && now >= within {
                self.end(Ending::Unreachable(Box::new(fault.clone())));
            }
        }
        if over == PassOver::Refused && !self.believed && self.recorder.classes().of(Class::Protocol) >= STRANGER {
            self.end(Ending::Unreachable(Box::new(fault.clone())));
        }
        if !pass_over && probing {
            // The next probe's time is the outage's to say.
            return self.queue.again(ticket, now);
        }
        if !pass_over {
            let wait = self.settings.backoff.after(ticket.failed, false, fault.hint, &mut self.rng);
            return self.queue.again(ticket, now + wait);
        }
        // One answer out of a storm that cannot be believed is no reason to give a row up; a pass full of them is.
        let given_up = over == PassOver::Refused
            && ticket.unbelieved >= self.settings.attempts
            && (self.believed || matches!(ticket.what, What::Meeting(_) | What::Make(_)));
        match &ticket.what {
            _ if given_up => self.refuse(now, ticket, fault),
            What::Seat(_) | What::Batch(_) => {
                for seat in ticket.dissolve() {
                    self.leave_over(now, seat, fault.clone());
                }
            }
            // Without its meeting nobody can be asked for: it is asked again until the run ends.
            What::Make(_) => {
                (ticket.failed, ticket.pass_began) = (0, None);
                self.queue.again(ticket, now + NEXT_PASS);
            }
            // One meeting that cannot be looked at must not keep the others waiting.
            What::Meeting(_) if self.outage.next_probe().is_none() || ticket.attempts >= 3 * self.settings.attempts => {
                self.refuse(now, ticket, fault);
            }
            What::Meeting(_) => {
                (ticket.failed, ticket.pass_began) = (0, None);
                self.queue.push(ticket);
            }
        }
    }

    /// The seat's pass is over without an end: another sweep will bring it again.
    fn leave_over(&mut self, now: Duration, ticket: Ticket, fault: Fault) {
        let Some(seat) = ticket.pending().map(|pending| pending.seat) else { return };
        self.left_over += 1;
        if ticket.unbelieved > 0 {
            self.unbelieved.insert(seat, ticket.unbelieved);
        }
        if let Some(due) = ticket.first_due {
            self.first_due.insert(seat, due);
        }
        self.write_seat(now, ticket, Written::Not(State::Unknown, fault));
    }

    /// When the run stops: what may have been asked and has no end is written down as that.
    pub(super) fn leave_doubts(&mut self, now: Duration) {
        for ticket in std::mem::take(&mut self.parked).into_values().flatten() {
            self.queue.push(ticket);
        }
        while let Some(ticket) = self.queue.pop() {
            for seat in ticket.dissolve().into_iter().filter(|seat| seat.doubt) {
                let fault =
                    Fault::ours(Class::Aborted, "Stopped", "asked, and without an answer to believe when the run stopped");
                self.write_seat(now, seat, Written::Not(State::Unknown, fault));
            }
        }
    }

    /// A row is refused for good; a meeting that cannot be looked at is taken as it comes.
    pub(super) fn refuse(&mut self, now: Duration, ticket: Ticket, fault: Fault) {
        match &ticket.what {
            What::Seat(_) | What::Batch(_) => {
                for seat in ticket.dissolve() {
                    self.write_seat(now, seat, Written::Not(State::Refused, fault.clone()));
                }
            }
            What::Make(wish) => self.not_made(&wish.clone(), &fault),
            What::Meeting(meeting) => {
                let key = meeting.key;
                self.teller.say(Notice::MeetingUnknown { meeting: meeting.id.to_string(), reason: reason(&fault) });
                self.primary_lives(key, false);
                self.look_over();
            }
        }
    }

    pub(super) fn write_seat(&mut self, now: Duration, ticket: Ticket, end: Written) {
        let What::Seat(pending) = ticket.what else { return };
        if matches!(end, Written::Not(State::Refused | State::Rejected, _)) {
            self.errors += 1;
            if self.settings.max_errors.is_some_and(|most| self.errors > most) {
                self.end(Ending::TooManyErrors);
            }
        }
        let settlement = Settlement { seat: pending.seat, asked: pending.asked, end, attempts: ticket.attempts };
        self.write(now, job::Entry::Seat(Box::new(settlement)));
    }

    pub(super) fn write(&mut self, now: Duration, entry: job::Entry) {
        if matches!(self.ending, Some(Ending::Disk(_))) {
            return;
        }
        if self.unwritten.is_empty() {
            self.unwritten_since = now;
        }
        self.unwritten.push(entry);
    }

    /// What has been committed may be told.
    pub(super) fn committed(&mut self, batch: &[job::Entry], told: Settled) {
        self.void += told.void;
        self.moved(told.moved);
        for entry in batch {
            if let job::Entry::Made(made) = entry {
                self.made(made.room);
            }
        }
        let ends = |wanted: fn(&Written) -> bool| {
            batch.iter().filter(|entry| matches!(entry, job::Entry::Seat(s) if wanted(&s.end))).count() as u64
        };
        let settled = ends(|end| matches!(end, Written::Settled(_)));
        let refused = ends(|end| matches!(end, Written::Not(State::Refused | State::Rejected, _)));
        let doubted = batch.iter().filter(|entry| matches!(entry, job::Entry::Doubt(_))).count() as u64;
        self.teller.update(|board| {
            board.provisioned = (board.provisioned + settled).saturating_sub(doubted);
            board.refused += refused;
            board.seats += told.void;
        });
    }

    fn expired(&mut self, now: Duration) {
        if self.credentials == Credentials::Good {
            self.credentials = Credentials::Expired(now, now + RENEW_WITHIN);
            self.said.expired = false;
        }
    }

    pub(super) fn renewed(&mut self, now: Duration, renewal: Renewal) {
        let Credentials::Looking(until) = self.credentials else { return };
        let give_up = || {
            Ending::NotLetIn(Box::new(Fault::ours(
                Class::Expired,
                "ExpiredToken",
                "the credentials have expired, and no newer ones are to be found",
            )))
        };
        match renewal {
            Renewal::Changed => {
                (self.credentials, self.renewed_at) = (Credentials::Good, now);
                self.teller.say(Notice::Renewed);
            }
            Renewal::Same if now < until => {
                self.credentials = Credentials::Expired(now + Duration::from_secs(2), until);
                // Only once it is known that waiting for somebody can help.
                if !std::mem::replace(&mut self.said.expired, true) {
                    self.teller.say(Notice::Expired(until.saturating_sub(now)));
                }
            }
            Renewal::Same | Renewal::Never => self.end(give_up()),
        }
    }
}

pub(super) fn reason(fault: &Fault) -> String {
    if fault.message.is_empty() { fault.code.clone() } else { format!("{}: {}", fault.code, fault.message) }
}
