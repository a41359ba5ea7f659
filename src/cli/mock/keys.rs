//! The keys that a mock is told to know.
//!
//! Holds [`keys`] and the form of the file of keys. Called by `settings`. A secret goes into the ring and nowhere else: messages
//! name the access key at most.

use super::settings::{bad_file, read_yaml};
use super::{Failure, Who, usage};
use crate::cli::failure::Exit;
use crate::mock::keys::{DEFAULT_ACCOUNT, Key, KeyRing};
use crate::mock::operation::Operation;
use serde::Deserialize;
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};
use zeroize::Zeroizing;

/// A file of keys: version 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    version: u32,
    keys: Vec<KeyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    access_key: String,
    secret_key: Zeroizing<String>,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    session_token: Option<Zeroizing<String>>,
    /// As in `2026-11-24T12:00:00Z`.
    #[serde(default)]
    expires: Option<jiff::Timestamp>,
    #[serde(default)]
    allow: Option<Vec<String>>,
    #[serde(default = "yes")]
    subscribed: bool,
}

fn yes() -> bool {
    true
}

/// The keys: those of the file and the flags, or the documented pair if neither says anything.
pub fn keys(who: &Who) -> Result<KeyRing, Failure> {
    let mut keys = Vec::new();
    if let Some(path) = &who.credentials {
        let file: KeyFile = read_yaml(path)?;
        if file.version != 1 {
            return Err(bad_file(path, format!("version is {}; this program reads version 1", file.version)));
        }
        if file.keys.is_empty() {
            let hint = "add one, or leave out --credentials for the documented pair";
            return Err(bad_file(path, "it has no keys, so nobody could call").hint(hint));
        }
        for entry in file.keys {
            keys.push(key(path, entry)?);
        }
    }
    if let (Some(id), Some(name)) = (&who.access_key, &who.secret_key_env) {
        #[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
        let secret = std::env::var(name).map_err(|_| usage(format!("--secret-key-env: {name} is not set")))?;
        let key = Key { secret: Zeroizing::new(secret), ..Key::new(id, "") };
        fault(&key).map_or(Ok(()), |what| Err(usage(format!("--access-key {id} from {name}: {what}"))))?;
        keys.push(key);
    }
    let mut ids = HashSet::new();
    if let Some(twice) = keys.iter().find(|key| !ids.insert(&key.id)) {
        return Err(Failure::new(Exit::BadInput, format!("access key {} is given twice", twice.id))
            .hint("a request names its access key: each can have one secret, account and list of operations"));
    }
    Ok(if keys.is_empty() { KeyRing::default() } else { KeyRing::new(keys) })
}

/// What is wrong with a key, if anything: nobody could sign with it, or anybody.
fn fault(key: &Key) -> Option<&'static str> {
    let signable = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b','));
    if !signable(&key.id) {
        Some("an access key has letters and digits, and neither blanks nor / nor ,")
    } else if key.secret.is_empty() {
        Some("the secret is empty")
    } else if key.session_token.as_ref().is_some_and(|token| token.is_empty()) {
        Some("the session token is empty")
    } else {
        None
    }
}

fn key(path: &Path, entry: KeyEntry) -> Result<Key, Failure> {
    let operation = |name: &String| {
        Operation::from_name(name).ok_or_else(|| bad_file(path, format!("key {}: '{name}' is no operation", entry.access_key)))
    };
    let allow = entry.allow.as_ref().map(|names| names.iter().map(operation).collect()).transpose()?;
    let key = Key {
        secret: entry.secret_key,
        account: entry.account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
        session_token: entry.session_token,
        expires: entry.expires.map(|at| UNIX_EPOCH + Duration::from_secs(at.as_second().max(0).unsigned_abs())),
        allow,
        subscribed: entry.subscribed,
        id: entry.access_key,
    };
    match fault(&key) {
        Some(what) => Err(bad_file(path, format!("key {}: {what}", key.id))),
        None => Ok(key),
    }
}
