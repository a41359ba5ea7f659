//! The one question: whether a real endpoint may be called, and whether attendees may be deleted.
//!
//! Holds [`agreed`]. Called by the verb once everything that can be wrong has been told. It never asks where nobody is there.

use super::super::agree;
use super::super::failure::Failure;
use super::super::say::Voice;
use super::super::service::Service;

/// A real endpoint is shown, and called when somebody has said so; so many deletions are asked about at any endpoint.
pub fn agreed(service: &Service, plan: &str, deletes: u64, yes: bool, voice: Voice) -> Result<(), Failure> {
    let real = !service.endpoint.is_loopback();
    if !real && deletes == 0 {
        return Ok(());
    }
    let loud = if yes { voice } else { Voice::Normal };
    if loud != voice {
        loud.say(plan);
    }
    if real {
        loud.say(agree::account(service));
    }
    let why = if real { format!("{} is a real endpoint", service.endpoint) } else { "attendees are to be deleted".to_owned() };
    agree::agreed(yes, &why, "look at --dry-run, then give --yes")
}
