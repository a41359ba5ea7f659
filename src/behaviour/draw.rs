//! A latency, drawn.
//!
//! Holds [`Draw`]. Called by the mock for each answer, and by the load engine for what its users think between calls. Nothing here
//! waits: what is drawn is a number, and follows from the seed and the number of the draw alone. A recording is read once.

use super::latency::Unit;
use super::{BadBehaviour, Counted, Latency};
use crate::seed::Seed;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use std::path::Path;
use std::time::Duration;

/// A latency, ready to be drawn from.
#[derive(Debug, Clone)]
pub struct Draw {
    latency: Latency,
    /// Of what was counted: values, with how many were counted up to each.
    ranks: Vec<(u64, Duration)>,
    seed: Seed,
    stream: &'static str,
}

impl Draw {
    /// Makes a latency ready; a recording is read from its file here, once.
    pub fn new(latency: Latency, seed: Seed, stream: &'static str) -> Result<Draw, BadBehaviour> {
        latency.check()?;
        let ranks = match &latency {
            Latency::Recorded(recording) => counted(&recording.file, recording.unit)?.ranks(),
            Latency::Counted(counted) => counted.ranks(),
            _ => Vec::new(),
        };
        Ok(Draw { latency, ranks, seed, stream })
    }

    /// The latency of the n-th request.
    pub fn at(&self, n: u64) -> Duration {
        if let Latency::Fixed(span) = self.latency {
            return span.0;
        }
        let digest = self.seed.digest(&[self.stream.as_bytes(), &n.to_le_bytes()]);
        let (u, v) = (unit(&digest[..8]), unit(&digest[8..16]));
        let seconds = match &self.latency {
            Latency::Fixed(span) => span.0.as_secs_f64(),
            Latency::Uniform(b) => b.low.0.as_secs_f64() + u * (b.high.0 - b.low.0).as_secs_f64(),
            Latency::Exponential(m) => -(1.0 - u).ln() * m.mean.0.as_secs_f64(),
            Latency::Lognormal(p) => {
                // ln X is normal with mean ln p50; its 99th percentile lies 2.326 sigmas above.
                let median = p.p50.0.as_secs_f64();
                let sigma = (p.p99.0.as_secs_f64() / median).ln() / 2.326_347_874_040_841;
                // Box and Muller: two even numbers make a normal one.
                let normal = (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos();
                median * (sigma * normal).exp()
            }
            Latency::Bimodal(m) => (if u < m.slow_share { m.slow } else { m.fast }).0.as_secs_f64(),
            Latency::Recorded(_) | Latency::Counted(_) => {
                // The u-th of all values that were counted, in their order.
                let wanted = u * self.ranks.last().map_or(0, |(total, _)| *total) as f64;
                let place = self.ranks.partition_point(|(up_to, _)| *up_to as f64 <= wanted);
                self.ranks.get(place).or(self.ranks.last()).map_or(0.0, |(_, value)| value.as_secs_f64())
            }
        };
        // A tail has no end in theory; an hour is one in practice.
        Duration::from_secs_f64(seconds.clamp(0.0, 3600.0))
    }
}

/// An even number in [0, 1) of eight bytes.
fn unit(bytes: &[u8]) -> f64 {
    let number = bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    (number >> 11) as f64 / (1u64 << 53) as f64
}

/// All intervals of a log, added up.
fn counted(file: &Path, unit: Unit) -> Result<Counted, BadBehaviour> {
    let bad = |what: String| BadBehaviour(format!("latency recording {}: {what}", file.display()));
    let text = std::fs::read(file).map_err(|e| bad(e.to_string()))?;
    let mut deserializer = Deserializer::new();
    let mut sum = Histogram::<u64>::new(3).map_err(|e| bad(e.to_string()))?;
    sum.auto(true);
    for entry in IntervalLogIterator::new(&text) {
        let Ok(entry) = entry else { return Err(bad("not an HdrHistogram interval log".to_owned())) };
        if let LogEntry::Interval(interval) = entry {
            use base64::Engine;
            let bytes =
                base64::engine::general_purpose::STANDARD.decode(interval.encoded_histogram()).map_err(|e| bad(e.to_string()))?;
            let one: Histogram<u64> = deserializer.deserialize(&mut bytes.as_slice()).map_err(|e| bad(e.to_string()))?;
            sum.add(&one).map_err(|e| bad(e.to_string()))?;
        }
    }
    if sum.is_empty() {
        return Err(bad("holds no measurement".to_owned()));
    }
    Ok(Counted::of(&sum, |value| match unit {
        Unit::Ns => value / 1000,
        Unit::Us => value,
        Unit::Ms => value.saturating_mul(1000),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> Vec<f64> {
        let draw = Draw::new(text.parse().unwrap(), Seed(3), "latency").unwrap();
        let mut all: Vec<f64> = (0..20_000).map(|n| draw.at(n).as_secs_f64() * 1e3).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    #[test]
    fn distributions_have_the_percentiles_they_are_named_by() {
        let near =
            |value: f64, want: f64, slack: f64| assert!((value - want).abs() <= slack * want, "{value} is not near {want}");
        let all = drawn("lognormal:20ms/120ms");
        near(all[10_000], 20.0, 0.05);
        near(all[19_800], 120.0, 0.10);
        let all = drawn("exponential:20ms");
        near(all.iter().sum::<f64>() / 20_000.0, 20.0, 0.03);
        near(all[10_000], 20.0 * std::f64::consts::LN_2, 0.05);
        let all = drawn("bimodal:20ms/900ms@0.02");
        near(all.iter().filter(|ms| **ms > 100.0).count() as f64, 400.0, 0.2);
        let all = drawn("uniform:10ms..50ms");
        assert!(all[0] >= 10.0 && all[19_999] <= 50.0);
        near(all[10_000], 30.0, 0.03);
        assert_eq!(drawn("uniform:10ms..50ms"), all);
    }

    #[test]
    fn a_recorded_log_is_replayed() {
        use hdrhistogram::serialization::V2DeflateSerializer;
        use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        (1..=1000).for_each(|n| histogram.record(n * 100).unwrap());
        let (mut file, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
        let mut log = IntervalLogWriterBuilder::new().begin_log_with(&mut file, &mut serializer).unwrap();
        log.write_histogram(&histogram, Duration::ZERO, Duration::from_secs(1), None).unwrap();
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), &file).unwrap();
        let all = drawn(&format!("recorded:{}", path.path().display()));
        assert!((all[10_000] - 50.0).abs() < 2.0 && (all[19_800] - 99.0).abs() < 1.0, "{} {}", all[10_000], all[19_800]);
        std::fs::write(path.path(), "not a log").unwrap();
        assert!(Draw::new(format!("recorded:{}", path.path().display()).parse().unwrap(), Seed(1), "x").is_err());
    }
}
