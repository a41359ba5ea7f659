//! `series.csv`, read back.
//!
//! Holds [`Second`] and its reading. Called once a run, for its page, a comparison, a merge. Columns are found by their names, so that a file of an older or newer program
//! still says what it can.

use super::recorder::Classes;
use crate::chime::class::Class;
use std::collections::HashMap;

/// Seconds beyond which no run lasts; what says otherwise is damaged. A bound on what reading one may take.
pub const LONGEST: u64 = 31 * 24 * 3600;

/// A second in which something happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Second {
    /// Whole seconds from the start of the run's first session.
    pub at: u64,
    /// Requests handed to the transport.
    pub sent: u64,
    /// Calls that ended, those dropped left out.
    pub done: u64,
    /// How they ended.
    pub classes: Classes,
    /// Calls that became due; nothing where nothing is planned.
    pub planned: Option<u64>,
    /// Of those that ended, how many are asked again; nothing where that is not told.
    pub retried: Option<u64>,
    /// In flight at the second's end.
    pub in_flight: Option<u64>,
    /// Waiting for a slot at the second's end.
    pub waiting: Option<u64>,
    /// CPU of the lanes since the start, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// The stage under way; empty after the last, and where there are none.
    pub stage: String,
}

/// Reads the seconds, and how many lines could not be read.
///
/// # Errors
/// It is no series.
pub fn read(bytes: &[u8]) -> Result<(Vec<Second>, u64), String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let heads = reader.headers().map_err(|e| e.to_string())?.clone();
    let at: HashMap<&str, usize> = heads.iter().enumerate().map(|(n, name)| (name, n)).collect();
    for needed in ["second", "sent", "done"] {
        if !at.contains_key(needed) {
            return Err(format!("it has no column {needed}"));
        }
    }
    let (mut seconds, mut torn) = (Vec::new(), 0);
    for record in reader.records() {
        let second = record.ok().filter(|record| record.len() == heads.len()).and_then(|record| {
            let cell = |name: &str| at.get(name).and_then(|n| record.get(*n)).unwrap_or_default();
            let number = |name: &str| cell(name).parse::<u64>().ok();
            let mut classes = Classes::default();
            for class in Class::ALL {
                classes.add(*class, number(class.name()).unwrap_or(0));
            }
            Some(Second {
                at: number("second").filter(|at| *at <= LONGEST)?,
                sent: number("sent")?,
                done: number("done")?,
                classes,
                planned: number("planned"),
                retried: number("retried"),
                in_flight: number("in_flight"),
                waiting: number("waiting"),
                cpu_ms: number("cpu_ms"),
                stage: cell("stage").to_owned(),
            })
        });
        match second {
            Some(second) => seconds.push(second),
            None => torn += 1,
        }
    }
    seconds.sort_by_key(|second| second.at);
    Ok((seconds, torn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_a_torn_line_costs_itself_alone() {
        let (seconds, torn) = read(b"sent,second,done,later,throttled\n5,1,4,x,2\n3,0,3,x,0\n7,2").unwrap();
        assert_eq!(torn, 1);
        assert_eq!(
            seconds.iter().map(|s| (s.at, s.sent, s.classes.of(Class::Throttled))).collect::<Vec<_>>(),
            [(0, 3, 0), (1, 5, 2)]
        );
        assert_eq!((seconds[0].planned, seconds[0].stage.as_str()), (None, ""));
        assert!(read(b"a,b\n1,2\n").unwrap_err().contains("no column second"));
    }
}
