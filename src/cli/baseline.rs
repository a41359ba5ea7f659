//! Baselines: runs that are kept under a name, to be compared with.
//!
//! Holds [`find`] and [`save`]. Called by `compare`. A baseline is a copy of a run's files as they are: everything that reads a run's
//! directory reads one.

use super::failure::{Exit, Failure};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where they are kept, if nobody says.
pub const DIR: &str = ".headcount/baselines";
/// What a comparison, a report and a person need of a run. Its ledger, which holds tokens, is not among them.
const FILES: [&str; 7] =
    ["run.json", "summary.json", "capacity.json", "scenario.yaml", "latency.hlog", "series.csv", "counts.csv"];

/// The run that is meant: a directory, or a baseline of this name.
///
/// # Errors
/// It is neither.
pub fn find(meant: &Path, baselines: &Path) -> Result<PathBuf, Failure> {
    if meant.join("run.json").exists() {
        return Ok(meant.to_owned());
    }
    let Some(kept) = named(meant).map(|name| baselines.join(name)).filter(|kept| kept.join("run.json").exists()) else {
        let message =
            format!("{} is no run's directory, and {} has no baseline of that name", meant.display(), baselines.display());
        let names = names(baselines);
        let hint = if names.is_empty() {
            "headcount compare RUN --save NAME keeps a run as a baseline".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        return Err(Failure::new(Exit::BadInput, message).hint(hint));
    };
    Ok(kept)
}

/// A path that is a name and no more.
fn named(path: &Path) -> Option<&str> {
    path.to_str().filter(|name| is_name(name))
}

/// Whether a baseline may be called so.
pub fn is_name(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(fine) && !name.starts_with('.')
}

fn names(baselines: &Path) -> Vec<String> {
    let entries = fs::read_dir(baselines).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|n| is_name(n)).collect();
    names.sort();
    names
}

/// Keeps a run under a name, in place of what was kept under it before; says whether something was.
///
/// # Errors
/// It cannot be written.
pub fn save(run: &Path, name: &str, baselines: &Path) -> Result<bool, Failure> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| Failure::new(Exit::Incomplete, format!("{} cannot be written: {error}", path.display()))
    };
    fs::create_dir_all(baselines).map_err(failed(baselines))?;
    let private = || fs::Permissions::from_mode(0o700);
    let temp =
        tempfile::Builder::new().prefix(".new-").permissions(private()).tempdir_in(baselines).map_err(failed(baselines))?;
    for file in FILES {
        let (from, to) = (run.join(file), temp.path().join(file));
        match fs::copy(&from, &to) {
            Ok(_) => File::open(&to).and_then(|file| file.sync_all()).map_err(failed(&to))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&to)(error)),
        }
    }
    let place = baselines.join(name);
    let old = tempfile::Builder::new().prefix(".old-").permissions(private()).tempdir_in(baselines).map_err(failed(baselines))?;
    // The old one steps aside whole, and goes when the new one stands.
    let aside = old.path().join("run");
    let there = fs::rename(&place, &aside).is_ok();
    if let Err(error) = fs::rename(temp.path(), &place) {
        if there {
            // Where even that fails, it is kept where it is.
            fs::rename(&aside, &place).unwrap_or_else(|_| drop(old.keep()));
        }
        return Err(failed(&place)(error));
    }
    // It has another name now, and nothing is left to take away.
    let _ = temp.keep();
    File::open(baselines).and_then(|dir| dir.sync_all()).map_err(failed(baselines))?;
    Ok(there)
}
