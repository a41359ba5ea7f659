//! What runs have learnt of accounts, kept for the next: `rates.json`, version 1 of the format in docs/formats.md.
//!
//! Holds [`Kept`], found where state belongs (`$XDG_STATE_HOME/headcount`, else `~/.local/state/headcount`). Called by
//! `provision --rate auto`. It holds an endpoint, an account's number and a region for each rate, and nothing secret. What it
//! says is a place to begin from: a file that is lost or spoilt costs a few throttled calls.

use super::service::environment;
use crate::client::pace::fit::Learned;
use crate::run_dir::publish;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// The version of the format.
const VERSION: u32 = 1;
/// Accounts remembered; the longest unused go first.
const ACCOUNTS: usize = 200;
/// More than this was not written by us.
const BYTES: u64 = 1 << 20;

/// Whose quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    /// The endpoint, as ledgers are bound to it.
    pub endpoint: String,
    /// The account's number, where the credentials tell it.
    pub account: Option<String>,
    /// The region signed for.
    pub region: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    whose: Whose,
    #[serde(flatten)]
    learned: Learned,
    /// When.
    at: jiff::Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    version: u32,
    rates: Vec<Entry>,
}

/// The file.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
}

impl Kept {
    /// Where it is; nowhere if the environment names no home.
    pub fn place() -> Option<Kept> {
        let absolute = |path: PathBuf| path.is_absolute().then_some(path);
        let state = environment("XDG_STATE_HOME").map(PathBuf::from).and_then(absolute);
        let home = || environment("HOME").map(PathBuf::from).and_then(absolute).map(|home| home.join(".local/state"));
        Some(Kept { path: state.or_else(home)?.join("headcount/rates.json") })
    }

    /// As it is shown.
    pub fn shown(&self) -> String {
        crate::safe::line(&self.path.to_string_lossy(), 200)
    }

    /// What was learnt of this account last.
    ///
    /// # Errors
    /// The file is there and cannot be read, or is not ours; it says why.
    pub fn rate_of(&self, whose: &Whose) -> Result<Option<Learned>, String> {
        let entries = self.read().map_err(|e| e.to_string())?;
        Ok(entries.into_iter().rev().find(|entry| entry.whose == *whose).map(|entry| entry.learned))
    }

    /// Keeps what was learnt. Two that do so at once lose one of the two, and no more.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, whose: Whose, learned: Learned, at: jiff::Timestamp) -> io::Result<()> {
        // What cannot be read is of no more use; what a newer version wrote stays its own.
        let mut rates = match self.read() {
            Err(e) if e.kind() == io::ErrorKind::Unsupported => return Err(e),
            read => read.unwrap_or_default(),
        };
        rates.retain(|entry| entry.whose != whose);
        let round = |x: f64| (x * 1000.0).round() / 1000.0;
        rates.push(Entry { whose, learned: Learned { rate: round(learned.rate), burst: round(learned.burst) }, at });
        rates.drain(..rates.len().saturating_sub(ACCOUNTS));
        if let Some(dir) = self.path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        let write = |out: &mut dyn Write| {
            serde_json::to_writer_pretty(&mut *out, &File { version: VERSION, rates })?;
            out.write_all(b"\n")
        };
        publish::<io::Error>(&self.path, write, |_| Ok(()))
    }

    fn read(&self) -> io::Result<Vec<Entry>> {
        let file = match std::fs::File::open(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?,
        };
        let file: File = serde_json::from_reader(io::Read::take(file, BYTES))?;
        if file.version != VERSION {
            let words = format!("it is of version {}, and this program knows {VERSION}", file.version);
            return Err(io::Error::new(io::ErrorKind::Unsupported, words));
        }
        Ok(file.rates.into_iter().filter(|entry| entry.learned.is_sane()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(account: Option<&str>) -> Whose {
        Whose { endpoint: "https://e".into(), account: account.map(str::to_owned), region: "us-east-1".into() }
    }

    #[test]
    fn each_account_has_its_own_and_the_last_word_holds() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept { path: dir.path().join("a/b/rates.json") };
        assert_eq!(kept.rate_of(&whose(None)), Ok(None));
        let (slow, fast) = (Learned { rate: 9.5, burst: 20.0 }, Learned { rate: 50.0, burst: 100.0 });
        for (account, learned) in [(Some("1"), fast), (None, slow), (Some("1"), slow), (Some("2"), fast)] {
            kept.keep(whose(account), learned, jiff::Timestamp::UNIX_EPOCH).unwrap();
        }
        let of = |account| kept.rate_of(&whose(account)).unwrap();
        assert_eq!([of(Some("1")), of(Some("2")), of(None), of(Some("3"))], [Some(slow), Some(fast), Some(slow), None]);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&kept.path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_spoilt_file_is_told_and_replaced_and_a_newer_one_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept { path: dir.path().join("rates.json") };
        let learned = Learned { rate: 9.5, burst: 20.0 };
        for spoilt in ["", "{", r#"{"version":1}"#, r#"{"version":1,"rates":[{"rate":1}]}"#] {
            std::fs::write(&kept.path, spoilt).unwrap();
            assert!(kept.rate_of(&whose(None)).is_err(), "{spoilt}");
            kept.keep(whose(None), learned, jiff::Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(kept.rate_of(&whose(None)), Ok(Some(learned)));
        }
        let newer = r#"{"version":2,"rates":[]}"#;
        std::fs::write(&kept.path, newer).unwrap();
        assert!(kept.rate_of(&whose(None)).unwrap_err().contains("version 2"));
        assert!(kept.keep(whose(None), learned, jiff::Timestamp::UNIX_EPOCH).is_err());
        assert_eq!(std::fs::read_to_string(&kept.path).unwrap(), newer);
        // A rate that cannot be is none.
        let odd = r#"{"version":1,"rates":[{"endpoint":"https://e","account":null,"region":"us-east-1","rate":-3.0,"burst":1,"at":"2026-01-01T00:00:00Z"}]}"#;
        std::fs::write(&kept.path, odd).unwrap();
        assert_eq!(kept.rate_of(&whose(None)), Ok(None));
    }
}
