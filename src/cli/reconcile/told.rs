//! What a look at the service has shown: on the terminal, in `reconcile.json`, in `differences.csv`.
//!
//! Holds the words and the files. Called by the verb. Ids stand in `differences.csv` alone, which is private; tokens nowhere.

use super::super::failure::{Exit, Failure};
use super::super::values::{counted, grouped};
use crate::chime::capability::{Capabilities, Direction};
use crate::ledger::export::Counts;
use crate::provision::table::{Form, Guard, Table};
use crate::reconcile::compare::{Difference, Tally};
use crate::reconcile::{Change, Seen};
use crate::run_dir::publish;
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;

const DIFFERENCES: &str = "differences.csv";

/// A count with its noun and verb.
pub fn rows(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// What was found.
pub fn words(seen: &Seen, counts: &Counts, dir: &Path) -> String {
    let mut text = format!("{} in {}", counted(seen.listed, "attendee"), counted(seen.meetings - seen.ended, "meeting"));
    if seen.ended > 0 {
        text.push_str(&format!("; {} ended", rows(seen.ended, "meeting has", "meetings have")));
    }
    let c = counts;
    text.push_str(&format!(
        "\n{} = {} provisioned + {} duplicate + {} rejected + {} refused + {} unprocessed",
        counted(c.rows, "row"),
        grouped(c.provisioned),
        grouped(c.duplicate),
        grouped(c.rejected),
        grouped(c.refused),
        grouped(c.unprocessed)
    ));
    let t = &seen.tally;
    for (n, what) in [
        (t.missing, "missing: they have a token in the ledger, and are not listed"),
        (t.void, "void: their meeting has ended"),
        (t.token_lost, "token lost: they are listed with a token that the ledger does not have"),
        (t.capabilities, "with other capabilities than are wanted"),
        (t.dropped, "dropped: made by this run, and no longer named by the roster"),
        (t.leaving, "leaving: their deletion was begun, and has not come to its end"),
        (t.extra, "extra: listed, and neither in the ledger nor in the roster"),
    ] {
        if n > 0 {
            text.push_str(&format!("\n  {} {what}", grouped(n)));
        }
    }
    if !t.is_clean() {
        text.push_str(&format!("\n{}: each of them", dir.join(DIFFERENCES).display()));
    }
    text
}

/// Which flags do something about it.
pub fn what_to_do(tally: &Tally) -> String {
    let mut flags = Vec::new();
    if tally.missing + tally.void + tally.token_lost > 0 {
        flags.push("--repair");
    }
    if tally.dropped + tally.leaving > 0 {
        flags.push("--prune");
    }
    if tally.capabilities > 0 {
        flags.push("--change-capabilities");
    }
    match flags.is_empty() {
        true => "nobody but their maker removes extra attendees: this run has not made them".to_owned(),
        false => format!("the same command with {} mends this", flags.join(" ")),
    }
}

/// What changing capabilities does to people in the call, as the service's documentation has it.
pub fn changes(changes: &[Change]) -> String {
    let sends = |d: Direction| matches!(d, Direction::Send | Direction::SendReceive);
    let begins = |channel: fn(Capabilities) -> Direction| {
        changes.iter().filter(|c| sends(channel(c.wanted)) && !sends(channel(c.has))).count() as u64
    };
    let mut text =
        format!("{} their capabilities changed, at once", rows(changes.len() as u64, "attendee has", "attendees have"));
    let (audio, video, content) = (begins(|c| c.audio), begins(|c| c.video), begins(|c| c.content));
    if audio > 0 {
        text.push_str(&format!(
            "\n  {} may then send audio: whoever of them left the microphone unmuted goes live",
            grouped(audio)
        ));
    }
    if video + content > 0 {
        let most = video.max(content);
        text.push_str(&format!(
            "\n  {} may then send video or content: others receive it only after media renegotiation",
            grouped(most)
        ));
    }
    text
}

/// Writes both files, whole.
///
/// # Errors
/// They cannot be written.
pub fn write(dir: &Path, seen: &Seen, counts: &Counts, place: &str) -> Result<(), Failure> {
    let at = |name: &str| dir.join(name);
    let failed = |path: &Path, e: io::Error| Failure::new(Exit::Incomplete, format!("{} cannot be written: {e}", path.display()));
    let path = at(DIFFERENCES);
    publish::<io::Error>(&path, |out| table(out, seen), |_| Ok(())).map_err(|e| failed(&path, e))?;
    let unseen: Vec<_> =
        seen.unseen.iter().map(|(meeting, fault)| json!({ "meeting": meeting.as_str(), "code": fault.code })).collect();
    let summary = json!({
        "version": 1, "kind": "reconcile", "endpoint": place, "clean": seen.tally.is_clean() && unseen.is_empty(), "counts": counts,
        "meetings": seen.meetings, "ended": seen.ended, "listed": seen.listed, "differences": seen.tally, "unseen": unseen,
    });
    let path = at("reconcile.json");
    let write = |out: &mut dyn Write| {
        serde_json::to_writer_pretty(&mut *out, &summary)?;
        out.write_all(b"\n")
    };
    publish::<io::Error>(&path, write, |_| Ok(())).map_err(|e| failed(&path, e))
}

fn table(out: &mut dyn Write, seen: &Seen) -> io::Result<()> {
    let mut table = Table::new(out, Form::Csv, Guard::Raw);
    table.begin(&["Difference", "MeetingId", "ExternalUserId", "AttendeeId", "Wanted", "Has"].map(str::to_owned), 0)?;
    for (meeting, difference) in &seen.differences {
        let (user, attendee) = difference.who();
        let words = |c: &Capabilities| format!("Audio={},Video={},Content={}", c.audio, c.video, c.content);
        let (wanted, has) = match difference {
            Difference::Capabilities(_, wanted, has) => (Some(words(wanted)), Some(words(has))),
            _ => (None, None),
        };
        let ids = [Some(difference.name()), Some(meeting.as_str()), Some(user.as_str()), attendee.map(|id| id.as_str())];
        table.row(&ids.into_iter().map(|id| id.map(str::to_owned)).chain([wanted, has]).collect::<Vec<_>>())?;
    }
    table.end()
}
