//! The files that a run leaves, and how they are written.
//!
//! Holds [`RunDir`] (the directory, its lock, whole publications) and [`Logs`] (what is appended second by second). Called by
//! the verbs. It knows names and durability, never contents. docs/formats.md describes each file.

pub mod held;

use crate::stats::series::Row;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The name of a run's ledger.
pub const LEDGER: &str = "ledger.sqlite";

/// Any of these tells that a directory is a run's.
const OURS: [&str; 4] = [LEDGER, "run.json", "latency.hlog", "series.csv"];

/// A run directory that is ours for as long as this value lives.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    /// Made just now.
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
            Ok(()) => Ok(RunDir { path: path.to_owned(), fresh: made, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(RunDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Gives it up before anything has begun: if it was made just now, it goes away again. What somebody else has put there
    /// meanwhile keeps it.
    pub fn forget(self) {
        if self.fresh {
            for name in [LEDGER, "ledger.sqlite-wal", "ledger.sqlite-shm"] {
                let _ = std::fs::remove_file(self.file(name));
            }
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

/// Whether a file could be published here, found out without leaving a trace.
pub fn check_publishable(path: &Path) -> io::Result<()> {
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

/// `latency.hlog` and `series.csv`, of a load `counts.csv` too, a second at a time. A run that goes on appends, with the time counted from the first start.
#[derive(Debug)]
pub struct Logs {
    hlog: File,
    series: File,
    counts: Option<File>,
    /// When second 0 began, until it is written down.
    base: Option<SystemTime>,
    /// From the start of the run's first session to the start of this one.
    offset: Duration,
}

impl Logs {
    /// Opens both, with heads if they are new. `first` and `now` are when the run's first session and this one began; `columns` is
    /// the head of the series.
    pub fn open(dir: &RunDir, first: SystemTime, now: SystemTime, columns: &str) -> Result<Logs, RunDirError> {
        let append = |name: &str| {
            let path = dir.reserve(name)?;
            OpenOptions::new().append(true).open(&path).map_err(|error| RunDirError::Io { path, error })
        };
        let mut logs = Logs {
            hlog: append("latency.hlog")?,
            series: append("series.csv")?,
            counts: None,
            base: None,
            offset: now.duration_since(first).unwrap_or_default(),
        };
        let path = dir.file("latency.hlog");
        logs.heads(first, columns).map_err(|error| RunDirError::Io { path, error })?;
        Ok(logs)
    }

    /// Keeps `counts.csv`, too; it is made anew.
    pub fn with_counts(mut self, dir: &RunDir) -> Result<Logs, RunDirError> {
        let path = dir.reserve("counts.csv")?;
        let open = || {
            let mut file = OpenOptions::new().append(true).open(&path)?;
            writeln!(file, "{}", crate::stats::counts::HEAD)?;
            Ok(file)
        };
        self.counts = Some(open().map_err(|error| RunDirError::Io { path: path.clone(), error })?);
        Ok(self)
    }

    /// Second 0 began then; it is written before the next second.
    pub fn begins(&mut self, at: SystemTime) {
        self.base = Some(at);
    }

    fn heads(&mut self, first: SystemTime, columns: &str) -> io::Result<()> {
        if self.hlog.metadata()?.len() == 0 {
            let mut serializer = V2DeflateSerializer::new();
            let mut builder = IntervalLogWriterBuilder::new();
            builder.add_comment("[Histogram log format version 1.3]").add_comment(
                "[headcount: values in microseconds; tags response, service, queue, lag, token, and METRIC/STAGE/CALL/CLASS]",
            );
            builder.with_start_time(first).begin_log_with(&mut self.hlog, &mut serializer)?;
        }
        if self.series.metadata()?.len() == 0 {
            writeln!(self.series, "{columns}")?;
        }
        Ok(())
    }

    /// Appends a second.
    pub fn append(&mut self, row: &Row) -> io::Result<()> {
        if let Some(file) = &mut self.counts {
            let second = (self.offset + Duration::from_secs(row.at)).as_secs();
            let lines: String = row.counts.iter().map(|line| format!("{second},{line}\n")).collect();
            file.write_all(lines.as_bytes())?;
        }
        let cells = std::slice::from_ref(&row.cells);
        self.append_stretch(Duration::from_secs(row.at), Duration::from_secs(1), &row.histograms, cells)
    }

    /// Appends a stretch of several seconds from `at` on, counted from the start of this session: its histograms once, and the cells of
    /// each of its seconds.
    pub fn append_stretch(
        &mut self,
        at: Duration,
        lasts: Duration,
        histograms: &[(String, Histogram<u64>)],
        seconds: &[String],
    ) -> io::Result<()> {
        let start = self.offset + at;
        let mut serializer = V2DeflateSerializer::new();
        let mut bytes = Vec::with_capacity(4096);
        let mut builder = IntervalLogWriterBuilder::new();
        if let Some(base) = self.base.take() {
            builder.with_base_time(base);
        }
        let mut writer = builder.begin_log_with(&mut bytes, &mut serializer)?;
        for (tag, histogram) in histograms {
            writer.write_histogram(histogram, start, lasts, Tag::new(tag)).map_err(io::Error::other)?;
        }
        self.hlog.write_all(&bytes)?;
        // The series comes last: a second that has its line there is whole.
        let line = |(second, cells): (u64, &String)| format!("{second},{cells}\n");
        self.series.write_all((start.as_secs()..).zip(seconds).map(line).collect::<String>().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
