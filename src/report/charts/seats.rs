//! Plots of tokens: when seats were ready, and how long each took.
//!
//! Holds [`ready`], [`token_times`] and [`ready_at`]. Called by the sections.

use super::{Lines, Series, clock, latency, legend, run_tone, stretch};
use crate::report::html::block::{Figure, Table};
use crate::report::model::Run;
use crate::report::words;
use crate::stats::recorder::Metric;

/// When so many of every hundred seats were ready, in seconds from the start, by the end of the bin in which it came to that; nothing if
/// it never did.
pub fn ready_at(run: &Run, percent: u64) -> Option<u64> {
    let wanted = (run.seats() * percent).div_ceil(100);
    let mut tokens = 0;
    let reached = |bin: &&crate::report::model::timeline::Bin| {
        tokens += bin.tokens;
        wanted > 0 && tokens >= wanted
    };
    run.timeline.bins.iter().find(reached).map(|bin| bin.at + bin.seconds)
}

/// The share of seats that were ready, over time.
pub fn ready(runs: &[Run]) -> Figure {
    let mut series = Vec::new();
    let mut table = Table::new("ready-times", "Seats with a token", &["run", "time", "#new", "#in all", "#share"]);
    for (n, run) in runs.iter().enumerate() {
        let (mut tokens, seats) = (0, run.seats());
        let mut points = vec![(0.0, Some(0.0))];
        for bin in &run.timeline.bins {
            tokens += bin.tokens;
            points.push(((bin.at + bin.seconds) as f64, Some(tokens as f64 * 100.0 / seats.max(1) as f64)));
            let cells = [words::count(bin.tokens), words::count(tokens), words::share(tokens, seats)];
            table.row([vec![run.label.clone(), stretch(&run.timeline, bin.at)], cells.to_vec()].concat());
        }
        let alone = runs.len() == 1;
        let (name, tone) = if alone { ("seats ready".to_owned(), "token".to_owned()) } else { (run.label.clone(), run_tone(n)) };
        series.push(Series::line(&name, &tone, "percent", points));
    }
    let lines = Lines {
        x: "clock",
        x_name: "time since the start",
        ys: vec![("percent", "% of seats that have a token")],
        log: false,
        log_x: false,
        series: &series,
        marks: Vec::new(),
        levels: vec![(95.0, "95 %".to_owned())],
    };
    let said = |run: &Run| match ready_at(run, 95) {
        Some(at) => {
            format!("{}: 95 % of {} are ready after {}", run.label, words::counted(run.seats(), "seat", "seats"), clock(at))
        }
        None => format!("{}: 95 % of {} were never ready", run.label, words::counted(run.seats(), "seat", "seats")),
    };
    Figure {
        id: "ready".to_owned(),
        title: "When seats were ready".to_owned(),
        alt: format!("{}.", runs.iter().map(said).collect::<Vec<_>>().join("; ")),
        option: lines.option(),
        legend: legend(&series),
        choices: Vec::new(),
        table,
    }
}

/// How long a seat took from the instant it was first due, by percentile; nothing if no token came.
pub fn token_times(runs: &[Run]) -> Option<Figure> {
    let mut series = Vec::new();
    let mut table =
        Table::new("token-percentiles", "Time to token in milliseconds", &["run", "#50 %", "#90 %", "#95 %", "#99 %", "#all"]);
    for (n, run) in runs.iter().enumerate() {
        let histogram = run.whole.of(Metric::Token);
        if histogram.is_empty() {
            continue;
        }
        let alone = runs.len() == 1;
        let (name, tone) =
            if alone { ("time to token".to_owned(), "token".to_owned()) } else { (run.label.clone(), run_tone(n)) };
        series.push(Series::line(&name, &tone, "ms", latency::points(histogram)));
        let at = |q| words::ms(histogram.value_at_quantile(q) as f64 / 1e3);
        table.row([vec![run.label.clone()], [0.5, 0.9, 0.95, 0.99, 1.0].map(at).to_vec()].concat());
    }
    if series.is_empty() {
        return None;
    }
    let lines = Lines {
        x: "nines",
        x_name: "share of seats that were ready this soon after they were due",
        ys: vec![("ms", "milliseconds")],
        log: true,
        log_x: true,
        series: &series,
        marks: vec![(20.0, "95 %".to_owned())],
        levels: Vec::new(),
    };
    Some(Figure {
        id: "token-times".to_owned(),
        title: "Time to token, all attempts and waits included".to_owned(),
        alt: format!(
            "How long a seat took. {}",
            table.rows.iter().map(|row| format!("{}: 95 % within {} ms.", row[0], row[3])).collect::<String>()
        ),
        option: lines.option(),
        legend: legend(&series),
        choices: Vec::new(),
        table,
    })
}
