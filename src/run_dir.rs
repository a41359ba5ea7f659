//! The files that a run leaves, and how they are written.
//!
//! Holds [`RunDir`] (the directory, its lock, whole publications); `logs` holds [`Logs`] (what is appended second by second). Called by
//! the verbs. It knows names and durability, never contents. docs/formats.md describes each file.

pub mod held;
mod logs;

pub use logs::Logs;
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The name of a run's ledger.
pub const LEDGER: &str = "ledger.sqlite";

/// Any of these tells that a directory is a run's.
pub const OURS: [&str; 4] = [LEDGER, "run.json", "latency.hlog", "series.csv"];

/// What a run may have written when it is given up.
const WRITTEN: [&str; 10] = [
    LEDGER,
    "ledger.sqlite-wal",
    "ledger.sqlite-shm",
    "latency.hlog",
    "series.csv",
    "counts.csv",
    "events.jsonl",
    "scenario.yaml",
    "summary.json",
    "run.json",
];

/// A run directory that is ours for as long as this value lives.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    /// Made just now.
    made: bool,
    /// It held nothing when it was opened.
    fresh: bool,
    /// The kernel's lock on the directory itself: it dies with the process, and there is no lock file to clean up.
    _lock: File,
}

/// Why a run directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    /// Another process works in it.
    #[error("{} is in use by another headcount", .0.display())]
    InUse(PathBuf),
    /// It cannot be made or opened.
    #[error("{path} cannot be used: {error}", path = path.display())]
    Io {
        /// Which path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl RunDir {
    /// Makes the directory if it is not there (mode 0700) and locks it.
    pub fn open(path: &Path) -> Result<RunDir, RunDirError> {
        let failed = |error| RunDirError::Io { path: path.to_owned(), error };
        // Not its parents: a mistyped path should be told, not made.
        let made = match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => true,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            Err(e) => return Err(failed(e)),
        };
        let what = path.symlink_metadata().map_err(failed)?;
        if !what.is_dir() {
            return Err(failed(io::Error::other("it is not a directory")));
        }
        // Somebody's directory of other things is not made private, nor filled with ours.
        let empty = || path.read_dir().map(|mut entries| entries.next().is_none());
        let known = OURS.iter().any(|name| path.join(name).exists());
        if !made && !known && !empty().map_err(failed)? {
            return Err(failed(io::Error::other("it holds other files, and no run of headcount's")));
        }
        let lock = File::open(path).map_err(failed)?;
        lock.set_permissions(std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(RunDir { path: path.to_owned(), made, fresh: made || !known, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(RunDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Gives it up: if it held nothing when it was opened, the files of a run that it holds now go away again, and so does the directory if it
    /// was made just now. What somebody else has put there meanwhile keeps it.
    pub fn forget(self) {
        if self.fresh {
            for name in WRITTEN {
                let _ = std::fs::remove_file(self.file(name));
            }
        }
        if self.made {
            let _ = std::fs::remove_dir(&self.path);
        }
    }

    /// A file of the run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes an empty file for somebody else to open, mode 0600 whatever the umask, unless it is there.
    pub fn reserve(&self, name: &str) -> Result<PathBuf, RunDirError> {
        let path = self.file(name);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(_) => Ok(path),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(path),
            Err(error) => Err(RunDirError::Io { path, error }),
        }
    }
}

/// Publishes a value as JSON, one line a member.
///
/// # Errors
/// As [`publish`].
pub fn publish_json(path: &Path, value: &impl serde::Serialize) -> io::Result<()> {
    let write = |out: &mut dyn Write| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        out.write_all(b"\n")
    };
    publish::<io::Error>(path, write, |_| Ok(()))
}

/// Writes a file whole or not at all: a temporary one beside it (random name, mode 0600), synced, renamed, the directory synced.
/// `before` is told the content's SHA-256 before the rename, and may still call it off.
pub fn publish<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    before: impl FnOnce(&str) -> Result<(), E>,
) -> Result<(), E> {
    let mut temp = temporary(path)?;
    let sum = {
        let mut summed = Summed { out: BufWriter::with_capacity(1 << 16, temp.as_file_mut()), sum: Sha256::new() };
        write(&mut summed)?;
        summed.flush()?;
        hex(summed.sum)
    };
    temp.as_file().sync_all()?;
    before(&sum)?;
    temp.persist(path).map_err(|e| e.error)?;
    sweep(path);
    File::open(directory(path))?.sync_all()?;
    Ok(())
}

/// A writer that sums what goes through it.
struct Summed<W> {
    out: W,
    sum: Sha256,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.sum.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The SHA-256 of a file's content, as [`publish`] tells it.
pub fn sum_of(path: &Path) -> io::Result<String> {
    let mut sum = Summed { out: io::sink(), sum: Sha256::new() };
    io::copy(&mut File::open(path)?, &mut sum)?;
    Ok(hex(sum.sum))
}

fn hex(sum: Sha256) -> String {
    sum.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Removes what publications of this very file have left when they were killed. One that is under way elsewhere does not exist:
/// the caller holds the run's lock.
fn sweep(path: &Path) {
    let mine = stem(path);
    for entry in std::fs::read_dir(directory(path)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&mine) && name.ends_with(TEMPORARY) {
            // What cannot be removed is private, and harms nobody but the disk.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// How temporary files of a publication begin, and end.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{}.", name.chars().take(60).collect::<String>())
}

const TEMPORARY: &str = ".headcount.tmp";

/// Whether a file could be published here, found out without leaving a trace. Where a directory stands it could not; a device or a link
/// would be replaced by a file, which nobody means who names one.
pub fn check_publishable(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(there) if there.is_dir() => return Err(io::Error::other("it is a directory")),
        Ok(there) if !there.is_file() => return Err(io::Error::other("it is a link, a device or a pipe, and no file")),
        Ok(_) | Err(_) => {}
    }
    temporary(path).map(drop)
}

fn temporary(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(&stem(path))
        .suffix(TEMPORARY)
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(directory(path))
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn a_directory_is_ours_alone_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.run");
        let first = RunDir::open(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(RunDir::open(&path), Err(RunDirError::InUse(_))));
        drop(first);
        RunDir::open(&path).unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(matches!(RunDir::open(&file), Err(RunDirError::Io { .. })));
    }

    #[test]
    fn what_is_given_up_leaves_what_was_there_before() {
        let folder = tempfile::tempdir().unwrap();
        let (new, empty, old) = (folder.path().join("new"), folder.path().join("empty"), folder.path().join("old"));
        std::fs::create_dir(&empty).unwrap();
        std::fs::create_dir(&old).unwrap();
        std::fs::write(old.join(LEDGER), "kept").unwrap();
        for path in [&new, &empty, &old] {
            let dir = RunDir::open(path).unwrap();
            let now = SystemTime::UNIX_EPOCH;
            drop(Logs::open(&dir, now, now, "second").unwrap().with_counts(&dir).unwrap());
            publish_json(&dir.file("summary.json"), &1).unwrap();
            dir.forget();
        }
        assert!(!new.exists());
        assert_eq!((empty.read_dir().unwrap().count(), old.read_dir().unwrap().count()), (0, 5));
        assert_eq!(std::fs::read(old.join(LEDGER)).unwrap(), b"kept");
    }

    #[test]
    fn a_file_is_published_in_the_place_of_a_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(check_publishable(folder.path()).unwrap_err().to_string(), "it is a directory");
        let (new, link) = (folder.path().join("new.xml"), folder.path().join("link.xml"));
        check_publishable(&new).unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for no_file in [Path::new("/dev/null"), &link] {
            assert!(check_publishable(no_file).unwrap_err().to_string().starts_with("it is a link, a device"), "{no_file:?}");
        }
        std::fs::write(&new, "old").unwrap();
        check_publishable(&new).unwrap();
    }

    #[test]
    fn a_publication_is_whole_or_absent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        let mut told = String::new();
        let tell = |sum: &str| {
            told = sum.to_owned();
            Ok(())
        };
        publish::<io::Error>(&path, |w| w.write_all(b"one"), tell).unwrap();
        assert_eq!(told, sum_of(&path).unwrap());
        let half = |w: &mut dyn Write| {
            w.write_all(b"two")?;
            Err(io::Error::other("no"))
        };
        let failed = publish::<io::Error>(&path, half, |_| Ok(()));
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    }
}
