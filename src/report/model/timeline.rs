//! A run in bins of time, few enough to be drawn and read.
//!
//! Holds [`Timeline`] and [`Bin`]. Made once a run from its seconds and its log. Histograms of a bin's seconds are added; percentiles
//! are never averaged.

use super::heat::{Bands, bands};
use crate::chime::class::Class;
use crate::stats::log::{Line, Log};
use crate::stats::recorder::{Classes, Latencies, Metric};
use crate::stats::seconds::Second;
use std::collections::BTreeMap;

/// The most bins; more could not be told apart on a screen.
const MOST_BINS: u64 = 240;
/// Widths of a bin that a person can count in, in seconds.
const WIDTHS: [u64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/// A run in bins.
#[derive(Debug, Default)]
pub struct Timeline {
    /// Seconds of a bin.
    pub width: u64,
    /// From the first second to the last, without gaps.
    pub bins: Vec<Bin>,
    /// Where stages begin, in seconds, and their names.
    pub stages: Vec<(u64, String)>,
}

/// What happened in some seconds.
#[derive(Debug, Clone, Default)]
pub struct Bin {
    /// Its first second.
    pub at: u64,
    /// How many seconds of the run lie in it.
    pub seconds: u64,
    /// Requests handed to the transport.
    pub sent: u64,
    /// Calls that ended.
    pub done: u64,
    /// How.
    pub classes: Classes,
    /// Calls that became due.
    pub planned: Option<u64>,
    /// Asked again.
    pub retried: Option<u64>,
    /// The most in flight at the end of a second.
    pub in_flight: Option<u64>,
    /// The most that waited for a slot at the end of a second.
    pub waiting: Option<u64>,
    /// The lanes' CPU in it, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// Percentiles of response, service and lag; nothing where nothing ended.
    pub response: Option<Spread>,
    /// From the send on.
    pub service: Option<Spread>,
    /// The generator's own lateness.
    pub lag: Option<Spread>,
    /// Response times, sorted.
    pub response_bands: Bands,
    /// Service times, sorted.
    pub service_bands: Bands,
    /// Tokens that came.
    pub tokens: u64,
}

/// A few percentiles, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The median.
    pub p50: u64,
    /// The 99th percentile.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

impl Bin {
    /// A number of this bin a second.
    pub fn a_second(&self, n: u64) -> f64 {
        n as f64 / self.seconds.max(1) as f64
    }

    fn add(&mut self, second: &Second) {
        let plus = |sum: &mut Option<u64>, n: Option<u64>| *sum = n.map_or(*sum, |n| Some(sum.unwrap_or(0) + n));
        let most = |most: &mut Option<u64>, n: Option<u64>| *most = n.max(*most);
        self.sent += second.sent;
        self.done += second.done;
        self.classes.merge(&second.classes);
        plus(&mut self.planned, second.planned);
        plus(&mut self.retried, second.retried);
        most(&mut self.in_flight, second.in_flight);
        most(&mut self.waiting, second.waiting);
    }

    fn measured(&mut self, latencies: &Latencies) {
        let spread = |metric: Metric| {
            let histogram = latencies.of(metric);
            let at = |q| histogram.value_at_quantile(q);
            (!histogram.is_empty()).then(|| Spread { p50: at(0.5), p99: at(0.99), max: histogram.max() })
        };
        (self.response, self.service, self.lag) = (spread(Metric::Response), spread(Metric::Service), spread(Metric::Lag));
        (self.response_bands, self.service_bands) = (bands(latencies.of(Metric::Response)), bands(latencies.of(Metric::Service)));
        self.tokens = latencies.of(Metric::Token).len();
    }
}

impl Timeline {
    /// Sorts seconds and log into bins.
    pub fn of(seconds: &[Second], log: &Log) -> Timeline {
        let mut by_bin: BTreeMap<u64, Vec<Line>> = BTreeMap::new();
        let last = seconds.iter().map(|second| second.at).chain(log.everything().map(|line| line.at)).max();
        let Some(last) = last else { return Timeline { width: 1, ..Timeline::default() } };
        let span = last + 1;
        let wide = || span.div_ceil(MOST_BINS).next_multiple_of(3600);
        let width = WIDTHS.into_iter().find(|width| span.div_ceil(*width) <= MOST_BINS).unwrap_or_else(wide);
        let bin = |n: u64| Bin { at: n * width, seconds: width.min(span - n * width), ..Bin::default() };
        let mut bins: Vec<Bin> = (0..span.div_ceil(width)).map(bin).collect();
        seconds.iter().for_each(|second| bins[(second.at / width) as usize].add(second));
        log.everything().for_each(|line| by_bin.entry(line.at / width).or_default().push(line));
        let mut latencies = Latencies::default();
        for (n, lines) in by_bin {
            latencies.clear();
            lines.iter().for_each(|line| line.add_to(&mut latencies));
            bins[n as usize].measured(&latencies);
        }
        cpu(&mut bins, seconds, width);
        Timeline { width, bins, stages: stages(seconds) }
    }

    /// The classes that occurred, in their order.
    pub fn classes(&self) -> Vec<Class> {
        Class::ALL.iter().copied().filter(|class| self.bins.iter().any(|bin| bin.classes.of(*class) > 0)).collect()
    }
}

/// CPU is told as a sum since the start: a bin has what it grew by.
fn cpu(bins: &mut [Bin], seconds: &[Second], width: u64) {
    let mut before = 0;
    for second in seconds {
        if let Some(now) = second.cpu_ms {
            let grown = &mut bins[(second.at / width) as usize].cpu_ms;
            *grown = Some(grown.unwrap_or(0) + now.saturating_sub(before));
            before = now;
        }
    }
}

fn stages(seconds: &[Second]) -> Vec<(u64, String)> {
    let mut stages: Vec<(u64, String)> = Vec::new();
    for second in seconds.iter().filter(|second| !second.stage.is_empty()) {
        if stages.last().is_none_or(|(_, name)| *name != second.stage) {
            stages.push((second.at, second.stage.clone()));
        }
    }
    stages
}
