//! Plots of how calls ended: classes over time, throttling and retries.
//!
//! Holds [`classes`] and [`pressure`]. Called by the sections.

use super::{Lines, Series, clock, legend, number, of_run, run_tone, stage_marks, stretch};
use crate::chime::class::{Class, Tier};
use crate::report::html::block::{Figure, Key, Table};
use crate::report::model::Run;
use crate::report::model::timeline::Bin;
use crate::report::words;
use serde_json::{Value, json};

/// The colour of a class: its tier's, and a place within it.
pub fn tone(class: Class) -> String {
    let tier = match class.tier() {
        Tier::Ok => "ok",
        Tier::Request => "request",
        Tier::Limit => "limit",
        Tier::Service => "service-tier",
        Tier::Transport => "transport",
        Tier::Auth => "auth",
        Tier::Generator => "generator",
    };
    tier.to_owned()
}

/// Every class of a run, stacked. `n` is the run's place among several.
pub fn classes(run: &Run, n: usize) -> Figure {
    let (timeline, classes) = (&run.timeline, run.timeline.classes());
    // What went well lies at the bottom, out of the way of what did not.
    let series: Vec<Value> = classes
        .iter()
        .map(|class| {
            let point = |bin: &Bin| number(bin.a_second(bin.classes.of(*class)));
            json!({ "type": "bar", "stack": "all", "name": class.name(), "tone": tone(*class), "unit": "rate", "barCategoryGap": "8%",
                    "large": false, "data": timeline.bins.iter().map(point).collect::<Vec<_>>() })
        })
        .collect();
    let option = json!({
        "kind": "bars", "x": timeline.bins.iter().map(|bin| clock(bin.at)).collect::<Vec<_>>(),
        "stretches": timeline.bins.iter().map(|bin| stretch(timeline, bin.at)).collect::<Vec<_>>(),
        "unit": "rate", "name": "calls a second", "width": timeline.width, "series": series,
    });
    let id = if n == 0 { "classes".to_owned() } else { format!("classes-{n}") };
    let heads: Vec<String> = classes.iter().map(|class| format!("#{}", class.name())).collect();
    let mut head = vec!["time"];
    head.extend(heads.iter().map(String::as_str));
    let mut table = Table::new(&format!("{id}-times"), &format!("Ends of calls, by the second{}", of_run(run, n)), &head);
    for bin in &timeline.bins {
        let mut row = vec![stretch(timeline, bin.at)];
        row.extend(classes.iter().map(|class| words::count(bin.classes.of(*class))));
        table.row(row);
    }
    let said: Vec<String> = classes
        .iter()
        .map(|class| format!("{} {}", class, words::count(run.total(|second| second.classes.of(*class)))))
        .collect();
    Figure {
        title: format!("How calls ended, over time{}", of_run(run, n)),
        alt: format!("{}: {}.", run.label, said.join(", ")),
        option,
        legend: classes
            .iter()
            .map(|class| Key { name: class.name().to_owned(), tone: tone(*class), line: "fill", on: true })
            .collect(),
        choices: Vec::new(),
        table,
        id,
    }
}

/// What was throttled, what was asked again, and what was let in.
pub fn pressure(runs: &[Run]) -> Figure {
    type Of = fn(&Bin) -> Option<f64>;
    let kinds: [(&str, &str, &str, Of); 3] = [
        ("throttled", "limit", "solid", |bin| Some(bin.a_second(bin.classes.of(Class::Throttled)))),
        ("asked again", "retried", "dashed", |bin| bin.retried.map(|n| bin.a_second(n))),
        ("let in", "ok", "dotted", |bin| Some(bin.a_second(bin.done.saturating_sub(bin.classes.of(Class::Throttled))))),
    ];
    let mut series = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        for (name, tone, line, of) in &kinds {
            let points: Vec<_> = run.timeline.bins.iter().map(|bin| (bin.at as f64, of(bin))).collect();
            if points.iter().all(|(_, y)| y.is_none()) {
                continue;
            }
            let alone = runs.len() == 1;
            let name = if alone { (*name).to_owned() } else { format!("{} {name}", run.label) };
            let mut one = Series::line(&name, tone, "rate", points);
            one.line = line;
            if !alone {
                one.tone = run_tone(n);
            }
            series.push(one);
        }
    }
    let lines = Lines {
        x: "clock",
        x_name: "time since the start",
        ys: vec![("rate", "calls a second")],
        log: false,
        log_x: false,
        series: &series,
        marks: stage_marks(runs),
        levels: Vec::new(),
    };
    let mut table = Table::new(
        "pressure-times",
        "Throttled and retried calls, by the second",
        &["run", "time", "#throttled", "#asked again", "#let in"],
    );
    for run in runs {
        for bin in &run.timeline.bins {
            let throttled = bin.classes.of(Class::Throttled);
            let again = bin.retried.map_or(words::NONE.to_owned(), words::count);
            let row = [
                run.label.clone(),
                stretch(&run.timeline, bin.at),
                words::count(throttled),
                again,
                words::count(bin.done.saturating_sub(throttled)),
            ];
            table.row(row.to_vec());
        }
    }
    let said = |run: &Run| {
        let first = run.seconds.iter().find(|second| second.classes.of(Class::Throttled) > 0);
        match first {
            None => format!("{}: nothing was throttled", run.label),
            Some(first) => format!("{}: the first call was throttled at {}", run.label, clock(first.at)),
        }
    };
    Figure {
        id: "pressure-plot".to_owned(),
        title: "Throttled, asked again, let in".to_owned(),
        alt: format!("{}.", runs.iter().map(said).collect::<Vec<_>>().join("; ")),
        option: lines.option(),
        legend: legend(&series),
        choices: Vec::new(),
        table,
    }
}
