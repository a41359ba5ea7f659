//! Scenarios as arguments.
//!
//! Holds [`read`], [`Unread`] and the surroundings of a scenario: the environment, and the files beside it. Called by `schedule`,
//! `load` and `check`. It never says anything: a fault goes back as a value.

use super::failure::{Exit, Failure};
use super::values::counted;
use crate::scenario::plan::Plan;
use crate::scenario::set::Setting;
use crate::scenario::{self, ScenarioError, Surroundings};
use crate::yaml::cursor::Limits;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What a trace may have; beyond it, it is refused, never cut.
const TRACE_BYTES: u64 = 256 << 20;

/// A scenario that could not be read.
#[derive(Debug)]
pub enum Unread {
    /// Not even its text.
    Text(String, io::Error),
    /// Its text is faulty.
    Faulty(ScenarioError),
}

/// What the command line has to say beside the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Besides<'a> {
    /// An endpoint that takes the place of the file's own, and of its mock.
    pub endpoint_url: Option<&'a str>,
    /// Values that take the place of the file's own.
    pub set: &'a [Setting],
    /// Where files that it leans on are noted, as it names them, with their SHA-256.
    pub leans_on: Option<&'a RefCell<Vec<(String, String)>>>,
}

/// Reads the scenario in this file; `-` is standard input.
///
/// # Errors
/// The file cannot be read, or is faulty.
pub fn read(path: &str, besides: Besides) -> Result<Plan, Unread> {
    let text = text_of(path)?;
    parse(path, &text, besides).map_err(Unread::Faulty)
}

/// The text of a scenario's file.
///
/// # Errors
/// It cannot be read.
pub fn text_of(path: &str) -> Result<String, Unread> {
    let failed = |error| Unread::Text(crate::safe::line(path, 200), error);
    let most = Limits::DOCUMENT.bytes as u64 + 1;
    let text = match path {
        "-" => text(io::stdin(), most),
        path => File::open(path).and_then(|file| text(file, most)),
    };
    text.map_err(failed)
}

/// The same for a text that is at hand.
///
/// # Errors
/// It is faulty.
pub fn parse(path: &str, text: &str, besides: Besides) -> Result<Plan, ScenarioError> {
    #[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
    let env = |name: &str| std::env::var(name).ok();
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let files = |file: &str| {
        let text = File::open(folder.join(file)).and_then(|file| self::text(file, TRACE_BYTES))?;
        if let Some(list) = besides.leans_on {
            list.borrow_mut().push((file.to_owned(), sum(&text)));
        }
        Ok(text)
    };
    let name = if path == "-" { "stdin" } else { path };
    scenario::read(name, text, &Surroundings { env: &env, files: &files, endpoint_url: besides.endpoint_url, set: besides.set })
}

/// The SHA-256 of a text.
pub fn sum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(from: impl Read, most: u64) -> io::Result<String> {
    let mut text = String::new();
    from.take(most).read_to_string(&mut text)?;
    if text.len() as u64 == most && most == TRACE_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more than 256 MiB"));
    }
    Ok(text)
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Failure {
        match unread {
            Unread::Text(name, error) => Failure::new(Exit::BadInput, format!("{name} cannot be read: {error}")),
            Unread::Faulty(error) => {
                let n = error.faults().len() as u64;
                let hints = error.faults().iter().find_map(|fault| fault.hint);
                let failure = Failure::new(Exit::BadInput, format!("{} in the scenario\n{error}", counted(n, "fault")));
                failure.hint(hints.unwrap_or("docs/scenarios.md has every key; headcount example prints scenarios that work"))
            }
        }
    }
}
