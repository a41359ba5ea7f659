//! How much a service lets an account do.
//!
//! Holds [`Quota`]: rates and bursts by operation and over all, concurrent meetings, replicas. Enforced by the mock; the 250
//! seats of a meeting are no quota in this sense, for they always hold.

use super::BadBehaviour;
use crate::chime::quota::{BURST, CONCURRENT_MEETINGS, RATE_PER_SECOND, REPLICAS_PER_PRIMARY};
use std::collections::BTreeMap;
use std::str::FromStr;

/// So many a second, so many at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// Requests a second.
    pub rate: f64,
    /// Tokens of a full bucket.
    pub burst: f64,
}

/// What is published for every operation, and for all together.
pub const PUBLISHED: Allowance = Allowance { rate: RATE_PER_SECOND, burst: BURST };

/// The operations that have a published quota of their own. GetAttendee and the transcription calls have none.
pub const WITH_A_QUOTA: [&str; 13] = [
    "create_attendee",
    "batch_create_attendee",
    "create_meeting",
    "create_meeting_with_attendees",
    "get_meeting",
    "list_attendees",
    "delete_attendee",
    "delete_meeting",
    "update_attendee_capabilities",
    "batch_update_attendee_capabilities_except",
    "tag_resource",
    "untag_resource",
    "list_tags_for_resource",
];

/// The quotas of an account in a region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quota {
    /// By operation, in snake case.
    pub operations: BTreeMap<String, Allowance>,
    /// Over all operations together.
    pub all: Option<Allowance>,
    /// Concurrent meetings.
    pub meetings: Option<u32>,
    /// Replicas of a primary.
    pub replicas: Option<u32>,
}

impl Quota {
    /// No limit but the seats.
    pub fn off() -> Quota {
        Quota::default()
    }

    /// The defaults of an AWS account.
    pub fn published() -> Quota {
        Quota {
            operations: WITH_A_QUOTA.iter().map(|name| ((*name).to_owned(), PUBLISHED)).collect(),
            all: Some(PUBLISHED),
            meetings: Some(CONCURRENT_MEETINGS),
            replicas: Some(REPLICAS_PER_PRIMARY),
        }
    }

    /// Changes one limit: a number for `meetings` and `replicas`, `rate/burst` or `off` for `all` and an operation. Whether the
    /// operation exists is for the mock to say.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), BadBehaviour> {
        let bad = || {
            BadBehaviour(format!(
                "'{name}={value}' is not a quota: write replicas=40, meetings=500, all=10/20 or create_attendee=20/40 \
                 (rate a second/burst), or off for any of them"
            ))
        };
        let number = || if value == "off" { Ok(None) } else { value.parse::<u32>().map(Some).map_err(|_| bad()) };
        let allowance = || {
            if value == "off" {
                return Ok(None);
            }
            let (rate, burst) = value.split_once('/').ok_or_else(bad)?;
            let (rate, burst): (f64, f64) = (rate.trim().parse().map_err(|_| bad())?, burst.trim().parse().map_err(|_| bad())?);
            let sane = rate.is_finite() && burst.is_finite() && rate > 0.0 && burst >= 1.0;
            if sane { Ok(Some(Allowance { rate, burst })) } else { Err(bad()) }
        };
        match name {
            "meetings" => self.meetings = number()?,
            "replicas" => self.replicas = number()?,
            "all" => self.all = allowance()?,
            operation => match allowance()? {
                Some(allowance) => drop(self.operations.insert(operation.to_owned(), allowance)),
                None => drop(self.operations.remove(operation)),
            },
        }
        Ok(())
    }
}

/// The parts of a quota as written: on lines, between commas, and nothing behind a `#`.
fn parts(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let lines = text.lines().map(|line| line.split_once('#').map_or(line, |(line, _)| line));
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|part| !part.is_empty())
}

/// Whether a quota as written starts from the published one, on a command line or in a file: lifetimes go with it.
pub fn starts_from_published(text: &str) -> bool {
    parts(text).rfind(|part| matches!(*part, "off" | "published")) == Some("published")
}

/// `off`, `published`, and single limits behind either: `published,replicas=40,create_attendee=20/40`.
impl FromStr for Quota {
    type Err = BadBehaviour;

    fn from_str(text: &str) -> Result<Self, BadBehaviour> {
        let mut quota = Quota::off();
        for part in parts(text) {
            match part.split_once(['=', ':']) {
                Some((name, value)) => quota.set(name.trim(), value.trim())?,
                None if part == "off" => quota = Quota::off(),
                None if part == "published" => quota = Quota::published(),
                None => return Err(BadBehaviour(format!("'{part}' is neither off, published nor name=value"))),
            }
        }
        Ok(quota)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_as_written_on_a_command_line() {
        let quota: Quota = "published,replicas=40,create_attendee=20/40,all=off".parse().unwrap();
        assert_eq!((quota.replicas, quota.all, quota.meetings), (Some(40), None, Some(250)));
        assert_eq!(quota.operations["create_attendee"], Allowance { rate: 20.0, burst: 40.0 });
        assert_eq!(quota.operations["get_meeting"], PUBLISHED);
        assert_eq!("off".parse(), Ok(Quota::off()));
        let file = "# ours, since May, in us-east-1\npublished  # as everybody's\nreplicas=40 # asked for, and granted\n";
        assert_eq!(file.parse(), "published,replicas=40".parse::<Quota>());
        assert!(
            starts_from_published(file)
                && !starts_from_published("published,off,replicas=1")
                && !starts_from_published("all=1/1")
        );
        for bad in ["publisht", "replicas=many", "create_attendee=20", "all=0/20", "all=10/NaN"] {
            assert!(bad.parse::<Quota>().is_err(), "{bad}");
        }
    }
}
