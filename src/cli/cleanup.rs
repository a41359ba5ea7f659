//! `headcount cleanup`: what a run has made is deleted again, by its ledger and nothing else.
//!
//! Holds the verb. Called by `cli`. It deletes nothing that this very run has not made, and asks first.

use super::End;
use super::agree;
use super::earlier::{self, Asking, Earlier};
use super::failure::{Exit, Failure};
use super::provision::failures::ledger_failure;
use super::say::{self, Voice};
use super::service::Service;
use super::shown::Loud;
use super::signals;
use super::values::counted;
use crate::chime::id::MeetingId;
use crate::ledger::audit::Leave;
use crate::reconcile::round::Ending;
use crate::reconcile::{self, Done, locked};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Delete what a run has made: its meetings, or with --attendees the attendees alone.
///
/// A primary is deleted, and its replicas end with it. Meetings that the roster named are not of the run's making and stay. Of a load
/// run, the meetings that it has left over are deleted.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 all of it is gone; 75 incomplete, run the same command again; 77 credentials refused; 2 usage; 1 internal failure."
)]
pub struct Args {
    /// The run's directory, or its tokens file
    #[arg(value_name = "RUN|TOKENS")]
    pub run: PathBuf,

    /// Delete the attendees, and leave the meetings
    #[arg(long)]
    pub attendees: bool,

    /// Do not ask
    #[arg(long)]
    pub yes: bool,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub asking: Asking,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub loud: Loud,
}

/// Runs the verb.
pub fn run(args: Args) -> End {
    super::alone(course(&args))?
}

async fn course(args: &Args) -> End {
    say::log(args.loud.verbose);
    let voice = args.loud.voice();
    let kept = Earlier::open(&args.run)?;
    if kept.is_load() { load(args, &kept, voice).await } else { provisioning(args, &kept, voice).await }
}

async fn provisioning(args: &Args, kept: &Earlier, voice: Voice) -> End {
    let ledger = kept.ledger()?;
    let service = args.asking.service_of(&ledger).await?;
    let (meetings, attendees) = if args.attendees {
        let leaving = ledger.leaving().map_err(ledger_failure)?;
        (Vec::new(), ledger.would_leave(Leave::Everybody).map_err(ledger_failure)? + leaving)
    } else {
        (ledger.own_meetings().map_err(ledger_failure)?, 0)
    };
    let what = match args.attendees {
        true => counted(attendees, "attendee"),
        false => {
            let replicas: u64 = meetings.iter().map(|meeting| meeting.replicas).sum();
            let with = if replicas > 0 { format!(", and {} with them", counted(replicas, "replica")) } else { String::new() };
            format!("{}{with}", counted(meetings.len() as u64, "meeting"))
        }
    };
    if meetings.is_empty() && attendees == 0 {
        let hint = if args.attendees {
            ""
        } else {
            "; meetings that a roster names are not of its making (--attendees deletes the attendees)"
        };
        voice.say(format_args!("nothing to delete: this run has made none that is still there{hint}"));
        return Ok(Exit::Done);
    }
    ask(args, &service, &what, voice)?;
    let mut signals = signals::listen().map_err(|e| Failure::new(Exit::Internal, e))?;
    let (client, pacing) = (args.asking.client(&service)?, args.asking.pacing(kept));
    let ledger = Arc::new(Mutex::new(ledger));
    let (done, ending) = if args.attendees {
        // From here on none of their tokens is told as good, whatever happens.
        let leaving = locked(&ledger).take_leave(Some(Leave::Everybody)).map_err(ledger_failure)?;
        let mut told = earlier::telling(voice, leaving.len() as u64, "attendees deleted");
        reconcile::delete(&client, &ledger, leaving, pacing, &mut signals.stop, &mut told).await
    } else {
        let mut told = earlier::telling(voice, meetings.len() as u64, "meetings deleted");
        reconcile::end_meetings(&client, &ledger, meetings, pacing, &mut signals.stop, &mut told).await
    };
    if done.done > 0 {
        voice.say("the tokens file is as it was, and its tokens of these are void; a provisioning run makes new ones");
    }
    let noun = if args.attendees { "attendee" } else { "meeting" };
    concluded(&done, &ending, noun, &signals, voice)
}

fn ask(args: &Args, service: &Service, what: &str, voice: Voice) -> Result<(), Failure> {
    let loud = if args.yes { voice } else { Voice::Normal };
    loud.say(format_args!("{what} will be deleted at {}", service.shown()));
    loud.say(agree::account(service));
    agree::agreed(args.yes, &format!("{what} would be deleted"), "give --yes if you mean it")
}

fn concluded(done: &Done, ending: &Ending, noun: &str, signals: &signals::Signals, voice: Voice) -> End {
    voice.say(format_args!("{} deleted", counted(done.done, noun)));
    if *ending == Ending::Abandoned {
        return Ok(signals.left());
    }
    earlier::undone(done, ending, voice).map_or(Ok(Exit::Done), Err)
}

/// What a load run has left over: what its events say was made and not deleted, which holds of a run that was killed, too.
async fn load(args: &Args, kept: &Earlier, voice: Voice) -> End {
    if args.attendees {
        return Err(Failure::new(Exit::Usage, "a load run keeps no list of its attendees")
            .hint("leave --attendees out: they go with their meetings"));
    }
    let service = args.asking.service_of_load(&kept.manifest).await?;
    let (mut gone, left) = leftovers(kept)?;
    if left.is_empty() {
        voice.say("nothing to delete: this run has left no meeting over");
        return Ok(Exit::Done);
    }
    ask(args, &service, &counted(left.len() as u64, "meeting"), voice)?;
    let mut signals = signals::listen().map_err(|e| Failure::new(Exit::Internal, e))?;
    let client = args.asking.client(&service)?;
    let deleted = |id: &MeetingId| {
        gone.insert(id.to_string());
    };
    let left = left.into_iter().collect();
    let (done, ending) = reconcile::end_leftovers(&client, left, args.asking.pacing(kept), &mut signals.stop, deleted).await;
    // A deletion that is not written down is repeated by the next time, and does no harm.
    let path = kept.dir.file(CLEANUP);
    let write = |out: &mut dyn Write| {
        serde_json::to_writer_pretty(&mut *out, &json!({ "version": 1, "kind": "cleanup", "deleted": gone }))?;
        out.write_all(b"\n")
    };
    crate::run_dir::publish::<io::Error>(&path, write, |_| Ok(()))
        .map_err(|e| Failure::new(Exit::Incomplete, format!("{} cannot be written: {e}", path.display())))?;
    concluded(&done, &ending, "meeting", &signals, voice)
}

const CLEANUP: &str = "cleanup.json";

/// What earlier cleanups have deleted, and what may still be there.
fn leftovers(kept: &Earlier) -> Result<(BTreeSet<String>, BTreeSet<MeetingId>), Failure> {
    let json = |name: &str| -> Value {
        std::fs::read(kept.dir.file(name)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    };
    let texts = |list: &Value| -> BTreeSet<String> {
        list.as_array().into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    };
    let mut left = texts(&json("summary.json")["meetings"]["left_over"]);
    let events = match std::fs::read_to_string(kept.dir.file("events.jsonl")) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(Failure::new(Exit::Incomplete, format!("events.jsonl of the run cannot be read: {e}"))),
    };
    // A last line cut short by a kill says nothing.
    for event in events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let Some(id) = event["of"].as_str() else { continue };
        match event["event"].as_str() {
            Some("meeting-made") => _ = left.insert(id.to_owned()),
            Some("meeting-deleted") => _ = left.remove(id),
            _ => {}
        }
    }
    let gone = texts(&json(CLEANUP)["deleted"]);
    Ok((gone.clone(), left.iter().filter(|id| !gone.contains(*id)).filter_map(|id| MeetingId::parse(id)).collect()))
}
