//! Flags, files and one environment variable, turned into the mock's options.
//!
//! Holds [`options`] and the file of keys. Called by the verb before anything is opened. It never starts anything.

use super::{Args, Failure, Switch, usage};
use crate::behaviour::{Behaviour, Quota};
use crate::chime::id::MeetingId;
use crate::cli::failure::Exit;
use crate::mock::keys::{DEFAULT_ACCOUNT, Key, KeyRing};
use crate::mock::operation::Operation;
use crate::mock::options::{Capacity, Hints, Lifetime};
use crate::mock::sides::Sides;
use crate::mock::{Auth, Options};
use crate::seed::Seed;
use crate::yaml;
use serde::Deserialize;
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

/// The options that the flags ask for.
pub fn options(args: &Args) -> Result<Options, Failure> {
    let manners = &args.manners;
    let mut sides = Sides::default();
    for side in &manners.side {
        sides.set(&side.0, &side.1).map_err(usage)?;
    }
    if let Some(ids) = &manners.ids {
        sides.set("ids", ids).map_err(usage)?;
    }
    let quota = quota(&manners.quota)?;
    let latency = manners.latency.parse().map_err(usage)?;
    let capacity = match (manners.workers, &manners.service) {
        (Some(workers), Some(service)) => Some(Capacity { workers, service: service.parse().map_err(usage)? }),
        _ => None,
    };
    let mut options = Options {
        seed: Seed(manners.seed),
        auth: if args.who.auth == Switch::On { Auth::On } else { Auth::Off },
        keys: keys(args)?,
        sides,
        hints: if manners.retry_hints { Hints::On } else { Hints::Off },
        lifetime: lifetime(args)?,
        quota,
        latency,
        capacity,
        mischief: Vec::new(),
    };
    for path in &manners.mischief {
        let file: Behaviour = read_yaml(path)?;
        file.check().map_err(|e| bad_file(path, e))?;
        options.latency = file.latency.unwrap_or(options.latency);
        options.mischief.extend(file.mischief);
    }
    Ok(options)
}

/// The meetings that are to exist.
pub fn adopted(args: &Args) -> Result<Vec<MeetingId>, Failure> {
    let parse = |id: &String| MeetingId::parse(id).ok_or_else(|| usage(format!("--adopt {id}: not the form of a meeting id")));
    args.manners.adopt.iter().map(parse).collect()
}

/// What a lifetime flag says, or what goes with the quota.
fn lifetime(args: &Args) -> Result<Lifetime, Failure> {
    let text = &args.manners.time_scale;
    let scale = text.trim_end_matches('x').parse().ok().filter(|scale: &f64| *scale > 0.0 && scale.is_finite());
    let scale = scale.ok_or_else(|| usage(format!("--time-scale {text}: write 60x")))?;
    let published = args.manners.quota.split(',').any(|part| part.trim() == "published");
    let on = args.manners.lifetime.map_or(published, |switch| switch == Switch::On);
    Ok(if on { Lifetime::On { scale } } else { Lifetime::Off })
}

/// `off`, `published`, single limits, or the name of a file that holds the same, a line each.
fn quota(text: &str) -> Result<Quota, Failure> {
    let first = text.split(',').next().unwrap_or_default().trim();
    if matches!(first, "off" | "published") || first.contains('=') {
        return text.parse().map_err(usage);
    }
    let path = Path::new(text);
    std::fs::read_to_string(path).map_err(|e| bad_file(path, e))?.parse().map_err(|e| bad_file(path, e))
}

/// The keys: those of the file and the flags, or the documented pair if neither says anything.
fn keys(args: &Args) -> Result<KeyRing, Failure> {
    let mut keys = Vec::new();
    if let Some(path) = &args.who.credentials {
        let file: KeyFile = read_yaml(path)?;
        if file.version != 1 {
            return Err(bad_file(path, format!("version is {}; this program reads version 1", file.version)));
        }
        for entry in file.keys {
            keys.push(key(path, entry)?);
        }
    }
    if let (Some(id), Some(name)) = (&args.who.access_key, &args.who.secret_key_env) {
        #[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
        let secret = std::env::var(name).map_err(|_| usage(format!("--secret-key-env: {name} is not set")))?;
        keys.push(Key { secret: Zeroizing::new(secret), ..Key::new(id, "") });
    }
    Ok(if keys.is_empty() { KeyRing::default() } else { KeyRing::new(keys) })
}

fn key(path: &Path, entry: KeyEntry) -> Result<Key, Failure> {
    let operation = |name: &String| {
        Operation::from_name(name).ok_or_else(|| bad_file(path, format!("key {}: '{name}' is no operation", entry.access_key)))
    };
    let allow = entry.allow.as_ref().map(|names| names.iter().map(operation).collect()).transpose()?;
    Ok(Key {
        secret: entry.secret_key,
        account: entry.account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()),
        session_token: entry.session_token,
        expires: entry.expires.map(|at| UNIX_EPOCH + Duration::from_secs(at.as_second().max(0).unsigned_abs())),
        allow,
        subscribed: entry.subscribed,
        id: entry.access_key,
    })
}

fn read_yaml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| bad_file(path, e))?;
    yaml::parse(&path.display().to_string(), &text).map_err(|e| Failure::new(Exit::BadInput, e))
}

fn bad_file(path: &Path, what: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::BadInput, format!("{}: {what}", path.display()))
}
