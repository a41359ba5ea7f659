//! What of a run is appended second by second.
//!
//! Holds [`Logs`]. Opened by the verbs in a run directory, and told of each second once. It knows names and form, and never what is measured.

use super::{RunDir, RunDirError};
use crate::stats::series::Row;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

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

    /// Keeps `counts.csv`, too, with a head if it is new.
    pub fn with_counts(mut self, dir: &RunDir) -> Result<Logs, RunDirError> {
        let path = dir.reserve("counts.csv")?;
        let open = || {
            let mut file = OpenOptions::new().append(true).open(&path)?;
            if file.metadata()?.len() == 0 {
                writeln!(file, "{}", crate::stats::counts::HEAD)?;
            }
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
    fn logs_that_are_opened_again_have_one_head() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::open(&folder.path().join("a.run")).unwrap();
        let now = SystemTime::UNIX_EPOCH;
        for _ in 0..2 {
            drop(Logs::open(&dir, now, now, "second").unwrap().with_counts(&dir).unwrap());
        }
        let text = |name: &str| std::fs::read_to_string(dir.file(name)).unwrap();
        assert_eq!(text("counts.csv"), format!("{}\n", crate::stats::counts::HEAD));
        assert_eq!(text("series.csv"), "second\n");
    }
}
