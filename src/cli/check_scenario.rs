//! Scenarios among the files of `check`.
//!
//! Holds [`Opened`], which tells a scenario from a roster, and what is said of a scenario. Called by `check`. It asks no service; of
//! a roster that a scenario names, the header is looked at.

use super::check::Finding;
use super::input;
use super::scenario;
use super::values::{counted, said};
use crate::chime::id::MeetingId;
use crate::roster::error::RosterError;
use crate::roster::options::{Format, Options};
use crate::roster::{self, Roster};
use crate::scenario::file::Data;
use crate::scenario::load::Load;
use crate::scenario::plan::{Meetings, Plan};
use crate::scenario::{ScenarioError, is_scenario};
use crate::yaml::YamlError;
use crate::yaml::cursor::Limits;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

/// What a file has turned out to be.
pub(super) enum Opened {
    /// A scenario's text.
    Scenario(String),
    /// A roster, or what looks like one and cannot be read.
    Roster(Box<Result<Roster, RosterError>>),
}

/// What was read of a scenario.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Scenario {
    pub file: String,
    pub name: String,
    /// `open`, `closed`, `trace` or `shared`.
    pub model: &'static str,
    /// Arrivals or calls; none for a closed load.
    pub planned: Option<u64>,
    /// How long it lasts, at most.
    pub seconds: f64,
    pub stages: Vec<String>,
    pub thresholds: usize,
}

/// Arrivals that are drawn to be counted; of more, the integral of the rate is told.
const DRAWN: f64 = 1e7;

/// Text enough to tell a scenario from a roster on standard input, which may be a stream without an end.
const HEAD: u64 = 64 << 10;

/// Opens a file, by what is in it: scenarios are YAML with `version` and `load`.
pub(super) fn open(path: &str, options: &Options) -> Opened {
    let most = Limits::DOCUMENT.bytes as u64 + 1;
    if path == "-" {
        let mut head = Vec::new();
        // An error comes again when the roster is read, and is told there.
        let _ = std::io::stdin().take(HEAD).read_to_end(&mut head);
        if is_scenario(&String::from_utf8_lossy(&head)) {
            let _ = std::io::stdin().take(most).read_to_end(&mut head);
            return Opened::Scenario(String::from_utf8_lossy(&head).into_owned());
        }
        let input = Box::new(Cursor::new(head).chain(std::io::stdin()));
        return Opened::Roster(Box::new(roster::open("stdin", input, Format::Auto, options)));
    }
    let yaml = [".yaml", ".yml", ".json"].iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
    let mut text = String::new();
    let read = yaml && File::open(path).is_ok_and(|file| file.take(most).read_to_string(&mut text).is_ok());
    if read && is_scenario(&text) { Opened::Scenario(text) } else { Opened::Roster(Box::new(input::open(path, options))) }
}

/// Lints a scenario: its findings, and what it is if it is one.
pub(super) fn lint(path: &str, text: &str) -> (Vec<Finding>, Option<Scenario>) {
    let file = if path == "-" { "stdin".to_owned() } else { crate::safe::line(path, 200) };
    match scenario::parse(path, text, scenario::Besides::default()) {
        Err(ScenarioError::Faulty(faults)) => (faults.iter().map(|fault| finding(true, &file, fault)).collect(), None),
        Ok(plan) => {
            let mut findings: Vec<_> = plan.warnings.iter().map(|warning| finding(false, &file, warning)).collect();
            findings.extend(roster_of(&plan, path));
            (findings, Some(Scenario::of(&plan, file)))
        }
    }
}

fn finding(fault: bool, file: &str, error: &YamlError) -> Finding {
    let snippet = error.snippet.as_ref().map(|(text, at)| format!("{text}\n{:at$}^", ""));
    Finding {
        fault,
        code: "scenario",
        file: file.to_owned(),
        line: Some(error.line),
        column: Some(error.column),
        field: None,
        message: error.message.clone(),
        snippet,
        hint: error.hint.map(str::to_owned),
        other: None,
    }
}

/// The roster that a scenario names, if it cannot be read.
fn roster_of(plan: &Plan, path: &str) -> Option<Finding> {
    let Data::Roster { file, .. } = &plan.data else { return None };
    let path = Path::new(path).parent().unwrap_or(Path::new("")).join(file);
    let mut options = Options::default();
    if plan.meetings != Meetings::OfRows {
        // The rows need not name meetings, for the scenario has its own.
        options.meeting_id = MeetingId::parse("00000000-0000-0000-0000-000000000000");
    }
    let path = path.to_string_lossy();
    input::open(&path, &options).err().map(|error| Finding::of_roster(&path, &error))
}

impl Scenario {
    fn of(plan: &Plan, file: String) -> Self {
        let planned = match &plan.load {
            Load::Open { profile, .. } if profile.area() > DRAWN => Some(profile.count()),
            Load::Open { .. } | Load::Trace { .. } => plan.schedule().map(|schedule| schedule.planned()),
            Load::Closed { .. } => None,
            Load::Shared { calls, .. } => Some(*calls),
        };
        Scenario {
            file,
            name: plan.name.clone(),
            model: plan.load.model(),
            planned,
            seconds: plan.lasts().as_secs_f64(),
            stages: plan.stages.iter().map(|stage| stage.name.clone()).collect(),
            thresholds: plan.thresholds.len(),
        }
    }

    /// As a line.
    pub fn said(&self) -> String {
        let planned = match (self.planned, self.model) {
            (Some(n), "shared") => format!("{}, ", counted(n, "call")),
            (Some(n), _) => format!("{}, ", counted(n, "arrival")),
            (None, _) => String::new(),
        };
        let most = if self.model == "shared" { "at most " } else { "" };
        format!(
            "{}: scenario {}, {} load, {planned}{most}{}, {}, {}",
            self.file,
            self.name,
            self.model,
            said(std::time::Duration::from_secs_f64(self.seconds)),
            counted(self.stages.len() as u64, "stage"),
            counted(self.thresholds as u64, "threshold"),
        )
    }
}
