//! A length of time as people write it.
//!
//! Holds [`Span`]: `20ms`, `1m 30s`, `2h`. Called wherever a flag or a file names a duration.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A duration, written `20ms`, `1.5s`, `2m30s` or `24h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a duration: write 20ms, 1.5s, 2m30s or 24h")]
pub struct BadSpan(String);

impl FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let bad = || BadSpan(text.chars().take(40).collect());
        jiff::fmt::friendly::SpanParser::new().parse_unsigned_duration(text.trim()).map(Span).map_err(|_| bad())
    }
}

impl TryFrom<String> for Span {
    type Error = BadSpan;

    fn try_from(text: String) -> Result<Self, BadSpan> {
        text.parse()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, millis) in
            [("20ms", 20), ("1.5s", 1500), ("2m30s", 150_000), ("2m 30s", 150_000), ("24h", 86_400_000), ("0s", 0)]
        {
            assert_eq!(text.parse::<Span>().unwrap().0, Duration::from_millis(millis), "{text}");
        }
        for text in ["", "20", "-1s", "fast", "1 fortnight"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
