//! Thresholds, stages, calls, and the generator itself.
//!
//! Holds a function a section. Called by the page.

use super::{section, which};
use crate::report::charts;
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::{Kind, Run};
use crate::report::words;
use crate::stats::recorder::Metric;
use serde_json::Value;

pub fn thresholds(runs: &[Run]) -> Section {
    let mut table = Table::new("thresholds", "What the run was held to", &["run", "threshold", "verdict", "#measured"]);
    for run in runs {
        for threshold in run.summary["thresholds"].as_array().into_iter().flatten() {
            let check = threshold["check"].as_str().unwrap_or(words::NONE);
            let verdict = threshold["verdict"].as_str().unwrap_or(words::NONE);
            table.row(vec![
                run.label.clone(),
                check.to_owned(),
                verdict.to_owned(),
                measured(check, threshold["value"].as_f64()),
            ]);
        }
    }
    let blocks = match table.rows.is_empty() {
        true => vec![Block::Words(vec!["The scenario states no threshold.".to_owned()])],
        false => vec![Block::Table(table)],
    };
    let lead = "A threshold without data is no pass. One that is doubtful fails by no more than the generator itself was late.";
    section("thresholds-section", "Thresholds", lead, blocks)
}

/// What was measured, in the unit of the check.
pub fn measured(check: &str, value: Option<f64>) -> String {
    let latency = Metric::ALL.iter().any(|metric| check.starts_with(metric.name()));
    match value {
        None => words::NONE.to_owned(),
        Some(value) if latency => format!("{} ms", words::ms(value)),
        Some(value) if check.contains(".count") => format!("{value}"),
        Some(value) => format!("{:.2} %", value * 100.0),
    }
}

pub fn stages(runs: &[Run]) -> Section {
    let mut blocks = Vec::new();
    for (name, key, id) in [("stage", "stages", "stages"), ("call", "operations", "calls")] {
        let caption = if key == "stages" {
            "By stage; latencies in milliseconds"
        } else {
            "By call, without warm-up; latencies in milliseconds"
        };
        let head = [
            "run",
            name,
            "#planned/s",
            "#achieved/s",
            "#planned",
            "#done",
            "#not ok",
            "#dropped",
            "#response p50",
            "#response p99",
            "#service p50",
            "#service p99",
        ];
        let mut table = Table::new(id, caption, &head);
        for run in runs {
            for part in run.summary[key].as_array().into_iter().flatten() {
                table.row(part_row(run, part));
            }
        }
        if !table.rows.is_empty() {
            blocks.push(Block::Table(table));
        }
    }
    section(
        "stages-section",
        "Stages and calls",
        "What each stage of the scenario came to. Warm-up is shown, and counts in no verdict.",
        blocks,
    )
}

fn part_row(run: &Run, part: &Value) -> Vec<String> {
    let warmup = if part["warmup"] == true { " (warm-up)" } else { "" };
    let rate = |name: &str| part["rate"][name].as_f64().map_or(words::NONE.to_owned(), words::rate);
    let count = |name: &str| words::count(part[name].as_u64().unwrap_or(0));
    let latency = |metric: &str, p: &str| part["latency_ms"][metric][p].as_f64().map_or(words::NONE.to_owned(), words::ms);
    let classes = part["classes"].as_object().into_iter().flatten();
    let failed: u64 =
        classes.filter(|(class, _)| !matches!(class.as_str(), "ok" | "dropped")).filter_map(|(_, n)| n.as_u64()).sum();
    vec![
        run.label.clone(),
        format!("{}{warmup}", part["name"].as_str().unwrap_or(words::NONE)),
        rate("planned"),
        rate("achieved"),
        count("planned"),
        count("done"),
        words::count(failed),
        count("dropped"),
        latency("response", "p50"),
        latency("response", "p99"),
        latency("service", "p50"),
        latency("service", "p99"),
    ]
}

pub fn generator(runs: &[Run]) -> Section {
    let mut table = Table::new("generator", "The generator", &["run", "what", "#measured"]);
    let mut said = Vec::new();
    for run in runs {
        let lag = run.whole.of(Metric::Lag);
        let own = &run.summary["generator"];
        let tolerable = own["tolerable_lag_ms"].as_f64();
        let p99 = words::us(lag.value_at_quantile(0.99));
        let which = which(run, runs);
        said.extend(match tolerable {
            Some(tolerable) if lag.value_at_quantile(0.99) as f64 / 1e3 > tolerable => {
                Some(format!("{which}The generator was late by {p99} (p99), more than the {} ms that can be tolerated: its latencies are in doubt.", words::ms(tolerable)))
            }
            Some(tolerable) => Some(format!("{which}The generator was late by {p99} (p99), of {} ms that could be tolerated: the latencies are the service's.", words::ms(tolerable))),
            None => None,
        });
        let mut row = |what: &str, value: Option<String>| {
            if let Some(value) = value {
                table.row(vec![run.label.clone(), what.to_owned(), value]);
            }
        };
        row("lag p50", Some(words::us(lag.value_at_quantile(0.5))));
        row("lag p99", Some(p99));
        row("lag max", Some(words::us(lag.max())));
        row("lag that can be tolerated", tolerable.map(|ms| format!("{} ms", words::ms(ms))));
        row("lanes", own["lanes"].as_u64().map(words::count));
        row("CPU, of a core a lane", own["cpu_share"].as_f64().map(|share| format!("{:.1} %", share * 100.0)));
        row("CPU a call", own["cpu_us_a_call"].as_f64().map(|us| format!("{us:.1} µs")));
        row("memory at its most", own["memory"].as_u64().map(words::bytes));
        let wire = &run.summary["traffic"];
        row("connections opened", wire["connections_opened"].as_u64().map(words::count));
        row("connections used again", wire["connections_reused"].as_u64().map(words::count));
        row("mean time to connect", wire["connect_us_mean"].as_u64().map(words::us));
        row("bytes out", wire["bytes_out"].as_u64().map(words::bytes));
        row("bytes in", wire["bytes_in"].as_u64().map(words::bytes));
        row("times without a descriptor or port", wire["out_of_descriptors"].as_u64().map(words::count));
        let meetings = &run.summary["meetings"];
        row("meetings made", meetings["made"].as_u64().map(words::count));
        row("meetings deleted", meetings["deleted"].as_u64().map(words::count));
        let left = super::strings(&meetings["left_over"]);
        if !left.is_empty() {
            said.push(format!("{which}Meetings that may still be there, to be deleted by hand: {}.", left.join(", ")));
        }
    }
    let lead = match runs[0].kind {
        Kind::Load => {
            "An instrument that is slow itself measures itself. Lag is how late a call was made ready, which is the generator's doing alone."
        }
        Kind::Provision => "Lag is how late a request was made ready, which is headcount's doing alone.",
    };
    let blocks = vec![Block::Words(said), Block::Figure(charts::load::health(runs)), Block::Table(table)];
    section("generator-section", "The generator's own health", lead, blocks)
}
