//! Meetings of a run: looked at once, closed once, and what that makes of their rows.
//!
//! Holds the desk's dealings with meetings. Called by `settle` with answers, and by the desk before it asks for a seat. It never
//! sees a token.

use super::board::Notice;
use super::desk::{Desk, PAGE};
use super::job::Entry;
use super::queue::{Ticket, What};
use super::settle::reason;
use super::state::{Closed, Meeting, Source};
use crate::call::Fault;
use crate::chime::class::Class;
use crate::client::judge::MeetingFacts;
use crate::ledger::store::{After, State, Written};
use std::time::Duration;

impl Desk {
    pub(super) fn looked(&mut self, now: Duration, ticket: &Ticket, facts: MeetingFacts) {
        self.believed = true;
        self.good(now);
        let key = ticket.meeting();
        self.meetings.entry(key).or_default().facts = Some(facts);
        self.write(now, Entry::Meeting(key, false));
        self.look_over();
    }

    /// One meeting fewer to look at; after the last one, seats follow.
    pub(super) fn look_over(&mut self) {
        self.unlooked = self.unlooked.saturating_sub(1);
        if self.unlooked == 0 && self.source == Source::Meetings {
            self.source = Source::More(After::default());
        }
    }

    /// The policy allows no GetMeeting: the meetings not yet looked at are taken as they come.
    pub(super) fn look_no_further(&mut self) {
        while let Some(ticket) = self.queue.take_meeting() {
            drop(ticket);
            self.look_over();
        }
    }

    /// A meeting takes nobody any more: said once, and the row that found out is refused with it.
    pub(super) fn shut(&mut self, now: Duration, ticket: Ticket, fault: Fault, ask_doubtful: bool) {
        let meeting = self.meetings.entry(ticket.meeting()).or_default();
        let news = meeting.closed.is_none();
        // The stronger reason stands: a meeting that is gone is not merely full.
        if news || !ask_doubtful {
            meeting.closed = Some(Closed { fault: fault.clone(), ask_doubtful });
        }
        if news {
            let notice = Notice::MeetingClosed { meeting: meeting.id.clone(), class: fault.class, reason: reason(&fault) };
            self.teller.say(notice);
        }
        match ticket.what {
            What::Meeting(_) => self.look_over(),
            What::Seat(_) | What::Batch(_) => self.refuse(now, ticket, fault),
        }
    }

    /// Settles the tickets at the front that need not be asked: their meeting is closed, or cannot give what they ask.
    pub(super) fn drop_closed(&mut self, now: Duration) {
        while self.unwritten.len() < PAGE {
            let Some(ticket) = self.queue.take(now) else { return };
            let closed = self.meetings.get(&ticket.meeting()).is_some_and(|meeting| meeting.closed.is_some());
            if closed && matches!(ticket.what, What::Batch(_)) {
                ticket.dissolve().into_iter().for_each(|seat| self.queue.again(seat, now));
                continue;
            }
            match self.meetings.get(&ticket.meeting()).and_then(|meeting| meeting.dead_end(&ticket)) {
                Some(end) => self.write_seat(now, ticket, end),
                None => return self.queue.untake(ticket),
            }
        }
    }
}

impl Meeting {
    /// The end of a seat that need not be asked for.
    pub(super) fn dead_end(&self, ticket: &Ticket) -> Option<Written> {
        let pending = ticket.pending()?;
        if let Some(closed) = &self.closed {
            let ask = closed.ask_doubtful && ticket.doubt;
            return (!ask).then(|| Written::Not(State::Refused, closed.fault.clone()));
        }
        let (facts, caps) = (self.facts?, pending.asked.capabilities?);
        let rule = caps.broken_rule(facts.video, facts.content)?;
        Some(Written::Not(State::Rejected, Fault::ours(Class::BadRequest, "MeetingFeatures", rule.to_string())))
    }
}
