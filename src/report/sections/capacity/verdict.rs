//! What comes first of a search: its answer and why, the numbers to look at, several searches side by side.
//!
//! Holds [`verdict`], [`tiles`], [`side_by_side`], [`title`] and [`subtitle`]. Called by the page.

use crate::capacity::answer::{Answer, Ending, Knee};
use crate::capacity::quota::Found;
use crate::capacity::search::bounds;
use crate::capacity::step::{Cause, Kind, Step, Verdict as Came};
use crate::report::html::block::{Block, Section, Table, Tile, Verdict};
use crate::report::model::search::Search;
use crate::report::sections::verdict::tile;
use crate::report::sections::{section, sentence};
use crate::report::words;

pub fn title(searches: &[Search]) -> String {
    match searches {
        [search] if search.is_quota() => format!("Quota: {}", search.kept.name),
        [search] => format!("Capacity: {}", search.kept.name),
        _ => format!("{} searches side by side", searches.len()),
    }
}

pub fn subtitle(searches: &[Search]) -> String {
    let [search] = searches else {
        return searches.iter().map(|search| search.label.as_str()).collect::<Vec<_>>().join(", ");
    };
    let when = search.manifest["started"].as_str();
    let when = when.map(|time| time.chars().take(19).collect::<String>().replace('T', " ") + " UTC");
    let steps = search.kept.steps.len() as u64;
    let steps = (steps > 0).then(|| words::counted(steps, "step", "steps"));
    [steps, Some(search.kept.target.clone()), when].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

pub fn verdict(search: &Search, several: bool) -> Verdict {
    let (look, word, why, mut more) = match (search.is_quota(), &search.kept.answer) {
        (true, _) => quota(search.kept.quota),
        (false, Some(answer)) => answered(search, answer),
        (false, None) => unfinished(search),
    };
    if search.unread > 0 {
        more.push(format!("{} of the logs could not be read", words::counted(search.unread, "line", "lines")));
    }
    Verdict {
        look,
        word: word.to_owned(),
        label: several.then(|| search.label.clone()),
        why: sentence(&why),
        more: more.iter().map(|more| sentence(more)).collect(),
    }
}

type Said = (&'static str, &'static str, String, Vec<String>);

fn unfinished(search: &Search) -> Said {
    let bounds = bounds(&search.kept.steps);
    let at = |rate: f64| words::per_second(rate);
    let so_far = match (bounds.holds, bounds.breaks) {
        (Some(holds), Some(breaks)) => format!("so far {} holds and {} does not", at(holds), at(breaks)),
        (Some(holds), None) => format!("so far {} holds", at(holds)),
        (None, Some(breaks)) => format!("so far {} does not hold", at(breaks)),
        (None, None) => "no step has come to a verdict".to_owned(),
    };
    let why = format!("the search is not over, and is gone on with by the same command; {so_far}");
    ("invalid", "INCOMPLETE", why, Vec::new())
}

/// What happens beyond a knee.
fn beyond(cause: Cause) -> &'static str {
    match cause {
        Cause::Throttle => "it throttles",
        Cause::Latency => "answers come too late",
        Cause::Errors => "calls fail",
    }
}

/// The knees, the lowest first.
fn by_rate(answer: &Answer) -> Vec<&Knee> {
    let mut knees: Vec<&Knee> = answer.knees.iter().collect();
    knees.sort_by(|a, b| a.breaks.total_cmp(&b.breaks));
    knees
}

/// The interval in a few words.
pub fn interval(answer: &Answer) -> String {
    let number = |rate: f64| words::per_second(rate).trim_end_matches("/s").to_owned();
    let sure = format!("{:.0} %", answer.confidence * 100.0);
    match (answer.low, answer.high) {
        (Some(low), Some(high)) => format!("{} to {}, {sure}", number(low), number(high)),
        (Some(low), None) => format!("at least {}, {sure}", number(low)),
        (None, Some(high)) => format!("at most {}, {sure}", number(high)),
        (None, None) => "without an interval: nothing was decided".to_owned(),
    }
}

fn answered(search: &Search, answer: &Answer) -> Said {
    let knees = by_rate(answer);
    let breaks = |knee: &Knee| format!("the check {} breaks at {}", knee.check, words::per_second(knee.breaks));
    let then = knees.first().map(|knee| format!("{}: {}", beyond(knee.cause), breaks(knee)));
    let holds = answer.rate.map_or("no rate is known to hold".to_owned(), |rate| {
        let surely = if answer.confirmed { "" } else { " as far as was tried" };
        format!("the service holds {}{surely} ({})", words::per_second(rate), interval(answer))
    });
    let (look, word, why) = match answer.ending {
        Ending::Found => {
            ("pass", "CAPACITY", format!("{holds}{}", then.map(|then| format!("; beyond it {then}")).unwrap_or_default()))
        }
        Ending::NoneHolds => {
            ("fail", "NO CAPACITY", format!("no rate holds{}", then.map(|then| format!(": {then}")).unwrap_or_default()))
        }
        Ending::Ceiling => ("pass", "CAPACITY", format!("{holds}, the highest rate that was allowed: it did not break")),
        Ending::Generator => {
            ("invalid", "INVALID", format!("{holds}; beyond it this machine was the bound, so the service may hold more"))
        }
        Ending::Budget => (
            "invalid",
            "INCOMPLETE",
            format!("{holds}; the calls that were allowed are used up, and the same command goes on with more of them"),
        ),
        Ending::Unsteady => ("invalid", "INVALID", format!("{holds}; the service did not stay the same for long enough to tell")),
    };
    let mut more = Vec::new();
    if matches!(answer.ending, Ending::Found | Ending::NoneHolds) {
        more.extend(knees.iter().skip(1).map(|knee| format!("{}: {}", beyond(knee.cause), breaks(knee))));
    } else {
        more.extend(knees.iter().map(|knee| format!("{}: {}", beyond(knee.cause), breaks(knee))));
    }
    let invalid = search.kept.steps.iter().filter(|step| step.verdict == Came::Invalid).count() as u64;
    if invalid > 0 {
        let steps = words::counted(invalid, "step counts", "steps count");
        more.push(format!("{steps} for nothing: invalid, because the generator may have made the difference"));
    }
    (look, word, why, more)
}

fn quota(found: Option<Found>) -> Said {
    let Some(found) = found else {
        return ("invalid", "INCOMPLETE", "the quota is not found yet; the same command looks again".to_owned(), Vec::new());
    };
    let calls = words::counted(found.calls, "call", "calls");
    let more = vec![format!("{} of {calls} were throttled, in {}", words::count(found.throttled), words::span(found.seconds))];
    let (look, word, why) = match found.bucket {
        Some(bucket) if found.sure => (
            "pass",
            "QUOTA",
            format!("the account's quota lets {} in, with a burst of {:.0}", words::per_second(bucket.rate), bucket.burst),
        ),
        Some(bucket) => (
            "invalid",
            "INCOMPLETE",
            format!(
                "the account's quota lets about {} in, with a burst of about {:.0}; more calls would tell it better",
                words::per_second(bucket.rate),
                bucket.burst
            ),
        ),
        None if found.throttled == 0 => {
            ("pass", "NO QUOTA", format!("nothing was throttled, with at most {} in one second", words::count(found.peak)))
        }
        None => ("invalid", "INCOMPLETE", "too few calls were sent to tell the quota".to_owned()),
    };
    (look, word, why, more)
}

pub fn tiles(search: &Search) -> Vec<Tile> {
    if let Some(found) = search.kept.quota {
        let mut tiles = Vec::new();
        if let Some(bucket) = found.bucket {
            let sure = if found.sure { "to a few percent" } else { "roughly" };
            tiles.push(tile("Quota, rate", words::per_second(bucket.rate), sure.to_owned()));
            tiles.push(tile("Quota, burst", format!("{:.0}", bucket.burst), "calls at once, roughly".to_owned()));
        }
        tiles.push(tile(
            "Throttled",
            words::share(found.throttled, found.calls),
            format!("of {} calls", words::count(found.calls)),
        ));
        tiles.push(tile("Busiest second", words::count(found.peak), "calls let in".to_owned()));
        return tiles;
    }
    let Some(answer) = &search.kept.answer else { return Vec::new() };
    let mut tiles = Vec::new();
    if let Some(rate) = answer.rate {
        let there: Vec<&Step> = search.kept.steps.iter().filter(|step| step.rate == rate && step.verdict == Came::Pass).collect();
        let held = there.iter().rev().find(|step| step.kind == Kind::Hold);
        let note = held.map_or("as far as was tried".to_owned(), |step| format!("held for {}", words::span(step.seconds)));
        tiles.push(tile("Highest rate that holds", words::per_second(rate), note));
        tiles.push(tile("A minute", words::count((rate * 60.0).floor() as u64), "calls, at that rate".to_owned()));
        if let Some((p99, p50)) = there.last().and_then(|step| step.p99_ms.zip(step.p50_ms)) {
            tiles.push(tile("Response p99 there", format!("{} ms", words::ms(p99)), format!("p50 {} ms", words::ms(p50))));
        }
    }
    for knee in by_rate(answer) {
        let name = match knee.cause {
            Cause::Throttle => "Throttle knee",
            Cause::Latency => "Latency knee",
            Cause::Errors => "Errors knee",
        };
        tiles.push(tile(name, words::per_second(knee.breaks), knee.check.clone()));
    }
    let steps = words::counted(search.kept.steps.len() as u64, "step", "steps");
    tiles.push(tile("Search", steps, words::counted(answer.calls, "call", "calls")));
    tiles
}

/// Several searches, a search a column.
pub fn side_by_side(searches: &[Search]) -> Option<Section> {
    if searches.len() < 2 {
        return None;
    }
    let mut head = vec!["what".to_owned()];
    head.extend(searches.iter().map(|search| format!("#{}", search.label)));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut table = Table::new("side-by-side", "The searches, number by number", &head);
    let mut row = |name: &str, of: &dyn Fn(&Search) -> Option<String>| {
        let cell = |search: &Search| of(search).unwrap_or(words::NONE.to_owned());
        table.row(std::iter::once(name.to_owned()).chain(searches.iter().map(cell)).collect());
    };
    let answer = |search: &Search| search.kept.answer.clone();
    row("verdict", &|search| Some(verdict(search, false).word));
    row("highest rate that holds", &|search| answer(search)?.rate.map(words::per_second));
    row("interval", &|search| Some(interval(&answer(search)?)));
    for cause in Cause::ALL {
        let knee = |search: &Search| answer(search)?.knees.into_iter().find(|knee| knee.cause == cause);
        row(&format!("{} knee", cause.name()), &|search| knee(search).map(|knee| words::per_second(knee.breaks)));
    }
    row("quota, rate", &|search| search.bucket().map(|(rate, _)| words::per_second(rate)));
    row("quota, burst", &|search| search.bucket().map(|(_, burst)| format!("{burst:.0}")));
    row("steps", &|search| Some(words::count(search.kept.steps.len() as u64)));
    row("calls", &|search| {
        let found = search.kept.quota.map(|quota| quota.calls);
        Some(words::count(found.unwrap_or_else(|| search.kept.steps.iter().map(|step| step.calls).sum())))
    });
    let lead = "The same numbers of every search. Where the intervals of two do not overlap, they differ by more than chance.";
    Some(section("side-by-side-section", "Side by side", lead, vec![Block::Table(table)]))
}
