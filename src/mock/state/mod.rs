//! A mock that survives its own restart.
//!
//! Holds [`StateFile`]: one SQLite file that follows the service's changes and gives them back at the next start. Called by the
//! command line for `--state`. A thread writes behind a bounded queue, so that a request never waits for the disk; a mock that
//! is killed may forget the last moments, but as ids follow from the seed, whoever asks again gets the same attendees.

mod claim;

use super::ids::Guid;
use super::input;
use super::service::Service;
use super::service::change::Change;
use super::service::meeting::Realm;
use super::service::restore::Remembered;
use super::service::roll::Seat;
use super::sides::BadInput;
use super::trouble::Trouble;
use crate::chime::capability::Capabilities;
use claim::{APPLICATION, Found, VERSION, claim};
use rusqlite::{Connection, Row, params};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Changes on their way to the file.
const QUEUE: usize = 1 << 14;
/// Changes of one transaction.
const AT_ONCE: usize = 1000;
/// Ended meetings that are remembered.
const ENDED_AT_MOST: i64 = 20_000;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS meeting (
        id TEXT PRIMARY KEY, account TEXT, region TEXT, made_us INTEGER NOT NULL, generation INTEGER NOT NULL,
        asked TEXT NOT NULL, primary_id TEXT, connected INTEGER NOT NULL DEFAULT 0,
        transcribing INTEGER NOT NULL DEFAULT 0, tags TEXT NOT NULL DEFAULT '[]', places INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS seat (
        meeting TEXT NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL, user TEXT NOT NULL, capabilities INTEGER NOT NULL,
        generation INTEGER NOT NULL, PRIMARY KEY (meeting, place), UNIQUE (meeting, id)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS grave (
        meeting TEXT NOT NULL, user TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (meeting, user)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS ended (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS token (
        realm TEXT NOT NULL, token TEXT NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (realm, token)) WITHOUT ROWID;
";

/// A state file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// SQLite says no.
    #[error("the state file cannot be read or written: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Made by a mock of other ids.
    #[error("the state file was made with {name} {was}; this mock has {name} {is}")]
    Other {
        /// `seed`, `ids` or `version`.
        name: &'static str,
        /// What it was.
        was: String,
        /// What it is now.
        is: String,
    },
    /// Not made by a mock.
    #[error("this is no state file of a mock but {0}; nothing in it was touched")]
    Foreign(String),
    /// Another process follows its own mock with it.
    #[error("another mock is running on this state file")]
    Taken,
    /// Something in it makes no sense.
    #[error("the state file is damaged: {0}")]
    Damaged(String),
    /// It cannot be made, or the thread that writes it cannot be started.
    #[error("the state file cannot be made or followed: {0}")]
    Io(#[from] std::io::Error),
}

/// The file, being followed.
pub struct StateFile {
    sender: Option<SyncSender<Change>>,
    thread: Option<JoinHandle<Result<(), rusqlite::Error>>>,
    reader: Connection,
    before: Duration,
}

impl StateFile {
    /// Opens or makes the file of a mock with this seed and way of matching ids, at this wall-clock time. The first change that
    /// cannot be written is noted when it happens.
    ///
    /// # Errors
    /// See [`StateError`]; a file of another seed is refused, for its ids would all be wrong.
    pub fn open(path: &Path, seed: u64, ids: &str, wall: SystemTime, trouble: Arc<Trouble>) -> Result<StateFile, StateError> {
        let (claimed, found) = claim(path)?;
        let connection = Connection::open(path)?;
        if found == Found::New {
            // Before the write-ahead log is on, so that the marks are in the file itself whatever happens next.
            connection.pragma_update(None, "application_id", APPLICATION)?;
            connection.pragma_update(None, "user_version", VERSION)?;
        }
        connection.execute_batch(SCHEMA)?;
        let now = u64::try_from(wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros()).unwrap_or(u64::MAX);
        for (name, is) in [("seed", seed.to_string()), ("ids", ids.to_owned())] {
            let was = meta(&connection, name, &is)?;
            if was != is {
                return Err(StateError::Other { name, was, is });
            }
        }
        let zero: u64 = meta(&connection, "zero_us", &now.to_string())?
            .parse()
            .map_err(|_| StateError::Damaged("its time of birth is no number".to_owned()))?;
        let reader = Connection::open(path)?;
        let (sender, receiver) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("mock-state".into()).spawn(move || {
            // Held until the last change is written.
            let _claimed = claimed;
            follow(connection, &receiver).inspect_err(|why| trouble.note("state", why))
        })?;
        let before = Duration::from_micros(now.saturating_sub(zero));
        Ok(StateFile { sender: Some(sender), thread: Some(thread), reader, before })
    }

    /// What the clock of a mock that goes on from here says at the start.
    pub fn before(&self) -> Duration {
        self.before
    }

    /// Whom the service is to tell its changes.
    pub fn watcher(&self) -> super::service::Watcher {
        let sender = self.sender.clone();
        // A writer that has failed has said so; the mock itself goes on.
        Box::new(move |change| drop(sender.as_ref().map(|sender| sender.send(change))))
    }

    /// Puts everything back into a service that has just been made.
    pub fn load(&self, service: &Service) -> Result<(), StateError> {
        let mut meetings = self.reader.prepare("SELECT * FROM meeting ORDER BY made_us")?;
        for was in meetings.query_map([], |row| Ok(meeting(row)))? {
            let mut was = was??;
            let id = was.id.to_string();
            let mut seats =
                self.reader.prepare_cached("SELECT user, capabilities, generation, place FROM seat WHERE meeting = ?")?;
            for seat in seats.query_map([&id], |row| Ok(seat(row)))? {
                was.seats.push(seat??);
            }
            let mut graves = self.reader.prepare_cached("SELECT user, next FROM grave WHERE meeting = ?")?;
            was.graves = graves.query_map([&id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            service.restore(was);
        }
        let mut ended = self.reader.prepare("SELECT id FROM ended ORDER BY seq")?;
        for id in ended.query_map([], |row| row.get::<_, String>(0))? {
            Guid::parse(&id?).into_iter().for_each(|id| service.restore_ended(id));
        }
        let mut tokens = self.reader.prepare("SELECT realm, token, next FROM token")?;
        for token in tokens.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
            let (realm, token, next) = token?;
            service.restore_token(realm, token, next);
        }
        Ok(())
    }

    /// Waits until everything is written. The mock that was told to tell this file must be gone, or it waits for more.
    ///
    /// # Errors
    /// The first write that failed.
    pub fn close(mut self) -> Result<(), StateError> {
        self.sender = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => Ok(result?),
            _ => Ok(()),
        }
    }
}

/// A setting of the file, written down the first time.
fn meta(connection: &Connection, name: &str, first: &str) -> Result<String, rusqlite::Error> {
    connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", [name, first])?;
    connection.query_row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get(0))
}

fn seat(row: &Row<'_>) -> Result<Seat, StateError> {
    let capabilities = Capabilities::from_code(row.get("capabilities")?);
    Ok(Seat {
        user: row.get::<_, String>("user")?.into(),
        capabilities: capabilities.ok_or_else(|| StateError::Damaged("capabilities".to_owned()))?,
        id: Guid(0),
        generation: row.get("generation")?,
        place: row.get::<_, i64>("place")?.unsigned_abs(),
    })
}

fn meeting(row: &Row<'_>) -> Result<Remembered, StateError> {
    let text = |at: &str| row.get::<_, Option<String>>(at);
    let damaged = |what: &str| StateError::Damaged(what.to_owned());
    let asked = text("asked")?.unwrap_or_default();
    let asked = input::read(asked.as_bytes(), BadInput::Modelled, input::meeting::meeting).map_err(|_| damaged("a meeting"))?;
    let realm = match (text("account")?, text("region")?) {
        (Some(account), Some(region)) => Some(Realm { account, region }),
        _ => None,
    };
    let tags = serde_json::from_str(&text("tags")?.unwrap_or_default()).map_err(|_| damaged("tags"))?;
    Ok(Remembered {
        id: text("id")?.as_deref().and_then(Guid::parse).ok_or_else(|| damaged("a meeting's id"))?,
        realm,
        made: Duration::from_micros(row.get::<_, i64>("made_us")?.unsigned_abs()),
        generation: row.get("generation")?,
        asked,
        primary: text("primary_id")?.as_deref().and_then(Guid::parse),
        connected: row.get("connected")?,
        transcribing: row.get("transcribing")?,
        tags,
        seats: Vec::new(),
        places: row.get::<_, i64>("places")?.unsigned_abs(),
        graves: Vec::new(),
    })
}

/// SQLite's numbers have a sign.
fn place(seat: &Seat) -> i64 {
    i64::try_from(seat.place).unwrap_or(i64::MAX - 1)
}

/// Writes changes down, as many at a time as are waiting.
fn follow(mut connection: Connection, receiver: &Receiver<Change>) -> Result<(), rusqlite::Error> {
    while let Ok(first) = receiver.recv() {
        let transaction = connection.transaction()?;
        write(&transaction, &first)?;
        for _ in 1..AT_ONCE {
            match receiver.try_recv() {
                Ok(change) => write(&transaction, &change)?,
                Err(_) => break,
            }
        }
        transaction.commit()?;
    }
    connection.execute("DELETE FROM ended WHERE seq <= (SELECT max(seq) FROM ended) - ?", [ENDED_AT_MOST])?;
    Ok(())
}

fn write(to: &Connection, change: &Change) -> Result<(), rusqlite::Error> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| to.prepare_cached(sql)?.execute(values).map(drop);
    match change {
        Change::Made(m) => {
            let (account, region) = (m.realm.as_ref().map(|r| &r.account), m.realm.as_ref().map(|r| &r.region));
            let made = i64::try_from(m.made.as_micros()).unwrap_or(i64::MAX);
            let tags = serde_json::to_string(&m.asked.tags).unwrap_or_else(|_| "[]".to_owned());
            run(
                "INSERT OR REPLACE INTO meeting (id, account, region, made_us, generation, asked, primary_id, tags) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    m.id.to_string(),
                    account,
                    region,
                    made,
                    m.generation,
                    m.asked.body().to_string(),
                    m.primary.map(|p| p.to_string()),
                    tags
                ],
            )
        }
        Change::Ended(m) => {
            let id = m.id.to_string();
            run("DELETE FROM meeting WHERE id = ?", params![id])?;
            run("DELETE FROM seat WHERE meeting = ?", params![id])?;
            run("DELETE FROM grave WHERE meeting = ?", params![id])?;
            run("INSERT INTO ended (id) VALUES (?)", params![id])?;
            match &m.realm {
                Some(realm) => run(
                    "INSERT OR REPLACE INTO token VALUES (?, ?, ?)",
                    params![realm.key(), m.asked.request_token, m.generation + 1],
                ),
                None => Ok(()),
            }
        }
        Change::Connected(id) => run("UPDATE meeting SET connected = 1 WHERE id = ?", params![id.to_string()]),
        Change::Seated(meeting, seat) => run(
            "INSERT OR REPLACE INTO seat (meeting, place, id, user, capabilities, generation) VALUES (?, ?, ?, ?, ?, ?)",
            params![
                meeting.to_string(),
                place(seat),
                seat.id.to_string(),
                &*seat.user,
                seat.capabilities.code(),
                seat.generation
            ],
        ),
        Change::Left(meeting, seat) => {
            let id = meeting.to_string();
            run("DELETE FROM seat WHERE meeting = ? AND id = ?", params![id, seat.id.to_string()])?;
            // Whoever comes next must not get the place: a page token may name it.
            run("UPDATE meeting SET places = max(places, ?) WHERE id = ?", params![place(seat) + 1, id])?;
            run("INSERT OR REPLACE INTO grave VALUES (?, ?, ?)", params![id, &*seat.user, seat.generation + 1])
        }
        Change::Allowed(meeting, id, new) => run(
            "UPDATE seat SET capabilities = ? WHERE meeting = ? AND id = ?",
            params![new.code(), meeting.to_string(), id.to_string()],
        ),
        Change::Tagged(id, tags) => {
            let tags = serde_json::to_string(tags).unwrap_or_else(|_| "[]".to_owned());
            run("UPDATE meeting SET tags = ? WHERE id = ?", params![tags, id.to_string()])
        }
        Change::Transcribing(id, on) => run("UPDATE meeting SET transcribing = ? WHERE id = ?", params![on, id.to_string()]),
        Change::Reset => {
            to.execute_batch("DELETE FROM meeting; DELETE FROM seat; DELETE FROM grave; DELETE FROM ended; DELETE FROM token")
        }
    }
}
