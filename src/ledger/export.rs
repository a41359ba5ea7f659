//! Reading a run back: every row of the roster with how it ended.
//!
//! Holds [`RowEnd`], [`Ended`] and [`Counts`]. Called when outputs are published and when a run is summed up. Every row gets
//! exactly one end, so that tokens and rejects together are the roster.

use super::schema::{Ledger, LedgerError};
use super::store::State;
use crate::chime::capability::Capabilities;
use rusqlite::Row;

/// A row's end, borrowed from the ledger for as long as it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended<'a> {
    /// It has a token.
    Provisioned {
        /// Whose row it is.
        whose: Whose,
        /// The meeting's id.
        meeting: &'a str,
        /// The id asked for.
        user: &'a str,
        /// The attendee's id.
        attendee: &'a str,
        /// The token.
        token: &'a str,
        /// What the row asked for.
        asked: Option<Capabilities>,
        /// What was granted.
        granted: Option<Capabilities>,
    },
    /// Rejected by us; never asked.
    Rejected(Why<'a>),
    /// Refused by the service, or void because its meeting has ended.
    Refused(Why<'a>),
    /// Not asked, or asked without an answer to believe.
    Unprocessed(Option<Why<'a>>),
}

/// Whether a row stands for its seat, or repeats one that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The first row of its seat.
    First,
    /// A repetition; it shares the first row's token.
    Duplicate,
}

/// Why a row has no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Why<'a> {
    /// A class's name, or `rejected`.
    pub class: &'a str,
    /// The code.
    pub code: &'a str,
    /// The reason, safe to print.
    pub reason: &'a str,
}

/// A row of the roster as it stands, and its end.
#[derive(Debug)]
pub struct RowEnd<'a> {
    /// Which file of [`Ledger::files`].
    pub file: i64,
    /// Its physical line.
    pub line: i64,
    /// Its cells, a JSON array in the order of the file's layout.
    pub cells: &'a str,
    /// The session it asks for, if its meeting is made for it.
    pub session: Option<&'a str>,
    /// The meeting and id it asks for, where they were understood.
    pub seat: Option<(&'a str, &'a str)>,
    /// What it asks for.
    pub caps: Option<Capabilities>,
    /// How it ended.
    pub end: Ended<'a>,
}

/// The law: `rows` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Rows of the roster.
    pub rows: u64,
    /// With a token of their own.
    pub provisioned: u64,
    /// With the token of an equal row.
    pub duplicate: u64,
    /// Not asked, by our own judgement.
    pub rejected: u64,
    /// Said no to by the service.
    pub refused: u64,
    /// Without an end yet.
    pub unprocessed: u64,
}

impl Counts {
    /// Counts one row.
    pub fn add(&mut self, end: &Ended<'_>) {
        self.rows += 1;
        *match end {
            Ended::Provisioned { whose: Whose::First, .. } => &mut self.provisioned,
            Ended::Provisioned { whose: Whose::Duplicate, .. } => &mut self.duplicate,
            Ended::Rejected(_) => &mut self.rejected,
            Ended::Refused(_) => &mut self.refused,
            Ended::Unprocessed(_) => &mut self.unprocessed,
        } += 1;
    }

    /// Whether every row is accounted for once.
    pub fn law_holds(&self) -> bool {
        self.rows == self.provisioned + self.duplicate + self.rejected + self.refused + self.unprocessed
    }
}

/// The code of a row whose token died with its meeting.
pub const VOID_CODE: &str = "MeetingEnded";

/// What an ended meeting makes of its seats.
const VOID: Why<'static> =
    Why { class: "not-found", code: VOID_CODE, reason: "the meeting has ended since, so the token made for this row is void" };

impl Ledger {
    /// Files of the roster: number, name, layout.
    pub fn files(&self) -> Result<Vec<(i64, String, String)>, LedgerError> {
        let mut query = self.db.prepare("SELECT file, name, layout FROM file ORDER BY file")?;
        let files = query.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect::<rusqlite::Result<_>>()?;
        Ok(files)
    }

    /// Shows every row, in roster order.
    pub fn each_row<E: From<LedgerError>>(&self, mut show: impl FnMut(&RowEnd<'_>) -> Result<(), E>) -> Result<(), E> {
        let sql = "SELECT r.file, r.line, r.cells, r.role, m.id, r.user, r.caps, r.code, r.reason, COALESCE(m.ended, 0), \
                   o.state, o.attendee, o.token, o.granted, o.class, o.code, o.message, s.user, room.session \
                   FROM row r LEFT JOIN meeting m ON m.meeting=r.meeting LEFT JOIN room ON room.meeting=r.meeting LEFT JOIN seat s ON s.seat=r.seat LEFT JOIN outcome o ON o.seat=r.seat ORDER BY r.row";
        let mut query = self.db.prepare(sql).map_err(LedgerError::from)?;
        let mut cursor = query.query([]).map_err(LedgerError::from)?;
        while let Some(r) = cursor.next().map_err(LedgerError::from)? {
            show(&row_end(r).map_err(LedgerError::from)?)?;
        }
        Ok(())
    }

    /// Whether rows of this roster name sessions, whose meetings are made for them.
    pub fn has_sessions(&self) -> Result<bool, LedgerError> {
        Ok(self.db.query_row("SELECT EXISTS (SELECT 1 FROM row JOIN room USING(meeting))", [], |r| r.get(0))?)
    }

    /// Rows that ask for nothing less than to send and receive everything.
    pub fn most_unbounded_rows(&self) -> Result<u64, LedgerError> {
        let sql = "SELECT COALESCE(MAX(n), 0) FROM (SELECT COUNT(*) n FROM row WHERE role > 0 AND (caps IS NULL OR caps=?) GROUP BY meeting)";
        Ok(self.db.query_row(sql, [Capabilities::DEFAULT.code()], |r| r.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Attendees whom more than one seat of this roster was told: ids that differ only in letter case, which the service takes
    /// for one person.
    pub fn shared_attendees(&self) -> Result<u64, LedgerError> {
        // Without twins in the roster there is nothing to look for, and looking costs a second in a million rows.
        if self.meta("twins")?.is_none_or(|n| n == "0") {
            return Ok(0);
        }
        let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM row r JOIN outcome o ON o.seat=r.seat WHERE r.role=1 AND o.state=1 \
                   GROUP BY r.meeting, r.fold, o.attendee HAVING COUNT(*) > 1)";
        Ok(self.db.query_row(sql, [], |r| r.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Rows of the roster, and how many of them were rejected as it was read.
    pub fn rows(&self) -> Result<(u64, u64), LedgerError> {
        let sql = "SELECT COUNT(*), COALESCE(SUM(role=0), 0) FROM row";
        Ok(self.db.query_row(sql, [], |r| Ok((r.get::<_, i64>(0)?.unsigned_abs(), r.get::<_, i64>(1)?.unsigned_abs())))?)
    }

    /// Seats that have a token: of this roster, and of earlier ones that this one no longer names.
    pub fn tokens(&self) -> Result<(u64, u64), LedgerError> {
        let sql = "SELECT COUNT(*), COALESCE(SUM(o.seat IN (SELECT seat FROM row WHERE seat IS NOT NULL)), 0) FROM outcome o WHERE o.state=1";
        let (all, named) =
            self.db.query_row(sql, [], |r| Ok((r.get::<_, i64>(0)?.unsigned_abs(), r.get::<_, i64>(1)?.unsigned_abs())))?;
        Ok((named, all - named))
    }

    /// Rows that the service has refused in earlier sessions.
    pub fn refused_rows(&self) -> Result<u64, LedgerError> {
        let sql = "SELECT COUNT(*) FROM row r JOIN outcome o ON o.seat=r.seat WHERE o.state=2";
        Ok(self.db.query_row(sql, [], |r| r.get::<_, i64>(0))?.unsigned_abs())
    }

    /// How the rows stand now.
    pub fn counts(&self) -> Result<Counts, LedgerError> {
        let mut counts = Counts::default();
        self.each_row(|row| {
            counts.add(&row.end);
            Ok::<(), LedgerError>(())
        })?;
        Ok(counts)
    }
}

fn row_end<'a>(r: &'a Row<'_>) -> rusqlite::Result<RowEnd<'a>> {
    let text = |i: usize| r.get_ref(i)?.as_str_or_null().map_err(rusqlite::Error::from);
    let end = match r.get::<_, i64>(3)? {
        0 => Ended::Rejected(why(r, "rejected", 7, 8)?),
        // An outcome that cannot even be read is damaged, and will be asked again; until then there is none.
        role => outcome(r, role).unwrap_or(Ended::Unprocessed(None)),
    };
    let seat = text(4)?.zip(text(5)?);
    let (session, cells) = (text(18)?, text(2)?.unwrap_or_default());
    Ok(RowEnd { file: r.get(0)?, line: r.get(1)?, cells, session, seat, caps: caps(r, 6)?, end })
}

fn outcome<'a>(r: &'a Row<'_>, role: i64) -> rusqlite::Result<Ended<'a>> {
    let text = |i: usize| Ok::<_, rusqlite::Error>(r.get_ref(i)?.as_str_or_null()?.unwrap_or_default());
    let ended: bool = r.get(9)?;
    Ok(match r.get::<_, Option<i64>>(10)?.and_then(State::from_code) {
        None => Ended::Unprocessed(None),
        Some(State::Settled) if ended => Ended::Refused(VOID),
        Some(State::Settled) => Ended::Provisioned {
            whose: if role == 1 { Whose::First } else { Whose::Duplicate },
            meeting: text(4)?,
            user: text(17)?,
            attendee: text(11)?,
            token: text(12)?,
            asked: caps(r, 6)?,
            granted: caps(r, 13)?,
        },
        Some(State::Refused) => Ended::Refused(why(r, text(14)?, 15, 16)?),
        Some(State::Unknown) => Ended::Unprocessed(Some(why(r, text(14)?, 15, 16)?)),
        Some(State::Rejected) => Ended::Rejected(why(r, text(14)?, 15, 16)?),
    })
}

fn why<'a>(r: &'a Row<'_>, class: &'a str, code: usize, reason: usize) -> rusqlite::Result<Why<'a>> {
    let text = |i: usize| Ok::<_, rusqlite::Error>(r.get_ref(i)?.as_str_or_null()?.unwrap_or_default());
    Ok(Why { class, code: text(code)?, reason: text(reason)? })
}

fn caps(r: &Row<'_>, i: usize) -> rusqlite::Result<Option<Capabilities>> {
    Ok(r.get::<_, Option<u8>>(i)?.and_then(Capabilities::from_code))
}
