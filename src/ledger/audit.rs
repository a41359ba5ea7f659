//! What the service is held against: which meetings hold something of this run, and who should sit in each; and the few ways in
//! which what was settled is taken back.
//!
//! Holds [`Held`], [`Sitting`], [`Leaving`] and the statements behind them. Called by `reconcile`. An attendee that is to be deleted
//! is first committed as *leaving*, and its seat is open from then on: at no time is a token told as good that may be deleted already.

use super::rooms;
use super::schema::{Ledger, LedgerError};
use super::store::{Settlement, State, insert};
use crate::chime::capability::Capabilities;
use crate::chime::id::{AttendeeId, ExternalUserId, JoinToken, MeetingId};
use rusqlite::params;
use std::collections::{HashMap, HashSet};

pub(super) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS leaving(meeting TEXT NOT NULL, attendee TEXT NOT NULL, seat INTEGER NOT NULL,
  PRIMARY KEY(meeting, attendee)) WITHOUT ROWID;
";

/// Notes that the outputs hold tokens that the ledger does not.
const STALE: &str = "INSERT OR REPLACE INTO meta VALUES('stale', '1')";

/// A meeting that holds, or should hold, somebody of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its number.
    pub key: i64,
    /// Its id.
    pub id: MeetingId,
}

/// A seat as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sitting {
    /// Its number.
    pub seat: i64,
    /// Who.
    pub user: ExternalUserId,
    /// Whether the roster names it.
    pub named: bool,
    /// What the roster asks for.
    pub asked: Option<Capabilities>,
    /// How it stands; `None` while it has not been asked for.
    pub state: Option<State>,
    /// Its attendee, if it is settled.
    pub attendee: Option<AttendeeId>,
    /// Its token, if it is settled.
    pub token: Option<JoinToken>,
    /// What was granted.
    pub granted: Option<Capabilities>,
}

/// An attendee that is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Of which meeting.
    pub meeting: MeetingId,
    /// Which.
    pub attendee: AttendeeId,
}

/// Which attendees are to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Those that this run has made and the roster no longer names. Somebody who is named in another meeting and has no token
    /// there yet keeps what they have.
    Dropped,
    /// Those whom the roster no longer names, whether they are named elsewhere or not.
    Unnamed,
    /// All that this run has made.
    Everybody,
}

impl Leave {
    /// The condition on outcome `o`, seat `s` and meeting `m`.
    fn chosen(self) -> &'static str {
        match self {
            Leave::Everybody => "o.state=1 AND m.ended=0",
            Leave::Unnamed => "o.state=1 AND m.ended=0 AND o.seat NOT IN (SELECT seat FROM row WHERE seat IS NOT NULL)",
            Leave::Dropped => {
                "o.state=1 AND m.ended=0 AND o.seat NOT IN (SELECT seat FROM row WHERE seat IS NOT NULL) AND s.user NOT IN \
                 (SELECT r.user FROM row r LEFT JOIN outcome p ON p.seat=r.seat WHERE r.role=1 AND COALESCE(p.state, 0) <> 1)"
            }
        }
    }
}

/// A meeting that this run has made, and its replicas with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMeeting {
    /// Its number.
    pub key: i64,
    /// Its id.
    pub id: MeetingId,
    /// Replicas that end with it.
    pub replicas: u64,
}

impl Ledger {
    /// Every meeting that somebody of this run sits in or should sit in, in the order in which they became known.
    pub fn held(&self) -> Result<Vec<Held>, LedgerError> {
        self.order_by_meeting()?;
        let mut query = self.db.prepare(
            "SELECT m.meeting, m.id FROM meeting m LEFT JOIN room USING(meeting) WHERE (room.meeting IS NULL OR room.made IS NOT NULL) AND \
             (EXISTS (SELECT 1 FROM seat s JOIN outcome o ON o.seat=s.seat WHERE s.meeting=m.meeting AND o.state IN (1, 3)) \
             OR EXISTS (SELECT 1 FROM row r WHERE r.meeting=m.meeting AND r.role=1)) ORDER BY m.meeting",
        )?;
        let held = query.query_map([], |r| Ok((r.get(0)?, r.get::<_, String>(1)?)))?;
        held.map(|held| held.map_err(LedgerError::from).and_then(|(key, id)| Ok(Held { key, id: meeting_id(&id)? }))).collect()
    }

    /// The seats of a meeting, whatever roster named them.
    pub fn sitting(&self, meeting: i64) -> Result<Vec<Sitting>, LedgerError> {
        let rows: HashMap<i64, Option<u8>> = self
            .db
            .prepare_cached("SELECT seat, caps FROM row WHERE meeting=? AND role=1")?
            .query_map([meeting], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut query = self.db.prepare_cached(
            "SELECT s.seat, s.user, o.state, o.attendee, o.token, o.granted FROM seat s LEFT JOIN outcome o ON o.seat=s.seat \
             WHERE s.meeting=? ORDER BY s.seat",
        )?;
        let mut cursor = query.query([meeting])?;
        let mut seats = Vec::new();
        while let Some(r) = cursor.next()? {
            let seat: i64 = r.get(0)?;
            let text = |i: usize| r.get::<_, Option<String>>(i);
            let user = ExternalUserId::parse(&r.get::<_, String>(1)?).map_err(|_| LedgerError::Damaged("a seat".to_owned()))?;
            let caps = |code: Option<u8>| code.and_then(Capabilities::from_code);
            seats.push(Sitting {
                seat,
                user,
                named: rows.contains_key(&seat),
                asked: caps(rows.get(&seat).copied().flatten()),
                state: r.get::<_, Option<i64>>(2)?.and_then(State::from_code),
                attendee: text(3)?.as_deref().and_then(AttendeeId::parse),
                token: text(4)?.as_deref().and_then(JoinToken::parse),
                granted: caps(r.get(5)?),
            });
        }
        Ok(seats)
    }

    /// Writes these ends over whatever stands there, a settled one included: the service has shown that it does not hold.
    pub fn rewrite(&mut self, ends: &[Settlement]) -> Result<(), LedgerError> {
        let session = self.session;
        let tx = self.db.transaction()?;
        ends.iter().try_for_each(|end| insert(&tx, session, end))?;
        if !ends.is_empty() {
            tx.execute_batch(STALE)?;
        }
        Ok(tx.commit()?)
    }

    /// Whether tokens have been taken back or replaced since the outputs were published.
    pub fn is_stale(&self) -> Result<bool, LedgerError> {
        Ok(self.meta("stale")?.is_some())
    }

    /// The outputs are what the ledger says.
    pub fn published(&self) -> Result<(), LedgerError> {
        self.db.execute("DELETE FROM meta WHERE key='stale'", [])?;
        Ok(())
    }

    /// How many would leave.
    pub fn would_leave(&self, who: Leave) -> Result<u64, LedgerError> {
        let sql = format!(
            "SELECT COUNT(*) FROM outcome o JOIN seat s ON s.seat=o.seat JOIN meeting m ON m.meeting=s.meeting WHERE {}",
            who.chosen()
        );
        Ok(self.db.query_row(&sql, [], |r| r.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Commits that these leave: their seats are open from here on. Answers everybody who is still to be deleted, those of an
    /// earlier time included that was cut short. An attendee that somebody holds who stays (ids equal but for letter case are one
    /// person to the service) or who has come back, is not among them.
    pub fn take_leave(&mut self, who: Option<Leave>) -> Result<Vec<Leaving>, LedgerError> {
        let tx = self.db.transaction()?;
        if let Some(who) = who {
            let chosen = who.chosen();
            let from = "FROM outcome o JOIN seat s ON s.seat=o.seat JOIN meeting m ON m.meeting=s.meeting";
            tx.execute_batch(&format!(
                "DROP TABLE IF EXISTS temp.goes; CREATE TEMP TABLE goes(seat INTEGER PRIMARY KEY);
                 INSERT INTO goes SELECT o.seat {from} WHERE {chosen};
                 INSERT OR REPLACE INTO leaving SELECT m.id, o.attendee, o.seat {from} JOIN goes g ON g.seat=o.seat;
                 DELETE FROM outcome WHERE seat IN (SELECT seat FROM goes);
                 DROP TABLE goes;"
            ))?;
            if who == Leave::Everybody {
                tx.execute_batch(STALE)?;
            }
        }
        tx.execute_batch(
            "DELETE FROM leaving WHERE EXISTS (SELECT 1 FROM meeting m JOIN seat s ON s.meeting=m.meeting JOIN outcome o ON o.seat=s.seat \
             WHERE m.id=leaving.meeting AND o.state=1 AND o.attendee=leaving.attendee)",
        )?;
        let leaving = {
            let mut query = tx.prepare("SELECT meeting, attendee FROM leaving ORDER BY seat, attendee")?;
            let all = query.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
            all.map(|one| {
                let (meeting, attendee) = one?;
                let attendee = AttendeeId::parse(&attendee).ok_or_else(|| LedgerError::Damaged("an AttendeeId".to_owned()))?;
                Ok(Leaving { meeting: meeting_id(&meeting)?, attendee })
            })
            .collect::<Result<_, LedgerError>>()?
        };
        tx.commit()?;
        Ok(leaving)
    }

    /// Those of a meeting who are to be deleted, and may not be yet.
    pub fn leaving_of(&self, meeting: &MeetingId) -> Result<HashSet<AttendeeId>, LedgerError> {
        let mut query = self.db.prepare_cached("SELECT attendee FROM leaving WHERE meeting=?")?;
        let all = query.query_map([meeting.as_str()], |r| r.get::<_, String>(0))?;
        all.map(|one| Ok(AttendeeId::parse(&one?))).filter_map(Result::transpose).collect()
    }

    /// How many are to be deleted, and may not be yet.
    pub fn leaving(&self) -> Result<u64, LedgerError> {
        Ok(self.db.query_row("SELECT COUNT(*) FROM leaving", [], |r| r.get::<_, i64>(0))?.unsigned_abs())
    }

    /// One is deleted.
    pub fn left(&self, gone: &Leaving) -> Result<(), LedgerError> {
        let sql = "DELETE FROM leaving WHERE meeting=? AND attendee=?";
        self.db.prepare_cached(sql)?.execute([gone.meeting.as_str(), gone.attendee.as_str()])?;
        Ok(())
    }

    /// The meetings that this run has made and that have not ended as far as is known; replicas go with their primaries.
    pub fn own_meetings(&self) -> Result<Vec<OwnMeeting>, LedgerError> {
        let mut query = self.db.prepare(&format!(
            "SELECT m.meeting, (SELECT COUNT(*) FROM room o JOIN meeting n ON n.meeting=o.meeting WHERE o.replica_of=m.meeting AND o.made IS NOT NULL AND n.ended=0), {} \
             FROM room JOIN meeting m USING(meeting) WHERE m.ended=0 AND room.replica_of IS NULL ORDER BY m.meeting",
            rooms::COLUMNS
        ))?;
        let mut cursor = query.query([])?;
        let mut own = Vec::new();
        while let Some(r) = cursor.next()? {
            let key = r.get(0)?;
            if rooms::room_of(r, 2, key)?.is_some_and(|room| room.made.is_some()) {
                own.push(OwnMeeting {
                    key,
                    id: meeting_id(&r.get::<_, String>(7)?)?,
                    replicas: r.get::<_, i64>(1)?.unsigned_abs(),
                });
            }
        }
        Ok(own)
    }

    /// A meeting has ended, and its replicas with it: whatever was settled in them is void.
    pub fn meeting_ended(&self, key: i64) -> Result<(), LedgerError> {
        let sql = "UPDATE meeting SET ended=1 WHERE meeting=?1 OR meeting IN (SELECT meeting FROM room WHERE replica_of=?1)";
        self.db.prepare_cached(sql)?.execute(params![key])?;
        Ok(())
    }
}

fn meeting_id(text: &str) -> Result<MeetingId, LedgerError> {
    MeetingId::parse(text).ok_or_else(|| LedgerError::Damaged("a meeting's id".to_owned()))
}
