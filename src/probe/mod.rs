//! What no document says of the service, asked of the service itself.
//!
//! Holds [`Findings`], the file that a probe leaves (`probe.json`, version 1 of the format in docs/formats.md), and the course of
//! the probe in [`course`]. Called by the command line. It holds no id and no token; what a mock makes of an answer is the mock's.

pub mod course;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the format.
pub const VERSION: u32 = 1;

/// What is asked, in this order, and in which words it is answered: those of the mock's sides.
pub const QUESTIONS: [(&str, &str, &[&str]); 13] = [
    ("request-token", "CreateMeeting again with the ClientRequestToken of a living meeting", &["find", "conflict", "new"]),
    ("repeat-token", "the JoinToken of a repetition", &["same", "fresh"]),
    ("repeat", "a repetition with other capabilities", &["keep", "update"]),
    ("ids", "ids that differ only in letter case", &["fold", "exact"]),
    ("gone-attendee", "GetAttendee after DeleteAttendee", &["not-found", "forbidden"]),
    ("delete-absent", "DeleteAttendee a second time", &["not-found", "succeed", "forbidden"]),
    ("reborn", "the same id after DeleteAttendee", &["new", "same"]),
    ("batch-item", "a batch with one bad id in it", &["item", "whole"]),
    ("batch-twice", "the same id twice in one batch", &["twice", "once", "item", "whole"]),
    ("batch-full", "a batch with more ids than free seats", &["item", "whole"]),
    ("full", "one more attendee than seats", &["limit", "bad-request"]),
    ("gone-meeting", "GetMeeting after DeleteMeeting", &["not-found", "forbidden"]),
    ("delete-meeting", "DeleteMeeting a second time", &["succeed", "not-found"]),
];

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// In the words of the mock's sides; none if it was not settled, or if there is no word for what was seen.
    pub answer: Option<String>,
    /// What was seen: `404 NotFoundException`. None if it was not asked.
    pub seen: Option<String>,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// Of this format.
    pub version: u32,
    /// `probe`.
    pub kind: String,
    /// Which headcount asked.
    pub headcount: String,
    /// When, RFC 3339.
    pub time: String,
    /// Whom.
    pub endpoint: String,
    /// The region signed for.
    pub region: String,
    /// Calls that it took.
    pub calls: u32,
    /// By question.
    pub findings: BTreeMap<String, Finding>,
}

/// Why a file is not one of findings.
#[derive(Debug, thiserror::Error)]
pub enum BadFindings {
    /// It cannot be read as such.
    #[error("it is not what headcount probe writes: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("it is of version {0}, and this program knows {VERSION}")]
    Version(u64),
}

impl Findings {
    /// Reads the file's text.
    ///
    /// # Errors
    /// It is not what a probe writes, or of another version.
    pub fn read(text: &str) -> Result<Findings, BadFindings> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        match value["version"].as_u64() {
            Some(version) if version != u64::from(VERSION) => Err(BadFindings::Version(version)),
            _ => Ok(serde_json::from_value(value)?),
        }
    }

    /// The questions with an answer, as names and values of the mock's sides.
    pub fn sides(&self) -> impl Iterator<Item = (&str, &str)> {
        self.findings.iter().filter_map(|(name, finding)| Some((name.as_str(), finding.answer.as_deref()?)))
    }
}
