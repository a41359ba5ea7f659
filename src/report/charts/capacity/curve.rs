//! The capacity curve: what a rate that is asked for comes to.
//!
//! Holds [`curve`]. Called by the sections. Three grids over the offered rate: what came of it, how long it took, what share was refused.
//! Each step is a point; the line goes through the steps whose verdict counts. The interval is a band, the knees are marks.

use super::{of_rates, stepped, verdict};
use crate::capacity::answer::overruled;
use crate::capacity::step::{Cause, Step, Verdict};
use crate::report::charts::{Lines, Series, legend, number, run_tone};
use crate::report::html::block::{Choice, Figure, Table};
use crate::report::model::search::Search;
use crate::report::words;
use serde_json::{Value, json};

/// Some number of a step, where it has it.
type Of = fn(&Search, &Step) -> Option<f64>;
/// Its name, its colour, its line, its unit and the grid it lies in.
type Kind = (&'static str, &'static str, &'static str, &'static str, usize, Of);

const KINDS: [Kind; 5] = [
    ("answered ok", "sent", "solid", "rate", 0, Search::answered),
    ("response p99", "response", "solid", "ms", 1, |_, step| step.p99_ms),
    ("response p50", "response", "dotted", "ms", 1, |_, step| step.p50_ms),
    ("throttled", "limit", "solid", "percent", 2, |_, step| Some(step.throttled * 100.0)),
    ("not ok", "service-tier", "dotted", "percent", 2, |_, step| Some(step.errors * 100.0)),
];

/// The curve of every search for a rate; nothing if no step was done.
pub fn curve(searches: &[Search]) -> Option<Figure> {
    let mut series = Vec::new();
    let alone = searches.len() == 1;
    for (n, search) in searches.iter().enumerate().filter(|(_, search)| !search.is_quota()) {
        let steps = by_rate(search);
        for (name, tone, line, unit, grid, of) in KINDS {
            if !alone && matches!(name, "not ok" | "response p50") {
                continue;
            }
            let name = if alone { name.to_owned() } else { format!("{} {name}", search.label) };
            let tone = if alone { tone.to_owned() } else { run_tone(n) };
            let counts = |step: &&&Step| step.verdict != Verdict::Invalid && !overruled(step, &search.kept.steps);
            let mut add = |width: f64, line: &'static str, steps: &mut dyn Iterator<Item = &Step>| {
                let mut one = Series::line(&name, &tone, unit, Vec::new());
                (one.grid, one.line, one.width) = (grid, line, width);
                let one = stepped(one, search, steps, |step| (step.rate, of(search, step)));
                series.extend((!one.points.is_empty()).then_some(one));
            };
            add(2.0, line, &mut steps.iter().filter(counts).copied());
            // What counts for nothing is shown, and no line goes through it.
            add(0.0, line, &mut steps.iter().filter(|step| !counts(step)).copied());
        }
    }
    if series.is_empty() {
        return None;
    }
    let mut rates: Vec<f64> = of_rates(searches).flat_map(|search| &search.kept.steps).map(|step| step.rate).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let mut offered = Series::line("offered", "planned", "rate", rates.iter().map(|rate| (*rate, Some(*rate))).collect());
    offered.line = "dashed";
    series.push(offered);
    let lines = Lines {
        x: "offered",
        x_name: "offered: calls a second that were due",
        ys: vec![("rate", "answered ok, a second"), ("ms", "response, milliseconds"), ("percent", "% of calls")],
        log: false,
        log_x: true,
        series: &series,
        marks: Vec::new(),
        levels: Vec::new(),
    };
    let mut option = lines.option();
    option["scales"] = json!("x");
    option["yAxis"][1]["type"] = json!("log");
    if let Some(all) = option["series"].as_array_mut() {
        all.extend(marks(searches, alone));
    }
    Some(Figure {
        id: "curve".to_owned(),
        title: "The capacity curve".to_owned(),
        alt: format!("What comes of a rate that is asked for. {}.", of_rates(searches).map(said).collect::<Vec<_>>().join("; ")),
        option,
        legend: legend(&series),
        choices: [("log", true), ("linear", false)]
            .map(|(does, on)| Choice { name: format!("{does} rate"), does: does.to_owned(), on })
            .to_vec(),
        table: table(searches),
    })
}

fn by_rate(search: &Search) -> Vec<&Step> {
    let mut steps: Vec<&Step> = search.kept.steps.iter().collect();
    steps.sort_by(|a, b| a.rate.total_cmp(&b.rate).then(a.n.cmp(&b.n)));
    steps
}

/// The band of the interval, and the marks of the knees, through all grids; each has its name in the grid where it is seen.
fn marks(searches: &[Search], alone: bool) -> Vec<Value> {
    let mut out = Vec::new();
    for (n, search) in searches.iter().enumerate() {
        let Some(answer) = &search.kept.answer else { continue };
        let row = out.len() / 3;
        for grid in 0..3 {
            let mut lines = Vec::new();
            let mut mark = |at: f64, what: &str, tone: &str, line: &str, home: usize| {
                let whose = if alone { String::new() } else { format!("{}: ", search.label) };
                let name = if grid == home { format!("{whose}{what} {}", words::per_second(at)) } else { String::new() };
                let tone = if alone { tone.to_owned() } else { run_tone(n) };
                lines.push(json!({ "xAxis": number(at), "name": name, "tone": tone, "line": line, "row": row }));
            };
            answer.rate.iter().for_each(|rate| mark(*rate, "holds", "in-flight", "solid", 0));
            for knee in &answer.knees {
                let (name, tone, line, home) = match knee.cause {
                    Cause::Throttle => ("throttle knee", "limit", "dashed", 2),
                    Cause::Latency => ("latency knee", "response", "dotted", 1),
                    Cause::Errors => ("errors knee", "service-tier", "dashed", 0),
                };
                mark(knee.breaks, name, tone, line, home);
            }
            // Where something was decided on both sides.
            let tone = if alone { "in-flight".to_owned() } else { run_tone(n) };
            let ends = answer.low.zip(answer.high);
            let band = ends.map(|(low, high)| json!([{ "xAxis": number(low), "tone": tone }, { "xAxis": number(high) }]));
            let band: Vec<Value> = band.into_iter().collect();
            out.push(json!({
                "type": "line", "name": "marks", "tone": "planned", "unit": "rate", "xAxisIndex": grid, "yAxisIndex": grid, "data": [],
                "markLine": { "data": lines }, "markArea": { "data": band },
            }));
        }
    }
    out
}

fn said(search: &Search) -> String {
    let Some(answer) = &search.kept.answer else { return format!("{}: the search is not over", search.label) };
    let holds = answer.rate.map_or("no rate holds".to_owned(), |rate| format!("{} holds", words::per_second(rate)));
    let knees =
        answer.knees.iter().map(|knee| format!(", the {} knee is at {}", knee.cause.name(), words::per_second(knee.breaks)));
    format!("{}: {holds}{}", search.label, knees.collect::<String>())
}

fn table(searches: &[Search]) -> Table {
    let head =
        ["run", "#offered", "#answered ok", "#response p50 ms", "#response p99 ms", "#throttled", "#not ok", "#step", "verdict"];
    let mut table = Table::new("curve-points", "The steps by their rate", &head);
    let ms = |ms: Option<f64>| ms.map_or(words::NONE.to_owned(), words::ms);
    for search in of_rates(searches) {
        for step in by_rate(search) {
            table.row(vec![
                search.label.clone(),
                words::per_second(step.rate),
                search.answered(step).map_or(words::NONE.to_owned(), words::per_second),
                ms(step.p50_ms),
                ms(step.p99_ms),
                words::percent(step.throttled),
                words::percent(step.errors),
                step.n.to_string(),
                verdict(step, search),
            ]);
        }
    }
    table
}
