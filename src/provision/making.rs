//! Meetings made for the roster: when each is asked for, and what follows from its answer.
//!
//! Holds [`Making`] and the desk's dealings with rooms. Called by the desk at the beginning, by `settle` with answers and with what
//! has been committed. A primary comes before its replicas; seats come when every meeting is looked at, made, or known not to be.

use super::Waves;
use super::board::Notice;
use super::desk::{Desk, LOW};
use super::job::{Entry, Slot};
use super::queue::{Ticket, What};
use super::settle::reason;
use super::state::{Closed, Meeting};
use crate::call::{End, Fault};
use crate::chime::class::Class;
use crate::chime::id::MeetingId;
use crate::chime::operation::Operation;
use crate::chime::template::MeetingTemplate;
use crate::client::attempt::Attempted;
use crate::client::operations::MeetingWish;
use crate::client::replies::Made;
use crate::ledger::rooms::{NewMeeting, Room};
use crate::ledger::seating::{Audience, Seating};
use crate::ledger::store::MeetingRow;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How meetings are made.
#[derive(Debug, Clone)]
pub struct Making {
    /// What makes the tokens of this run its own; the same key finds the same meetings again.
    pub key: String,
    /// What every meeting is made with.
    pub template: Arc<MeetingTemplate>,
    /// How people sit in them.
    pub seating: Seating,
}

/// A meeting to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Its number.
    pub key: i64,
    /// Its room, with the generation that is to be made.
    pub room: Room,
    /// The id of its primary.
    pub primary: Option<MeetingId>,
}

impl Making {
    /// What to ask. The token follows from the key, the room and the generation alone: asked again, after a lost reply or a kill,
    /// the service answers with the meeting it has made.
    pub fn wish(&self, wish: &Wish) -> MeetingWish {
        let Room { session, part, generation, .. } = &wish.room;
        let mut hash = Sha256::new();
        for part in [self.key.as_bytes(), session.as_bytes(), &part.to_le_bytes(), &generation.to_le_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let token: String = hash.finalize()[..20].iter().map(|b| format!("{b:02x}")).collect();
        let label = session.clone();
        MeetingWish { token: format!("headcount-{token}"), label, primary: wish.primary.clone(), template: self.template.clone() }
    }
}

impl Desk {
    /// The meetings of a run: those that have no primary are looked at or made first.
    pub(super) fn expect(&mut self, meetings: Vec<MeetingRow>) {
        for row in meetings {
            let known =
                Meeting { id: row.id.to_string(), given: row.settled as usize, room: row.room.clone(), ..Meeting::default() };
            let unmade = !known.is_known();
            self.meetings.insert(row.key, known);
            if unmade && self.settings.waves.is_some() {
                self.later.insert(row.key, row);
                continue;
            }
            self.unlooked += 1;
            match row.room.as_ref().and_then(|room| room.replica_of) {
                Some(primary) => self.replicas.entry(primary).or_default().push(row),
                None => self.look_or_make(row, None, Duration::ZERO),
            }
        }
    }

    fn look_or_make(&mut self, row: MeetingRow, primary: Option<MeetingId>, due: Duration) {
        let what = match &row.room {
            Some(room) if room.made.is_none() => What::Make(Wish { key: row.key, room: room.clone(), primary }),
            _ => What::Meeting(row),
        };
        if due > Duration::ZERO {
            self.queue.again(Ticket::new(what, due), due);
        } else {
            self.queue.push(Ticket::new(what, Duration::ZERO));
        }
    }

    /// Whether there is room for more seats, and every meeting is known.
    pub(super) fn may_fetch(&self) -> bool {
        let parked: usize = self.parked.values().map(Vec::len).sum();
        self.queue.fresh() + parked < LOW && self.unlooked == 0
    }

    /// Somebody comes up whose meeting is not made yet: they wait for it.
    pub(super) fn park(&mut self, _now: Duration, ticket: Ticket) {
        let key = ticket.meeting();
        self.parked.entry(key).or_default().push(ticket);
        if self.later.contains_key(&key) && !self.lobby.contains(&key) {
            self.lobby.push_back(key);
        }
    }

    /// Makes the next meeting that people wait for: so long before its doors, or when those of the one before are nearly asked for.
    pub(super) fn open_next(&mut self, now: Duration) {
        while let Some(key) = self.lobby.front().copied() {
            let has_doors = self.later.get(&key).and_then(|row| row.room.as_ref()).is_some_and(|room| room.doors.is_some());
            if !has_doors && (!self.opening.is_empty() || self.queue.fresh() > self.batching.size()) {
                return;
            }
            self.lobby.pop_front();
            if !has_doors {
                self.opening.insert(key);
            }
            self.open(now, key);
        }
    }

    fn open(&mut self, now: Duration, key: i64) {
        let Some(row) = self.later.remove(&key) else { return self.unpark(key) };
        let Some(primary) = row.room.as_ref().and_then(|room| room.replica_of) else { return self.make_in_time(now, row) };
        let closed = self.meetings.get(&primary).and_then(|meeting| meeting.closed.as_ref()).map(|closed| closed.fault.clone());
        if let (Some(fault), Some(room)) = (closed, row.room.clone()) {
            return self.give_up(&Wish { key, room, primary: None }, &fault);
        }
        if self.meetings.get(&primary).is_some_and(Meeting::is_known) {
            let id = self.meetings.get(&primary).and_then(|meeting| MeetingId::parse(&meeting.id));
            return self.look_or_make(row, id, Duration::ZERO);
        }
        self.replicas.entry(primary).or_default().push(row);
        if let Some(primary) = self.later.remove(&primary) {
            self.make_in_time(now, primary);
        }
    }

    fn make_in_time(&mut self, now: Duration, row: MeetingRow) {
        let Some(Waves { lead, began }) = self.settings.waves else { return };
        let doors = row.room.as_ref().and_then(|room| room.doors);
        let opens = doors.map(|doors| Duration::from_millis(u64::try_from(doors - began).unwrap_or(0)));
        self.look_or_make(row, None, opens.map_or(Duration::ZERO, |at| at.saturating_sub(lead)).max(now));
    }

    /// Their meeting is made, or known not to be.
    fn unpark(&mut self, key: i64) {
        self.opening.remove(&key);
        let id = self.meetings.get(&key).and_then(|meeting| MeetingId::parse(&meeting.id));
        for mut ticket in self.parked.remove(&key).unwrap_or_default() {
            // When they were fetched, something stood in for a meeting that was not there.
            if let (What::Seat(pending), Some(id)) = (&mut ticket.what, &id) {
                pending.asked.meeting = id.clone();
            }
            self.queue.push(ticket);
        }
    }

    /// A primary lives: its replicas may be looked at or made. With a new one, all of them are new.
    pub(super) fn primary_lives(&mut self, key: i64, is_new: bool) {
        let id = self.meetings.get(&key).and_then(|meeting| MeetingId::parse(&meeting.id));
        for mut row in self.replicas.remove(&key).unwrap_or_default() {
            if let Some(room) = row.room.as_mut().filter(|room| is_new && room.made.is_some()) {
                (room.made, room.generation) = (None, room.generation + 1);
            }
            self.look_or_make(row, id.clone(), Duration::ZERO);
        }
    }

    /// A meeting made for the roster has ended: the next generation is made in its room.
    pub(super) fn make_again(&mut self, now: Duration, row: &MeetingRow, room: &Room) {
        let primary = room.replica_of.and_then(|key| MeetingId::parse(&self.meetings.get(&key)?.id));
        let room = Room { generation: room.generation + 1, made: None, ..room.clone() };
        self.queue.push(Ticket::new(What::Make(Wish { key: row.key, room, primary }), now));
    }

    pub(super) fn making_answered(
        &mut self,
        now: Duration,
        ticket: Ticket,
        slot: Slot,
        attempted: Attempted<Made>,
        at: SystemTime,
    ) {
        let way = self.way(&attempted);
        let What::Make(wish) = &ticket.what else { return };
        let mut end = attempted.end;
        if let End::Settled(made) = &end
            && self.meetings.iter().any(|(key, other)| *key != wish.key && other.closed.is_none() && other.id == made.id.as_str())
        {
            let why = "the reply's MeetingId is another meeting's";
            end = End::Unknown(Fault::ours(Class::Protocol, "SharedMeetingId", why));
        }
        self.sample(Operation::CreateMeeting, slot, way, &end);
        let made = match end {
            End::Settled(made) => made,
            End::Refused(fault) | End::Unknown(fault) => return self.failed(now, ticket, way, fault),
        };
        self.believed = true;
        self.good(now);
        self.quota.succeeded(ticket.failed > 0);
        let meeting = self.meetings.entry(wish.key).or_default();
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        (meeting.id, meeting.facts, meeting.given, meeting.seen) = (made.id.to_string(), Some(made.facts), 0, now);
        let new = NewMeeting {
            room: wish.key,
            id: made.id,
            generation: wish.room.generation,
            made: i64::try_from(since).unwrap_or(i64::MAX),
            body: made.body,
        };
        self.write(now, Entry::Made(Box::new(new)));
    }

    /// It stands in the ledger: whoever sits in it may be asked for, and its replicas made.
    pub(super) fn made(&mut self, key: i64) {
        if let Some(room) = self.meetings.get_mut(&key).and_then(|meeting| meeting.room.as_mut()) {
            room.made.get_or_insert(0);
        }
        self.teller.update(|board| board.meetings += 1);
        self.unpark(key);
        self.primary_lives(key, true);
        self.look_over();
    }

    /// A meeting cannot be made: said, and given up.
    pub(super) fn not_made(&mut self, wish: &Wish, fault: &Fault) {
        let name = format!("{}, meeting {}", crate::safe::quoted(&wish.room.session, 40), wish.room.part + 1);
        self.teller.say(Notice::MeetingNotMade { name, class: fault.class, reason: reason(fault) });
        self.give_up(wish, fault);
    }

    /// Nobody waits for a meeting any more, nor for its replicas; nor, if there may be no more of its kind, for any other in line.
    pub(super) fn give_up(&mut self, wish: &Wish, fault: &Fault) {
        let replicas = self.replicas.remove(&wish.key).unwrap_or_default();
        let alike = |meeting: &Meeting| {
            let unmade = meeting.room.as_ref().is_some_and(|room| room.made.is_none() && room.replica_of == wish.room.replica_of);
            fault.class == Class::Capacity && unmade
        };
        let (keys, orphans): (Vec<i64>, usize) = (replicas.iter().map(|row| row.key).collect(), replicas.len());
        for (key, meeting) in &mut self.meetings {
            if *key == wish.key || keys.contains(key) || alike(meeting) && self.queue.waits_to_make(*key) {
                meeting.closed.get_or_insert_with(|| Closed { fault: fault.clone(), ask_doubtful: false, spills: false });
            }
        }
        (0..=orphans).for_each(|_| self.look_over());
        let closed: Vec<i64> =
            self.parked.keys().copied().filter(|key| self.meetings.get(key).is_some_and(Meeting::is_known)).collect();
        closed.into_iter().for_each(|key| self.unpark(key));
    }

    /// Whether the seats of a full meeting may go to another of its session: not those of a primary with replicas.
    pub(super) fn may_spill(&self, key: i64) -> bool {
        let room = self.meetings.get(&key).and_then(|meeting| meeting.room.as_ref());
        room.zip(self.settings.seating)
            .is_some_and(|(room, seating)| room.replica_of.is_some() || seating.audience == Audience::Meetings)
    }

    /// The seat goes to another meeting of its session, and is asked for there.
    pub(super) fn spill(&mut self, now: Duration, ticket: Ticket) {
        for seat in ticket.dissolve() {
            if let Some(pending) = seat.pending() {
                self.left_over += 1;
                self.write(now, Entry::Spill(pending.seat));
            }
        }
    }

    /// Where spilt seats went: rooms that are not made yet.
    pub(super) fn moved(&mut self, rows: Vec<MeetingRow>) {
        let new: Vec<MeetingRow> = rows.into_iter().filter(|row| !self.meetings.contains_key(&row.key)).collect();
        for row in new {
            let replica_of = row.room.as_ref().and_then(|room| room.replica_of);
            self.expect(vec![row]);
            if let Some(primary) = replica_of {
                self.primary_lives(primary, false);
            }
        }
    }
}
