//! Flags, files and one environment variable, turned into the mock's options.
//!
//! Holds [`options`]. Called by the verb before anything is opened. It never starts anything.

use super::{Args, Failure, Switch, keys, usage};
use crate::behaviour::quota::starts_from_published;
use crate::behaviour::{Behaviour, Latency, Quota};
use crate::chime::id::MeetingId;
use crate::cli::failure::Exit;
use crate::mock::options::{Capacity, Hints, Lifetime};
use crate::mock::sides::Sides;
use crate::mock::{Auth, Options};
use crate::probe::Findings;
use crate::seed::Seed;
use crate::twin::Twin;
use crate::twin::played::played;
use crate::yaml;
use std::path::Path;

/// The options that the flags ask for, and a twin where they say nothing.
pub fn options(args: &Args, twin: Option<&Twin>) -> Result<Options, Failure> {
    let manners = &args.manners;
    let like = twin.map(played);
    let mut sides = manners.like_probe.as_deref().map_or(Ok(Sides::default()), like_probe)?;
    for side in &manners.side {
        sides.set(&side.0, &side.1).map_err(usage)?;
    }
    if let Some(ids) = &manners.ids {
        sides.set("ids", ids).map_err(usage)?;
    }
    let (quota, published) = match (&manners.quota, &like) {
        (Some(text), _) => quota(text)?,
        (None, Some(like)) => (like.quota.clone(), false),
        (None, None) => (Quota::off(), false),
    };
    let own = manners.latency.as_deref().map(str::parse).transpose().map_err(usage)?;
    let (latency, times) = match (own, &like) {
        (Some(latency), _) => (latency, Vec::new()),
        // Whoever says how long work takes has said how long answers do.
        (None, Some(like)) if manners.workers.is_none() => (like.latency.clone(), like.times.clone()),
        (None, _) => (Latency::default(), Vec::new()),
    };
    let capacity = match (manners.workers, &manners.service) {
        (Some(workers), Some(service)) => Some(Capacity { workers, service: service.parse().map_err(usage)? }),
        _ => None,
    };
    let mut options = Options {
        seed: Seed(manners.seed),
        auth: if args.who.auth == Switch::On { Auth::On } else { Auth::Off },
        keys: keys::keys(&args.who)?,
        sides,
        hints: if manners.retry_hints { Hints::On } else { Hints::Off },
        lifetime: lifetime(args, published)?,
        quota,
        latency,
        times,
        capacity,
        mischief: Vec::new(),
        adopt: adopted(args)?,
    };
    for path in &manners.mischief {
        let file: Behaviour = read_yaml(path)?;
        file.check().map_err(|e| bad_file(path, e))?;
        if let Some(latency) = file.latency {
            (options.latency, options.times) = (latency, Vec::new());
        }
        options.mischief.extend(file.mischief);
    }
    // Behind those of the files, of which the first that strikes has the word.
    options.mischief.extend(like.map(|like| like.mischief).unwrap_or_default());
    Ok(options)
}

/// The sides that a probe has found; where it has found none, the defaults.
fn like_probe(path: &Path) -> Result<Sides, Failure> {
    let bad = |why: String| {
        Failure::new(Exit::BadInput, format!("{}: {why}", path.display())).hint("headcount probe writes such a file")
    };
    let text = std::fs::read_to_string(path).map_err(|e| usage(format!("{}: {e}", path.display())))?;
    let findings = Findings::read(&text).map_err(|e| bad(e.to_string()))?;
    let mut sides = Sides::default();
    for (name, value) in findings.sides() {
        sides.set(name, value).map_err(|e| bad(e.to_string()))?;
    }
    Ok(sides)
}

/// The meetings that are to exist.
fn adopted(args: &Args) -> Result<Vec<MeetingId>, Failure> {
    let parse = |id: &String| MeetingId::parse(id).ok_or_else(|| usage(format!("--adopt {id}: not the form of a meeting id")));
    args.manners.adopt.iter().map(parse).collect()
}

/// What a lifetime flag says, or what goes with the quota.
fn lifetime(args: &Args, published: bool) -> Result<Lifetime, Failure> {
    let text = &args.manners.time_scale;
    let scale = text.trim_end_matches('x').parse().ok().filter(|scale: &f64| *scale > 0.0 && scale.is_finite());
    let scale = scale.ok_or_else(|| usage(format!("--time-scale {text}: write 60x")))?;
    let on = args.manners.lifetime.map_or(published, |switch| switch == Switch::On);
    Ok(if on { Lifetime::On { scale } } else { Lifetime::Off })
}

/// `off`, `published`, single limits, or the name of a file that holds the same, a line each; and whether it says `published`.
fn quota(text: &str) -> Result<(Quota, bool), Failure> {
    let first = text.split(',').next().unwrap_or_default().trim();
    if matches!(first, "off" | "published") || first.contains('=') {
        return Ok((text.parse().map_err(usage)?, starts_from_published(text)));
    }
    let path = Path::new(text);
    let text = std::fs::read_to_string(path).map_err(|e| bad_file(path, e))?;
    Ok((text.parse().map_err(|e| bad_file(path, e))?, starts_from_published(&text)))
}

/// A YAML file, read.
pub fn read_yaml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| bad_file(path, e))?;
    yaml::parse(&path.display().to_string(), &text).map_err(|e| Failure::new(Exit::BadInput, e))
}

/// A file that cannot be used.
pub fn bad_file(path: &Path, what: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::BadInput, format!("{}: {what}", path.display()))
}
