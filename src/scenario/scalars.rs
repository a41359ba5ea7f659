//! Scalars of a scenario: lengths of time, rates, shares, counts, words.
//!
//! Holds a reader for each kind. Called by the readers of the parts. `None` means that the fault has been told, with what would
//! have been right.

use super::names::nearest;
use super::reader::Faults;
use crate::behaviour::Span;
use crate::bucket::Rate;
use crate::yaml::node::{Content, Node};
use std::time::Duration;

/// `a`, `a or b`, `a, b or c`.
pub fn either<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// The nodes of a list, which may not be empty.
pub fn list<'a>(node: &'a Node, what: &str, faults: &Faults) -> Option<&'a [Node]> {
    match &node.content {
        Content::List(items) if !items.is_empty() => Some(items),
        Content::List(_) => faults.none(node.place, format!("{what}: the list is empty")),
        _ => faults.none(node.place, format!("{what}: expected a list, not {}", node.said())),
    }
}

/// Any text, but not none.
pub fn text(node: &Node, faults: &Faults) -> Option<String> {
    match node.scalar().filter(|text| !text.is_empty()) {
        Some(text) => Some(text.to_owned()),
        None => faults.none(node.place, format!("expected a text, not {}", node.said())),
    }
}

/// A name that fits into a column, a tag and a label: letters, digits, `-` and `_`, at most 40.
pub fn name(node: &Node, faults: &Faults) -> Option<String> {
    let fits = |text: &&str| {
        (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    match node.scalar().filter(fits) {
        Some(text) => Some(text.to_owned()),
        None => faults.none(node.place, format!("a name has 1 to 40 letters, digits, - and _; here is {}", node.said())),
    }
}

/// A whole number within bounds.
pub fn count(node: &Node, least: u64, most: u64, faults: &Faults) -> Option<u64> {
    let number = node.scalar().and_then(|text| text.replace('_', "").parse().ok());
    match number.filter(|n| (least..=most).contains(n)) {
        Some(n) => Some(n),
        None if least == most => faults.none(node.place, format!("expected {least}, not {}", node.said())),
        None if most == u64::MAX => {
            faults.none(node.place, format!("expected a whole number from {least} up, not {}", node.said()))
        }
        None => faults.none(node.place, format!("expected a whole number from {least} to {most}, not {}", node.said())),
    }
}

/// A number above zero, such as `2`, `1.5` or `60x`.
pub fn factor(node: &Node, faults: &Faults) -> Option<f64> {
    let number = node.scalar().and_then(|text| text.trim_end_matches('x').parse::<f64>().ok());
    match number.filter(|n| *n > 0.0 && n.is_finite()) {
        Some(n) => Some(n),
        None => faults.none(node.place, format!("expected a number above 0, such as 2, not {}", node.said())),
    }
}

/// `10%` or `0.1`: more than nothing, at most all.
pub fn share(node: &Node, faults: &Faults) -> Option<f64> {
    let read = |text: &str| match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(|p| p / 100.0),
        None => text.parse().ok(),
    };
    match node.scalar().and_then(read).filter(|share| *share > 0.0 && *share <= 1.0) {
        Some(share) => Some(share),
        None => faults.none(node.place, format!("expected a share such as 10% or 0.1, not {}", node.said())),
    }
}

/// `true` or `false`, and nothing like them.
pub fn flag(node: &Node, faults: &Faults) -> Option<bool> {
    match node.scalar() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => faults.none(node.place, format!("expected true or false, not {}", node.said())),
    }
}

/// A length of time above zero and at most a year.
pub fn span(node: &Node, faults: &Faults) -> Option<Duration> {
    const YEAR: Duration = Duration::from_secs(366 * 86_400);
    match node.scalar().and_then(|text| text.parse::<Span>().ok()) {
        Some(Span(span)) if !span.is_zero() && span <= YEAR => Some(span),
        Some(_) => faults.none(node.place, "a length of time is more than nothing and at most a year"),
        None => {
            let bare = node.scalar().filter(|text| text.parse::<f64>().is_ok());
            let hint = bare.map_or(String::new(), |text| format!("; did you mean {text}s?"));
            faults.none(node.place, format!("expected a length of time such as 20ms, 1.5s or 2m30s, not {}{hint}", node.said()))
        }
    }
}

/// A rate above zero or without limit.
pub fn rate(node: &Node, faults: &Faults) -> Option<Rate> {
    match node.scalar().and_then(|text| text.parse().ok()) {
        Some(rate) => Some(rate),
        None => faults.none(node.place, not_a_rate(node)),
    }
}

/// `40/s`, `5/s..40/s`; both ends per second. Zero is a rate here.
pub fn rate_ramp(node: &Node, faults: &Faults) -> Option<(f64, f64)> {
    let one = |text: &str| {
        let text = text.trim();
        // A bucket knows no rate of zero; a stage may pause.
        match text.strip_prefix("0/") {
            Some(span) => format!("1/{span}").parse::<Rate>().ok().map(|_| 0.0),
            None => text.parse::<Rate>().ok().filter(|rate| !rate.is_unlimited()).map(Rate::get),
        }
    };
    let both = node.scalar().and_then(|text| match text.split_once("..") {
        Some((from, to)) => Some((one(from)?, one(to)?)),
        None => one(text).map(|rate| (rate, rate)),
    });
    both.or_else(|| faults.none(node.place, not_a_rate(node)))
}

fn not_a_rate(node: &Node) -> String {
    let bare = node.scalar().filter(|text| text.parse::<f64>().is_ok());
    let hint = bare.map_or(String::new(), |text| format!("; did you mean {text}/s?"));
    format!("expected a rate such as 40/s, 600/m or 5/s..40/s, not {}{hint}", node.said())
}

/// `50`, `1..50`.
pub fn users(node: &Node, faults: &Faults) -> Option<(u32, u32)> {
    let one = |text: &str| text.trim().parse::<u32>().ok().filter(|n| *n <= 1_000_000);
    let both = node.scalar().and_then(|text| match text.split_once("..") {
        Some((from, to)) => Some((one(from)?, one(to)?)),
        None => one(text).map(|n| (n, n)),
    });
    both.or_else(|| faults.none(node.place, format!("expected a number of users such as 50 or 1..50, not {}", node.said())))
}

/// One of these words.
pub fn word(node: &Node, words: &'static [&'static str], faults: &Faults) -> Option<&'static str> {
    let text = node.scalar().unwrap_or_default();
    match words.iter().find(|word| **word == text) {
        Some(word) => Some(word),
        None => {
            let hint = nearest(text, words.iter().copied()).map_or(String::new(), |word| format!("; did you mean {word}?"));
            faults.none(node.place, format!("expected {}, not {}{hint}", either(words.iter().copied()), node.said()))
        }
    }
}
