//! The errors of the rooms below, as failures: a message, what to do, an exit code.
//!
//! Holds one function a room. Called by the verb at its edge.

use super::super::failure::{Exit, Failure};
use crate::ledger::schema::LedgerError;
use crate::provision::intake::IntakeError;
use crate::provision::publish::PublishError;
use crate::run_dir::RunDirError;

/// A write that failed on the way.
pub fn incomplete(message: String) -> Failure {
    Failure::new(Exit::Incomplete, message).hint("make room, then run the same command: it goes on where this stopped")
}

/// A run that belongs to another place.
pub fn elsewhere(error: LedgerError) -> Failure {
    match error {
        LedgerError::Foreign { .. } => {
            Failure::new(Exit::Usage, error).hint("use another --output or --run-dir for another endpoint or account")
        }
        other => ledger_failure(other),
    }
}

/// A file that cannot be written: by its very place, or because the disk failed.
pub fn unwritable(message: String, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind::{
        AlreadyExists, InvalidFilename, NotADirectory, NotFound, Other, PermissionDenied, ReadOnlyFilesystem,
    };
    match error.kind() {
        NotFound | PermissionDenied | NotADirectory | ReadOnlyFilesystem | InvalidFilename | AlreadyExists | Other => {
            Failure::new(Exit::Usage, message).hint("name a place that exists and can be written; nothing was asked")
        }
        _ => incomplete(message),
    }
}

pub fn dir_failure(error: RunDirError) -> Failure {
    match error {
        RunDirError::InUse(_) => Failure::new(Exit::Usage, error).hint("wait for it, or use another --output"),
        RunDirError::Io { error: ref io, .. } => unwritable(error.to_string(), io),
    }
}

pub fn ledger_failure(error: LedgerError) -> Failure {
    match error {
        LedgerError::Unusable { ref path, .. } => {
            let hint = format!(
                "move {} away and run the same command: everything is asked again, and nothing is made twice",
                path.display()
            );
            Failure::new(Exit::Internal, error).hint(hint)
        }
        LedgerError::Write(_) => incomplete(error.to_string()),
        LedgerError::Damaged(_) => Failure::new(Exit::Internal, error)
            .hint("change the roster's name or a setting and it is read anew; what is settled stays"),
        other => Failure::new(Exit::Internal, other),
    }
}

pub fn intake_failure(error: IntakeError) -> Failure {
    match error {
        IntakeError::Open { .. } => Failure::new(Exit::BadInput, error).hint("check the path; - reads standard input"),
        IntakeError::Roster(roster) => {
            let hint = roster.hint();
            Failure::new(Exit::BadInput, roster).hint(hint)
        }
        IntakeError::Doors { .. } => Failure::new(Exit::BadInput, error).hint("mend the cell, or leave it empty"),
        IntakeError::NoColumn { .. } => {
            Failure::new(Exit::BadInput, error).hint("mend the name in --group-by, --presenters or --doors-column")
        }
        IntakeError::Ledger(ledger) => ledger_failure(ledger),
        IntakeError::Several(all) => {
            let failures: Vec<Failure> = all.into_iter().map(intake_failure).collect();
            let mut hints: Vec<&str> = Vec::new();
            for hint in failures.iter().filter_map(|f| f.hint.as_deref()) {
                if !hints.contains(&hint) {
                    hints.push(hint);
                }
            }
            let messages: Vec<&str> = failures.iter().map(|f| f.message.as_str()).collect();
            Failure::new(Exit::BadInput, messages.join("\n       ")).hint(hints.join("\n      "))
        }
    }
}

/// Outputs that could not be published once the calls were made: everything is in the ledger, and the same command goes on.
pub fn republish_failure(error: PublishError) -> Failure {
    match error {
        PublishError::Write { .. } | PublishError::Ledger(_) => incomplete(error.to_string()),
        other => Failure { exit: Exit::Incomplete, ..publish_failure(other) },
    }
}

pub fn publish_failure(error: PublishError) -> Failure {
    match error {
        PublishError::Ledger(ledger) => ledger_failure(ledger),
        PublishError::Write { error: ref io, .. } => unwritable(error.to_string(), io),
        PublishError::InUse(_) => {
            Failure::new(Exit::Usage, error).hint("wait for it, or give this run outputs of its own with -o and --rejects")
        }
        PublishError::Foreign(_) => {
            Failure::new(Exit::Usage, error).hint("give other names with -o and --rejects, or --force to write over it")
        }
        PublishError::Changed(_) => Failure::new(Exit::Usage, error).hint("move it away to keep it, or --force to write over it"),
        PublishError::IsRoster(_) => Failure::new(Exit::Usage, error).hint(
            "mended rows go best back into their roster; or give the outputs of this run other names, with -o and --rejects",
        ),
        PublishError::Link(ref link) => {
            let hint = link.hint.clone();
            Failure::new(Exit::Usage, error).hint(hint)
        }
        PublishError::Ending(_) | PublishError::Same(_) | PublishError::NoRoster(_) => Failure::new(Exit::Usage, error),
    }
}
