//! How calls ended, and what was throttled.
//!
//! Holds [`classes`] and [`pressure`]. Called by the page.

use super::{section, which};
use crate::chime::class::Class;
use crate::report::charts;
use crate::report::charts::{clock, of_run};
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::Run;
use crate::report::words;
use serde_json::Value;

pub fn classes(runs: &[Run]) -> Section {
    let place = |n: usize| if runs.len() == 1 { 0 } else { n + 1 };
    let mut blocks = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        if runs.len() > 1 {
            blocks.push(Block::Head(run.label.clone()));
        }
        blocks.push(Block::Figure(charts::outcome::classes(run, place(n))));
        blocks.push(Block::Table(meanings(run, place(n))));
        blocks.extend(faults(run, place(n)).map(Block::Table));
    }
    section(
        "outcomes",
        "How calls ended",
        "Every call ends in one class. What each means, and what to do about it, stands beneath.",
        blocks,
    )
}

fn suffixed(id: &str, n: usize) -> String {
    if n == 0 { id.to_owned() } else { format!("{id}-{n}") }
}

fn meanings(run: &Run, n: usize) -> Table {
    let head = ["class", "#calls", "#share", "what it means", "what to do"];
    let mut table = Table::new(&suffixed("class-meanings", n), &format!("Classes{}", of_run(run, n)), &head);
    let classes = run.timeline.classes();
    let total: u64 = classes.iter().map(|class| run.total(|second| second.classes.of(*class))).sum();
    for class in classes {
        let calls = run.total(|second| second.classes.of(class));
        let remedy = if class == Class::Ok { words::NONE } else { class.remedy() };
        let cells = [class.name(), &words::count(calls), &words::share(calls, total), class.what(), remedy];
        table.row(cells.map(str::to_owned).to_vec());
    }
    table
}

/// Codes, messages and request ids: examples, which are what somebody at AWS asks for.
fn faults(run: &Run, n: usize) -> Option<Table> {
    // A load's errors stand by themselves, provisioning's among all its classes.
    let errors = run.summary.get("errors").unwrap_or(&run.summary["classes"]);
    let mut table = Table::new(
        &suffixed("faults", n),
        &format!("Examples of what went wrong, calls about meetings included{}", of_run(run, n)),
        &["class", "code", "#calls", "what the service said", "request ids"],
    );
    for (class, told) in errors.as_object().into_iter().flatten() {
        for (code, kind) in told["codes"].as_object().into_iter().flatten() {
            let list = |of: &Value| super::strings(of).join(", ");
            let or_none = |text: String| if text.is_empty() { words::NONE.to_owned() } else { text };
            let calls = words::count(kind["count"].as_u64().unwrap_or(0));
            table.row(vec![
                class.clone(),
                code.clone(),
                calls,
                or_none(list(&kind["messages"])),
                or_none(list(&kind["request_ids"])),
            ]);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

pub fn pressure(runs: &[Run]) -> Section {
    let mut said = Vec::new();
    for run in runs {
        let throttled = run.total(|second| second.classes.of(Class::Throttled));
        let which = which(run, runs);
        if throttled == 0 {
            said.push(format!("{which}Nothing was throttled."));
        } else {
            let first = run.seconds.iter().find(|second| second.classes.of(Class::Throttled) > 0).map_or(0, |second| second.at);
            let of = run.total(|second| second.done);
            let calls = words::count(throttled);
            said.push(format!(
                "{which}{calls} calls were throttled, {} of all that ended; the first at {}.",
                words::share(throttled, of),
                clock(first)
            ));
        }
        if run.seconds.iter().any(|second| second.retried.is_some()) {
            let retried = run.total(|second| second.retried.unwrap_or(0));
            said.push(format!(
                "{which}{} were asked again.",
                if retried == 0 { "No calls".to_owned() } else { words::counted(retried, "call", "calls") }
            ));
        }
    }
    let lead =
        "Throttling is the service saying \"slower\" (HTTP 429). What was let in beside it is the rate that the account has.";
    // A plot of nothing says less than the words.
    let any = runs.iter().any(|run| run.total(|second| second.classes.of(Class::Throttled) + second.retried.unwrap_or(0)) > 0);
    let figure = any.then(|| Block::Figure(charts::outcome::pressure(runs)));
    section("pressure", "Throttling and retries", lead, std::iter::once(Block::Words(said)).chain(figure).collect())
}
