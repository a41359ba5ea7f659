//! What `provision` says, before and after.
//!
//! Holds the sentences and the end's exit code. Called by the verb. Ids stand in findings about the person's own roster, on
//! their own terminal, and nowhere else.

use super::super::End;
use super::super::failure::{Exit, Failure};
use super::super::say::Voice;
use super::super::values::{counted, grouped, said};
use super::args::Args;
use super::paced::Paced;
use crate::chime::class::Class;
use crate::chime::quota;
use crate::ledger::export::Counts;
use crate::ledger::load::{Compared, Fold, OnConflict, Rules};
use crate::ledger::schema::{Ledger, LedgerError};
use crate::plan::{Task, Terms};
use crate::provision::batch::Batching;
use crate::provision::intake::Finding;
use crate::provision::publish::{Outputs, Published};
use crate::provision::summary::Summary;
use crate::provision::{Ending, Ran};
use crate::stats::told::Percentiles;
use std::path::Path;
use std::time::Duration;

/// Findings beyond this many are counted, not shown; `check` shows them all.
const SHOWN: u64 = 1000;
/// From this many on, an audience that may send everything is worth a word.
const LARGE_AUDIENCE: u64 = 100;
/// A run longer than this is worth a word on batches.
const WORTH_BATCHES: Duration = Duration::from_secs(30);
/// A run longer than this may outlive meetings that nobody connects to.
const CLOSE_TO_IDLE_END: Duration = Duration::from_secs(quota::IDLE_MEETING_SECONDS * 4 / 5);

/// Says what is wrong with rows, as it is found.
pub struct Findings {
    voice: Voice,
    faults: u64,
    hidden: u64,
}

impl Findings {
    /// None yet.
    pub fn new(voice: Voice) -> Self {
        Findings { voice, faults: 0, hidden: 0 }
    }

    /// One more.
    pub fn tell(&mut self, finding: &Finding<'_>) {
        self.faults += 1;
        if self.faults > SHOWN {
            self.hidden += 1;
            return;
        }
        match finding {
            Finding::Fault(fault) if fault.hint.is_empty() => self.voice.warn(fault),
            Finding::Fault(fault) => self.voice.warn(format_args!("{fault}; {}", fault.hint)),
            Finding::Warning(warning) => self.voice.warn(warning),
            Finding::Note(note) => self.voice.warn(note),
        }
    }

    /// No more.
    pub fn end(&self) {
        if self.hidden > 0 {
            self.voice.warn(format_args!(
                "and {} more; `headcount check` shows them all, and the rejects file holds each",
                grouped(self.hidden)
            ));
        }
    }
}

/// What comparing rows has found.
pub fn compared(found: &Compared, rules: Rules, voice: Voice) {
    if found.conflicts > 0 {
        let what = match rules.on_conflict {
            OnConflict::Reject => "rejected; --on-conflict first or last keeps one",
            OnConflict::First => "the first row of each holds",
            OnConflict::Last => "the last row of each holds",
        };
        voice.warn(format_args!("{} with different capabilities for the same seat: {what}", counted(found.conflicts, "group")));
    }
    if found.case_twins > 0 && rules.fold == Fold::Exact {
        voice.warn(format_args!(
            "{} of ids differ only in letter case; both are asked, and the service's answer decides (--fold-case makes them one)",
            counted(found.case_twins, "group")
        ));
    }
    found.examples.iter().for_each(|example| voice.warn(example));
}

/// What is about to happen.
pub fn plan(ledger: &Ledger, args: &Args, counts: &Counts, place: &str, paced: &Paced) -> Result<String, LedgerError> {
    let last = args.roster.limit.and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX);
    let seats = ledger.open_seats(last, super::meant::replay(args))?;
    let meetings = ledger.meetings(last)?;
    let open = ledger.open_by_meeting(last, super::meant::replay(args))?;
    let task = Task::of(&meetings, |key| open.get(&key).copied().unwrap_or(0));
    let (rate, burst) = paced.likely();
    let terms = |batch: Batching| Terms {
        rate,
        burst,
        concurrency: args.calls.concurrency as usize,
        batch: batch.size(),
        latency: Duration::ZERO,
    };
    let estimate = task.estimate(&terms(args.calls.batch));
    let requests = estimate.requests();
    let mut text = format!("{}, {}: ", counted(counts.rows, "row"), counted(meetings.len() as u64, "meeting"));
    let time = estimate.last_token;
    if seats == 0 {
        text.push_str("nothing is left to ask for; only the meetings are looked at");
    } else {
        text.push_str(&format!(
            "{} to ask for at {place}\n{} at {}: about {}",
            counted(seats, "seat"),
            counted(requests, "request"),
            paced.said(),
            said(time)
        ));
    }
    let together = task.estimate(&terms(Batching::Auto));
    if args.calls.batch == Batching::Off && time > WORTH_BATCHES && together.last_token < time / 2 {
        text.push_str(&format!(
            "\nwith --batch auto: {}, about {}",
            counted(together.requests(), "request"),
            said(together.last_token)
        ));
    }
    if time > CLOSE_TO_IDLE_END && !args.mock {
        text.push_str(&format!(
            "\nthat is long: a meeting ends {} after it is made if nobody connects; for meetings made just now, somebody must have joined by {}",
            said(Duration::from_secs(quota::IDLE_MEETING_SECONDS)),
            clock_after(Duration::from_secs(quota::IDLE_MEETING_SECONDS)),
        ));
    }
    let full = meetings.iter().filter(|m| m.rows > u64::from(quota::ATTENDEES_PER_MEETING)).count();
    if full > 0 {
        text.push_str(&format!(
            "\n{} more rows than the {} seats there are in one: those beyond will be refused",
            rows(full as u64, "meeting has", "meetings have"),
            quota::ATTENDEES_PER_MEETING
        ));
    }
    let open = ledger.most_unbounded_rows()?;
    if open >= LARGE_AUDIENCE && args.input.capabilities.is_none() {
        text.push_str(&format!(
            "\n{} of one meeting may send audio, video and content to everybody; for an audience give --capabilities Audio=Receive,Video=Receive,Content=Receive",
            counted(open, "row")
        ));
    }
    Ok(text)
}

/// A count with its noun and verb.
fn rows(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// The wall clock so long from now, as a person here reads it.
fn clock_after(span: Duration) -> String {
    let at = jiff::Timestamp::try_from(crate::clock::Wall::System.now() + span).unwrap_or_default();
    at.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%H:%M:%S %Z").to_string()
}

/// More rows are rejected than may be.
pub fn over_budget(rejected: u64, budget: Option<u64>) -> String {
    let most = budget.map_or_else(String::new, |most| format!(" (at most {})", grouped(most)));
    format!("{} no seat, more than --max-errors allows{most}", rows(rejected, "row has", "rows have"))
}

/// Tokens that will leave the tokens file.
pub fn dropped(seats: u64, tokens: &Path, prune: bool) -> String {
    let who = rows(seats, "seat with a token is", "seats with a token are");
    let then = if prune { "" } else { "; the attendees stay in their meetings (--prune deletes them)" };
    format!("{who} not in this roster and will leave {}{then}", tokens.display())
}

/// What has happened.
pub fn summary(summary: &Summary, outputs: &Outputs, dir: &Path) -> String {
    let c = &summary.counts;
    let mut text = format!(
        "{} = {} provisioned + {} duplicate + {} rejected + {} refused + {} unprocessed",
        counted(c.rows, "row"),
        grouped(c.provisioned),
        grouped(c.duplicate),
        grouped(c.rejected),
        grouped(c.refused),
        grouped(c.unprocessed)
    );
    text.push_str(&format!("\n{} in {}", counted(summary.requests, "request"), said(Duration::from_secs_f64(summary.seconds))));
    for (name, label) in [("service", "service time"), ("token", "time to token")] {
        if let Some(words) = summary.latency_ms.get(name).and_then(percentiles) {
            text.push_str(&format!("\n  {label} {words}"));
        }
    }
    for (class, count) in summary.classes.iter().filter(|(class, _)| **class != "ok") {
        text.push_str(&format!("\n  {class} {}: {}", grouped(count.count), count.meaning));
    }
    let with = c.provisioned + c.duplicate;
    text.push_str(&format!("\n{}: {} with a token", outputs.tokens.display(), counted(with, "row")));
    text.push_str(&format!("\n{}: {} without", outputs.rejects.display(), counted(c.rows - with, "row")));
    text.push_str(&format!("\n{}: ledger, summary and logs of the run", dir.display()));
    text
}

fn percentiles(p: &Percentiles) -> Option<String> {
    let ms = |name: &str| {
        p.at.get(name).map(|ms| if *ms < 1000.0 { format!("{ms:.1} ms") } else { said(Duration::from_secs_f64(ms / 1000.0)) })
    };
    Some(format!("p50 {}, p99 {}, max {}", ms("p50")?, ms("p99")?, ms("max")?))
}

/// How long the links of an output are good for.
fn lifetime(published: &Published, outputs: &Outputs, voice: Voice) {
    let Some(link) = &outputs.link else { return };
    if published.counts.provisioned + published.counts.duplicate > 0 {
        voice.say(format_args!(
            "a link is good while its meeting lives: one that nobody connects to ends {} after it was made, any at the latest after 24 hours",
            said(Duration::from_secs(quota::IDLE_MEETING_SECONDS)),
        ));
    }
    if link.shows_token() {
        voice.warn(
            "--link has the JoinToken before the #, where web servers and proxies log it; behind the # a browser keeps it to itself",
        );
    }
}

/// What must not be missed, whatever else is said or not.
fn warnings(published: &Published, outputs: &Outputs, voice: Voice) {
    if published.void > 0 {
        voice.warn(format_args!(
            "{} VOID: the meeting has ended since, and the token with it; see {}",
            rows(published.void, "row is", "rows are"),
            outputs.rejects.display()
        ));
    }
    if published.shared > 0 {
        voice.warn(format_args!(
            "{} by ids that differ only in letter case: the service takes them for one person, who can join once",
            rows(published.shared, "attendee is shared", "attendees are shared")
        ));
    }
    if published.differs > 0 {
        voice.warn(format_args!(
            "{} other capabilities than the roster asks for (Status differs); asking again changes nothing while the attendee exists",
            rows(published.differs, "row has", "rows have")
        ));
    }
}

/// The exit code, and what to do next where something is left.
pub fn end(ran: &Ran, published: &Published, outputs: &Outputs, bounds: Bounds, voice: Voice) -> End {
    warnings(published, outputs, voice);
    lifetime(published, outputs, voice);
    let c = published.counts;
    let (with, rest) = (c.provisioned + c.duplicate, c.unprocessed);
    let incomplete = |why: String| Failure::new(Exit::Incomplete, why);
    let go_on = |why: String| incomplete(why).hint("run the same command to go on; nothing that is settled is asked again");
    let reason = || ran.ending.words().1.unwrap_or_default();
    let over = bounds.errors.is_some_and(|most| c.rejected + c.refused > most);
    match &ran.ending {
        Ending::Disk(why) => Err(incomplete(format!("stopped because the disk failed: {why}"))
            .hint("make room, then run the same command: it goes on where this stopped")),
        // A stop that came when nothing was left has stopped nothing.
        _ if with == c.rows => {
            if ran.seats == 0 {
                voice.say("every row has its token, and the meetings live: nothing was left to do");
            }
            Ok(Exit::Done)
        }
        Ending::TooManyErrors | Ending::Finished if over => {
            Err(Failure::new(Exit::TooManyErrors, over_budget(c.rejected + c.refused, bounds.errors)).hint(format!(
                "the reasons are in {}; {} not asked for",
                outputs.rejects.display(),
                rows(rest, "row was", "rows were")
            )))
        }
        Ending::Finished if rest > 0 && bounds.limit.is_some() => {
            Err(incomplete(format!("the canary is done; {} not asked for yet", rows(rest, "row is", "rows are")))
                .hint("look at the tokens, then run the same command without --limit"))
        }
        Ending::Finished if rest > 0 => Err(go_on(format!("{} no end yet", rows(rest, "row has", "rows have")))),
        Ending::Finished if published.void_sessions > 0 => Err(incomplete(format!(
            "{} no token that is good: the meetings made for them ended, because nobody joined in time",
            rows(published.void_sessions, "row has", "rows have")
        ))
        .hint("run the same command close to the event: it makes the meetings anew and asks for everybody in them")),
        Ending::Finished | Ending::TooManyErrors => {
            voice.warn(format_args!(
                "{} no token; the reasons are in {}",
                rows(c.rows - with, "row has", "rows have"),
                outputs.rejects.display()
            ));
            if published.retryable > 0 {
                voice.say(format_args!(
                    "{} refused for a reason that may pass; the same command with --replay retry asks for {} again",
                    rows(published.retryable, "row was", "rows were"),
                    if published.retryable == 1 { "it" } else { "them" }
                ));
            }
            Ok(Exit::SomeRows)
        }
        Ending::Stopped | Ending::Abandoned => Err(go_on(format!("stopped with {} left", counted(rest, "row")))),
        Ending::OutOfTime => Err(go_on(format!("--max-duration is over with {} left", counted(rest, "row")))),
        Ending::NotLetIn(fault) => {
            let hint = match fault.class {
                Class::Expired => "refresh the credentials (aws sso login, or a new token), then run the same command",
                Class::Forbidden => {
                    "the policy must allow chime:CreateAttendee on this meeting, and chime:GetMeeting; with --create-meetings chime:CreateMeeting too"
                }
                _ => "check AWS_PROFILE, the keys and the region; `aws sts get-caller-identity` shows who you are",
            };
            Err(Failure::new(Exit::Credentials, format!("the service does not let us in: {}", reason())).hint(hint))
        }
        Ending::Unreachable(fault) => {
            Err(incomplete(format!("the service cannot be reached: {}", reason())).hint(fault.class.meaning()))
        }
    }
}

/// What the command line allows.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Rows without a seat.
    pub errors: Option<u64>,
    /// Rows asked for.
    pub limit: Option<u64>,
}
