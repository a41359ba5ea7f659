//! The one question: whether a real endpoint may be called.
//!
//! Holds [`agreed`]. Called by the verb once everything that can be wrong has been told. It never asks where nobody is there.

use super::super::failure::{Exit, Failure};
use super::super::say::{self, Voice};
use super::super::service::Service;
use std::io::Write;

/// A real endpoint is shown, and called when somebody has said so.
pub fn agreed(service: &Service, plan: &str, yes: bool, voice: Voice) -> Result<(), Failure> {
    if service.endpoint.is_loopback() {
        return Ok(());
    }
    let account = service.account().unwrap_or_else(|| "unknown (the credentials do not tell)".to_owned());
    let loud = if yes { voice } else { Voice::Normal };
    if loud != voice {
        loud.say(plan);
    }
    loud.say(format_args!("account {account}, region {}", service.endpoint.region()));
    if yes {
        return Ok(());
    }
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) || !say::is_terminal() {
        let real = format!("{} is a real endpoint, and there is nobody to ask", service.endpoint);
        return Err(Failure::new(Exit::Usage, real).hint("look at --dry-run, then give --yes"));
    }
    let _ = write!(anstream::stderr(), "Go ahead? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" if read.is_ok() => Ok(()),
        _ => Err(Failure::new(Exit::Usage, "not gone ahead; nothing was asked")),
    }
}
