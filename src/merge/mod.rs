//! Several load runs as one: what each second of each has seen, added up.
//!
//! ```text
//!  files of each run ─► member ─► fit (may they be added?) ─► seconds, by the clock ─► judges, rows of the logs
//!                         └─► origin ─► coverage                      └─► cells ─► summary, run.json
//! ```
//!
//! Holds [`Files`] (bytes in), [`Joined`] and [`Merged`] (values out), and [`MergeError`]. Called by `headcount merge` and by tests. Counts and histograms are added and no
//! percentile is ever averaged; everything that is told of the whole is computed from the sums. It opens no file, reads no clock, and asks nobody.

pub mod coverage;
mod events;
mod fit;
mod manifest;
mod member;
pub mod origin;
mod seconds;
pub mod sum;

use crate::load::conductor::Conducted;
use crate::load::kept::BadKept;
use crate::stats::series::Row;
use coverage::Coverage;
use member::Member;
use serde_json::Value;
use std::io;
use std::time::Duration;

/// The files of a run directory, as bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// What the run is called: its directory's name, say.
    pub label: &'a str,
    /// `run.json`.
    pub manifest: &'a [u8],
    /// `summary.json`; a run that was killed has none.
    pub summary: Option<&'a [u8]>,
    /// `latency.hlog`.
    pub hlog: &'a [u8],
    /// `series.csv`.
    pub series: &'a [u8],
    /// `counts.csv`; runs of an older headcount have none.
    pub counts: Option<&'a [u8]>,
    /// `events.jsonl`.
    pub events: &'a [u8],
}

/// Runs that cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Nothing was given.
    #[error("no run was named")]
    None,
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
    /// What a run was cut into and held to cannot be used.
    #[error("{label}/run.json: {why}")]
    Kept {
        /// The run.
        label: String,
        /// What is wrong.
        why: BadKept,
    },
    /// No load run.
    #[error("{label} is a {kind} run, and load runs are what can be added: {why}")]
    Kind {
        /// The run.
        label: String,
        /// What it is.
        kind: String,
        /// Why that cannot be added.
        why: &'static str,
    },
    /// A run that an older headcount has written.
    #[error("{label} was written by a headcount that kept too little of each second (no {missing}): run it again")]
    Older {
        /// The run.
        label: String,
        /// What is missing.
        missing: &'static str,
    },
    /// The same run twice.
    #[error("{label} and {other} are the same run (id {id}), which would be counted twice")]
    Twice {
        /// One.
        label: String,
        /// The other.
        other: String,
        /// Their id.
        id: String,
    },
    /// Runs of different things.
    #[error("{label} and {other} cannot be added: their {what} differ")]
    Differ {
        /// One.
        label: String,
        /// The other.
        other: String,
        /// In what.
        what: &'static str,
    },
    /// Runs that have nothing to do with each other in time.
    #[error("{label} began {days} days after {other}: what is added must lie within 31 days")]
    Apart {
        /// The later.
        label: String,
        /// The earlier.
        other: String,
        /// How long after.
        days: u64,
    },
}

/// Runs that fit together, in the order in which they began.
#[derive(Debug)]
pub struct Joined<'a> {
    members: Vec<Member<'a>>,
    /// When the first began, in milliseconds since 1970.
    began_ms: u64,
}

/// The run that they make.
#[derive(Debug)]
pub struct Merged {
    /// `summary.json`.
    pub summary: sum::Summed,
    /// `run.json`.
    pub manifest: Value,
    /// `events.jsonl`.
    pub events: String,
}

impl<'a> Joined<'a> {
    /// Reads the runs and holds them against each other.
    ///
    /// # Errors
    /// One is no load run that can be read, or they are not of one thing.
    pub fn read(files: &[Files<'a>]) -> Result<Joined<'a>, MergeError> {
        let mut members = files.iter().map(Member::read).collect::<Result<Vec<Member>, MergeError>>()?;
        // Whoever names them, and in what order, makes no difference.
        members.sort_by(|a, b| a.order().cmp(&b.order()));
        let began_ms = members.first().ok_or(MergeError::None)?.began_ms;
        fit::check(&members)?;
        members.iter_mut().for_each(|member| member.place(began_ms));
        Ok(Joined { members, began_ms })
    }

    /// When the first began, since 1970: second 0 of the whole.
    pub fn began(&self) -> Duration {
        Duration::from_millis(self.began_ms)
    }

    /// Adds them up, second by second, each told to `log` as it is to be written. Below `wanted`, a share of all seconds in which every run must have been there, the
    /// whole is invalid.
    ///
    /// # Errors
    /// What `log` says.
    pub fn add_up(mut self, wanted: f64, log: &mut dyn FnMut(&Row) -> io::Result<()>) -> io::Result<Merged> {
        let conducted: Conducted = seconds::add(&mut self.members, log)?;
        let mut origins: Vec<_> = self.members.iter().flat_map(|member| member.origins.iter().cloned()).collect();
        origins.sort_by(|a, b| a.offset_ms().cmp(&b.offset_ms()).then_with(|| a.id.cmp(&b.id)));
        let coverage = Coverage::of(&origins, wanted);
        let events = events::interleaved(&self.members);
        let summary = sum::Summed::of(&self.members, &conducted, &origins, coverage);
        let manifest = manifest::of(&self.members, &origins, &summary);
        Ok(Merged { summary, manifest, events })
    }
}
