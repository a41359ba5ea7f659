//! A run as its page tells of it: numbers, read back from the files of a run directory.
//!
//! Holds [`Files`] (bytes in), [`Run`] and [`PageError`]. Called by the page. Percentiles come from the histograms of `latency.hlog` and
//! nowhere else, counts over time from `series.csv`; `summary.json` gives what neither holds (the verdict, thresholds, examples). It
//! opens no file, and never sees how a number is shown.

pub mod heat;
pub mod quota;
pub mod search;
pub mod timeline;

use crate::stats::log::Log;
use crate::stats::recorder::Latencies;
use crate::stats::seconds::{self, Second};
use serde_json::Value;
use timeline::Timeline;

/// The files of a run directory, as bytes.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// What the run is called on the page: its directory's name, say.
    pub label: &'a str,
    /// `summary.json`; of a search `capacity.json`.
    pub summary: &'a [u8],
    /// `run.json`.
    pub manifest: &'a [u8],
    /// `latency.hlog`; of a search that has none, nothing.
    pub hlog: &'a [u8],
    /// `series.csv`; of a search that has none, nothing.
    pub series: &'a [u8],
    /// `scenario.yaml`, of a load run or a search.
    pub scenario: Option<&'a [u8]>,
}

/// Runs that no page can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// A file that is not what its name says.
    #[error("{label}/{file}: {why}")]
    Unreadable {
        /// The run.
        label: String,
        /// Its file.
        file: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Load runs, provisioning runs and searches together.
    #[error("a page tells of load runs, of provisioning runs or of searches for capacity, not of several kinds")]
    Mixed,
    /// No run, or more than can be told apart.
    #[error("{0} runs: a page tells of one to {most} runs", most = MOST_RUNS)]
    Number(usize),
}

/// Runs that can still be told apart on a plot.
pub const MOST_RUNS: usize = 6;

/// What kind of run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A load test.
    Load,
    /// A roster's.
    Provision,
}

/// A run, read back.
#[derive(Debug)]
pub struct Run {
    /// What it is called.
    pub label: String,
    /// What kind it is.
    pub kind: Kind,
    /// `summary.json`.
    pub summary: Value,
    /// `run.json`.
    pub manifest: Value,
    /// The scenario's text.
    pub scenario: Option<String>,
    /// Latencies of all sessions, without warm-up.
    pub whole: Latencies,
    /// Every second in which something happened.
    pub seconds: Vec<Second>,
    /// The same in bins, with the latencies of each.
    pub timeline: Timeline,
    /// When second 0 began, in seconds since 1970, if the log says so.
    pub began: Option<f64>,
    /// Lines of logs that could not be read: torn by a kill, say.
    pub unread: u64,
}

impl Run {
    /// Reads a run back.
    ///
    /// # Errors
    /// A file is of another kind or version than this program writes.
    pub fn read(files: &Files) -> Result<Run, PageError> {
        let bad = |file: &'static str, why: String| PageError::Unreadable { label: files.label.to_owned(), file, why };
        let json =
            |file: &'static str, bytes: &[u8]| serde_json::from_slice::<Value>(bytes).map_err(|e| bad(file, e.to_string()));
        let (summary, manifest) = (json("summary.json", files.summary)?, json("run.json", files.manifest)?);
        let kind = match (summary["version"].as_u64(), summary["kind"].as_str()) {
            (Some(1), Some("load")) => Kind::Load,
            (Some(1), Some("provision")) => Kind::Provision,
            _ => return Err(bad("summary.json", "it is no summary of a load or provisioning run, version 1".to_owned())),
        };
        let (seconds, torn) = seconds::read(files.series).map_err(|why| bad("series.csv", why))?;
        let log = Log::read(files.hlog);
        let timeline = Timeline::of(&seconds, &log);
        Ok(Run {
            label: crate::safe::line(files.label, 60),
            kind,
            summary,
            manifest,
            scenario: files.scenario.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
            whole: log.whole(),
            seconds,
            timeline,
            began: log.began,
            unread: torn + log.unread,
        })
    }

    /// How many of something, of all seconds.
    pub fn total(&self, of: impl Fn(&Second) -> u64) -> u64 {
        self.seconds.iter().map(of).sum()
    }

    /// Seats that were wanted: rows that were neither repetitions nor rejected; of a load run, tokens that came.
    pub fn seats(&self) -> u64 {
        let count = |name: &str| self.summary["counts"][name].as_u64().unwrap_or(0);
        match self.kind {
            Kind::Provision => count("provisioned") + count("refused") + count("unprocessed"),
            Kind::Load => self.timeline.bins.iter().map(|bin| bin.tokens).sum(),
        }
    }
}
