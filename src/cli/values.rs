//! Small values of the command line that no library reads: spans of time, budgets, attempts, rates that may be left open.
//!
//! Holds [`Span`], [`ErrorBudget`], [`Share`], [`Attempts`] and [`AskedRate`], each read once, by clap, into something that needs no more checking.

use crate::bucket::Rate;
use std::str::FromStr;
use std::time::Duration;

/// A span of time: `10s`, `1h30m`, `500ms`; more than nothing, at most thirty days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const MOST: Duration = Duration::from_secs(30 * 86_400);
        let read = text.trim().parse::<jiff::SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok());
        match read {
            Some(span) if !span.is_zero() && span <= MOST => Ok(Span(span)),
            Some(_) => Err("must be more than nothing and at most 30 days".to_owned()),
            None => Err("write a span such as 500ms, 10s or 1h30m".to_owned()),
        }
    }
}

/// How many rows may go without a seat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ErrorBudget {
    /// So many.
    Rows(u64),
    /// So large a share of all rows, in percent.
    Percent(f64),
}

impl ErrorBudget {
    /// As a number of rows.
    pub fn of(self, rows: u64) -> u64 {
        match self {
            ErrorBudget::Rows(n) => n,
            ErrorBudget::Percent(p) => (rows as f64 * p / 100.0).floor() as u64,
        }
    }
}

impl FromStr for ErrorBudget {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const BAD: &str = "write a number of rows, or a share such as 2.5%";
        match text.strip_suffix('%') {
            Some(share) => share.parse().ok().filter(|p| (0.0..=100.0).contains(p)).map(ErrorBudget::Percent).ok_or(BAD),
            None => text.parse().map(ErrorBudget::Rows).map_err(|_| BAD),
        }
    }
}

/// A share of something: `95%` or `0.95`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl FromStr for Share {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let share = match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok().map(|percent| percent / 100.0),
            None => text.trim().parse().ok(),
        };
        share.filter(|share| (0.0..=1.0).contains(share)).map(Share).ok_or("write a share such as 95% or 0.95")
    }
}

/// Attempts in one pass, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts(pub u32);

impl FromStr for Attempts {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        text.trim().parse().ok().filter(|n| (1..=100).contains(n)).map(Attempts).ok_or("must be a number from 1 to 100")
    }
}

/// A rate, or that it is to be found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AskedRate {
    /// The account's.
    Auto,
    /// This one.
    At(Rate),
}

impl FromStr for AskedRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "auto" {
            return Ok(AskedRate::Auto);
        }
        text.parse().map(AskedRate::At).map_err(|e| format!("{e}, or auto"))
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 row`, `2 rows`.
pub fn counted(n: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// A span as a person says it: `2.5 s`, `3 min 20 s`, `1 h 5 min`.
pub fn said(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..=9 => format!("{:.1} s", span.as_secs_f64()),
        10..=119 => format!("{seconds} s"),
        120..=7199 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        120..=7199 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_budgets_and_attempts() {
        let span = |t: &str| t.parse::<Span>().map(|s| s.0);
        assert_eq!(span("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(span("500ms"), Ok(Duration::from_millis(500)));
        for bad in ["", "0s", "-1s", "10", "40d", "ten"] {
            assert!(span(bad).is_err(), "{bad}");
        }
        assert_eq!("2.5%".parse::<ErrorBudget>().unwrap().of(1000), 25);
        assert_eq!("7".parse::<ErrorBudget>().unwrap().of(1000), 7);
        assert!("101%".parse::<ErrorBudget>().is_err() && "-1".parse::<ErrorBudget>().is_err());
        assert_eq!("auto".parse::<AskedRate>(), Ok(AskedRate::Auto));
        assert!("8/s".parse::<AskedRate>().is_ok() && "automatic".parse::<AskedRate>().unwrap_err().contains("or auto"));
        assert!("0".parse::<Attempts>().is_err() && "3".parse::<Attempts>().is_ok());
    }

    #[test]
    fn numbers_and_spans_as_said() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [250, 42_000, 180_000, 200_000, 8_000_000].map(|ms| said(Duration::from_millis(ms))),
            ["0.2 s", "42 s", "3 min", "3 min 20 s", "2 h 13 min"]
        );
        assert_eq!((counted(1, "row"), counted(2, "row")), ("1 row".into(), "2 rows".into()));
    }
}
