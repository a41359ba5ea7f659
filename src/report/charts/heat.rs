//! The heat map: how many calls took how long, in the course of time.
//!
//! Holds [`heat`]. Called by the sections, once a run. Columns are the timeline's bins, rows the bands of latency; the colour grows with the
//! logarithm of the count, so that a few slow calls are seen beside thousands of quick ones.

use super::{clock, number, of_run, stretch};
use crate::report::html::block::{Choice, Figure, Table};
use crate::report::model::Run;
use crate::report::model::heat::{Bands, edge_us};
use crate::report::model::timeline::{Bin, Timeline};
use crate::report::words;
use crate::stats::recorder::Metric;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The calls of a bin, of one metric, by their band.
type Of = fn(&Bin) -> &Bands;

/// The heat map of a run. `n` is its place among several, 0 if it is alone.
pub fn heat(run: &Run, n: usize) -> Figure {
    let timeline = &run.timeline;
    let kinds: [(Metric, Of); 2] = [(Metric::Response, |bin| &bin.response_bands), (Metric::Service, |bin| &bin.service_bands)];
    let all = timeline.bins.iter().flat_map(|bin| kinds.iter().flat_map(|(_, of)| of(bin).keys()));
    let (low, high) = all.fold((u32::MAX, 0), |(low, high), band| (low.min(*band), high.max(*band)));
    let rows: Vec<u32> = if low > high { Vec::new() } else { (low..=high).collect() };
    let cells = |of: Of| -> Vec<Value> {
        let column = |(x, bin): (usize, &Bin)| -> Vec<Value> {
            let cell = |(band, count): (&u32, &u64)| json!([x, band - low, number((*count as f64).log10()), count]);
            of(bin).iter().map(cell).collect()
        };
        timeline.bins.iter().enumerate().flat_map(column).collect()
    };
    let most = timeline.bins.iter().flat_map(|bin| kinds.iter().flat_map(|(_, of)| of(bin).values())).max().copied().unwrap_or(1);
    let sets: Vec<Value> = kinds.iter().map(|(_, of)| json!(cells(*of))).collect();
    let option = json!({
        "kind": "heat",
        "x": timeline.bins.iter().map(|bin| clock(bin.at)).collect::<Vec<_>>(),
        "stretches": timeline.bins.iter().map(|bin| stretch(timeline, bin.at)).collect::<Vec<_>>(),
        "edges": rows.iter().map(|band| edge_us(*band)).chain(rows.last().map(|band| edge_us(band + 1))).collect::<Vec<_>>(),
        "width": timeline.width, "low": rows.first().copied().unwrap_or(0),
        "most": number((most as f64).log10().max(0.301)),
        "sets": sets,
    });
    let choice = |(at, (metric, _)): (usize, &(Metric, Of))| Choice {
        name: metric.name().to_owned(),
        does: format!("set:{at}"),
        on: at == 0,
    };
    let id = if n == 0 { "heat".to_owned() } else { format!("heat-{n}") };
    Figure {
        title: format!("Every call, by when it ended and how long it took{}", of_run(run, n)),
        alt: format!("{}: {}", run.label, said(timeline)),
        option,
        legend: Vec::new(),
        choices: kinds.iter().enumerate().map(choice).collect(),
        table: bands_table(&id, run, n),
        id,
    }
}

fn said(timeline: &Timeline) -> String {
    let slowest = timeline
        .bins
        .iter()
        .filter_map(|bin| Some((bin.response?.max, bin.at)))
        .max_by_key(|(us, at)| (*us, std::cmp::Reverse(*at)));
    match slowest {
        None => "no call ended.".to_owned(),
        Some((us, at)) => format!("the slowest response, {}, ended at {}.", words::us(us), clock(at)),
    }
}

/// How many calls of the whole run lie in each band: what a reader of the map would add up along its rows.
fn bands_table(id: &str, run: &Run, n: usize) -> Table {
    let mut totals: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for bin in &run.timeline.bins {
        bin.response_bands.iter().for_each(|(band, n)| totals.entry(*band).or_default().0 += n);
        bin.service_bands.iter().for_each(|(band, n)| totals.entry(*band).or_default().1 += n);
    }
    let mut table = Table::new(
        &format!("{id}-bands"),
        &format!("Calls by how long they took, warm-up included{}", of_run(run, n)),
        &["#from ms", "#to ms", "#response", "#service"],
    );
    for (band, (response, service)) in totals {
        let edge = |band| words::ms(edge_us(band) as f64 / 1e3);
        table.row(vec![edge(band), edge(band + 1), words::count(response), words::count(service)]);
    }
    table
}
