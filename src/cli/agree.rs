//! The question before something that cannot be taken back, or that goes to a real endpoint.
//!
//! Holds [`agreed`]. Called by the verbs once they have said what they would do.

use super::failure::{Exit, Failure};
use super::say;
use super::service::Service;
use std::io::{IsTerminal, Write};

/// Whose account would be asked, and where.
pub fn account(service: &Service) -> String {
    let account = service.account().unwrap_or_else(|| "unknown (the credentials do not tell)".to_owned());
    format!("account {account}, region {}", service.endpoint.region())
}

/// Goes on if `yes` was given, or if somebody at the terminal says so. `why` is what makes it worth a question.
///
/// # Errors
/// Nobody can be asked, or they say no.
pub fn agreed(yes: bool, why: &str, hint: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !say::is_terminal() {
        return Err(Failure::new(Exit::Usage, format!("{why}, and there is nobody to ask")).hint(hint));
    }
    let _ = write!(anstream::stderr(), "Go ahead? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" if read.is_ok() => Ok(()),
        _ => Err(Failure::new(Exit::Usage, "not gone ahead; nothing was asked")),
    }
}
