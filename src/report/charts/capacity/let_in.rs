//! What was let in and what was throttled, in the course of time.
//!
//! Holds [`let_in`]. Called by the sections, for searches that were throttled at all.

use crate::chime::class::Class;
use crate::report::charts::{Lines, Series, legend, run_tone, stretch};
use crate::report::html::block::{Figure, Table};
use crate::report::model::search::Search;
use crate::report::model::timeline::Bin;
use crate::report::words;

/// Calls of a bin that were let in: those that ended as something else than throttled.
fn let_in_of(bin: &Bin) -> u64 {
    bin.done.saturating_sub(throttled(bin))
}

fn throttled(bin: &Bin) -> u64 {
    bin.classes.of(Class::Throttled)
}

/// What is drawn: its name, its colour, its line, and how many calls of a bin it is.
type Kind = (&'static str, &'static str, &'static str, fn(&Bin) -> u64);

const KINDS: [Kind; 2] = [("let in", "ok", "solid", let_in_of), ("throttled", "limit", "dashed", throttled)];

/// Whether any call of it was throttled, as far as its series says.
pub fn was_throttled(search: &Search) -> bool {
    search.seconds.iter().any(|second| second.classes.of(Class::Throttled) > 0)
}

/// The plot; nothing if nothing was throttled.
pub fn let_in(searches: &[Search]) -> Option<Figure> {
    let mut series = Vec::new();
    let alone = searches.len() == 1;
    let mut table =
        Table::new("let-in-times", "Calls by the second in which they ended", &["run", "time", "#sent", "#let in", "#throttled"]);
    for (n, search) in searches.iter().enumerate().filter(|(_, search)| was_throttled(search)) {
        for (name, tone, line, of) in KINDS {
            let points = search.timeline.bins.iter().map(|bin| (bin.at as f64, Some(bin.a_second(of(bin))))).collect();
            let (name, tone) =
                if alone { (name.to_owned(), tone.to_owned()) } else { (format!("{} {name}", search.label), run_tone(n)) };
            let mut one = Series::line(&name, &tone, "rate", points);
            one.line = line;
            series.push(one);
        }
        for bin in &search.timeline.bins {
            let counts = [bin.sent, let_in_of(bin), throttled(bin)].map(words::count);
            table.row([vec![search.label.clone(), stretch(&search.timeline, bin.at)], counts.to_vec()].concat());
        }
    }
    if series.is_empty() {
        return None;
    }
    let bucket = match searches {
        [search] => search.bucket(),
        _ => None,
    };
    let lines = Lines {
        x: "clock",
        x_name: "time since the start",
        ys: vec![("rate", "calls a second")],
        log: false,
        log_x: false,
        series: &series,
        marks: Vec::new(),
        levels: bucket.iter().map(|(rate, _)| (*rate, format!("the quota: {}", words::per_second(*rate)))).collect(),
    };
    let said = |search: &Search| {
        let throttled: u64 = search.seconds.iter().map(|second| second.classes.of(Class::Throttled)).sum();
        format!("{}: {} throttled", search.label, words::counted(throttled, "call was", "calls were"))
    };
    Some(Figure {
        id: "let-in".to_owned(),
        title: "Let in and throttled, over time".to_owned(),
        alt: format!("{}.", searches.iter().map(said).collect::<Vec<_>>().join("; ")),
        option: lines.option(),
        legend: legend(&series),
        choices: Vec::new(),
        table,
    })
}
