//! Whether two runs differ, by how much, and how sure that is.
//!
//! Holds [`compare`] and its [`Settings`]. Called by `headcount compare` with two runs that were read back. Pure: the same files and seed
//! say the same. It never sees a file, a terminal, or how a comparison is shown.
//!
//! The method. Seconds of one run are not independent: a stall spans several of them. So blocks of seconds are drawn again with
//! replacement (block bootstrap; Künsch 1989), each stage for itself, as long as the automatic rule of Politis and White says
//! ([`length`]); of each draw the histograms are added and the percentile is read. The two runs are drawn independently, and what is
//! looked at is the change between them. An interval's ends are percentiles of the drawn changes, moved outwards for the number of blocks
//! (Hesterberg 2015, the expanded percentile interval). All intervals of a comparison hold together at the confidence that is stated
//! (Bonferroni): whoever looks at a dozen metrics would otherwise find a difference in every other pair of equal runs.
//!
//! It tells chance within the runs from a difference between them. What changes between runs for reasons of its own (a neighbour on the
//! machine, a service's other load) is a difference like any other: docs/compare.md says how to find out how large that is.

mod blocks;
mod bootstrap;
mod differs;
pub mod length;
mod measure;
mod recording;
mod searches;
mod table;
mod told;

pub use recording::{Counts, Moment, Recording, Subject};
pub use searches::searches;
pub use told::{Comparison, Metric, Side, Verdict};

use crate::seed::Seed;
use blocks::Blocks;
use measure::{Measure, Sampled};

/// How two runs are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How often all intervals hold, of all comparisons: 0.95.
    pub confidence: f64,
    /// Changes below this share are too small to matter, however sure they are.
    pub margin: f64,
    /// Worsenings of this share or more fail; none do if it is absent.
    pub limit: Option<f64>,
    /// How often blocks are drawn.
    pub resamples: u32,
    /// Of the draws.
    pub seed: Seed,
}

/// An interval narrower than this either way says that there is no difference worth a word, where no limit says what is.
const WORTH_A_WORD: f64 = 0.1;
/// Below this nothing is judged: of fewer seconds, and so fewer blocks, no draw says how much they scatter.
const FEWEST_SECONDS: usize = 10;

/// Why two runs cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// One is a load, the other a provisioning.
    #[error("{base} is a {base_kind} run and {run} a {run_kind} run: they measure different things")]
    Kinds {
        /// The first.
        base: String,
        /// What it is.
        base_kind: &'static str,
        /// The second.
        run: String,
        /// What it is.
        run_kind: &'static str,
    },
    /// A search for capacity that found no rate.
    #[error("{label} has no rate to compare: {why}")]
    NoAnswer {
        /// Which.
        label: String,
        /// Why.
        why: String,
    },
}

/// Compares a run with another.
///
/// # Errors
/// They are of two kinds.
pub fn compare(base: &Recording, run: &Recording, settings: &Settings) -> Result<Comparison, CompareError> {
    if base.kind != run.kind {
        return Err(CompareError::Kinds {
            base: base.label.clone(),
            base_kind: base.kind,
            run: run.label.clone(),
            run_kind: run.kind,
        });
    }
    let measures = measure::all(base, run);
    let cut = |recording: &Recording| Blocks::cut(&recording.stages(), length::of(recording, &measures));
    let (of_base, of_run) = (cut(base), cut(run));
    let (mut in_base, mut in_run) = (Vec::new(), Vec::new());
    let sampled =
        |measure: &Measure| (Sampled::of(base, measure, &of_base, &mut in_base), Sampled::of(run, measure, &of_run, &mut in_run));
    let sampled: Vec<(Sampled, Sampled)> = measures.iter().map(sampled).collect();
    let tells = |(a, b): &(Sampled, Sampled)| a.tells() && b.tells();
    let together = sampled.iter().filter(|runs| tells(runs)).count();
    let metric = |(measure, runs): (&Measure, &(Sampled, Sampled))| {
        let (a, b) = runs;
        let drawn = || bootstrap::interval(measure, (a, &of_base), (b, &of_run), settings, together);
        let interval = if tells(runs) { drawn() } else { None };
        Metric::of(measure, a.plain(&of_base), b.plain(&of_run), interval, settings)
    };
    let metrics: Vec<Metric> = measures.iter().zip(&sampled).map(metric).collect();
    let (before, now) = (base.moments.len(), run.moments.len());
    let nothing = (before.min(now) < FEWEST_SECONDS)
        .then(|| format!("{before} and {now} seconds were measured: too few to tell a difference from chance"));
    Ok(Comparison::of(Side::of(base), Side::of(run), metrics, differs::notes(base, run, settings), settings, nothing))
}
