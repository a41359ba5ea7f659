//! What comes first: the verdict and why, the numbers to look at, several runs side by side.
//!
//! Holds [`verdict`], [`tiles`], [`side_by_side`], [`title`] and [`subtitle`]. Called by the page.

use super::{section, sentence, strings};
use crate::chime::class::Class;
use crate::report::charts::seats::ready_at;
use crate::report::html::block::{Block, Section, Table, Tile, Verdict};
use crate::report::model::quota::Use;
use crate::report::model::{Kind, Run};
use crate::report::words;
use crate::stats::recorder::Metric;

pub fn title(runs: &[Run]) -> String {
    let [run] = runs else { return format!("{} runs side by side", runs.len()) };
    match run.kind {
        Kind::Load => format!("Load test: {}", run.summary["name"].as_str().unwrap_or(&run.label)),
        Kind::Provision => format!("Provisioning: {}", run.label),
    }
}

pub fn subtitle(runs: &[Run]) -> String {
    let [run] = runs else { return runs.iter().map(|run| run.label.as_str()).collect::<Vec<_>>().join(", ") };
    let text = |name: &str| run.manifest[name].as_str();
    let when = text("started").or(text("time")).map(|time| time.chars().take(19).collect::<String>().replace('T', " ") + " UTC");
    let model = run.summary["model"].as_str().map(|model| format!("{model} load"));
    let lasted = words::span(run.summary["seconds"].as_f64().unwrap_or_default());
    let parts = [model, Some(lasted), text("endpoint").map(str::to_owned), text("region").map(str::to_owned), when];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

pub fn verdict(run: &Run, several: bool) -> Verdict {
    let (look, word, why, more) = match run.kind {
        Kind::Load => load(run),
        Kind::Provision => provision(run),
    };
    let mut more = more;
    if run.unread > 0 {
        more.push(format!(
            "{} of the run's logs could not be read and are in no number here",
            words::counted(run.unread, "line", "lines")
        ));
    }
    Verdict { look, word, label: several.then(|| run.label.clone()), why, more }
}

fn load(run: &Run) -> (&'static str, String, String, Vec<String>) {
    let mut reasons = strings(&run.summary["reasons"]);
    let ending = run.summary["ending"].as_str().unwrap_or(words::NONE);
    let verdict = run.summary["verdict"].as_str().unwrap_or(words::NONE);
    let look = match verdict {
        "pass" => "pass",
        "fail" => "fail",
        _ => "invalid",
    };
    let checks: Vec<&str> =
        run.summary["thresholds"].as_array().into_iter().flatten().filter_map(|t| t["check"].as_str()).collect();
    for reason in &mut reasons {
        let of = checks.iter().filter_map(|check| Some((*check, reason.strip_prefix(check)?.strip_prefix(": ")?)));
        if let Some((check, said)) = of.max_by_key(|(check, _)| check.len()) {
            *reason = format!("the threshold {check} does not hold: {said}");
        }
    }
    let why = if reasons.is_empty() { holds(run, checks.len()) } else { reasons.remove(0) };
    let mut more: Vec<String> = reasons.iter().map(|reason| sentence(reason)).collect();
    if ending != "finished" {
        more.insert(0, sentence(&format!("the run ended before its time: {ending}")));
    }
    more.extend(strings(&run.summary["notes"]).iter().map(|note| sentence(note)));
    (look, verdict.to_uppercase(), sentence(&why), more)
}

/// Why a run has passed.
fn holds(run: &Run, thresholds: usize) -> String {
    let response = run.whole.of(Metric::Response);
    let p99 = if response.is_empty() {
        String::new()
    } else {
        format!(", and response p99 was {}", words::us(response.value_at_quantile(0.99)))
    };
    match thresholds {
        0 => format!("the run was held to no threshold{p99}"),
        1 => format!("the one threshold holds{p99}"),
        n => format!("all {n} thresholds hold{p99}"),
    }
}

fn provision(run: &Run) -> (&'static str, String, String, Vec<String>) {
    let count = |name: &str| run.summary["counts"][name].as_u64().unwrap_or(0);
    let (rows, with) = (count("rows"), count("provisioned") + count("duplicate"));
    let ending = run.summary["ending"].as_str().unwrap_or(words::NONE);
    let (look, word) = match (ending, with == rows) {
        ("finished", true) => ("pass", "COMPLETE"),
        ("finished", false) => ("fail", "FINISHED, WITH GAPS"),
        _ => ("invalid", "INCOMPLETE"),
    };
    let why = match rows - with.min(rows) {
        0 => format!("every one of {} has a token", words::counted(rows, "row", "rows")),
        left => format!(
            "{} of {} have a token, {} {} none",
            words::count(with),
            words::counted(rows, "row", "rows"),
            words::count(left),
            if left == 1 { "has" } else { "have" }
        ),
    };
    let mut more = Vec::new();
    if ending != "finished" {
        let reason = run.summary["reason"].as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
        more.push(format!("The run ended as {ending}{reason}: the same command goes on where it stopped."));
    }
    let void = run.summary["void"].as_u64().unwrap_or(0);
    if void > 0 {
        more.push(format!(
            "{} had a token in a meeting that has ended since: those tokens are void.",
            words::counted(void, "row", "rows")
        ));
    }
    let differs = run.summary["differs"].as_u64().unwrap_or(0);
    if differs > 0 {
        more.push(format!("{} granted other capabilities than asked.", words::counted(differs, "row was", "rows were")));
    }
    (look, word.to_owned(), sentence(&why), more)
}

pub(super) fn tile(name: &str, value: String, note: String) -> Tile {
    Tile { name: name.to_owned(), value, note }
}

pub fn tiles(run: &Run) -> Vec<Tile> {
    let p = |metric, q| words::us(run.whole.of(metric).value_at_quantile(q));
    let latency = |metric: Metric, name: &str| {
        (!run.whole.of(metric).is_empty()).then(|| tile(name, p(metric, 0.99), format!("p50 {}", p(metric, 0.5))))
    };
    let ok = run.total(|second| second.classes.of(Class::Ok));
    let done = run.total(|second| second.done);
    let answered = tile("Answered well", words::share(ok, done), format!("{} of {} calls", words::count(ok), words::count(done)));
    let used = Use::of(&run.seconds);
    let busiest =
        tile("Busiest ten seconds", format!("{}/s", words::rate(used.peak_sustained)), "requests sent, on average".to_owned());
    match run.kind {
        Kind::Load => {
            let achieved = run.summary["rate"]["achieved"].as_f64();
            let planned = run.summary["rate"]["planned"].as_f64();
            let note =
                planned.map_or("no rate is planned".to_owned(), |planned| format!("of {}/s planned", words::rate(planned)));
            let rate = tile("Achieved", achieved.map_or(words::NONE.to_owned(), |rate| format!("{}/s", words::rate(rate))), note);
            [
                Some(answered),
                Some(rate),
                latency(Metric::Response, "Response p99"),
                latency(Metric::Service, "Service p99"),
                Some(busiest),
            ]
            .into_iter()
            .flatten()
            .collect()
        }
        Kind::Provision => {
            let count = |name: &str| run.summary["counts"][name].as_u64().unwrap_or(0);
            let with = count("provisioned") + count("duplicate");
            let ready = ready_at(run, 95)
                .map(|at| tile("95 % of seats ready", words::span(at as f64), "from the first request on".to_owned()));
            let rows =
                tile("Rows with a token", words::count(with), format!("of {}", words::counted(count("rows"), "row", "rows")));
            [Some(rows), ready, Some(answered), latency(Metric::Token, "Time to token p99"), Some(busiest)]
                .into_iter()
                .flatten()
                .collect()
        }
    }
}

/// Several runs, a run a column.
pub fn side_by_side(runs: &[Run]) -> Option<Section> {
    if runs.len() < 2 {
        return None;
    }
    let mut head = vec!["what".to_owned()];
    head.extend(runs.iter().map(|run| format!("#{}", run.label)));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut table = Table::new("side-by-side", "The runs, number by number", &head);
    let mut row = |name: &str, of: &dyn Fn(&Run) -> String| {
        table.row(std::iter::once(name.to_owned()).chain(runs.iter().map(of)).collect());
    };
    row("verdict", &|run| verdict(run, false).word);
    row("lasted", &|run| words::span(run.summary["seconds"].as_f64().unwrap_or_default()));
    row("sent", &|run| words::count(run.total(|second| second.sent)));
    row("done", &|run| words::count(run.total(|second| second.done)));
    row("answered well", &|run| words::share(run.total(|second| second.classes.of(Class::Ok)), run.total(|second| second.done)));
    row("throttled", &|run| words::count(run.total(|second| second.classes.of(Class::Throttled))));
    row("busiest ten seconds, a second", &|run| words::rate(Use::of(&run.seconds).peak_sustained));
    for metric in [Metric::Response, Metric::Service, Metric::Token] {
        for (name, q) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
            let value = |run: &Run| {
                let histogram = run.whole.of(metric);
                if histogram.is_empty() { words::NONE.to_owned() } else { words::ms(histogram.value_at_quantile(q) as f64 / 1e3) }
            };
            row(&format!("{} {name}, ms", metric.name()), &value);
        }
    }
    row("95 % of seats ready after", &|run| ready_at(run, 95).map_or(words::NONE.to_owned(), |at| words::span(at as f64)));
    Some(section(
        "side-by-side-section",
        "Side by side",
        "The same numbers of every run. Whether a difference is more than chance, this table does not say: headcount compare does.",
        vec![Block::Table(table)],
    ))
}
