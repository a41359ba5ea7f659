//! Arrivals as somebody wrote them down.
//!
//! Holds [`Trace`] and reads its text. Called by the scenario, which is handed the text. It never sees a file.
//!
//! The text: an offset from the start in seconds a line (`0.25`), or CSV with a header that names a column `offset_s`, which is
//! what `headcount schedule` prints. Empty lines and lines that begin with `#` are skipped. Offsets never fall.

use super::ScheduleError;
use std::sync::Arc;
use std::time::Duration;

/// Offsets from the start, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    offsets: Arc<[Duration]>,
}

/// As long as any schedule.
const LONGEST_S: f64 = 366.0 * 86_400.0;

impl Trace {
    /// Reads a trace, and plays it `speed` times as fast as it was written down.
    ///
    /// # Errors
    /// A line that is no number of seconds from 0 to a year, or less than the one above it; no offsets; a speed that is not
    /// above zero.
    pub fn read(text: &str, speed: f64) -> Result<Trace, ScheduleError> {
        if !(speed > 0.0 && speed.is_finite()) {
            return Err(ScheduleError::Speed);
        }
        let mut column = None;
        let mut offsets = Vec::new();
        let mut last = 0.0;
        let lines = text.trim_start_matches('\u{feff}').lines().zip(1u64..);
        for (cells, line) in lines.map(|(l, n)| (l.trim(), n)).filter(|(l, _)| !l.is_empty() && !l.starts_with('#')) {
            if column.is_none() {
                let header = cells.split(',').position(|name| name.trim() == "offset_s");
                column = Some(header.unwrap_or(0));
                if header.is_some() {
                    continue;
                }
            }
            let wrong = |what: &str| ScheduleError::Trace { line, what: what.to_owned() };
            let cell = cells.split(',').nth(column.unwrap_or(0)).unwrap_or_default();
            let seconds: f64 = cell.trim().parse().map_err(|_| wrong("not a number of seconds from the start, such as 0.25"))?;
            if !(0.0..=LONGEST_S).contains(&seconds) {
                return Err(wrong("an offset lies between 0 and a year, in seconds"));
            }
            if seconds < last {
                return Err(wrong("an offset lies before the one above it; sort them"));
            }
            last = seconds;
            if seconds / speed > LONGEST_S {
                return Err(wrong("at this speed it lies beyond a year"));
            }
            offsets.push(Duration::from_secs_f64(seconds / speed));
        }
        if offsets.is_empty() { Err(ScheduleError::EmptyTrace) } else { Ok(Trace { offsets: offsets.into() }) }
    }

    /// How many offsets there are.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Never: a trace without an offset is refused.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// The `i`-th, from 0.
    pub fn offset(&self, i: usize) -> Option<Duration> {
        self.offsets.get(i).copied()
    }

    /// The last offset.
    pub fn lasts(&self) -> Duration {
        self.offsets.last().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;

    #[test]
    fn plain_numbers_and_our_own_csv() {
        let trace = Trace::read("# morning\n0\n\n0.5\r\n0.5\n2e0\n", 2.0).unwrap();
        let at: Vec<u128> = Schedule::Trace(trace).arrivals().map(|a| a.at.as_millis()).collect();
        assert_eq!(at, [0, 250, 250, 1000]);
        let trace = Trace::read("\u{feff}n,offset_s,stage\n1,0.100000,hold\n2,0.200000,hold\n", 1.0).unwrap();
        assert_eq!(
            (trace.len(), trace.offset(0), trace.lasts()),
            (2, Some(Duration::from_millis(100)), Duration::from_millis(200))
        );
    }

    #[test]
    fn nonsense_is_refused_with_its_line() {
        let says = |text: &str| Trace::read(text, 1.0).unwrap_err().to_string();
        assert_eq!(says("0\n1\n0.5\n"), "line 3: an offset lies before the one above it; sort them");
        assert_eq!(says("0\n1s\n"), "line 2: not a number of seconds from the start, such as 0.25");
        assert_eq!(says("NaN\n"), "line 1: an offset lies between 0 and a year, in seconds");
        assert_eq!(says("# nothing\n"), "the trace has no offsets");
        assert_eq!(Trace::read("0\n", 0.0), Err(ScheduleError::Speed));
        assert!(Trace::read("1\n", 1e-12).is_err());
    }
}
