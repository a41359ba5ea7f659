//! Whose a state file is: a mock's or another program's, and whether another mock has it.
//!
//! Holds [`claim`]. Called before SQLite sees the file. It reads the file's head and takes a lock, and writes nothing: a file
//! that is somebody else's stays as it is.

use super::StateError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// `HcMk`: SQLite's mark of whose file it is.
pub const APPLICATION: u32 = u32::from_be_bytes(*b"HcMk");
/// The form of the file.
pub const VERSION: u32 = 2;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing is in it yet.
    New,
    /// A mock's.
    Ours,
}

/// Opens or makes the file and locks it against other mocks, for as long as the handle lives. A lock of the kernel's: nothing is
/// left to clean up after a crash.
///
/// # Errors
/// It cannot be opened, another mock has it, or it is no state file of this form.
pub fn claim(path: &Path) -> Result<(File, Found), StateError> {
    // It names users, so it is its owner's alone; SQLite gives its side files the same mode.
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StateError::Taken),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let mut head = Vec::new();
    (&mut file).take(100).read_to_end(&mut head)?;
    Ok((file, judge(&head)?))
}

/// Judges a file by its first hundred bytes (sqlite.org/fileformat2.html, "The Database Header").
fn judge(head: &[u8]) -> Result<Found, StateError> {
    if head.is_empty() {
        return Ok(Found::New);
    }
    let number = |at: usize| head.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes);
    if !head.starts_with(b"SQLite format 3\0") || head.len() < 100 {
        return Err(StateError::Foreign("no SQLite file".to_owned()));
    }
    match (number(68), number(60)) {
        (APPLICATION, VERSION) => Ok(Found::Ours),
        (APPLICATION, version) => Err(StateError::Other { name: "version", was: version.to_string(), is: VERSION.to_string() }),
        (other, _) => Err(StateError::Foreign(format!("an SQLite file of another program, application_id {other}"))),
    }
}
