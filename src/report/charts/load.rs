//! Plots of what was wanted and what was done, and of the generator itself.
//!
//! Holds [`traffic`] and [`health`]. Called by the sections.

use super::{Lines, Series, clock, legend, run_tone, stage_marks, stretch};
use crate::report::html::block::{Figure, Table};
use crate::report::model::Run;
use crate::report::model::timeline::Bin;
use crate::report::words;

/// Some number of a bin, where it has it.
type Of = fn(&Bin) -> Option<f64>;

fn points(run: &Run, of: Of) -> Vec<(f64, Option<f64>)> {
    run.timeline.bins.iter().map(|bin| (bin.at as f64, of(bin))).collect()
}

/// Planned, sent and done a second; in flight and waiting beneath.
pub fn traffic(runs: &[Run]) -> Figure {
    let above: [(&str, &str, &str, Of); 3] = [
        ("planned", "planned", "dashed", |bin| bin.planned.map(|n| bin.a_second(n))),
        ("sent", "sent", "solid", |bin| Some(bin.a_second(bin.sent))),
        ("done", "done", "solid", |bin| Some(bin.a_second(bin.done))),
    ];
    let below: [(&str, &str, &str, Of); 2] = [
        ("in flight", "in-flight", "solid", |bin| bin.in_flight.map(|n| n as f64)),
        ("waiting for a slot", "waiting", "dashed", |bin| bin.waiting.map(|n| n as f64)),
    ];
    let mut series = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        for (grid, of) in [(0, &above[..]), (1, &below[..])] {
            for (name, tone, line, of) in of {
                let points = points(run, *of);
                if points.iter().all(|(_, y)| y.is_none()) || (runs.len() > 1 && *name == "sent") {
                    continue;
                }
                let alone = runs.len() == 1;
                let name = if alone { (*name).to_owned() } else { format!("{} {name}", run.label) };
                let mut one =
                    Series::line(&name, if alone { tone } else { "" }, if grid == 0 { "rate" } else { "count" }, points);
                if !alone {
                    one.tone = run_tone(n);
                }
                (one.line, one.grid) = (line, grid);
                series.push(one);
            }
        }
    }
    let two = series.iter().any(|one| one.grid == 1);
    let mut ys = vec![("rate", "calls a second")];
    ys.extend(two.then_some(("count", "calls at a time")));
    let lines = Lines {
        x: "clock",
        x_name: "time since the start",
        ys,
        log: false,
        log_x: false,
        series: &series,
        marks: stage_marks(runs),
        levels: Vec::new(),
    };
    let said = |run: &Run| {
        let most =
            run.timeline.bins.iter().max_by(|a, b| a.a_second(a.sent).total_cmp(&b.a_second(b.sent)).then(b.at.cmp(&a.at)));
        most.map(|bin| {
            format!("{}: at its busiest {}/s were sent, at {}", run.label, words::rate(bin.a_second(bin.sent)), clock(bin.at))
        })
    };
    Figure {
        id: "traffic".to_owned(),
        title: if two { "Planned, sent, done and in flight" } else { "Sent and done" }.to_owned(),
        alt: format!("Calls a second over time. {}.", runs.iter().filter_map(said).collect::<Vec<_>>().join("; ")),
        option: lines.option(),
        legend: legend(&series),
        choices: Vec::new(),
        table: traffic_table(runs),
    }
}

fn some(n: Option<u64>) -> String {
    n.map_or(words::NONE.to_owned(), words::count)
}

fn traffic_table(runs: &[Run]) -> Table {
    let head = ["run", "time", "stage", "#planned", "#sent", "#done", "#in flight", "#waiting"];
    let mut table = Table::new("traffic-times", "Calls; in flight and waiting are the most at the end of any second", &head);
    for run in runs {
        for bin in &run.timeline.bins {
            let stage = run.timeline.stages.iter().rev().find(|(at, _)| *at < bin.at + run.timeline.width);
            table.row(vec![
                run.label.clone(),
                stretch(&run.timeline, bin.at),
                stage.map_or(words::NONE, |(_, name)| name).to_owned(),
                some(bin.planned),
                words::count(bin.sent),
                words::count(bin.done),
                some(bin.in_flight),
                some(bin.waiting),
            ]);
        }
    }
    table
}

/// The generator's own lateness and CPU.
pub fn health(runs: &[Run]) -> Figure {
    let mut series = Vec::new();
    let lag: Of = |bin| bin.lag.map(|lag| lag.p99 as f64 / 1e3);
    let cpu: Of = |bin| bin.cpu_ms.map(|ms| bin.a_second(ms) / 10.0);
    for (n, run) in runs.iter().enumerate() {
        for (grid, name, tone, of) in [(0, "lag p99", "lag", lag), (1, "CPU", "cpu", cpu)] {
            let points = points(run, of);
            if points.iter().all(|(_, y)| y.is_none()) {
                continue;
            }
            let alone = runs.len() == 1;
            let name = if alone { name.to_owned() } else { format!("{} {name}", run.label) };
            let mut one = Series::line(&name, tone, if grid == 0 { "ms" } else { "percent" }, points);
            one.grid = grid;
            if !alone {
                one.tone = run_tone(n);
            }
            series.push(one);
        }
    }
    let mut ys = vec![("ms", "lag p99, ms")];
    ys.extend(series.iter().any(|one| one.grid == 1).then_some(("percent", "CPU, % of a core")));
    let tolerable =
        runs.iter().filter_map(|run| run.summary["generator"]["tolerable_lag_ms"].as_f64()).fold(f64::INFINITY, f64::min);
    let worst = runs.iter().filter_map(|run| run.timeline.bins.iter().filter_map(|bin| Some(bin.lag?.p99)).max()).max();
    // A limit far above everything that was seen would flatten the plot; the words say it.
    let near = worst.is_some_and(|us| us as f64 / 1e3 > tolerable / 4.0);
    let lines = Lines {
        x: "clock",
        x_name: "time since the start",
        ys,
        log: false,
        log_x: false,
        series: &series,
        marks: Vec::new(),
        levels: if near { vec![(tolerable, format!("{} ms could be tolerated", words::ms(tolerable)))] } else { Vec::new() },
    };
    Figure {
        id: "health-plot".to_owned(),
        title: "The generator's own lateness".to_owned(),
        alt: format!(
            "How late calls were made ready, which is the generator's own doing. The worst 99th percentile of any stretch is {}.",
            worst.map_or("not known".to_owned(), words::us)
        ),
        option: lines.option(),
        legend: legend(&series),
        choices: Vec::new(),
        table: health_table(runs),
    }
}

fn health_table(runs: &[Run]) -> Table {
    let head = ["run", "time", "#lag p50 ms", "#lag p99 ms", "#lag max ms", "#CPU ms"];
    let mut table = Table::new("health-times", "The generator, in the course of the run", &head);
    for run in runs {
        for bin in &run.timeline.bins {
            let ms = |us: u64| words::ms(us as f64 / 1e3);
            let lag = bin.lag.map_or([words::NONE; 3].map(str::to_owned), |lag| [ms(lag.p50), ms(lag.p99), ms(lag.max)]);
            let mut row = vec![run.label.clone(), stretch(&run.timeline, bin.at)];
            row.extend(lag);
            row.push(some(bin.cpu_ms));
            table.row(row);
        }
    }
    table
}
