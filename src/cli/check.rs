//! `headcount check`: the validation alone, as a lint.
//!
//! Holds the verb and its findings; `check_scenario` knows scenarios, `check_text` shows findings to a person, `check_json` to machines. Findings go to stdout (they are
//! what was asked for), the summary to stderr. It asks no service, and reads every roster to its end.

use super::check_fix::{FixArgs, fix};
use super::check_json::Machine;
use super::check_scenario::{self, Opened, Scenario};
use super::check_text::{Person, summary};
use super::failure::{Exit, Failure};
use super::input::RosterArgs;
use super::say::Voice;
use crate::chime::quota::ATTENDEES_PER_MEETING;
use crate::roster::Roster;
use crate::roster::census::{Census, Relation, Spot};
use crate::roster::error::RosterError;
use crate::roster::note::Note;
use crate::roster::row::{Row, RowFault, RowWarning};
use std::io::{self, BufWriter, ErrorKind};

/// Check rosters and scenarios without asking the service: every fault with its line, and nothing sent
#[derive(Debug, clap::Args)]
#[command(after_help = "A YAML file with version and load is a scenario (docs/scenarios.md); everything else is a roster.\n\n\
    Exit codes: 0 clean (warnings allowed), 104 faults were found.")]
pub struct Args {
    #[command(flatten)]
    rosters: RosterArgs,

    /// Write one JSON document to stdout (its shape is described in docs/rosters.md)
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    fix: FixArgs,
}

/// What is found, one by one.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    /// Whether it is a fault; else a warning.
    pub fault: bool,
    /// A stable word for machines.
    pub code: &'static str,
    pub file: String,
    pub line: Option<u64>,
    /// The column, where a place is that exact.
    pub column: Option<u64>,
    /// The field it is about.
    pub field: Option<&'static str>,
    /// What is wrong, without the place.
    pub message: String,
    /// The line at fault, and a line with a caret under the place.
    pub snippet: Option<String>,
    pub hint: Option<String>,
    /// The other row, where it takes two.
    pub other: Option<(String, u64)>,
}

/// How it stands.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(super) struct Counts {
    pub rows: u64,
    /// Rows that name a seat. Rows in conflict are among them.
    pub good: u64,
    /// Rows that do not.
    pub faulty: u64,
    /// Rosters that could not be read, or not to their end.
    pub unreadable: u64,
    /// Scenarios, faulty ones among them.
    pub scenarios: u64,
    pub meetings: u64,
    /// Different seats.
    pub seats: u64,
    pub duplicates: u64,
    pub case_twins: u64,
    pub conflicts: u64,
    pub faults: u64,
    pub warnings: u64,
}

/// What was read of a roster.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Read {
    pub name: String,
    pub shape: String,
    pub columns: Vec<String>,
    pub rows: u64,
}

/// Where findings go.
pub(super) trait Face {
    fn finding(&mut self, finding: &Finding) -> io::Result<()>;
    fn end(&mut self, read: &[Read], scenarios: &[Scenario], counts: &Counts) -> io::Result<()>;
}

/// Reads every roster to its end and tells what is found.
///
/// # Errors
/// stdout cannot be written, other than by being closed.
pub fn run(args: Args) -> super::End {
    args.rosters.check()?;
    let rosters = match &args.fix.output {
        Some(output) => fix(&args.rosters, output, args.fix.force)?,
        None => args.rosters,
    };
    let out = BufWriter::new(anstream::stdout().lock());
    let mut check = Check {
        face: if args.json { Box::new(Machine::new(out)) } else { Box::new(Person { out }) },
        hung_up: false,
        census: Census::new(rosters.fold_case),
        names: Vec::new(),
        read: Vec::new(),
        scenarios: Vec::new(),
        counts: Counts::default(),
    };
    let failed = |error| Failure::new(Exit::Incomplete, format!("cannot write the findings: {error}"));
    check.all(&rosters).map_err(failed)?;
    Ok(if check.counts.faults == 0 { Exit::Done } else { Exit::BadInput })
}

struct Check<'a> {
    face: Box<dyn Face + 'a>,
    /// Whoever was reading has gone; the exit code is still owed.
    hung_up: bool,
    census: Census,
    names: Vec<String>,
    read: Vec<Read>,
    scenarios: Vec<Scenario>,
    counts: Counts,
}

impl Check<'_> {
    fn all(&mut self, args: &RosterArgs) -> io::Result<()> {
        let options = args.options();
        for path in &args.rosters {
            match check_scenario::open(path, &options) {
                Opened::Scenario(text) => self.scenario(path, &text)?,
                Opened::Roster(opened) => match *opened {
                    Ok(roster) => self.roster(roster)?,
                    Err(error) => self.refused(path, &error)?,
                },
            }
        }
        self.crowds()?;
        (self.counts.meetings, self.counts.seats) = (self.census.meetings() as u64, self.census.seats());
        let ended = self.face.end(&self.read, &self.scenarios, &self.counts);
        self.told(ended)?;
        Voice::Normal.say(summary(&self.read, &self.scenarios, &self.counts));
        Ok(())
    }

    fn scenario(&mut self, path: &str, text: &str) -> io::Result<()> {
        let (findings, scenario) = check_scenario::lint(path, text);
        self.counts.scenarios += 1;
        self.scenarios.extend(scenario);
        findings.into_iter().try_for_each(|finding| self.tell(finding))
    }

    fn roster(&mut self, mut roster: Roster) -> io::Result<()> {
        let name = roster.name().to_owned();
        self.names.push(name.clone());
        let mut read = Read { name: name.clone(), shape: roster.shape().to_string(), columns: Vec::new(), rows: 0 };
        for note in roster.notes() {
            self.tell(Finding::of_note(note))?;
        }
        for row in roster.by_ref() {
            match row {
                Ok(row) => {
                    read.rows += 1;
                    self.row(&row)?;
                }
                Err(error) => self.refused(&name, &error)?,
            }
        }
        // In JSON lines, columns come as they are read.
        read.columns = roster.columns().iter().map(|column| crate::safe::line(column, 80)).collect();
        self.read.push(read);
        Ok(())
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.counts.rows += 1;
        for warning in &row.warnings {
            self.tell(Finding::of_warning(warning))?;
        }
        match &row.seat {
            Err(faults) => {
                self.counts.faulty += 1;
                for fault in faults {
                    self.tell(Finding::of_fault(fault))?;
                }
                Ok(())
            }
            Ok(seat) => {
                self.counts.good += 1;
                let spot = Spot { file: self.names.len() as u32 - 1, line: row.line };
                let relation = self.census.add(spot, seat);
                self.related(spot, relation, &crate::safe::quoted(seat.user.as_str(), 80))
            }
        }
    }

    fn related(&mut self, spot: Spot, relation: Relation, id: &str) -> io::Result<()> {
        let (fault, code, of, message, hint) = match relation {
            Relation::New => return Ok(()),
            Relation::Duplicate { .. } => {
                self.counts.duplicates += 1;
                return Ok(());
            }
            Relation::CaseTwin { of } => {
                self.counts.case_twins += 1;
                let hint = "the service may take them for one attendee; if they are one person, say --fold-case";
                (false, "case-twin", of, "differs only in letter case from", hint)
            }
            Relation::Conflict { of } => {
                self.counts.conflicts += 1;
                let hint = "make them agree, or let provision choose with --on-conflict first or last";
                (true, "conflict", of, "asks for the same seat with other capabilities than", hint)
            }
        };
        let name = |spot: Spot| self.names[spot.file as usize].clone();
        let finding = Finding {
            fault,
            code,
            file: name(spot),
            line: Some(spot.line),
            column: None,
            field: None,
            message: format!("{id} {message} {}:{}", name(of), of.line),
            snippet: None,
            hint: Some(hint.into()),
            other: Some((name(of), of.line)),
        };
        self.tell(finding)
    }

    fn refused(&mut self, path: &str, error: &RosterError) -> io::Result<()> {
        self.counts.unreadable += 1;
        self.tell(Finding::of_roster(path, error))
    }

    fn crowds(&mut self) -> io::Result<()> {
        for crowd in self.census.crowds() {
            let at = |fault, code, message, hint: &str| Finding {
                fault,
                code,
                file: self.names[crowd.first.file as usize].clone(),
                line: Some(crowd.first.line),
                column: None,
                field: None,
                message,
                snippet: None,
                hint: Some(hint.into()),
                other: None,
            };
            let full = (crowd.beyond() > 0).then(|| {
                let message = format!(
                    "meeting {} is asked for {} seats and holds {ATTENDEES_PER_MEETING}: {} will be refused",
                    crowd.meeting,
                    crowd.seats,
                    crowd.beyond()
                );
                at(true, "meeting-full", message, "spread them over several meetings, or over replicas of one")
            });
            let open = (crowd.open > crate::roster::census::LARGE_AUDIENCE).then(|| {
                let message = format!("meeting {}: {} people may send audio, video and content", crowd.meeting, crowd.open);
                let hint = "give an audience --capabilities Audio=Receive,Video=Receive,Content=Receive";
                at(false, "open-audience", message, hint)
            });
            for finding in full.into_iter().chain(open) {
                self.tell(finding)?;
            }
        }
        Ok(())
    }

    fn tell(&mut self, finding: Finding) -> io::Result<()> {
        if finding.fault {
            self.counts.faults += 1
        } else {
            self.counts.warnings += 1
        }
        if self.hung_up {
            return Ok(());
        }
        let told = self.face.finding(&finding);
        self.told(told)
    }

    /// A closed pipe ends the telling, not the check.
    fn told(&mut self, told: io::Result<()>) -> io::Result<()> {
        match told {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.hung_up = true;
                Ok(())
            }
            told => told,
        }
    }
}

impl Finding {
    /// A roster that is refused whole.
    pub(super) fn of_roster(path: &str, error: &RosterError) -> Self {
        Finding {
            fault: true,
            code: "unreadable",
            file: crate::safe::line(path, 200),
            line: error.line(),
            column: None,
            field: None,
            message: error.to_string(),
            snippet: None,
            hint: Some(error.hint()),
            other: None,
        }
    }

    fn of_note(note: &Note) -> Self {
        Finding {
            fault: false,
            code: note.code,
            file: note.name.clone(),
            line: None,
            column: None,
            field: None,
            message: note.message.clone(),
            snippet: None,
            hint: None,
            other: None,
        }
    }

    fn of_fault(fault: &RowFault) -> Self {
        Finding {
            fault: true,
            code: fault.rule.code(),
            file: fault.file.to_string(),
            line: Some(fault.line),
            column: None,
            field: fault.field.map(|field| field.name()),
            message: fault.reason(),
            snippet: None,
            hint: Some(fault.hint.clone()),
            other: None,
        }
    }

    fn of_warning(warning: &RowWarning) -> Self {
        Finding {
            fault: false,
            code: warning.oddity.code(),
            file: warning.file.to_string(),
            line: Some(warning.line),
            column: None,
            field: Some("ExternalUserId"),
            message: format!("ExternalUserId {} {}", warning.value, warning.oddity),
            snippet: None,
            hint: None,
            other: None,
        }
    }
}
