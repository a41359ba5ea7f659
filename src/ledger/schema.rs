//! The file itself: opening, locking out others, versions, and whom it belongs to.
//!
//! Holds [`Ledger`] and [`LedgerError`]. Called once a run. docs/formats.md describes every table; [`VERSION`] changes with them.

use rusqlite::{Connection, OptionalExtension, params};
use std::path::{Path, PathBuf};

/// The version of the tables below.
pub const VERSION: u32 = 2;
/// The version before rooms; a ledger of it becomes one of ours by an empty table.
const WITHOUT_ROOMS: u32 = 1;

const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE session(session INTEGER PRIMARY KEY, started INTEGER NOT NULL, ended INTEGER, doubt INTEGER NOT NULL);
CREATE TABLE meeting(meeting INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, ended INTEGER NOT NULL DEFAULT 0);
CREATE TABLE seat(seat INTEGER PRIMARY KEY, meeting INTEGER NOT NULL, user TEXT NOT NULL);
CREATE TABLE outcome(seat INTEGER PRIMARY KEY, state INTEGER NOT NULL, session INTEGER NOT NULL, asked INTEGER,
  attendee TEXT, token TEXT, granted INTEGER, class TEXT, code TEXT, message TEXT, request TEXT, attempts INTEGER NOT NULL,
  sum INTEGER NOT NULL);
CREATE TABLE file(file INTEGER PRIMARY KEY, name TEXT NOT NULL, layout TEXT NOT NULL);
CREATE TABLE row(row INTEGER PRIMARY KEY, file INTEGER NOT NULL, line INTEGER NOT NULL, role INTEGER NOT NULL,
  meeting INTEGER, user TEXT, fold TEXT, caps INTEGER, seat INTEGER, code TEXT, reason TEXT, cells TEXT NOT NULL);
";

/// An open ledger.
pub struct Ledger {
    pub(super) db: Connection,
    /// The session under way; 0 before [`Ledger::begin`].
    pub(super) session: i64,
}

/// Why a ledger cannot be used, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It is not ours, or not readable any more.
    #[error("{path} cannot be used: {why}", path = path.display())]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// What was seen.
        why: String,
    },
    /// It belongs to another endpoint, account or seed.
    #[error("this run belongs to {bound}, not to {asked}")]
    Foreign {
        /// What it was made for.
        bound: String,
        /// What was asked now.
        asked: String,
    },
    /// The disk is full, or refuses to be written.
    #[error("the ledger cannot be written: {0}")]
    Write(String),
    /// Its copy of the roster is damaged.
    #[error("the ledger's copy of the roster is damaged: {0}")]
    Damaged(String),
    /// Anything else SQLite says.
    #[error("the ledger failed: {0}")]
    Sqlite(rusqlite::Error),
    /// Reading the roster failed while it was being taken in.
    #[error(transparent)]
    Input(#[from] Box<dyn std::error::Error + Send + Sync>),
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, FileLockingProtocolFailed, ReadOnly, SystemIoFailure};
        match error.sqlite_error_code() {
            Some(DiskFull | SystemIoFailure | ReadOnly | CannotOpen | FileLockingProtocolFailed) => {
                LedgerError::Write(error.to_string())
            }
            _ => LedgerError::Sqlite(error),
        }
    }
}

impl Ledger {
    /// Opens the ledger at `path`, making it if it is not there. The caller holds the run's lock and has seen to the file's mode.
    pub fn open(path: &Path) -> Result<Ledger, LedgerError> {
        let unusable = |why: String| LedgerError::Unusable { path: path.to_owned(), why };
        let db = Connection::open(path)?;
        // FULL: what was told to be settled must outlive a power cut. EXCLUSIVE: the run's lock already keeps others out, and
        // without shared memory the ledger also lives on file systems that cannot map it.
        db.execute_batch(
            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA temp_store=FILE;",
        )
        .map_err(|e| if is_damage(&e) { unusable(e.to_string()) } else { e.into() })?;
        let version: Option<String> =
            match db.query_row("SELECT value FROM meta WHERE key='version'", [], |r| r.get(0)).optional() {
                Ok(version) => version,
                Err(e) if is_damage(&e) => return Err(unusable(e.to_string())),
                Err(_) => None,
            };
        let mut ledger = Ledger { db, session: 0 };
        match version.as_deref().map(str::parse::<u32>) {
            Some(Ok(VERSION)) => {}
            Some(Ok(WITHOUT_ROOMS)) => ledger.add_rooms()?,
            Some(found) => return Err(unusable(format!("it has format {found:?}, this program reads {VERSION}"))),
            None => ledger.create().map_err(|e| match e {
                LedgerError::Sqlite(e) => unusable(format!("it is no ledger of headcount's ({e})")),
                other => other,
            })?,
        }
        // An older program that meets this table leaves it alone, and harms nobody.
        ledger.db.execute_batch(super::audit::TABLE)?;
        Ok(ledger)
    }

    fn add_rooms(&mut self) -> Result<(), LedgerError> {
        let tx = self.db.transaction()?;
        tx.execute_batch(super::rooms::TABLE)?;
        tx.execute("UPDATE meta SET value=? WHERE key='version'", [VERSION.to_string()])?;
        Ok(tx.commit()?)
    }

    fn create(&mut self) -> Result<(), LedgerError> {
        let tx = self.db.transaction()?;
        tx.execute_batch(TABLES)?;
        tx.execute_batch(super::rooms::TABLE)?;
        tx.execute("INSERT INTO meta VALUES('version', ?)", [VERSION.to_string()])?;
        Ok(tx.commit()?)
    }

    /// A remembered value.
    pub fn meta(&self, key: &str) -> Result<Option<String>, LedgerError> {
        Ok(self.db.query_row("SELECT value FROM meta WHERE key=?", [key], |r| r.get(0)).optional()?)
    }

    /// Remembers a value.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), LedgerError> {
        self.db.execute("INSERT INTO meta VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value=?2", [key, value])?;
        Ok(())
    }

    /// Refuses a place that is not the one this ledger is tied to. An account that is not known now is taken on trust.
    pub fn belongs(&self, place: &str, account: Option<&str>) -> Result<(), LedgerError> {
        let (bound, owner) = (self.meta("place")?, self.meta("account")?);
        let tell = |place: &str, account: Option<&str>| match account {
            Some(account) => format!("{place} (account {account})"),
            None => place.to_owned(),
        };
        let other_account = matches!((&owner, account), (Some(a), Some(b)) if a != b);
        if bound.as_deref().is_some_and(|bound| bound != place) || other_account {
            let bound = tell(bound.as_deref().unwrap_or(place), owner.as_deref());
            return Err(LedgerError::Foreign { bound, asked: tell(place, account) });
        }
        Ok(())
    }

    /// Ties the ledger to where its seats are asked for, unless it is tied to somewhere else. An account that was not known
    /// before is filled in.
    pub fn bind(&self, place: &str, account: Option<&str>) -> Result<(), LedgerError> {
        self.belongs(place, account)?;
        self.set_meta("place", place)?;
        if let Some(account) = account {
            self.set_meta("account", account)?;
        }
        Ok(())
    }

    /// Begins a session. Answers how many seats may have been asked without our knowing the end, because an earlier session
    /// did not end in order. `doubt` is how many this one may leave so.
    pub fn begin(&mut self, started_ms: i64, doubt: u64) -> Result<u64, LedgerError> {
        let left: Option<i64> = self.db.query_row("SELECT MAX(doubt) FROM session WHERE ended IS NULL", [], |r| r.get(0))?;
        let doubt = i64::try_from(doubt).unwrap_or(i64::MAX);
        self.db.execute("INSERT INTO session(started, doubt) VALUES(?, ?)", params![started_ms, doubt])?;
        self.session = self.db.last_insert_rowid();
        Ok(left.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }

    /// When the first session began, in milliseconds since the epoch.
    pub fn first_started(&self) -> Result<i64, LedgerError> {
        Ok(self.db.query_row("SELECT COALESCE(MIN(started), 0) FROM session", [], |r| r.get(0))?)
    }

    /// Ends the session in order: nothing it asked is without an end. `all` also clears earlier doubts, once every seat has one.
    pub fn end(&self, ended_ms: i64, all: bool) -> Result<(), LedgerError> {
        self.db.execute("UPDATE session SET ended=?1 WHERE session=?2 OR ?3", params![ended_ms, self.session, all])?;
        Ok(())
    }
}

/// Whether SQLite means "this file is broken" rather than "this statement is".
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_bound_to_its_place_and_account() {
        let ledger = Ledger::open(Path::new(":memory:")).unwrap();
        ledger.bind("https://a", None).unwrap();
        ledger.bind("https://a", Some("111")).unwrap();
        ledger.bind("https://a", None).unwrap();
        assert_eq!(
            ledger.bind("https://a", Some("222")).unwrap_err().to_string(),
            "this run belongs to https://a (account 111), not to https://a (account 222)"
        );
        assert!(matches!(ledger.bind("https://b", Some("111")), Err(LedgerError::Foreign { .. })));
    }

    #[test]
    fn what_is_no_ledger_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            (
                "text",
                &b"not a database, but long enough to be read as a header of one......................................."[..],
            ),
            ("torn", b"SQLite format 3\0\x10\0"),
        ] {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let error = Ledger::open(&path).err().unwrap();
            assert!(matches!(error, LedgerError::Unusable { .. }), "{name}: {error}");
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn a_session_without_an_end_leaves_doubt() {
        let mut ledger = Ledger::open(Path::new(":memory:")).unwrap();
        assert_eq!(ledger.begin(1, 40).unwrap(), 0);
        assert_eq!(ledger.begin(2, 10).unwrap(), 40);
        ledger.end(3, false).unwrap();
        assert_eq!(ledger.begin(4, 10).unwrap(), 40);
        ledger.end(5, true).unwrap();
        assert_eq!(ledger.begin(6, 10).unwrap(), 0);
    }
}
