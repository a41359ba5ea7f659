//! `headcount reconcile`: a run held against what the service lists, and mended.
//!
//! Holds the verb's course: look, tell, and then whatever was asked for: repair, prune, change. Called by `cli`. Without one of these it
//! only reads.

mod told;
mod wish;

use super::End;
use super::agree;
use super::earlier::{self, Asking, Earlier};
use super::failure::{Exit, Failure};
use super::provision::failures::{ledger_failure, publish_failure};
use super::provision::{self, again};
use super::say::{self, Voice};
use super::service::Service;
use super::shown::Loud;
use super::signals::{self, Signals};
use super::values::{AskedRate, counted, said};
use crate::client::attempt::Client;
use crate::client::transport::Http;
use crate::drive::pump::Stop;
use crate::ledger::audit::Leave;
use crate::ledger::export::{Counts, Ended, VOID_CODE, Why};
use crate::provision::publish::emit;
use crate::provision::table::Form;
use crate::reconcile::compare::Difference;
use crate::reconcile::round::Ending;
use crate::reconcile::{self, Seen, Shared, locked};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wish::Wish;

/// Hold a provisioning run against what the service lists: missing, extra, lost tokens, other capabilities.
///
/// Lists the attendees of every meeting of the run and compares. It only reads, unless told to repair, prune or change.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 the service lists what the ledger has, and nobody else; 3 they differ; 75 incomplete, run the same\ncommand again; 77 credentials refused; 2 usage; 1 internal failure. After --repair, those of the provisioning."
)]
pub struct Args {
    /// The run's directory, or its tokens file
    #[arg(value_name = "RUN|TOKENS")]
    pub run: PathBuf,

    /// Write the rows that have no good token to this roster: missing, lost, void, not asked yet (.csv)
    #[arg(long, value_name = "FILE")]
    pub emit: Option<PathBuf>,

    /// Read lost tokens from the list, and run the provisioning again for whoever is missing
    #[arg(long)]
    pub repair: bool,

    /// Delete the attendees of this run that the roster no longer names
    #[arg(long)]
    pub prune: bool,

    /// Give attendees the capabilities that the roster asks for, at once for those who are in the call: a microphone left unmuted
    /// goes live when Audio becomes Send or SendReceive; video and content come only after media renegotiation
    #[arg(long)]
    pub change_capabilities: bool,

    /// Do not ask before something is changed
    #[arg(long)]
    pub yes: bool,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub asking: Asking,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub loud: Loud,
}

/// What follows a look.
enum Then {
    /// Nothing more.
    End(End),
    /// The provisioning, with these words, for what is open now; and what could not be done before it.
    Provision(Box<provision::Args>, Vec<String>, Option<Failure>),
}

/// Runs the verb.
pub fn run(args: Args) -> End {
    match super::alone(course(&args))?? {
        Then::End(end) => end,
        // The run's lock has been let go of by now.
        Then::Provision(args, words, left) => match (again(*args, words)?, left) {
            (Exit::Done, Some(left)) => Err(left),
            (exit, _) => Ok(exit),
        },
    }
}

/// What holds for the whole verb.
struct Course<'a> {
    args: &'a Args,
    voice: Voice,
    kept: Earlier,
    service: Service,
    client: Client<Http>,
    ledger: Shared,
    signals: Signals,
}

async fn course(args: &Args) -> Result<Then, Failure> {
    say::log(args.loud.verbose);
    let voice = args.loud.voice();
    if let Some(path) = &args.emit {
        writable(path)?;
    }
    let kept = Earlier::open(&args.run)?;
    let mut ledger = kept.ledger()?;
    let service = args.asking.service_of(&ledger).await?;
    let damaged = ledger.verify(|_, _| {}).map_err(ledger_failure)?;
    if damaged > 0 {
        voice.warn(format_args!("{} of the ledger damaged, and taken for not asked", counted(damaged, "record")));
    }
    let signals = signals::listen().map_err(|e| Failure::new(Exit::Internal, e))?;
    let client = args.asking.client(&service)?;
    Course { args, voice, kept, service, client, ledger: Arc::new(Mutex::new(ledger)), signals }.run().await
}

fn writable(path: &std::path::Path) -> Result<(), Failure> {
    let shown = path.display();
    if Form::of(path) != Some(Form::Csv) {
        return Err(Failure::new(Exit::Usage, format!("{shown} could not be read back as a roster: it is written as .csv")));
    }
    if path.symlink_metadata().is_ok() {
        return Err(Failure::new(Exit::Usage, format!("{shown} is already there")).hint("name another file, or move it away"));
    }
    crate::run_dir::check_publishable(path).map_err(|e| Failure::new(Exit::Usage, format!("{shown} cannot be written: {e}")))
}

impl Course<'_> {
    async fn run(mut self) -> Result<Then, Failure> {
        let meetings = locked(&self.ledger).held().map_err(ledger_failure)?.len() as u64;
        let rate = self.args.asking.rate(&self.kept);
        let time = Duration::from_secs_f64((meetings as f64 / rate.get()).min(1e9));
        self.voice.say(format_args!("{} to list at {}, {}", counted(meetings, "meeting"), self.service.shown(), rate));
        if time > Duration::from_secs(5) {
            self.voice.say(format_args!("about {}, and longer for meetings of several pages", said(time)));
        }
        let mut told = earlier::telling(self.voice, meetings, "meetings listed");
        let looked =
            reconcile::look(&self.client, &self.ledger, self.args.asking.pacing(&self.kept), &mut self.signals.stop, &mut told)
                .await;
        let (seen, ending) = looked.map_err(ledger_failure)?;
        if ending == Ending::Abandoned {
            return Ok(Then::End(Ok(self.signals.left())));
        }
        if let Some(failure) = earlier::cut_short(&ending) {
            earlier::faults(&seen.unseen, self.voice);
            self.voice.say(format_args!("{} of {meetings} listed; nothing was changed", seen.meetings));
            return Err(failure);
        }
        let counts = self.tell(&seen)?;
        self.emit(&seen)?;
        let done = self.mend(&seen).await?;
        if let Some(then) = done {
            return Ok(then);
        }
        Ok(Then::End(self.end(&seen, &counts)))
    }

    /// Says and writes what was found. The law is checked from the ledger, row by row.
    fn tell(&self, seen: &Seen) -> Result<Counts, Failure> {
        let ledger = locked(&self.ledger);
        let counts = ledger.counts().map_err(ledger_failure)?;
        if !counts.law_holds() {
            return Err(Failure::new(Exit::Internal, format!("the rows do not add up: {counts:?}"))
                .hint("please report this; the ledger holds everything"));
        }
        told::write(self.kept.dir.path(), seen, &counts, &self.service.place)?;
        self.voice.say(told::words(seen, &counts, self.kept.dir.path()));
        earlier::faults(&seen.unseen, self.voice);
        Ok(counts)
    }

    fn emit(&self, seen: &Seen) -> Result<(), Failure> {
        let Some(path) = &self.args.emit else { return Ok(()) };
        let reasons: HashMap<(&str, &str), &'static str> = seen
            .differences
            .iter()
            .filter_map(|(meeting, d)| {
                let why = match d {
                    Difference::Missing(_) => "missing: the service does not list its attendee",
                    Difference::Void(_) => "void: the meeting has ended",
                    Difference::TokenLost(..) => "token-lost: the service lists it with a token that the ledger does not have",
                    _ => return None,
                };
                Some(((meeting.as_str(), d.who().0.as_str()), why))
            })
            .collect();
        let ledger = locked(&self.ledger);
        let rows = emit(&ledger, path, |row| {
            let reason = match (&row.end, row.seat.and_then(|seat| reasons.get(&seat))) {
                (Ended::Rejected(_), _) => return None,
                (_, Some(reason)) => reason,
                (Ended::Unprocessed(_), None) => "not asked yet, or without an end",
                (Ended::Refused(why), None) if why.code == VOID_CODE => "void: the meeting has ended",
                _ => return None,
            };
            Some(Why { class: "reconcile", code: reason.split(':').next().unwrap_or(reason), reason })
        });
        let rows = rows.map_err(publish_failure)?;
        self.voice.say(format_args!("{}: {}", path.display(), counted(rows, "row")));
        Ok(())
    }

    /// Does what was asked for; `None` if there was nothing to do.
    async fn mend(&mut self, seen: &Seen) -> Result<Option<Then>, Failure> {
        let mut wish = Wish::of(self.args, seen, &locked(&self.ledger))?;
        if let Some(rejected) = wish.rejected.take() {
            self.voice.warn(rejected);
        }
        if wish.is_empty() {
            return Ok(None);
        }
        let lines = wish.words();
        self.voice.say(&lines);
        if wish.deletes > 0 || !wish.changes.is_empty() || !self.service.endpoint.is_loopback() {
            if self.voice == Voice::Quiet && !self.args.yes {
                Voice::Normal.say(&lines);
            }
            self.voice.say(agree::account(&self.service));
            agree::agreed(self.args.yes, "something is to be changed", "look at what is said above, then give --yes")?;
        }
        let (pacing, mut left) = (self.args.asking.pacing(&self.kept), None);
        if self.args.prune && wish.deletes > 0 {
            let leaving = locked(&self.ledger).take_leave(Some(Leave::Dropped)).map_err(ledger_failure)?;
            let mut told = earlier::telling(self.voice, leaving.len() as u64, "attendees deleted");
            let (done, ending) =
                reconcile::delete(&self.client, &self.ledger, leaving, pacing, &mut self.signals.stop, &mut told).await;
            self.voice.say(format_args!("{} deleted", counted(done.done, "attendee")));
            left = earlier::undone(&done, &ending, self.voice);
            self.go_on(&ending)?;
        }
        locked(&self.ledger).rewrite(&wish.mended).map_err(ledger_failure)?;
        let (tokens, changes) = (wish.mended.len() as u64, wish.changes.len() as u64);
        if changes > 0 {
            let mut told = earlier::telling(self.voice, changes, "attendees changed");
            let (done, ending) =
                reconcile::change(&self.client, &self.ledger, wish.changes, pacing, &mut self.signals.stop, &mut told).await;
            self.voice.say(format_args!("{} changed", counted(done.done, "attendee")));
            left = earlier::undone(&done, &ending, self.voice).or(left);
            self.go_on(&ending)?;
        }
        // Tokens and capabilities that have changed are published by the run that asks for the rest.
        let publish = tokens + changes + wish.open > 0 || wish.stale;
        Ok(Some(match (publish, left) {
            (true, left) => self.provision(wish.open, left),
            (false, Some(left)) => Then::End(Err(left)),
            (false, None) => Then::End(self.end_after(seen)),
        }))
    }

    /// Nothing more is begun once a round was cut short, or somebody has said stop. What is mended so far is in the ledger, and
    /// published by whatever comes next.
    fn go_on(&self, ending: &Ending) -> Result<(), Failure> {
        let stopped = *self.signals.stop.borrow() > Stop::No;
        let cut_short = earlier::cut_short(if stopped && *ending == Ending::Finished { &Ending::Stopped } else { ending });
        cut_short.map_or(Ok(()), Err)
    }

    /// The run's own command once more, if it is known.
    fn provision(&self, open: u64, left: Option<Failure>) -> Then {
        let manifest = &self.kept.manifest;
        let words: Vec<String> =
            manifest["arguments"].as_array().into_iter().flatten().filter_map(|w| w.as_str().map(str::to_owned)).collect();
        let there = manifest["directory"].as_str().is_some_and(|dir| std::env::set_current_dir(dir).is_ok());
        match super::provisioning(&words).filter(|_| there) {
            Some(mut args) => {
                (args.goes_on.prune, args.goes_on.replay) = (self.args.prune, provision::args::Again::Resume);
                args.yes = true;
                if let Some(rate) = self.args.asking.rate {
                    (args.calls.rate, args.calls.rate_max) = (Some(AskedRate::At(rate)), None);
                }
                args.endpoint.whom = self.args.asking.whom.clone();
                self.voice.say(format_args!("running the provisioning again: {} to ask for", counted(open, "seat")));
                Then::Provision(Box::new(args), words, left)
            }
            None => Then::End(Err(Failure::new(
                Exit::Incomplete,
                format!("the ledger is mended, with {} to ask for; the tokens file is not published yet", counted(open, "seat")),
            )
            .hint("the command of this run is not known: run it again, and it goes on from there"))),
        }
    }

    fn end(&self, seen: &Seen, counts: &Counts) -> End {
        if !seen.unseen.is_empty() {
            let left = counted(seen.unseen.len() as u64, "meeting");
            return Err(Failure::new(Exit::Incomplete, format!("{left} could not be listed")).hint("run the same command again"));
        }
        if locked(&self.ledger).is_stale().map_err(ledger_failure)? {
            self.voice
                .warn("the tokens file is older than the ledger, and holds tokens that are no good; --repair publishes it anew");
            return Ok(Exit::SomeRows);
        }
        if seen.tally.is_clean() {
            let open = counts.rows - counts.provisioned - counts.duplicate;
            let rest = if open > 0 { format!("; {} no token", told::rows(open, "row has", "rows have")) } else { String::new() };
            self.voice.say(format_args!("clean: the service lists whom the ledger has, and nobody else{rest}"));
            return Ok(Exit::Done);
        }
        self.voice.say(told::what_to_do(&seen.tally));
        Ok(Exit::SomeRows)
    }

    /// After a prune alone: what else differs is still there.
    fn end_after(&self, seen: &Seen) -> End {
        let rest = reconcile::compare::Tally { dropped: 0, leaving: 0, ..seen.tally };
        Ok(if rest.is_clean() && seen.unseen.is_empty() { Exit::Done } else { Exit::SomeRows })
    }
}
