//! A comparison as it is told: numbers, and a verdict in words.
//!
//! Holds [`Comparison`], version 1 of the format in docs/formats.md. Made by the comparison, read by reports. It never sees how a number
//! came about.

use super::measure::Measure;
use super::recording::Recording;
use super::{Settings, WORTH_A_WORD};
use serde::Serialize;

/// How a metric, or a whole run, stands to what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No difference, or one too small to matter.
    Same,
    /// Worse, by more than chance.
    Regression,
    /// Better, by more than chance.
    Improvement,
    /// Some metrics are better and some worse.
    Mixed,
    /// No difference was found, and one that would matter could not have been.
    Unclear,
    /// Not enough was measured.
    NoData,
    /// A run's own numbers may not be believed.
    Invalid,
}

/// A metric of both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    /// Its name: `response p99`.
    pub name: String,
    /// `ms`, `share` (0 to 1) or `per-second`.
    pub unit: &'static str,
    /// Whether less of it is better.
    pub less_is_better: bool,
    /// What `change`, `low` and `high` are: `share` of what was before, or `difference`.
    pub change_is: &'static str,
    /// What it was.
    pub base: Option<f64>,
    /// What it is.
    pub run: Option<f64>,
    /// How much it has changed; less than 0 where it fell.
    pub change: Option<f64>,
    /// The interval of the change.
    pub low: Option<f64>,
    /// Its other end.
    pub high: Option<f64>,
    /// What it comes to.
    pub verdict: Verdict,
    /// The same in words.
    pub says: String,
    /// Whether it is worse by the limit or more.
    pub over_limit: bool,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// What it is called.
    pub label: String,
    /// Its id.
    pub id: Option<String>,
    /// When it was begun (UTC).
    pub started: Option<String>,
    /// Its own verdict; of a provisioning run how it ended.
    pub verdict: String,
    /// Seconds that are compared.
    pub seconds: u64,
}

/// Two runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Of the format.
    pub version: u32,
    /// `compare`.
    pub kind: &'static str,
    /// The program's version.
    pub headcount: &'static str,
    /// What it comes to.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub says: String,
    /// Whether a metric is worse by the limit or more.
    pub over_limit: bool,
    /// What was there before.
    pub base: Side,
    /// What is compared with it.
    pub run: Side,
    /// How often all intervals hold, of all comparisons.
    pub confidence: f64,
    /// Changes below this are too small to matter.
    pub margin: f64,
    /// What fails, if anything does.
    pub limit: Option<f64>,
    /// Draws.
    pub resamples: u32,
    /// Their seed.
    pub seed: u64,
    /// Every metric of both.
    pub metrics: Vec<Metric>,
    /// What is worth knowing beside the numbers.
    pub notes: Vec<String>,
}

impl Side {
    /// Of a run.
    pub fn of(recording: &Recording) -> Side {
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let verdict = text(&recording.summary["verdict"]).or_else(|| text(&recording.summary["ending"]));
        Side {
            label: recording.label.clone(),
            id: text(&recording.manifest["id"]),
            started: text(&recording.manifest["started"]),
            verdict: verdict.unwrap_or_default(),
            seconds: recording.moments.len() as u64,
        }
    }
}

impl Metric {
    /// Of what was measured before and now, and the interval of its change.
    pub fn of(
        measure: &Measure,
        base: Option<f64>,
        run: Option<f64>,
        interval: Option<(f64, f64)>,
        settings: &Settings,
    ) -> Metric {
        let change = base.zip(run).map(|(base, run)| measure.change(base, run));
        // Of shares, what a limit and a margin are of is what was before.
        let share = |change: f64| match measure.relative() {
            true => change.abs(),
            false => change.abs() / base.unwrap_or_default(),
        };
        let worse = |change: f64| (change > 0.0) == measure.less_is_better();
        let verdict = match change.zip(interval) {
            None => Verdict::NoData,
            Some((change, (low, high))) if (low > 0.0 || high < 0.0) && share(change) >= settings.margin => match worse(change) {
                true => Verdict::Regression,
                false => Verdict::Improvement,
            },
            Some((_, (low, high))) if within(measure, low, high, settings) => Verdict::Same,
            Some(_) => Verdict::Unclear,
        };
        let over = |limit: f64| verdict == Verdict::Regression && change.is_some_and(|change| share(change) >= limit);
        let (unit, scale) = match measure {
            Measure::Latency(..) => ("ms", 1e-3),
            Measure::Failed | Measure::Throttled => ("share", 1.0),
            Measure::Rate | Measure::Capacity => ("per-second", 1.0),
        };
        let name = measure.name();
        Metric {
            says: format!("{name} {}", says(measure, change, interval, verdict)),
            name,
            unit,
            less_is_better: measure.less_is_better(),
            change_is: if measure.relative() { "share" } else { "difference" },
            base: base.map(|value| round(value * scale)),
            run: run.map(|value| round(value * scale)),
            change: change.map(round),
            low: interval.map(|(low, _)| round(low)),
            high: interval.map(|(_, high)| round(high)),
            verdict,
            over_limit: settings.limit.is_some_and(over),
        }
    }
}

/// Whether an interval leaves no room for a change that would matter. Of shares a hundredth of all calls does.
fn within(measure: &Measure, low: f64, high: f64, settings: &Settings) -> bool {
    let most = if measure.relative() { settings.limit.unwrap_or(WORTH_A_WORD).max(settings.margin) } else { 0.01 };
    low >= -most && high <= most
}

/// `12 % slower [3, 22]: a regression`.
fn says(measure: &Measure, change: Option<f64>, interval: Option<(f64, f64)>, verdict: Verdict) -> String {
    let Some(change) = change else { return "was not measured in both runs".to_owned() };
    let word = match (measure, change < 0.0) {
        (Measure::Latency(..), false) => "slower",
        (Measure::Latency(..), true) => "faster",
        (Measure::Capacity, false) => "higher",
        (Measure::Capacity, true) => "lower",
        (_, false) => "more",
        (_, true) => "fewer",
    };
    if change == 0.0 && interval.is_none_or(|interval| interval == (0.0, 0.0)) {
        return "unchanged: no difference".to_owned();
    }
    let unit = if measure.relative() { "%" } else { "points" };
    let size = format!("{} {unit} {word}", percent(change.abs()));
    let Some((low, high)) = interval else { return format!("{size}, too few calls to tell") };
    // Seen in the direction that the word has.
    let (low, high) = if change < 0.0 { (-high, -low) } else { (low, high) };
    let what = match verdict {
        Verdict::Regression => "a regression",
        Verdict::Improvement => "an improvement",
        Verdict::Same if low > 0.0 => "too small to matter",
        Verdict::Same => "no difference",
        _ => "too wide to tell",
    };
    format!("{size} [{}, {}]: {what}", percent(low), percent(high))
}

/// A share in percent, as exactly as is of use.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let text = match percent.abs() {
        0.0..0.1 => format!("{percent:.2}"),
        0.1..9.95 => format!("{percent:.1}"),
        _ => format!("{percent:.0}"),
    };
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

impl Comparison {
    /// Sums a comparison up; `nothing` says why nothing can be told, if that is so.
    pub fn of(
        base: Side,
        run: Side,
        metrics: Vec<Metric>,
        notes: Vec<String>,
        settings: &Settings,
        nothing: Option<String>,
    ) -> Comparison {
        let any = |verdict: Verdict| metrics.iter().any(|metric| metric.verdict == verdict);
        let invalid: Vec<&str> =
            [&base, &run].into_iter().filter(|side| side.verdict == "invalid").map(|side| side.label.as_str()).collect();
        let verdict = match (any(Verdict::Regression), any(Verdict::Improvement)) {
            _ if !invalid.is_empty() => Verdict::Invalid,
            _ if nothing.is_some() => Verdict::NoData,
            (true, true) => Verdict::Mixed,
            (true, false) => Verdict::Regression,
            (false, true) => Verdict::Improvement,
            // That nothing fails in either run says nothing of how fast they are.
            (false, false) if metrics.iter().any(|metric| metric.verdict == Verdict::Same && metric.change_is == "share") => {
                Verdict::Same
            }
            _ if any(Verdict::Unclear) || any(Verdict::Same) => Verdict::Unclear,
            _ => Verdict::NoData,
        };
        let of =
            |verdict: Verdict| metrics.iter().filter(move |metric| metric.verdict == verdict).map(|metric| metric.name.as_str());
        let says = match verdict {
            Verdict::Invalid => {
                format!("{}: INVALID by what its own report says, so that no difference means anything", invalid.join(" and "))
            }
            Verdict::NoData => {
                nothing.unwrap_or_else(|| "neither run has enough calls to tell a difference from chance".to_owned())
            }
            Verdict::Unclear => "nothing is told apart, and nothing is told to be the same: longer runs would".to_owned(),
            Verdict::Same => format!("{} and {} are the same, as far as these runs tell", base.label, run.label),
            Verdict::Regression | Verdict::Improvement => {
                let word = if verdict == Verdict::Regression { "worse" } else { "better" };
                format!("{} is {word} than {}: {}", run.label, base.label, first(&metrics, verdict))
            }
            Verdict::Mixed => format!(
                "{} is worse than {} in some and better in others: {}; {}",
                run.label,
                base.label,
                first(&metrics, Verdict::Regression),
                first(&metrics, Verdict::Improvement)
            ),
        };
        let mut notes = notes;
        let unclear: Vec<&str> = of(Verdict::Unclear).chain(of(Verdict::NoData)).collect();
        if !unclear.is_empty() && !matches!(verdict, Verdict::Unclear | Verdict::NoData) {
            notes.insert(0, format!("neither told to differ nor to be the same: {}", unclear.join(", ")));
        }
        Comparison {
            version: 1,
            kind: "compare",
            headcount: env!("CARGO_PKG_VERSION"),
            verdict,
            says,
            over_limit: !matches!(verdict, Verdict::NoData | Verdict::Invalid) && metrics.iter().any(|metric| metric.over_limit),
            base,
            run,
            confidence: settings.confidence,
            margin: settings.margin,
            limit: settings.limit,
            resamples: settings.resamples,
            seed: settings.seed.0,
            metrics,
            notes,
        }
    }
}

/// The first metric of a verdict in words, and how many more there are.
fn first(metrics: &[Metric], verdict: Verdict) -> String {
    let mut of = metrics.iter().filter(|metric| metric.verdict == verdict);
    let said = of.next().map_or("", |metric| metric.says.rsplit_once(": ").map_or(metric.says.as_str(), |(said, _)| said));
    match of.count() {
        0 => said.to_owned(),
        more => format!("{said}, and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_as_exact_as_is_of_use() {
        let said: Vec<String> = [0.0, 0.00042, 0.004, 0.0125, 0.0996, 0.12, 1.5, -0.03, -0.00001].map(percent).into();
        assert_eq!(said, ["0", "0.04", "0.4", "1.2", "10", "12", "150", "-3", "0"]);
    }
}
