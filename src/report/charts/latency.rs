//! Latency plots: the percentile spectrum, and percentiles over time.
//!
//! Holds [`spectrum`] and [`over_time`]. Called by the sections.

use super::{Lines, Series, clock, legend, run_tone, stage_marks, stretch};
use crate::report::html::block::{Choice, Figure, Table};
use crate::report::model::Run;
use crate::report::model::timeline::{Bin, Spread};
use crate::report::words;
use crate::stats::recorder::Metric;
use hdrhistogram::Histogram;

/// Points of a spectrum for each nine that percentiles gain.
const A_NINE: i32 = 20;

/// One in how many calls was slower, and how slow: (1 / (1 − p), milliseconds), to one in all of them, the largest.
pub fn points(histogram: &Histogram<u64>) -> Vec<(f64, Option<f64>)> {
    let n = histogram.len() as f64;
    let at = |step: i32| {
        let x = 10f64.powf(f64::from(step) / f64::from(A_NINE));
        (x < n).then(|| (x, Some(histogram.value_at_quantile(1.0 - 1.0 / x) as f64 / 1e3)))
    };
    let mut points: Vec<_> = (1..).map_while(at).collect();
    if n > 0.0 {
        points.push((n, Some(histogram.max() as f64 / 1e3)));
    }
    points
}

/// Response and service of every run, by percentile.
pub fn spectrum(runs: &[Run]) -> Figure {
    let mut series = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        let alone = runs.len() == 1;
        for (metric, line) in [(Metric::Response, "solid"), (Metric::Service, "dashed")] {
            let name = if alone { metric.name().to_owned() } else { format!("{} {}", run.label, metric.name()) };
            let tone = if alone { metric.name().to_owned() } else { run_tone(n) };
            let mut one = Series::line(&name, &tone, "ms", points(run.whole.of(metric)));
            one.line = line;
            // Where nothing waits the two are one line, and both should be seen.
            one.width = if line == "solid" { 4.0 } else { 2.0 };
            series.push(one);
        }
    }
    let lines = Lines {
        x: "nines",
        x_name: "percentile: the share of calls that were at least this fast",
        ys: vec![("ms", "milliseconds")],
        log: true,
        log_x: true,
        series: &series,
        marks: Vec::new(),
        levels: Vec::new(),
    };
    let p99 = |run: &Run, metric| words::us(run.whole.of(metric).value_at_quantile(0.99));
    let said: Vec<String> = runs
        .iter()
        .map(|run| {
            format!("{}: response p99 {}, service p99 {}", run.label, p99(run, Metric::Response), p99(run, Metric::Service))
        })
        .collect();
    Figure {
        id: "spectrum".to_owned(),
        title: "Percentile spectrum".to_owned(),
        alt: format!("Response and service time by percentile, from the median to the slowest call. {}.", said.join("; ")),
        option: lines.option(),
        legend: legend(&series),
        choices: vec![choice("log", true), choice("linear", false)],
        table: percentiles(runs),
    }
}

fn choice(name: &str, on: bool) -> Choice {
    Choice { name: name.to_owned(), does: name.to_owned(), on }
}

/// The percentiles that are told in tables.
const TOLD: [(&str, f64); 8] = [
    ("#p50", 0.5),
    ("#p75", 0.75),
    ("#p90", 0.9),
    ("#p95", 0.95),
    ("#p99", 0.99),
    ("#p99.9", 0.999),
    ("#p99.99", 0.9999),
    ("#max", 1.0),
];

fn percentiles(runs: &[Run]) -> Table {
    let mut head = vec!["run", "metric", "#values"];
    head.extend(TOLD.iter().map(|(name, _)| *name));
    head.push("#mean");
    let mut table = Table::new("percentiles", "Latency in milliseconds, warm-up left out", &head);
    for run in runs {
        for metric in Metric::ALL {
            let histogram = run.whole.of(metric);
            if histogram.is_empty() {
                continue;
            }
            let mut row = vec![run.label.clone(), metric.name().to_owned(), words::count(histogram.len())];
            // A percentile that fewer values than one lie beyond is the largest value, and says no more.
            let told = |(_, q): &(&str, f64)| words::ms(histogram.value_at_quantile(*q) as f64 / 1e3);
            row.extend(TOLD.iter().map(told));
            row.push(words::ms(histogram.mean() / 1e3));
            table.row(row);
        }
    }
    table
}

type Of = fn(&Bin) -> Option<Spread>;
type Which = fn(&Spread) -> u64;

/// Percentiles in the course of time.
pub fn over_time(runs: &[Run]) -> Figure {
    let mut series = Vec::new();
    let mut add = |run: &Run, name: String, tone: String, line: &'static str, (of, which): (Of, Which)| {
        let bins = run.timeline.bins.iter();
        let points = bins.map(|bin| (bin.at as f64, of(bin).map(|spread| which(&spread) as f64 / 1e3))).collect();
        let mut one = Series::line(&name, &tone, "ms", points);
        one.line = line;
        series.push(one);
    };
    let (response, service): (Of, Of) = (|bin| bin.response, |bin| bin.service);
    let (p50, p99): (Which, Which) = (|spread| spread.p50, |spread| spread.p99);
    for (n, run) in runs.iter().enumerate() {
        if runs.len() == 1 {
            add(run, "response p99".to_owned(), "response".to_owned(), "solid", (response, p99));
            add(run, "response p50".to_owned(), "response".to_owned(), "dotted", (response, p50));
            add(run, "service p99".to_owned(), "service".to_owned(), "solid", (service, p99));
            add(run, "service p50".to_owned(), "service".to_owned(), "dotted", (service, p50));
        } else {
            add(run, format!("{} response p99", run.label), run_tone(n), "solid", (response, p99));
            add(run, format!("{} response p50", run.label), run_tone(n), "dotted", (response, p50));
        }
    }
    let lines = Lines {
        x: "clock",
        x_name: "time since the start",
        ys: vec![("ms", "milliseconds")],
        log: true,
        log_x: false,
        series: &series,
        marks: stage_marks(runs),
        levels: Vec::new(),
    };
    let worst = |run: &Run| {
        let bins = run.timeline.bins.iter().filter_map(|bin| Some((bin.response?.p99, bin.at)));
        bins.max_by_key(|(p99, at)| (*p99, std::cmp::Reverse(*at)))
            .map(|(p99, at)| format!("{}: the worst response p99 is {} at {}", run.label, words::us(p99), clock(at)))
    };
    Figure {
        id: "over-time".to_owned(),
        title: "Latency in the course of the run".to_owned(),
        alt: format!("Percentiles of each stretch of time. {}.", runs.iter().filter_map(worst).collect::<Vec<_>>().join("; ")),
        option: lines.option(),
        legend: legend(&series),
        choices: vec![choice("log", true), choice("linear", false)],
        table: times(runs),
    }
}

fn times(runs: &[Run]) -> Table {
    let head = ["run", "time", "#response p50", "#response p99", "#response max", "#service p50", "#service p99", "#service max"];
    let mut table = Table::new("latency-times", "Milliseconds, by the second in which calls ended; warm-up included", &head);
    for run in runs {
        for bin in &run.timeline.bins {
            let cells = |spread: Option<Spread>| {
                let ms = |us: u64| words::ms(us as f64 / 1e3);
                spread.map_or(["–", "–", "–"].map(str::to_owned), |s| [ms(s.p50), ms(s.p99), ms(s.max)])
            };
            let mut row = vec![run.label.clone(), stretch(&run.timeline, bin.at)];
            row.extend(cells(bin.response));
            row.extend(cells(bin.service));
            table.row(row);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::number;
    use super::*;

    #[test]
    fn a_spectrum_ends_with_the_largest_value() {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000, 3).unwrap();
        assert!(points(&histogram).is_empty());
        (1..=1000u64).for_each(|ms| histogram.record(ms * 1000).unwrap());
        let points = points(&histogram);
        let at = |x: f64| points.iter().find(|(at, _)| (at - x).abs() < 1e-9).unwrap().1.unwrap();
        assert!((at(10.0) - 900.0).abs() < 1.0, "{}", at(10.0));
        assert!((at(100.0) - 990.0).abs() < 1.0, "{}", at(100.0));
        assert_eq!(
            (points.last().unwrap().0, number(points.last().unwrap().1.unwrap())),
            (1000.0, number(histogram.max() as f64 / 1e3))
        );
    }
}
