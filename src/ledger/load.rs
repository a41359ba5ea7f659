//! Taking a roster in: rows as they stand, the seats they name, duplicates and conflicts.
//!
//! Holds [`Loader`] and what it reports. Called by `provision` when the roster is not the one already taken in. SQLite's sorter
//! does the comparing, so memory does not grow with the roster; everything happens in one transaction, so a roster is taken in
//! whole or not at all.

use super::rooms;
use super::schema::{Ledger, LedgerError};
use super::seating::Seating;
use crate::call::Seat;
use crate::chime::id::MeetingId;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// What to do with rows that ask for the same seat with different capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConflict {
    /// Reject them all.
    #[default]
    Reject,
    /// The first row's capabilities hold.
    First,
    /// The last row's capabilities hold.
    Last,
}

/// How rows are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Same seat, different capabilities.
    pub on_conflict: OnConflict,
    /// Whether ids equal but for letter case are one.
    pub fold: Fold,
    /// How people sit whose meetings are made for them.
    pub seating: Option<Seating>,
}

/// Whether letter case tells ids apart before the service is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// It does; both are asked.
    #[default]
    Exact,
    /// It does not; the first row's spelling is asked.
    Case,
}

/// A row to take in.
#[derive(Debug)]
pub struct NewRow<'a> {
    /// Which file, by the number [`Loader::file`] gave.
    pub file: i64,
    /// Its physical line.
    pub line: u64,
    /// The seat it asks for, or (code, reason) why it is rejected.
    pub seat: Result<&'a Seat, (&'a str, &'a str)>,
    /// The session that the seat is in, if its meeting is to be made; the seat's own meeting then counts for nothing.
    pub session: Option<Session<'a>>,
    /// Its cells, as a JSON array in the order of the file's layout.
    pub cells: &'a str,
}

/// What decides which of a session's meetings somebody sits in.
#[derive(Debug, Clone, Copy)]
pub struct Session<'a> {
    /// Its name.
    pub name: &'a str,
    /// The group to sit with.
    pub team: Option<&'a str>,
    /// Whether they present.
    pub presents: bool,
    /// When its doors open, in milliseconds since the epoch.
    pub doors: Option<i64>,
}

/// What was found while comparing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// Groups of rows that ask for one seat with different capabilities.
    pub conflicts: u64,
    /// Groups of ids that differ only in letter case, asked separately.
    pub case_twins: u64,
    /// Groups that are too large for one meeting, or came too late to sit together.
    pub split: u64,
    /// People who present and find no room in the primary meeting; they are rejected.
    pub crowded: u64,
    /// For a few of each: a sentence that names the lines.
    pub examples: Vec<String>,
}

/// How many examples are worded of each kind.
const EXAMPLES: usize = 5;

/// Takes a roster in, row by row.
pub struct Loader<'a> {
    tx: Transaction<'a>,
    meetings: HashMap<MeetingId, i64>,
    sessions: HashMap<String, i64>,
    rows: i64,
}

impl Ledger {
    /// Whether this very roster, read with these very settings, is the one taken in, and the copy of it is as it was. A damaged
    /// copy would have us ask for somebody whom the roster does not name; it is no copy, and the roster is read anew.
    pub fn has_loaded(&self, fingerprint: &str) -> Result<bool, LedgerError> {
        Ok(self.meta("roster")?.as_deref() == Some(fingerprint) && self.meta("copy")? == Some(copy_sum(&self.db)?))
    }

    /// Replaces the roster. `fill` reads it in; seats and outcomes of earlier rosters stay.
    pub fn load<E>(&mut self, fill: impl FnOnce(&mut Loader<'_>) -> Result<String, E>, rules: Rules) -> Result<Compared, E>
    where
        E: From<LedgerError>,
    {
        let tx = self.db.transaction().map_err(LedgerError::from)?;
        clear(&tx).map_err(LedgerError::from)?;
        let meetings = known_meetings(&tx).map_err(LedgerError::from)?;
        let mut loader = Loader { tx, meetings, sessions: HashMap::new(), rows: 0 };
        let fingerprint = fill(&mut loader)?;
        let tx = loader.tx;
        let mut compared = compare(&tx, rules).map_err(LedgerError::from)?;
        (compared.split, compared.crowded) = rooms::assign(&tx, rules).map_err(LedgerError::from)?;
        seats(&tx, rules.fold).map_err(LedgerError::from)?;
        let copy = copy_sum(&tx).map_err(LedgerError::from)?;
        tx.execute(
            "INSERT OR REPLACE INTO meta VALUES('roster', ?), ('copy', ?), ('twins', ?)",
            [fingerprint, copy, compared.case_twins.to_string()],
        )
        .map_err(LedgerError::from)?;
        tx.commit().map_err(LedgerError::from)?;
        Ok(compared)
    }
}

impl Loader<'_> {
    /// A file of the roster; answers its number.
    pub fn file(&mut self, name: &str) -> Result<i64, LedgerError> {
        self.tx.execute("INSERT INTO file(name, layout) VALUES(?, '')", [name])?;
        Ok(self.tx.last_insert_rowid())
    }

    /// What a file's cells mean, once all of it has been read (the columns of a YAML roster come to light on the way).
    pub fn layout(&mut self, file: i64, layout: &str) -> Result<(), LedgerError> {
        self.tx.execute("UPDATE file SET layout=? WHERE file=?", params![layout, file])?;
        Ok(())
    }

    /// Takes in the next row; rows are numbered from 1 over all files.
    pub fn row(&mut self, row: &NewRow<'_>) -> Result<(), LedgerError> {
        self.rows += 1;
        let (meeting, user, caps, code, reason) = match &row.seat {
            Ok(seat) => (
                Some(self.place(&seat.meeting, row.session.as_ref())?),
                Some(&seat.user),
                seat.capabilities.map(|c| c.code()),
                None,
                None,
            ),
            Err((code, reason)) => (None, None, None, Some(code), Some(reason)),
        };
        let fold = user.map(|u| u.folded());
        let line = i64::try_from(row.line).unwrap_or(i64::MAX);
        self.tx
            .prepare_cached("INSERT INTO row(row, file, line, role, meeting, user, fold, caps, code, reason, cells) VALUES(?,?,?,?,?,?,?,?,?,?,?)")?
            .execute(params![self.rows, row.file, line, i64::from(user.is_some()), meeting, user.map(|u| u.as_str()), fold, caps, code, reason, row.cells])?;
        Ok(())
    }

    /// The number of the meeting, or of the session's first room; which room of it, is decided when all are known.
    fn place(&mut self, id: &MeetingId, session: Option<&Session<'_>>) -> Result<i64, LedgerError> {
        let Some(session) = session else { return self.meeting(id) };
        self.tx.prepare_cached("INSERT INTO wish VALUES(?,?,?,?)")?.execute(params![
            self.rows,
            session.team,
            session.presents,
            session.doors
        ])?;
        if let Some(key) = self.sessions.get(session.name) {
            return Ok(*key);
        }
        let key = rooms::first_room(&self.tx, session.name)?;
        self.sessions.insert(session.name.to_owned(), key);
        Ok(key)
    }

    fn meeting(&mut self, id: &MeetingId) -> Result<i64, LedgerError> {
        if let Some(key) = self.meetings.get(id) {
            return Ok(*key);
        }
        self.tx.execute("INSERT INTO meeting(id) VALUES(?)", [id.as_str()])?;
        let key = self.tx.last_insert_rowid();
        self.meetings.insert(id.clone(), key);
        Ok(key)
    }
}

/// A SHA-256 over the copy of the roster: every column that says what is asked for or what is published.
pub(super) fn copy_sum(db: &Connection) -> rusqlite::Result<String> {
    let mut hash = Sha256::new();
    let mut bytes = Vec::with_capacity(1024);
    for sql in [
        "SELECT file, name, layout FROM file ORDER BY file",
        "SELECT r.row, r.file, r.line, r.role, r.meeting, COALESCE(room.session, m.id), r.user, r.caps, r.seat, r.code, r.reason, r.cells, s.meeting, s.user \
         FROM row r LEFT JOIN meeting m ON m.meeting=r.meeting LEFT JOIN room ON room.meeting=r.meeting LEFT JOIN seat s ON s.seat=r.seat ORDER BY r.row",
    ] {
        let mut query = db.prepare(sql)?;
        let columns = query.column_count();
        let mut cursor = query.query([])?;
        while let Some(row) = cursor.next()? {
            bytes.clear();
            for i in 0..columns {
                match row.get_ref(i)? {
                    ValueRef::Null => bytes.push(0),
                    ValueRef::Integer(n) => bytes.extend_from_slice(&n.to_le_bytes()),
                    ValueRef::Real(x) => bytes.extend_from_slice(&x.to_le_bytes()),
                    ValueRef::Text(t) | ValueRef::Blob(t) => {
                        bytes.extend_from_slice(&(t.len() as u64 + 1).to_le_bytes());
                        bytes.extend_from_slice(t);
                    }
                }
            }
            hash.update(&bytes);
        }
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

fn clear(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    // Dropping is faster than deleting, and leaves no index to maintain while rows come in.
    tx.execute_batch("DELETE FROM meta WHERE key='roster'; DROP INDEX IF EXISTS row_key; DROP INDEX IF EXISTS row_turn; DELETE FROM row; DELETE FROM file; \
         DROP TABLE IF EXISTS temp.wish; CREATE TEMP TABLE wish(row INTEGER PRIMARY KEY, team TEXT, presents INTEGER NOT NULL, doors INTEGER);")
}

fn known_meetings(tx: &Transaction<'_>) -> rusqlite::Result<HashMap<MeetingId, i64>> {
    let mut rows = tx.prepare("SELECT id, meeting FROM meeting")?;
    let pairs = rows.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get(1)?)))?;
    pairs.filter_map(|pair| pair.map(|(id, key)| MeetingId::parse(&id).map(|id| (id, key))).transpose()).collect()
}

/// Finds groups of one folded id in one meeting, and settles what is to be settled between their rows.
fn compare(tx: &Transaction<'_>, rules: Rules) -> rusqlite::Result<Compared> {
    tx.execute_batch("CREATE INDEX row_key ON row(meeting, fold, user, caps) WHERE role > 0")?;
    let (mut found, mut examples) = (Compared::default(), [0; 2]);
    let mut groups = tx.prepare(
        "SELECT meeting, fold, COUNT(DISTINCT COALESCE(caps, -1)) > 1, COUNT(DISTINCT user) > 1 FROM row INDEXED BY row_key \
         WHERE role > 0 GROUP BY meeting, fold HAVING COUNT(*) > 1 AND (MIN(user) <> MAX(user) OR MIN(COALESCE(caps, -1)) <> MAX(COALESCE(caps, -1)))",
    )?;
    let mut all = Vec::new();
    let mut cursor = groups.query([])?;
    while let Some(group) = cursor.next()? {
        let key: (i64, String) = (group.get(0)?, group.get(1)?);
        let (conflict, twins): (bool, bool) = (group.get(2)?, group.get(3)?);
        found.conflicts += u64::from(conflict);
        // A group that is rejected whole is not asked in any spelling.
        let rejected = conflict && rules.on_conflict == OnConflict::Reject;
        found.case_twins += u64::from(twins && !rejected && rules.fold == Fold::Exact);
        let matters = conflict || rules.fold == Fold::Exact;
        let shown = &mut examples[usize::from(conflict)];
        if matters && *shown < EXAMPLES {
            *shown += 1;
            found.examples.push(word(tx, &key, conflict)?);
        }
        if conflict {
            all.push(key);
        }
    }
    for key in all {
        resolve(tx, &key, rules.on_conflict)?;
    }
    Ok(found)
}

/// "roster.csv:4 and roster.csv:9 ask for one seat with different capabilities".
fn word(tx: &Transaction<'_>, (meeting, fold): &(i64, String), conflict: bool) -> rusqlite::Result<String> {
    let places = places(tx, *meeting, fold)?;
    let what =
        if conflict { "ask for the same seat with different capabilities" } else { "name ids that differ only in letter case" };
    Ok(format!("{places} {what}"))
}

fn places(tx: &Transaction<'_>, meeting: i64, fold: &str) -> rusqlite::Result<String> {
    // The first row of each kind: of many rows alike, the one that differs is the one to be found.
    let mut rows = tx.prepare_cached(
        "SELECT f.name, r.line FROM row r JOIN file f USING(file) \
         WHERE r.row IN (SELECT MIN(row) FROM row WHERE role > 0 AND meeting=? AND fold=? GROUP BY user, caps) ORDER BY r.row LIMIT 4",
    )?;
    let mut places = rows
        .query_map(params![meeting, fold], |r| {
            Ok(format!("{}:{}", crate::safe::line(&r.get::<_, String>(0)?, 80), r.get::<_, i64>(1)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    if places.len() > 3 {
        places.truncate(3);
        places.push("others".to_owned());
    }
    let last = places.pop().unwrap_or_default();
    Ok(if places.is_empty() { last } else { format!("{} and {last}", places.join(", ")) })
}

fn resolve(tx: &Transaction<'_>, (meeting, fold): &(i64, String), rule: OnConflict) -> rusqlite::Result<()> {
    let which = match rule {
        OnConflict::Reject => {
            let reason = format!("{} ask for the same seat with different capabilities", places(tx, *meeting, fold)?);
            tx.prepare_cached("UPDATE row SET role=0, code='conflict', reason=?3 WHERE role > 0 AND meeting=?1 AND fold=?2")?
                .execute(params![meeting, fold, reason])?;
            return Ok(());
        }
        OnConflict::First => "MIN",
        OnConflict::Last => "MAX",
    };
    let sql = format!(
        "UPDATE row SET caps=(SELECT caps FROM row WHERE row=(SELECT {which}(row) FROM row WHERE role > 0 AND meeting=?1 AND fold=?2)) \
         WHERE role > 0 AND meeting=?1 AND fold=?2"
    );
    tx.prepare_cached(&sql)?.execute(params![meeting, fold])?;
    Ok(())
}

/// Gives every accepted row its seat: seats known from earlier rosters keep their numbers, new ones follow in roster order.
fn seats(tx: &Transaction<'_>, fold: Fold) -> rusqlite::Result<()> {
    if fold == Fold::Case {
        // The first row's spelling stands for the group.
        tx.execute_batch(
            "UPDATE row SET user=(SELECT f.user FROM row f WHERE f.meeting=row.meeting AND f.fold=row.fold AND f.role > 0 ORDER BY f.row LIMIT 1) \
             WHERE role > 0 AND (meeting, fold) IN (SELECT meeting, fold FROM row WHERE role > 0 GROUP BY 1, 2 HAVING MIN(user) <> MAX(user))",
        )?;
    }
    let indexed = tx.query_row("SELECT 1 FROM sqlite_master WHERE name='seat_key'", [], |_| Ok(())).optional()?.is_some();
    let fresh = if indexed { "WHERE NOT EXISTS (SELECT 1 FROM seat s WHERE s.meeting=o.meeting AND s.user=o.user)" } else { "" };
    tx.execute_batch(&format!(
        "CREATE TEMP TABLE owner(row INTEGER PRIMARY KEY, meeting INTEGER, user TEXT);
         INSERT INTO owner SELECT MIN(row), meeting, user FROM row INDEXED BY row_key WHERE role > 0 GROUP BY meeting, fold, user;
         INSERT INTO seat(meeting, user) SELECT o.meeting, o.user FROM owner o {fresh} ORDER BY o.row;
         CREATE UNIQUE INDEX IF NOT EXISTS seat_key ON seat(meeting, user);
         DROP INDEX row_key;
         UPDATE row SET seat=(SELECT s.seat FROM seat s WHERE s.meeting=row.meeting AND s.user=row.user),
           role=1 + NOT EXISTS(SELECT 1 FROM owner o WHERE o.row=row.row) WHERE role > 0;
         DROP TABLE owner;"
    ))
}
