//! A check as it is written: `response.p99 < 800ms`.
//!
//! Holds the reading and writing of [`Check`], and what is said to whoever writes it as another tool would. Called through
//! `FromStr` and `Display`. It never sees a number that was measured.

use super::recorder::Metric;
use super::threshold::{Check, Counted, Op, Stat, Subject};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A text that is no check, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadCheck(String);

fn bad<T>(message: impl Into<String>) -> Result<T, BadCheck> {
    Err(BadCheck(message.into()))
}

impl FromStr for Check {
    type Err = BadCheck;

    fn from_str(text: &str) -> Result<Self, BadCheck> {
        let Some(at) = text.find(['<', '>', '=', '!']) else {
            return bad("a check compares: response.p99 < 800ms, errors.rate < 0.1%, achieved/planned > 99%");
        };
        let (left, rest) = text.split_at(at);
        let ops = [("<=", Op::AtMost), (">=", Op::AtLeast), ("<", Op::Below), (">", Op::Above)];
        let Some((sign, op)) = ops.into_iter().find(|(sign, _)| rest.starts_with(sign)) else {
            return bad("a check compares with <, <=, > or >=");
        };
        let subject = subject(left.trim())?;
        let limit = subject.limit(rest[sign.len()..].trim())?;
        Ok(Check { subject, op, limit })
    }
}

fn subject(text: &str) -> Result<Subject, BadCheck> {
    if text.split('/').map(str::trim).eq(["achieved", "planned"]) {
        return Ok(Subject::Achieved);
    }
    let Some((name, of)) = text.split_once('.') else {
        return bad(foreign_metric(text).unwrap_or_else(|| format!("{}: a metric is {METRICS}", shown(text))));
    };
    let counted = match name {
        "errors" => Some(Counted::Errors),
        "throttled" => Some(Counted::Throttled),
        "dropped" => Some(Counted::Dropped),
        _ => None,
    };
    if let Some(counted) = counted {
        return match of {
            "rate" => Ok(Subject::Rate(counted)),
            "count" => Ok(Subject::Count(counted)),
            _ => bad(format!("{}: {name} has a rate and a count", shown(text))),
        };
    }
    match Metric::ALL.into_iter().find(|metric| metric.name() == name) {
        Some(metric) => stat(of).map(|stat| Subject::Latency(metric, stat)),
        None => bad(foreign_metric(name).unwrap_or_else(|| format!("{}: a metric is {METRICS}", shown(text)))),
    }
}

const METRICS: &str = "response.p99 (or service, queue, lag, token; p50 … p99.99, mean, max), errors.rate, throttled.rate, \
                       dropped.rate or achieved/planned";

/// The names other tools have for what we measure.
fn foreign_metric(name: &str) -> Option<String> {
    let digits = name.strip_prefix('p').map(|rest| rest.trim_matches(['(', ')']));
    if let Some(p) = digits.and_then(|digits| digits.parse::<f64>().ok()) {
        return Some(format!("{} of what? did you mean response.p{p} or service.p{p}?", shown(name)));
    }
    let base = name.split(['.', '{', '(']).next().unwrap_or(name);
    let ours = match base {
        "http_req_duration" | "iteration_duration" => "response.p99 (from the due instant) or service.p99 (from the send)",
        "http_req_waiting" => "service.p99",
        "http_req_failed" | "checks" | "error_rate" | "maxErrorRate" => "errors.rate",
        "dropped_iterations" => "dropped.rate or dropped.count",
        "errors" | "throttled" | "dropped" => return Some(format!("{}: did you mean {base}.rate?", shown(name))),
        _ if base.starts_with("http.response_time") => "response.p99",
        _ => return Metric::ALL.into_iter().find(|m| m.name() == base).map(|m| format!("did you mean {}.p99?", m.name())),
    };
    Some(format!("{} is not measured here: did you mean {ours}?", shown(name)))
}

fn stat(text: &str) -> Result<Stat, BadCheck> {
    let did_you_mean = |ours: &str| bad(format!("{}: did you mean {ours}?", shown(text)));
    let percentile = |digits: &str| digits.parse::<f64>().ok().filter(|p| *p > 0.0 && *p <= 100.0);
    match text {
        "mean" => return Ok(Stat::Mean),
        "max" => return Ok(Stat::Max),
        "avg" | "average" => return did_you_mean("mean"),
        "med" | "median" => return did_you_mean("p50"),
        "min" => return bad("min: a smallest latency says nothing; use p50, p99, mean or max"),
        _ => {}
    }
    let inside = text.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')'));
    if let Some(p) = inside.and_then(percentile) {
        return did_you_mean(&format!("p{p}"));
    }
    match text.strip_prefix('p').and_then(percentile) {
        Some(p) => Ok(Stat::Percentile(p)),
        None => bad(format!("{}: write p50, p99, p99.9, mean or max", shown(text))),
    }
}

fn shown(text: &str) -> String {
    format!("'{}'", text.chars().take(40).collect::<String>())
}

impl Subject {
    fn limit(self, text: &str) -> Result<f64, BadCheck> {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        match self {
            Subject::Latency(..) => match jiff::fmt::friendly::SpanParser::new().parse_unsigned_duration(text) {
                Ok(limit) => Ok(limit.as_secs_f64()),
                Err(_) if number(text).is_some() => bad(format!("{text} of what? did you mean {text}ms?")),
                Err(_) => bad(format!("{} is not a duration: write 800ms or 1.5s", shown(text))),
            },
            Subject::Count(_) => match number(text) {
                Some(n) => Ok(n),
                None => bad(format!("{} is not a number", shown(text))),
            },
            Subject::Rate(_) | Subject::Achieved => {
                let share = match text.strip_suffix('%') {
                    Some(percent) => number(percent).map(|percent| percent / 100.0),
                    None => number(text),
                };
                match share {
                    Some(share) if share <= 1.0 => Ok(share),
                    Some(_) if !text.ends_with('%') => bad(format!("{text} is more than all: did you mean {text}%?")),
                    Some(_) => bad(format!("{text} is more than all")),
                    None => bad(format!("{} is not a share: write 0.1% or 0.001", shown(text))),
                }
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |counted: &Counted| match counted {
            Counted::Errors => "errors",
            Counted::Throttled => "throttled",
            Counted::Dropped => "dropped",
        };
        match self {
            Subject::Latency(metric, Stat::Percentile(p)) => write!(f, "{}.p{p}", metric.name()),
            Subject::Latency(metric, Stat::Mean) => write!(f, "{}.mean", metric.name()),
            Subject::Latency(metric, Stat::Max) => write!(f, "{}.max", metric.name()),
            Subject::Rate(counted) => write!(f, "{}.rate", name(counted)),
            Subject::Count(counted) => write!(f, "{}.count", name(counted)),
            Subject::Achieved => f.write_str("achieved/planned"),
        }
    }
}

/// As it would be written; reads back as the same check.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = match self.op {
            Op::Below => "<",
            Op::AtMost => "<=",
            Op::Above => ">",
            Op::AtLeast => ">=",
        };
        write!(f, "{} {op} ", self.subject)?;
        match self.subject {
            Subject::Latency(..) => write!(f, "{:?}", Duration::from_secs_f64(self.limit)),
            _ => write!(f, "{}", self.limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_read_back_as_written() {
        for text in [
            "response.p99.9 < 1.5s",
            "token.mean <= 20ms",
            "errors.rate < 0.001",
            "throttled.count > 3",
            "achieved/planned >= 0.99",
        ] {
            assert_eq!(text.parse::<Check>().unwrap().to_string(), text);
        }
    }
}
