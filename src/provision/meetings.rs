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
use crate::chime::id::MeetingId;
use crate::chime::quota::IDLE_MEETING_SECONDS;
use crate::client::judge::MeetingFacts;
use crate::ledger::store::{After, MeetingRow, State, Written};
use std::time::Duration;

/// A meeting that was known to live so long ago may have ended since.
const LOOK_AGAIN: Duration = Duration::from_secs(IDLE_MEETING_SECONDS * 4 / 5);

impl Desk {
    pub(super) fn looked(&mut self, now: Duration, ticket: &Ticket, facts: MeetingFacts) {
        self.believed = true;
        self.good(now);
        let key = ticket.meeting();
        let meeting = self.meetings.entry(key).or_default();
        (meeting.facts, meeting.seen) = (Some(facts), now);
        self.write(now, Entry::Meeting(key, false));
        self.primary_lives(key, false);
        self.look_over();
    }

    /// Nothing is left to ask, and it took so long that meetings nobody joined have ended meanwhile: they are looked at once more,
    /// so that nobody is handed a dead token as good.
    /// Answers whether any are.
    pub(super) fn look_again(&mut self, now: Duration) -> bool {
        if std::mem::replace(&mut self.looking_again, true) || self.unseen > 0 {
            return false;
        }
        let is_old = |meeting: &Meeting| meeting.closed.is_none() && meeting.given > 0 && now >= meeting.seen + LOOK_AGAIN;
        // In an order of their own, so that runs replay.
        let mut old: Vec<_> = self.meetings.iter().filter(|(_, meeting)| is_old(meeting)).collect();
        old.sort_by_key(|(key, _)| **key);
        for (key, meeting) in old {
            let Some(id) = MeetingId::parse(&meeting.id) else { continue };
            let row = MeetingRow { key: *key, id, rows: 0, settled: 0, room: meeting.room.clone() };
            self.unlooked += 1;
            self.queue.push(Ticket::new(What::Meeting(row), now));
        }
        !self.queue.is_empty()
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
        let mut looks = self.queue.take_looks();
        while let Some(key) = looks.pop() {
            self.primary_lives(key, false);
            looks.extend(self.queue.take_looks());
            self.look_over();
        }
    }

    /// A meeting takes nobody any more: said once, and the row that found out is refused with it.
    pub(super) fn shut(&mut self, now: Duration, ticket: Ticket, fault: Fault, ask_doubtful: bool) {
        let spills = fault.class == Class::Capacity && self.may_spill(ticket.meeting());
        let meeting = self.meetings.entry(ticket.meeting()).or_default();
        let news = meeting.closed.is_none();
        // The stronger reason stands: a meeting that is gone is not merely full.
        if news || !ask_doubtful {
            meeting.closed = Some(Closed { fault: fault.clone(), ask_doubtful, spills });
        }
        if news {
            let notice = Notice::MeetingClosed { meeting: meeting.id.clone(), class: fault.class, reason: reason(&fault) };
            self.teller.say(notice);
        }
        match ticket.what {
            What::Meeting(_) | What::Make(_) => self.look_over(),
            What::Seat(_) | What::Batch(_) if spills => self.spill(now, ticket),
            What::Seat(_) | What::Batch(_) => self.refuse(now, ticket, fault),
        }
    }

    /// Settles the tickets at the front that need not be asked: their meeting is closed, or cannot give what they ask.
    pub(super) fn drop_closed(&mut self, now: Duration) {
        while self.unwritten.len() < PAGE {
            let Some(ticket) = self.queue.take(now) else { return };
            let meeting = self.meetings.get(&ticket.meeting());
            let closed = meeting.and_then(|meeting| meeting.closed.as_ref());
            match (&ticket.what, closed) {
                (What::Batch(_), Some(_)) => ticket.dissolve().into_iter().for_each(|seat| self.queue.again(seat, now)),
                (What::Make(wish), Some(closed)) => {
                    let (wish, fault) = (wish.clone(), closed.fault.clone());
                    self.give_up(&wish, &fault);
                }
                (What::Seat(_), Some(closed)) if closed.spills && !(closed.ask_doubtful && ticket.doubt) => {
                    self.spill(now, ticket)
                }
                _ => match meeting.and_then(|meeting| meeting.dead_end(&ticket)) {
                    Some(end) => self.write_seat(now, ticket, end),
                    None => return self.queue.untake(ticket),
                },
            }
        }
    }
}

impl Meeting {
    /// The end of a seat that need not be asked for here.
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
