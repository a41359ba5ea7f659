//! Meetings made for the roster: which there are, who sits in them, and which generation of each is alive.
//!
//! Holds [`Room`] and the statements behind it. Called while a roster is taken in, when meetings are made and when they turn out
//! full. A room is a place in a session that stays; the meeting in it may end, and then the next *generation* is made in the same
//! room. Seats are known by their room, so what was settled with an ended meeting is void, and nothing has to be moved.

use super::load::{Fold, Rules, copy_sum};
use super::schema::{Ledger, LedgerError};
use super::seating::{Audience, Guest, Seating, seat_all};
use crate::call::stand_in;
use crate::chime::id::MeetingId;
use rusqlite::{Transaction, params};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

pub(super) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS room(meeting INTEGER PRIMARY KEY, session TEXT NOT NULL, part INTEGER NOT NULL, replica_of INTEGER,
  generation INTEGER NOT NULL DEFAULT 1, places INTEGER NOT NULL, doors INTEGER, made INTEGER, body TEXT, sum INTEGER, UNIQUE(session, part));
";

/// What makes a meeting of the ledger one that is made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The session's name.
    pub session: String,
    /// Which meeting of the session, from 0.
    pub part: u32,
    /// The primary's number, if this is a replica of it.
    pub replica_of: Option<i64>,
    /// How often one has been made in this room, the present one included; 1 before the first.
    pub generation: u32,
    /// When it was made, in milliseconds since the epoch; `None` while it is not.
    pub made: Option<i64>,
    /// When its doors open, in milliseconds since the epoch, if the roster says.
    pub doors: Option<i64>,
}

/// A meeting that has been made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMeeting {
    /// The room's number.
    pub room: i64,
    /// Its id.
    pub id: MeetingId,
    /// Of which generation it is.
    pub generation: u32,
    /// When it was asked for, in milliseconds since the epoch: it cannot have lived longer.
    pub made: i64,
    /// The service's `Meeting`, as JSON.
    pub body: String,
}

/// A room as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomEnd {
    /// What it is.
    pub room: Room,
    /// The meeting's id, once made.
    pub id: Option<String>,
    /// Whether the meeting has ended.
    pub ended: bool,
    /// Rows that want a seat in it.
    pub rows: u64,
    /// Seats settled.
    pub settled: u64,
    /// The service's `Meeting`, as JSON.
    pub body: Option<String>,
    /// Whether others are replicas of it.
    pub has_replicas: bool,
}

/// The number of a session's first room, which is made known if it is not.
pub(super) fn first_room(tx: &Transaction<'_>, session: &str) -> rusqlite::Result<i64> {
    room(tx, session, 0, None, 0)
}

/// The number of a room; a new one gets so many places.
fn room(tx: &Transaction<'_>, session: &str, part: usize, replica_of: Option<i64>, places: u32) -> rusqlite::Result<i64> {
    let part = i64::try_from(part).unwrap_or(i64::MAX);
    let known = tx
        .prepare_cached("SELECT meeting FROM room WHERE session=? AND part=?")?
        .query_map(params![session, part], |r| r.get(0))?
        .next();
    if let Some(key) = known {
        return key;
    }
    // Until it is made, a number of the same form stands for the meeting.
    tx.execute("INSERT INTO meeting(id) VALUES(?)", [stand_in(&format!("{session}\n{part}")).as_str()])?;
    let key = tx.last_insert_rowid();
    tx.prepare_cached("INSERT INTO room(meeting, session, part, replica_of, places) VALUES(?,?,?,?,?)")?
        .execute(params![key, session, part, replica_of, places])?;
    Ok(key)
}

/// Gives the rows of every session their rooms. Answers how many groups had to be split, and how many presenters found no room.
pub(super) fn assign(tx: &Transaction<'_>, rules: Rules) -> rusqlite::Result<(u64, u64)> {
    let Some(seating) = rules.seating else { return Ok((0, 0)) };
    let mut told = (0, 0);
    let sessions: Vec<(i64, String)> = tx
        .prepare("SELECT meeting, session FROM room WHERE part=0 AND EXISTS (SELECT 1 FROM wish w JOIN row r USING(row) WHERE r.meeting=room.meeting) ORDER BY meeting")?
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (first, session) in sessions {
        let (mut guests, folds) = guests(tx, first, &session, rules.fold)?;
        let mut free = free(tx, &session, &seating)?;
        told.0 += seat_all(&mut guests, &mut free, &seating);
        tx.execute_batch("CREATE TEMP TABLE place(fold TEXT PRIMARY KEY, meeting INTEGER)")?;
        let doors: Option<i64> =
            tx.query_row("SELECT MIN(w.doors) FROM wish w JOIN row r USING(row) WHERE r.meeting=?", [first], |r| r.get(0))?;
        let replica = (seating.audience == Audience::Replicas).then_some(first);
        let mut keys = Vec::with_capacity(free.len());
        for part in 0..free.len() {
            keys.push(room(tx, &session, part, replica.filter(|_| part > 0), seating.places())?);
        }
        tx.execute("UPDATE room SET places=? WHERE meeting=? AND places=0", params![seating.places(), first])?;
        tx.execute("UPDATE room SET doors=? WHERE session=?", params![doors, session])?;
        for (guest, fold) in guests.iter().zip(folds) {
            told.1 += u64::from(guest.part.is_none());
            tx.prepare_cached("INSERT INTO place VALUES(?, ?)")?.execute(params![fold, guest.part.map(|part| keys[part])])?;
        }
        let full = format!("the primary meeting has {} seats, and more people present than that", seating.places());
        tx.execute(
            "UPDATE row SET role=0, code='presenters', reason=?2 WHERE meeting=?1 AND role > 0 AND fold IN (SELECT fold FROM place WHERE meeting IS NULL)",
            params![first, full],
        )?;
        tx.execute(
            "UPDATE row SET meeting=(SELECT p.meeting FROM place p WHERE p.fold=row.fold) WHERE meeting=? AND role > 0",
            [first],
        )?;
        tx.execute_batch("DROP TABLE place")?;
    }
    Ok(told)
}

/// Who wants a place in a session, in roster order, with the folded id of each.
fn guests(tx: &Transaction<'_>, first: i64, session: &str, fold: Fold) -> rusqlite::Result<(Vec<Guest>, Vec<String>)> {
    // A place once had is kept, whatever the spelling.
    let mut query = tx.prepare(
        "SELECT r.fold, COUNT(DISTINCT r.user), MIN(w.team), MAX(w.presents), \
         MIN((SELECT m.part FROM seat s JOIN room m ON m.meeting=s.meeting WHERE s.user=r.user AND m.session=?2)) \
         FROM row r JOIN wish w USING(row) WHERE r.meeting=?1 AND r.role > 0 GROUP BY r.fold ORDER BY MIN(r.row)",
    )?;
    let mut teams = HashMap::new();
    let (mut guests, mut folds) = (Vec::new(), Vec::new());
    let mut cursor = query.query(params![first, session])?;
    while let Some(r) = cursor.next()? {
        let team: Option<String> = r.get(2)?;
        let next = teams.len();
        folds.push(r.get(0)?);
        guests.push(Guest {
            places: if fold == Fold::Case { 1 } else { r.get(1)? },
            team: team.filter(|team| !team.is_empty()).map(|team| *teams.entry(team).or_insert(next)),
            presents: r.get(3)?,
            part: r.get::<_, Option<u32>>(4)?.map(|part| part as usize),
        });
    }
    Ok((guests, folds))
}

/// Free seats of a session's rooms: those that nobody holds whom this roster does not name.
fn free(tx: &Transaction<'_>, session: &str, seating: &Seating) -> rusqlite::Result<Vec<u32>> {
    let mut query = tx.prepare(
        "SELECT MIN(room.places, ?2), (SELECT COUNT(*) FROM seat s JOIN outcome o ON o.seat=s.seat WHERE s.meeting=room.meeting AND o.state IN (1, 3) \
         AND NOT EXISTS (SELECT 1 FROM row r JOIN wish USING(row) JOIN room f ON f.meeting=r.meeting WHERE f.session=?1 AND r.user=s.user AND r.role > 0)) \
         FROM room WHERE session=?1 ORDER BY part",
    )?;
    let rooms = query.query_map(params![session, seating.places()], |r| Ok((r.get::<_, u32>(0)?, r.get::<_, u32>(1)?)))?;
    rooms
        .map(|room| room.map(|(places, held)| if places == 0 { seating.places() } else { places }.saturating_sub(held)))
        .collect()
}

/// A meeting has been made in its room: what was settled with the one before it is void.
/// Answers how many.
pub(super) fn settle_made(tx: &Transaction<'_>, made: &NewMeeting) -> rusqlite::Result<u64> {
    let void =
        tx.prepare_cached("DELETE FROM outcome WHERE seat IN (SELECT seat FROM seat WHERE meeting=?)")?.execute([made.room])?;
    tx.prepare_cached("UPDATE meeting SET id=?1, ended=0 WHERE meeting=?2")?.execute(params![made.id.as_str(), made.room])?;
    tx.prepare_cached("UPDATE room SET generation=?1, made=?2, body=?3, sum=?4 WHERE meeting=?5")?.execute(params![
        made.generation,
        made.made,
        made.body,
        sum(made),
        made.room
    ])?;
    Ok(void as u64)
}

/// Moves seats out of rooms that turned out full, each into the session's next with a free place. Answers the rooms they went to.
pub(super) fn spill(tx: &Transaction<'_>, seats: &[i64], seating: &Seating) -> Result<Vec<i64>, LedgerError> {
    let mut to = Vec::new();
    for seat in seats {
        let (from, session, part, replica_of): (i64, String, u32, Option<i64>) = tx.query_row(
            "SELECT m.meeting, m.session, m.part, m.replica_of FROM seat s JOIN room m ON m.meeting=s.meeting WHERE s.seat=?",
            [seat],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
        )?;
        // What it holds is what it has: nobody is put there again.
        tx.prepare_cached("UPDATE room SET places=MAX(1, (SELECT COUNT(*) FROM seat s JOIN outcome o ON o.seat=s.seat WHERE s.meeting=room.meeting AND o.state=1)) WHERE meeting=?")?
            .execute([from])?;
        let next: Option<i64> = tx
            .prepare_cached("SELECT meeting FROM room WHERE session=?1 AND part > ?2 AND places > (SELECT COUNT(*) FROM seat s WHERE s.meeting=room.meeting) ORDER BY part LIMIT 1")?
            .query_map(params![session, part], |r| r.get(0))?
            .next()
            .transpose()?;
        let next = match next {
            Some(next) => next,
            None => {
                let last: u32 = tx.query_row("SELECT MAX(part) FROM room WHERE session=?", [&session], |r| r.get(0))?;
                room(tx, &session, last as usize + 1, replica_of, seating.places())?
            }
        };
        tx.prepare_cached("DELETE FROM outcome WHERE seat=?")?.execute([seat])?;
        tx.prepare_cached("UPDATE seat SET meeting=?1 WHERE seat=?2")?.execute([next, *seat])?;
        tx.prepare_cached("UPDATE row SET meeting=?1 WHERE seat=?2")?.execute([next, *seat])?;
        if !to.contains(&next) {
            to.push(next);
        }
    }
    if !seats.is_empty() {
        tx.execute("UPDATE meta SET value=? WHERE key='copy'", [copy_sum(tx)?])?;
    }
    Ok(to)
}

/// The room of columns `session, part, replica_of, generation, made, id, body, sum, doors`, from the first of them on; `None` for a
/// meeting that was there before. What is damaged was not made: asked for again, the service answers with the same meeting.
pub(super) fn room_of(r: &rusqlite::Row<'_>, at: usize, key: i64) -> rusqlite::Result<Option<Room>> {
    let Some(session) = r.get::<_, Option<String>>(at)? else { return Ok(None) };
    let (generation, made): (u32, Option<i64>) = (r.get(at + 3)?, r.get(at + 4)?);
    let (id, body): (String, Option<String>) = (r.get(at + 5)?, r.get(at + 6)?);
    let sound = made.zip(body).zip(MeetingId::parse(&id)).is_some_and(|((made, body), id)| {
        r.get::<_, Option<i64>>(at + 7)
            .is_ok_and(|found| found == Some(sum(&NewMeeting { room: key, id, generation, made, body })))
    });
    let (part, replica_of, doors) = (r.get(at + 1)?, r.get(at + 2)?, r.get(at + 8)?);
    let room = Room { session, part, replica_of, generation, made: made.filter(|_| sound), doors };
    Ok(Some(room))
}

/// The columns that [`room_of`] reads.
pub(super) const COLUMNS: &str =
    "room.session, room.part, room.replica_of, room.generation, room.made, m.id, room.body, room.sum, room.doors";

fn sum(made: &NewMeeting) -> i64 {
    let mut hash = Sha256::new();
    for part in [made.id.as_str(), &made.body] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(made.room.to_le_bytes());
    hash.update(made.generation.to_le_bytes());
    hash.update(made.made.to_le_bytes());
    i64::from_le_bytes(hash.finalize()[..8].try_into().expect("SHA-256 has 32 bytes"))
}

impl Ledger {
    /// The rooms of this roster, session by session.
    pub fn rooms(&self) -> Result<Vec<RoomEnd>, LedgerError> {
        let mut query = self.db.prepare(&format!(
            "SELECT m.meeting, m.ended, (SELECT COUNT(*) FROM row r WHERE r.meeting=m.meeting AND r.role > 0) n, \
             (SELECT COUNT(*) FROM seat s JOIN outcome o ON o.seat=s.seat WHERE s.meeting=m.meeting AND o.state=1), EXISTS (SELECT 1 FROM room o WHERE o.replica_of=m.meeting), {COLUMNS} \
             FROM room JOIN meeting m USING(meeting) \
             WHERE n > 0 OR EXISTS (SELECT 1 FROM room o JOIN row r ON r.meeting=o.meeting WHERE o.replica_of=m.meeting AND r.role > 0) \
             ORDER BY room.session, room.part"
        ))?;
        let mut cursor = query.query([])?;
        let mut rooms = Vec::new();
        while let Some(r) = cursor.next()? {
            let Some(room) = room_of(r, 5, r.get(0)?)? else { continue };
            let made = room.made.is_some();
            rooms.push(RoomEnd {
                id: Some(r.get(10)?).filter(|_| made),
                ended: r.get(1)?,
                rows: r.get::<_, i64>(2)?.unsigned_abs(),
                settled: r.get::<_, i64>(3)?.unsigned_abs(),
                body: r.get::<_, Option<String>>(11)?.filter(|_| made),
                has_replicas: r.get(4)?,
                room,
            });
        }
        Ok(rooms)
    }
}
