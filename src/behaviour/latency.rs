//! How long answers take.
//!
//! Holds [`Latency`] with its short spelling for the command line. Drawn from by the mock, never here.

use super::{BadBehaviour, Counted, Span};
use serde::Deserialize;
use std::path::PathBuf;
use std::str::FromStr;

/// A distribution of latencies.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// Always the same: `20ms`.
    Fixed(Span),
    /// Evenly between two bounds: `uniform:10ms..50ms`.
    Uniform(Bounds),
    /// Waiting times without memory: `exponential:20ms`.
    Exponential(Mean),
    /// Long-tailed, by its median and its 99th percentile: `lognormal:20ms/120ms`.
    Lognormal(Percentiles),
    /// Mostly fast, a share of them slow: `bimodal:20ms/900ms@0.02`.
    Bimodal(TwoModes),
    /// As in a recorded HdrHistogram interval log: `recorded:run.hlog`.
    Recorded(Recording),
    /// As it was counted: microseconds, and how often each came.
    Counted(Counted),
}

/// From and to.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Shortest.
    pub low: Span,
    /// Longest.
    pub high: Span,
}

/// The mean.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mean {
    /// The mean.
    pub mean: Span,
}

/// Two percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percentiles {
    /// The median.
    pub p50: Span,
    /// The 99th.
    pub p99: Span,
}

/// Two kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoModes {
    /// Most answers.
    pub fast: Span,
    /// The others.
    pub slow: Span,
    /// The share of the others, 0 to 1.
    pub slow_share: f64,
}

/// A file to draw from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The interval log.
    pub file: PathBuf,
    /// What its numbers count.
    #[serde(default)]
    pub unit: Unit,
}

/// The unit of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Nanoseconds.
    Ns,
    /// Microseconds, as headcount's own run directories have it.
    #[default]
    Us,
    /// Milliseconds.
    Ms,
}

impl Default for Latency {
    fn default() -> Self {
        Latency::Fixed(Span::default())
    }
}

impl Latency {
    /// Checks that the numbers go together.
    pub fn check(&self) -> Result<(), BadBehaviour> {
        let fine = match self {
            Latency::Fixed(_) | Latency::Exponential(_) | Latency::Recorded(_) => true,
            Latency::Uniform(b) => b.low <= b.high,
            Latency::Lognormal(p) => p.p50 <= p.p99 && !p.p50.0.is_zero(),
            Latency::Bimodal(m) => (0.0..=1.0).contains(&m.slow_share),
            Latency::Counted(counted) => return counted.check(),
        };
        let rule = "latency: bounds must rise, p50 must be above zero and at most p99, a share must lie between 0 and 1";
        if fine { Ok(()) } else { Err(BadBehaviour(rule.to_owned())) }
    }
}

impl FromStr for Latency {
    type Err = BadBehaviour;

    fn from_str(text: &str) -> Result<Self, BadBehaviour> {
        let bad = || {
            BadBehaviour(format!(
                "'{}' is not a latency: write 20ms, uniform:10ms..50ms, exponential:20ms, lognormal:20ms/120ms (p50/p99), \
                 bimodal:20ms/900ms@0.02 or recorded:FILE",
                text.chars().take(60).collect::<String>()
            ))
        };
        let span = |text: &str| text.parse::<Span>().map_err(|_| bad());
        let two = |rest: &str, mark: &str| -> Result<(Span, Span), BadBehaviour> {
            let (a, b) = rest.split_once(mark).ok_or_else(bad)?;
            Ok((span(a)?, span(b)?))
        };
        let latency = match text.split_once(':') {
            None => Latency::Fixed(span(text)?),
            Some(("fixed", rest)) => Latency::Fixed(span(rest)?),
            Some(("uniform", rest)) => two(rest, "..").map(|(low, high)| Latency::Uniform(Bounds { low, high }))?,
            Some(("exponential", rest)) => Latency::Exponential(Mean { mean: span(rest)? }),
            Some(("lognormal", rest)) => two(rest, "/").map(|(p50, p99)| Latency::Lognormal(Percentiles { p50, p99 }))?,
            Some(("bimodal", rest)) => {
                let (spans, share) = rest.split_once('@').ok_or_else(bad)?;
                let (fast, slow) = two(spans, "/")?;
                Latency::Bimodal(TwoModes { fast, slow, slow_share: share.parse().map_err(|_| bad())? })
            }
            Some(("recorded", file)) => Latency::Recorded(Recording { file: file.into(), unit: Unit::Us }),
            Some(_) => return Err(bad()),
        };
        latency.check().map(|()| latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_spellings() {
        assert_eq!("20ms".parse(), Ok(Latency::Fixed("20ms".parse().unwrap())));
        assert!(matches!("lognormal:20ms/120ms".parse(), Ok(Latency::Lognormal(_))));
        assert!(matches!("bimodal:20ms/900ms@0.02".parse(), Ok(Latency::Bimodal(m)) if m.slow_share == 0.02));
        for bad in ["uniform:50ms..10ms", "lognormal:0s/1s", "bimodal:1ms/2ms@2", "bimodal:1ms/2ms", "slow", "normal:1ms"] {
            assert!(bad.parse::<Latency>().is_err(), "{bad}");
        }
    }
}
