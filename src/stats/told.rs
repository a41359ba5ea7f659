//! Counts and distributions as summaries tell them.
//!
//! Holds [`ClassCount`] and [`Percentiles`]. Called by the summary of each verb. It never sees how anything was recorded.

use super::recorder::{Classes, Latencies, Metric};
use super::samples::{Kind, Samples};
use std::collections::BTreeMap;

/// A class's count, with the codes behind it.
#[derive(Debug, serde::Serialize)]
pub struct ClassCount {
    /// How many attempts ended so.
    pub count: u64,
    /// What it means and what to do.
    pub meaning: &'static str,
    /// By the service's code, with a few examples.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, Kind>,
}

/// A latency distribution; percentiles of an empty one are absent.
#[derive(Debug, serde::Serialize)]
pub struct Percentiles {
    /// Values.
    pub count: u64,
    /// The numbers.
    #[serde(flatten)]
    pub at: BTreeMap<&'static str, f64>,
}

impl ClassCount {
    /// Of every class that occurred, by name.
    pub fn all(classes: &Classes, samples: &Samples) -> BTreeMap<&'static str, ClassCount> {
        let told = |(class, count): (crate::chime::class::Class, u64)| {
            (class.name(), ClassCount { count, meaning: class.meaning(), codes: samples.of(class).cloned().unwrap_or_default() })
        };
        classes.iter().map(told).collect()
    }
}

impl Percentiles {
    /// Of one metric, in milliseconds.
    pub fn of(latencies: &Latencies, metric: Metric) -> Percentiles {
        let histogram = latencies.of(metric);
        let ms = |us: f64| (us / 1000.0 * 1000.0).round() / 1000.0;
        let mut at = BTreeMap::new();
        if !histogram.is_empty() {
            for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99_9", 0.999)] {
                at.insert(name, ms(histogram.value_at_quantile(q) as f64));
            }
            at.insert("max", ms(histogram.max() as f64));
            at.insert("mean", ms(histogram.mean()));
        }
        Percentiles { count: histogram.len(), at }
    }
}
