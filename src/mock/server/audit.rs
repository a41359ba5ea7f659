//! What was asked and what was answered, written down: the oracle that a test compares a client's own account with.
//!
//! Holds [`Audit`]. Told of each answer by the server; a thread writes JSON lines to a file. Nothing is kept in memory but a
//! bounded queue: when the disk is slower than the wire, the wire waits, for an oracle that forgets is none.

use crate::mock::answer::Told;
use crate::mock::spoil::Wire;
use crate::mock::trouble::Trouble;
use serde::Serialize;
use serde_json::Value;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Lines on their way to the file.
const QUEUE: usize = 1 << 14;

/// The log, open for writing.
#[derive(Debug)]
pub struct Audit {
    sender: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    arrived_us: u64,
    replied_us: u64,
    operation: Option<&'static str>,
    meeting: Option<String>,
    attendee: Option<String>,
    users: Vec<String>,
    attempt: Option<u32>,
    outcome: &'static str,
    status: Option<u16>,
    made: u32,
    found: u32,
    failed: u32,
    latency_us: u64,
    mischief: Option<&'a str>,
    wire: &'static str,
    request_id: String,
}

/// What is told of one answer.
#[derive(Debug)]
pub struct Entry<'a> {
    /// What became of the request.
    pub told: &'a Told,
    /// From the mock's start.
    pub arrived: Duration,
    /// The same, when the answer was handed to the connection, withheld or lost.
    pub replied: Duration,
    /// The latency it was given.
    pub latency: Duration,
    /// What the wire did; nothing, when the caller had gone before the answer was due.
    pub wire: Option<Wire>,
    /// The request's body, for the users it names.
    pub body: &'a [u8],
}

impl Audit {
    /// Opens a new log; an existing file is never written over. Readable by its owner alone: it names users.
    pub fn create(path: &Path, trouble: Arc<Trouble>) -> io::Result<Audit> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Audit::to(BufWriter::with_capacity(1 << 16, file), trouble)
    }

    /// A log that goes anywhere else. Its first failure is noted when it happens.
    pub fn to(writer: impl Write + Send + 'static, trouble: Arc<Trouble>) -> io::Result<Audit> {
        let (sender, receiver) = sync_channel(QUEUE);
        let follow = move || write(&receiver, writer).inspect_err(|why| trouble.note("log", why));
        let thread = std::thread::Builder::new().name("mock-audit".into()).spawn(follow)?;
        Ok(Audit { sender: Some(sender), thread: Some(thread) })
    }

    /// Writes one answer down.
    pub fn tell(&self, entry: &Entry<'_>) {
        let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let told = entry.told;
        let line = Line {
            arrived_us: micros(entry.arrived),
            replied_us: micros(entry.replied),
            operation: told.operation.map(|o| o.name()),
            meeting: told.meeting.map(|m| m.to_string()),
            attendee: told.attendee.map(|a| a.to_string()),
            users: users(entry.body),
            attempt: told.attempt,
            outcome: told.outcome,
            // Where nothing was shown there was no status.
            status: entry.wire.filter(|wire| !matches!(wire, Wire::Reset | Wire::Hang)).map(|_| told.status),
            made: told.tally.made,
            found: told.tally.found,
            failed: told.tally.failed,
            latency_us: micros(entry.latency),
            mischief: told.mischief.as_deref(),
            wire: match entry.wire {
                None => "lost",
                Some(Wire::Send) => "send",
                Some(Wire::Reset) => "reset",
                Some(Wire::Hang) => "hang",
                Some(Wire::Drip { .. }) => "drip",
                Some(Wire::Cut(_)) => "cut",
                Some(Wire::Fill(_)) => "fill",
            },
            request_id: told.request_id.to_string(),
        };
        if let (Ok(mut text), Some(sender)) = (serde_json::to_vec(&line), &self.sender) {
            text.push(b'\n');
            // The thread is gone when the disk is full, and has said so.
            let _ = sender.send(text);
        }
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// The first write that failed.
    pub fn close(mut self) -> io::Result<()> {
        self.sender = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            _ => Ok(()),
        }
    }
}

/// Writes whatever has come, and hands it to the kernel whenever nothing more is waiting.
fn write(receiver: &Receiver<Vec<u8>>, mut writer: impl Write) -> io::Result<()> {
    while let Ok(line) = receiver.recv() {
        writer.write_all(&line)?;
        while let Ok(line) = receiver.try_recv() {
            writer.write_all(&line)?;
        }
        writer.flush()?;
    }
    writer.flush()
}

/// Every ExternalUserId that a body names.
fn users(body: &[u8]) -> Vec<String> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let user = |item: &Value| item.get("ExternalUserId").and_then(Value::as_str).map(str::to_owned);
    let many = value.get("Attendees").and_then(Value::as_array).into_iter().flatten();
    user(&value).into_iter().chain(many.filter_map(user)).collect()
}
