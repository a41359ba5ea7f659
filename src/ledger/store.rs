//! Writing outcomes down, and asking what is still to be done.
//!
//! Holds [`Settlement`], [`Pending`] and the statements behind them. Called by `provision` on a blocking thread. Each outcome
//! carries a checksum over its seat's content and everything in it, so that a damaged or misplaced record is asked again
//! instead of believed.

use super::record::{Record, checked, seat_of};
use super::rooms::{self, NewMeeting, Room};
use super::schema::{Ledger, LedgerError};
use super::seating::Seating;
use crate::call::{Attendee, Fault, Seat};
use crate::chime::class::Class;
use crate::chime::id::{AttendeeId, MeetingId};
use rusqlite::{Transaction, params};
use std::collections::HashMap;

/// How a seat's asking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has its attendee.
    Settled = 1,
    /// The service said no.
    Refused = 2,
    /// Asked, without an answer to believe; to be asked again.
    Unknown = 3,
    /// Rejected by us, because of what its meeting is. Looked at anew in each session.
    Rejected = 4,
}

impl State {
    pub(super) fn from_code(code: i64) -> Option<State> {
        [State::Settled, State::Refused, State::Unknown, State::Rejected].into_iter().find(|s| *s as i64 == code)
    }
}

/// What is written down of a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The seat's number.
    pub seat: i64,
    /// The seat itself.
    pub asked: Seat,
    /// How it stands.
    pub end: Written,
    /// Attempts made in this session.
    pub attempts: u32,
}

/// The end that goes with a [`State`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// [`State::Settled`].
    Settled(Attendee),
    /// Any of the others.
    Not(State, Fault),
}

impl Written {
    fn state(&self) -> State {
        match self {
            Written::Settled(_) => State::Settled,
            Written::Not(state, _) => *state,
        }
    }
}

/// A seat still to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The row that stands for it, for order and `--limit`.
    pub row: i64,
    /// Its number.
    pub seat: i64,
    /// Its meeting's number.
    pub meeting: i64,
    /// What to ask.
    pub asked: Seat,
    /// Whether it may have been asked before without our knowing the end.
    pub doubt: bool,
    /// Its meeting's place among the others, where they are asked for meeting by meeting.
    pub turn: i64,
}

/// What an earlier session's outcomes mean to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replay {
    /// Ask what has no end yet.
    #[default]
    Resume,
    /// And what was refused.
    Retry,
    /// And everything else.
    All,
}

/// In which order seats are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Turn {
    /// As the roster has them.
    #[default]
    Roster,
    /// Meeting by meeting, so that those of one meeting can be asked for together.
    Meeting,
}

/// The last seat that was brought: its meeting's turn, and its row. Nothing comes before the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct After {
    turn: i64,
    row: i64,
}

impl After {
    /// Behind this one.
    pub fn of(pending: &Pending) -> After {
        After { turn: pending.turn, row: pending.row }
    }
}

/// A meeting of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingRow {
    /// Its number.
    pub key: i64,
    /// Its id.
    pub id: MeetingId,
    /// Rows that want a seat in it.
    pub rows: u64,
    /// Seats in it that have an attendee, whatever roster named them.
    pub settled: u64,
    /// The room it is made in, if it is made for the roster.
    pub room: Option<Room>,
}

/// What followed from a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// Outcomes that are void, because another meeting was made in the place of the one they belong to.
    pub void: u64,
    /// The rooms that spilt seats moved to.
    pub moved: Vec<MeetingRow>,
}

/// A batch of what has come to be known.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    /// How seats ended.
    pub seats: Vec<&'a Settlement>,
    /// Whether meetings have ended.
    pub meetings: Vec<(i64, bool)>,
    /// AttendeeIds that two were told.
    pub doubts: Vec<&'a AttendeeId>,
    /// Meetings made.
    pub made: Vec<&'a NewMeeting>,
    /// Seats whose meeting, made for them, is full.
    pub spilt: Vec<i64>,
}

impl Ledger {
    /// The next seats to ask for, in this order, of rows up to `last`.
    pub fn pending(
        &self,
        after: After,
        last: i64,
        limit: usize,
        replay: Replay,
        turn: Turn,
    ) -> Result<Vec<Pending>, LedgerError> {
        let (then, order) = match turn {
            Turn::Roster => ("r.row > ?1 AND ?5 IS NOT NULL", "r.row"),
            Turn::Meeting => ("(t.ord, r.row) > (?5, ?1)", "t.ord, r.row"),
        };
        if turn == Turn::Meeting && after == After::default() {
            self.order_meetings()?;
        }
        let (join, ord) = if turn == Turn::Meeting { ("JOIN turn t ON t.meeting=r.meeting", "t.ord") } else { ("", "0") };
        // In doubt is what had a token, what was asked without an end, and what was given up for answers that nobody can believe.
        let sql = format!(
            "SELECT r.row, r.seat, r.meeting, m.id, s.user, r.caps, COALESCE(o.state IN (1, 3) OR (o.state=2 AND o.class='protocol'), 0), {ord} FROM row r {join} JOIN meeting m ON m.meeting=r.meeting \
             JOIN seat s ON s.seat=r.seat LEFT JOIN outcome o ON o.seat=r.seat \
             WHERE {then} AND r.row <= ?2 AND r.role=1 AND {} ORDER BY {order} LIMIT ?3",
            open(replay, "?4")
        );
        let mut query = self.db.prepare_cached(&sql)?;
        let mut cursor =
            query.query(params![after.row, last, i64::try_from(limit).unwrap_or(i64::MAX), self.session, after.turn])?;
        let mut pending = Vec::with_capacity(limit.min(1024));
        while let Some(r) = cursor.next()? {
            let asked = seat_of(r, 3, 4, 5)?;
            pending.push(Pending {
                row: r.get(0)?,
                seat: r.get(1)?,
                meeting: r.get(2)?,
                asked,
                doubt: r.get(6)?,
                turn: r.get(7)?,
            });
        }
        Ok(pending)
    }

    /// The meetings in the order in which they are asked for: those whose doors open first, then the rest, each session's together.
    /// Ordered anew for every sweep, because rooms may have come to be since.
    fn order_meetings(&self) -> Result<(), LedgerError> {
        Ok(self.db.execute_batch(
            "DROP TABLE IF EXISTS temp.turn; CREATE TEMP TABLE turn(ord INTEGER PRIMARY KEY, meeting INTEGER UNIQUE); \
             INSERT INTO turn(meeting) SELECT m.meeting FROM meeting m LEFT JOIN room USING(meeting) \
             ORDER BY room.doors IS NULL, room.doors, \
             COALESCE((SELECT f.meeting FROM room f WHERE f.session=room.session AND f.part=0), m.meeting), room.part",
        )?)
    }

    /// Makes [`Turn::Meeting`] quick.
    pub fn order_by_meeting(&self) -> Result<(), LedgerError> {
        Ok(self.db.execute_batch("CREATE INDEX IF NOT EXISTS row_turn ON row(meeting, row) WHERE role=1")?)
    }

    /// How many seats [`Ledger::pending`] would bring, by the number of their meeting.
    pub fn open_by_meeting(&self, last: i64, replay: Replay) -> Result<HashMap<i64, u64>, LedgerError> {
        let open = open(replay, "?2");
        let sql = format!(
            "SELECT r.meeting, COUNT(*) FROM row r LEFT JOIN outcome o ON o.seat=r.seat WHERE r.row <= ?1 AND r.role=1 AND {open} GROUP BY r.meeting"
        );
        let mut query = self.db.prepare(&sql)?;
        let counts = query.query_map(params![last, self.session], |r| Ok((r.get(0)?, r.get::<_, i64>(1)?.unsigned_abs())))?;
        Ok(counts.collect::<rusqlite::Result<_>>()?)
    }

    /// How many seats [`Ledger::pending`] would bring in all.
    pub fn open_seats(&self, last: i64, replay: Replay) -> Result<u64, LedgerError> {
        let open = open(replay, "?2");
        let sql =
            format!("SELECT COUNT(*) FROM row r LEFT JOIN outcome o ON o.seat=r.seat WHERE r.row <= ?1 AND r.role=1 AND {open}");
        Ok(self.db.query_row(&sql, params![last, self.session], |r| r.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Writes a batch down, whole or not at all: how seats ended, and whether meetings have. A meeting that has ended makes its
    /// seats void, whatever was settled; a doubted AttendeeId makes whoever is settled with it to be asked again; a seat that was
    /// spilt moves to another room of its session (`seating` says how large those are).
    pub fn settle(&mut self, batch: &Batch<'_>, seating: &Seating) -> Result<Settled, LedgerError> {
        let session = self.session;
        let tx = self.db.transaction()?;
        let mut void = 0;
        let to = {
            // A meeting that has ended may have been made anew since.
            for (meeting, ended) in &batch.meetings {
                tx.prepare_cached("UPDATE meeting SET ended=?1 WHERE meeting=?2 AND ended<>?1")?
                    .execute(params![ended, meeting])?;
            }
            for made in &batch.made {
                void += rooms::settle_made(&tx, made)?;
            }
            // A token is never given up for a failure to get it again (--replay all): only the asking is noted.
            let mut keep = tx.prepare_cached("UPDATE outcome SET session=IIF(?1=3, session, ?2) WHERE seat=?3 AND state=1")?;
            for item in &batch.seats {
                let state = item.end.state() as i64;
                if state != State::Settled as i64 && keep.execute(params![state, session, item.seat])? > 0 {
                    continue;
                }
                insert(&tx, session, item)?;
            }
            for attendee in &batch.doubts {
                for item in held(&tx, attendee)? {
                    insert(&tx, session, &item)?;
                }
            }
            rooms::spill(&tx, &batch.spilt, seating)?
        };
        tx.commit()?;
        let mut moved = Vec::new();
        if !to.is_empty() {
            moved = self.meetings(i64::MAX)?;
            moved.retain(|meeting| to.contains(&meeting.key));
        }
        Ok(Settled { void, moved })
    }

    /// Checks every outcome of the roster against its checksum and drops those that fail; answers how many. `settled` is told
    /// of each good attendee and whose it is.
    pub fn verify(&mut self, mut settled: impl FnMut(&str, &Seat)) -> Result<u64, LedgerError> {
        let mut bad = Vec::new();
        {
            let mut query = self.db.prepare(
                "SELECT o.seat, m.id, s.user, o.state, o.asked, o.attendee, o.token, o.granted, o.class, o.code, o.message, o.request, o.sum \
                 FROM outcome o LEFT JOIN seat s ON s.seat=o.seat LEFT JOIN meeting m ON m.meeting=s.meeting",
            )?;
            let mut cursor = query.query([])?;
            while let Some(r) = cursor.next()? {
                match checked(r) {
                    Some((Some(attendee), seat)) => settled(&attendee, &seat),
                    Some((None, _)) => {}
                    None => bad.push(r.get::<_, i64>(0)?),
                }
            }
        }
        for seat in &bad {
            self.db.execute("DELETE FROM outcome WHERE seat=?", [seat])?;
        }
        Ok(bad.len() as u64)
    }

    /// The meetings that rows up to `last` want seats in, in roster order; a primary before its replicas, if it has rows or not.
    pub fn meetings(&self, last: i64) -> Result<Vec<MeetingRow>, LedgerError> {
        let mut query = self.db.prepare(&format!(
            "WITH wanted AS (SELECT meeting, COUNT(*) rows, MIN(row) first FROM row WHERE role > 0 AND row <= ? GROUP BY meeting) \
             SELECT m.meeting, m.id, COALESCE(w.rows, 0), \
             (SELECT COUNT(*) FROM seat s JOIN outcome o ON o.seat=s.seat WHERE s.meeting=m.meeting AND o.state=1), {} \
             FROM meeting m LEFT JOIN wanted w USING(meeting) LEFT JOIN room USING(meeting) \
             WHERE w.meeting IS NOT NULL OR m.meeting IN (SELECT replica_of FROM room JOIN wanted USING(meeting)) \
             ORDER BY room.replica_of IS NOT NULL, w.first",
            rooms::COLUMNS
        ))?;
        let mut cursor = query.query([last])?;
        let mut meetings = Vec::new();
        while let Some(r) = cursor.next()? {
            let key = r.get(0)?;
            let id =
                MeetingId::parse(&r.get::<_, String>(1)?).ok_or_else(|| LedgerError::Damaged("a meeting's id".to_owned()))?;
            let (rows, settled) = (r.get::<_, i64>(2)?.unsigned_abs(), r.get::<_, i64>(3)?.unsigned_abs());
            meetings.push(MeetingRow { key, id, rows, settled, room: rooms::room_of(r, 4, key)? });
        }
        Ok(meetings)
    }
}

pub(super) fn insert(tx: &Transaction<'_>, session: i64, item: &Settlement) -> Result<(), LedgerError> {
    let record = Record::of(item);
    tx.prepare_cached("INSERT OR REPLACE INTO outcome VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)")?.execute(params![
        item.seat,
        record.state,
        session,
        record.asked,
        record.attendee,
        record.token,
        record.granted,
        record.class,
        record.code,
        record.message,
        record.request,
        item.attempts,
        record.sum(&item.asked)
    ])?;
    Ok(())
}

/// Those settled with this AttendeeId, as asked without an answer to believe. A scan, for what should never happen.
fn held(tx: &Transaction<'_>, attendee: &AttendeeId) -> Result<Vec<Settlement>, LedgerError> {
    let mut query = tx.prepare_cached(
        "SELECT o.seat, m.id, s.user, o.asked, o.attempts FROM outcome o JOIN seat s ON s.seat=o.seat \
         JOIN meeting m ON m.meeting=s.meeting WHERE o.state=1 AND o.attendee=?",
    )?;
    let mut cursor = query.query([attendee.as_str()])?;
    let mut found = Vec::new();
    while let Some(r) = cursor.next()? {
        let what = "the reply's AttendeeId was given to somebody else too";
        let end = Written::Not(State::Unknown, Fault::ours(Class::Protocol, "SharedAttendeeId", what));
        found.push(Settlement { seat: r.get(0)?, asked: seat_of(r, 1, 2, 3)?, end, attempts: r.get(4)? });
    }
    Ok(found)
}

/// The condition under which the seat of row `r` with outcome `o` is to be asked for in the session of that parameter.
fn open(replay: Replay, session: &str) -> String {
    // A refusal holds for what was asked; a row that asks for something else is a new question.
    let also = match replay {
        Replay::Resume => "o.state=2 AND o.asked IS NOT r.caps".to_owned(),
        Replay::Retry => format!("o.state=2 AND (o.asked IS NOT r.caps OR o.session<>{session})"),
        Replay::All => format!("o.session<>{session}"),
    };
    format!("(o.state IS NULL OR o.state=3 OR (o.state=4 AND o.session<>{session}) OR ({also}))")
}
