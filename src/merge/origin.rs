//! One of the runs that a merged run is made of.
//!
//! Holds [`Origin`], as `run.json` keeps it under `merged`. Made of a run that is read; a run that is merged itself brings those that it was made of, so that merging in
//! groups tells the same as merging all at once. It never sees a number that was measured.

use crate::stats::seconds::LONGEST;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A run that nobody has merged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// What its directory was called.
    pub run: String,
    /// Its id.
    pub id: String,
    /// When it was begun, by its machine's clock.
    pub started: String,
    /// How long after the first its load began, by the clocks of both.
    pub offset_s: f64,
    /// How long its load lasted, its grace included.
    pub lasted_s: f64,
    /// How it ended; `killed` if nothing says so.
    pub ending: String,
    /// Its own verdict; null if it was killed.
    pub verdict: Option<String>,
    /// The first reason of it.
    pub why: Option<String>,
    /// What its own summary notes.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What it drew from.
    pub seed: Value,
    /// What was put into the scenario.
    pub set: Vec<String>,
    /// Its lanes.
    pub lanes: u32,
    /// Whom it asked.
    pub endpoint: Value,
    /// Its machine.
    pub host: Value,
    /// Its first second, on the clock of the whole.
    pub from_s: u64,
    /// The second after its last, its grace left out, as it was planned.
    pub to_s: u64,
    /// Stretches of these that it says nothing of: the first second and the one after the last.
    pub missing: Vec<(u64, u64)>,
    /// Lines of its logs that cannot be read.
    pub torn: u64,
}

impl Origin {
    /// Whether its times can be, which somebody else may have written.
    ///
    /// # Errors
    /// What cannot be.
    pub fn check(&self) -> Result<(), String> {
        is_time(self.offset_s).map_err(|why| format!("offset_s: {why}"))?;
        is_time(self.lasted_s).map_err(|why| format!("lasted_s: {why}"))?;
        if self.from_s > self.to_s || self.to_s > LONGEST {
            return Err(format!("from_s {} and to_s {} are no stretch of at most {LONGEST} s", self.from_s, self.to_s));
        }
        let mut at = self.from_s;
        for &(from, to) in &self.missing {
            if !(at <= from && from < to && to <= self.to_s) {
                return Err(format!("missing {from}-{to} s does not rise, or lies outside of {}-{} s", self.from_s, self.to_s));
            }
            at = to;
        }
        Ok(())
    }

    /// The same, so many milliseconds and whole seconds later.
    pub fn later(mut self, ms: u64, seconds: u64) -> Origin {
        self.offset_s = (self.offset_ms() + ms) as f64 / 1e3;
        self.from_s += seconds;
        self.to_s += seconds;
        self.missing.iter_mut().for_each(|(from, to)| (*from, *to) = (*from + seconds, *to + seconds));
        self
    }

    /// Its offset in milliseconds.
    pub fn offset_ms(&self) -> u64 {
        (self.offset_s.max(0.0) * 1e3).round() as u64
    }

    /// Stretches in which it was there, in milliseconds from the beginning of the whole. Seconds of runs that began a hair apart lie a hair apart, even where a second of the
    /// clock ends between them.
    pub fn there_ms(&self) -> Vec<(u64, u64)> {
        let ms = |at: u64| self.offset_ms() + at.saturating_sub(self.from_s) * 1000;
        let mut there = Vec::new();
        let mut at = self.from_s;
        for &(from, to) in &self.missing {
            there.push((at, from.min(self.to_s)));
            at = at.max(to);
        }
        there.push((at, self.to_s));
        there.into_iter().filter(|(from, to)| from < to).map(|(from, to)| (ms(from), ms(to))).collect()
    }
}

/// The stretches of `from..to` in none of these seconds, which are in order.
pub fn holes(seconds: impl Iterator<Item = u64>, from: u64, to: u64) -> Vec<(u64, u64)> {
    let (mut holes, mut next) = (Vec::new(), from);
    for at in seconds.filter(|at| (from..to).contains(at)) {
        if at > next {
            holes.push((next, at));
        }
        next = at + 1;
    }
    if next < to {
        holes.push((next, to));
    }
    holes
}

/// Whether a run can last so many seconds.
///
/// # Errors
/// It cannot.
pub fn is_time(seconds: f64) -> Result<(), String> {
    if (0.0..=LONGEST as f64).contains(&seconds) {
        Ok(())
    } else {
        Err(format!("{seconds} s is no time of a run: {LONGEST} s at most"))
    }
}
