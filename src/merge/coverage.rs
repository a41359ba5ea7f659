//! How much of the time all runs were there.
//!
//! Holds [`Coverage`], a member of the summary of a merged run, and its words. Pure: runs as stretches of seconds in, shares and sentences out.

use super::origin::Origin;
use serde::Serialize;

/// Holes of one run that are told one by one.
const TOLD: usize = 5;

/// What of the whole span is covered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Seconds from the beginning of the first run to when the last was to end; time of grace is left out.
    pub seconds: f64,
    /// How many of them every run tells of.
    pub together: f64,
    /// Their share, 0 to 1.
    pub share: f64,
    /// The share below which the whole is invalid.
    pub wanted: f64,
    /// The runs.
    pub members: Vec<Covered>,
}

/// One run of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Covered {
    /// What its directory was called.
    pub run: String,
    /// Its id.
    pub id: String,
    /// How long after the first its load began, by the clocks of both.
    pub offset_s: f64,
    /// Its first second, on the clock of the whole.
    pub from_s: u64,
    /// The second after its last, its grace left out.
    pub to_s: u64,
    /// Stretches of these that it says nothing of.
    pub missing: Vec<(u64, u64)>,
    /// Lines of its logs that cannot be read.
    pub torn: u64,
}

impl Coverage {
    /// Of these runs, in the order in which they began.
    pub fn of(origins: &[Origin], wanted: f64) -> Coverage {
        let ends = origins.iter().map(|origin| origin.offset_ms() + origin.to_s.saturating_sub(origin.from_s) * 1000);
        let whole = ends.max().unwrap_or(0);
        let all = origins.iter().fold(vec![(0, whole)], |all, origin| common(&all, &origin.there_ms()));
        let together: u64 = all.iter().map(|(from, to)| to - from).sum();
        let share = if whole == 0 { 0.0 } else { together as f64 / whole as f64 };
        Coverage {
            seconds: whole as f64 / 1e3,
            together: together as f64 / 1e3,
            share,
            wanted,
            members: origins.iter().map(Covered::of).collect(),
        }
    }

    /// Whether it is enough.
    pub fn suffices(&self) -> bool {
        self.share >= self.wanted
    }

    /// How much of the time all were there, in a sentence.
    pub fn told(&self) -> String {
        let percent = |share: f64| (share * 1000.0).floor() / 10.0;
        format!(
            "the {} runs were all there for {} of {} s, {} %, where {} % are wanted",
            self.members.len(),
            self.together,
            self.seconds,
            percent(self.share),
            percent(self.wanted)
        )
    }

    /// What is missing, a sentence a hole.
    pub fn holes(&self) -> Vec<String> {
        let mut told = Vec::new();
        for member in &self.members {
            for (from, to) in member.missing.iter().take(TOLD) {
                told.push(format!("{} is missing {} s at {from}-{to} s of {} s", member.run, to - from, self.seconds.round()));
            }
            let rest: u64 = member.missing.iter().skip(TOLD).map(|(from, to)| to - from).sum();
            if rest > 0 {
                let more = member.missing.len() - TOLD;
                told.push(format!("{} is missing {rest} s more, in {more} other places", member.run));
            }
            if member.torn > 0 {
                let lines = if member.torn == 1 { "1 line".to_owned() } else { format!("{} lines", member.torn) };
                told.push(format!("{lines} of the logs of {} cannot be read and are in no number", member.run));
            }
        }
        told
    }

    /// How far apart they began; nothing of one run.
    pub fn offsets(&self) -> Option<String> {
        let last = self.members.last().filter(|_| self.members.len() > 1)?;
        let began: Vec<String> = self.members.iter().skip(1).map(|of| format!("{} {:.3} s", of.run, of.offset_s)).collect();
        Some(format!(
            "the runs began within {:.3} s (after {}: {}), each by the clock of its own machine: what clocks differ by looks the same as a later start",
            last.offset_s,
            self.members[0].run,
            began.join(", ")
        ))
    }
}

impl Covered {
    fn of(origin: &Origin) -> Covered {
        Covered {
            run: origin.run.clone(),
            id: origin.id.clone(),
            offset_s: origin.offset_s,
            from_s: origin.from_s,
            to_s: origin.to_s,
            missing: origin.missing.clone(),
            torn: origin.torn,
        }
    }
}

/// What is in both; both are in order and free of overlaps.
fn common(a: &[(u64, u64)], b: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let (mut i, mut k, mut both) = (0, 0, Vec::new());
    while let (Some(x), Some(y)) = (a.get(i), b.get(k)) {
        let (from, to) = (x.0.max(y.0), x.1.min(y.1));
        if from < to {
            both.push((from, to));
        }
        if x.1 < y.1 {
            i += 1;
        } else {
            k += 1;
        }
    }
    both
}
