//! The outputs: every row with a token in one file, every other row in the other.
//!
//! Holds [`Outputs`] and what it writes. Called once a run, after the last commit. Both files are written whole or not at all,
//! mode 0600; together they are the roster. This is the one place besides the ledger where JoinTokens are written.

use super::layout::Layouts;
use super::link::{Link, LinkError};
use super::table::{Form, Guard, Table};
use super::without::Without;
use crate::ledger::export::{Counts, Ended, RowEnd, VOID_CODE, Why};
use crate::ledger::schema::{Ledger, LedgerError};
use crate::run_dir::held::Held;
use std::io;
use std::path::{Path, PathBuf};

/// Where outputs go, and how.
#[derive(Debug, Clone)]
pub struct Outputs {
    /// Rows with a token.
    pub tokens: PathBuf,
    /// All the others.
    pub rejects: PathBuf,
    /// Whether cells that a spreadsheet would run are left as they are.
    pub guard: Guard,
    /// The meetings made for the roster, if they are.
    pub meetings: Option<PathBuf>,
    /// The join link that each row with a token gets.
    pub link: Option<Link>,
}

/// Why outputs cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file cannot be written.
    #[error("{path} cannot be written: {error}", path = path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file stands there that is not this run's.
    #[error("{} is already there and was not written by this run", .0.display())]
    Foreign(PathBuf),
    /// Another process is about to write it.
    #[error("{} is in use by another headcount", .0.display())]
    InUse(PathBuf),
    /// A file of this run that somebody has changed.
    #[error("{} has been changed since this run wrote it", .0.display())]
    Changed(PathBuf),
    /// Two outputs are one file.
    #[error("two outputs cannot both go to {}", .0.display())]
    Same(PathBuf),
    /// An output would be written over a roster.
    #[error("{} is both a roster and an output", .0.display())]
    IsRoster(PathBuf),
    /// Rejects in a form that is no roster.
    #[error("{} could not be read back as a roster: rejects are written as .csv", .0.display())]
    NoRoster(PathBuf),
    /// The roster has not the columns that the link is made of.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The ending of the name says no format.
    #[error("{} has no known ending: .csv, .jsonl, .json and .yaml are written", .0.display())]
    Ending(PathBuf),
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// How the rows stand.
    pub counts: Counts,
    /// Rows whose capabilities are not what they asked for.
    pub differs: u64,
    /// Rows of meetings that have ended since.
    pub void: u64,
    /// Of these: rows whose meeting is made for them, and will be made anew.
    pub void_sessions: u64,
    /// Refused rows that may get a seat when they are asked again.
    pub retryable: u64,
    /// Attendees that several ids share, which differ in letter case alone.
    pub shared: u64,
    /// Rows without a token, by reason.
    pub without: Without,
}

impl Outputs {
    /// What can be told from the names alone: two known endings, two files, and neither of them a roster.
    pub fn check(&self, rosters: &[PathBuf]) -> Result<(), PublishError> {
        let ending = |path: &PathBuf| Form::of(path).ok_or_else(|| PublishError::Ending(path.clone()));
        ending(&self.tokens)?;
        if ending(&self.rejects)? != Form::Csv {
            return Err(PublishError::NoRoster(self.rejects.clone()));
        }
        let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => std::path::absolute(a).ok() == std::path::absolute(b).ok(),
        };
        if same(&self.tokens, &self.rejects) {
            return Err(PublishError::Same(self.tokens.clone()));
        }
        if let Some(meetings) = &self.meetings {
            if !matches!(ending(meetings)?, Form::Csv | Form::Json) {
                return Err(PublishError::Ending(meetings.clone()));
            }
            if let Some(other) = [&self.tokens, &self.rejects].into_iter().find(|other| same(other, meetings)) {
                return Err(PublishError::Same(other.clone()));
            }
        }
        match self.all().map(|(_, path)| path).find(|output| rosters.iter().any(|roster| same(roster, output))) {
            Some(both) => Err(PublishError::IsRoster(both.clone())),
            None => Ok(()),
        }
    }

    /// Keeps other processes from writing the same files for as long as the answer lives, whatever run directory they work in.
    pub fn hold(&self) -> Result<Vec<Held>, PublishError> {
        let hold = |path: &PathBuf| match Held::take(path) {
            Ok(Some(held)) => Ok(held),
            Ok(None) => Err(PublishError::InUse(path.clone())),
            Err(error) => Err(PublishError::Write { path: path.clone(), error }),
        };
        self.all().map(|(_, path)| hold(path)).collect()
    }

    /// Makes sure, before anything is asked, that both files can be written and are ours to write. `force` gives up others.
    pub fn claim(&self, ledger: &Ledger, force: bool) -> Result<(), PublishError> {
        for (key, path) in self.all() {
            ours(ledger, key, path, force)?;
            crate::run_dir::check_publishable(path).map_err(|error| PublishError::Write { path: path.clone(), error })?;
        }
        Ok(())
    }

    /// Every file, with the word the ledger remembers it by.
    fn all(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let files = [(TOKENS, Some(&self.tokens)), (REJECTS, Some(&self.rejects)), (MEETINGS, self.meetings.as_ref())];
        files.into_iter().filter_map(|(key, path)| Some((key, path?)))
    }

    /// Makes sure, before anything is asked, that the columns are there that the outputs are made of.
    pub fn fits(&self, ledger: &Ledger) -> Result<(), PublishError> {
        self.layouts(ledger).map(drop)
    }

    fn layouts(&self, ledger: &Ledger) -> Result<Layouts, PublishError> {
        let mut layouts = Layouts::read(ledger)?;
        if let Some(link) = &self.link {
            layouts.join(link)?;
        }
        Ok(layouts)
    }

    /// Publishes all, from one reading of the ledger.
    pub fn publish(&self, ledger: &Ledger, force: bool) -> Result<Published, PublishError> {
        let layouts = self.layouts(ledger)?;
        let mut published = Published { shared: ledger.shared_attendees()?, ..Published::default() };
        let form = |path: &PathBuf| Form::of(path).ok_or_else(|| PublishError::Ending(path.clone()));
        let (tokens_form, rejects_form) = (form(&self.tokens)?, form(&self.rejects)?);
        write(ledger, TOKENS, &self.tokens, force, |out| {
            let mut tokens = Table::new(out, tokens_form, self.guard);
            tokens.begin(&layouts.token_columns(), layouts.ours())?;
            write(ledger, REJECTS, &self.rejects, force, |out| {
                // Rejects are read back as a roster: exact.
                let mut rejects = Table::new(out, rejects_form, Guard::Raw);
                rejects.begin(&layouts.reject_columns(), 0)?;
                ledger.each_row(|row| {
                    published.add(row);
                    match &row.end {
                        Ended::Provisioned { .. } => tokens.row(&layouts.token_row(row)?)?,
                        _ => rejects.row(&layouts.reject_row(row)?)?,
                    }
                    Ok::<(), Failed>(())
                })?;
                rejects.end().map_err(Failed::Io)
            })
            .map_err(Failed::Other)?;
            tokens.end().map_err(Failed::Io)
        })?;
        if let Some(path) = &self.meetings {
            let (form, rooms) = (form(path)?, ledger.rooms()?);
            write(ledger, MEETINGS, path, force, |out| Ok(super::rooms::write(out, form, &rooms)?))?;
        }
        ledger.published()?;
        Ok(published)
    }
}

/// Publishes a roster of some of the rows: those that `wanted` has a reason for, exact, with it. Answers how many.
///
/// # Errors
/// The ledger cannot be read, or the file not be written; a file that is there already is left alone.
pub fn emit(ledger: &Ledger, path: &Path, wanted: impl Fn(&RowEnd<'_>) -> Option<Why<'static>>) -> Result<u64, PublishError> {
    if path.symlink_metadata().is_ok() {
        return Err(PublishError::Foreign(path.to_owned()));
    }
    let (layouts, mut rows) = (Layouts::read(ledger)?, 0);
    let fill = |out: &mut dyn io::Write| {
        let mut table = Table::new(out, Form::Csv, Guard::Raw);
        table.begin(&layouts.reject_columns(), 0)?;
        ledger.each_row(|row| {
            if let Some(why) = wanted(row) {
                rows += 1;
                table.row(&layouts.reject_row(&RowEnd { end: Ended::Unprocessed(Some(why)), ..*row })?)?;
            }
            Ok::<(), Failed>(())
        })?;
        table.end().map_err(Failed::Io)
    };
    crate::run_dir::publish(path, fill, |_| Ok(())).map_err(|failed| failed.of(path))?;
    Ok(rows)
}

/// Where the ledger remembers the contents it has published: the last ones, and those about to be.
const TOKENS: &str = "tokens";
const REJECTS: &str = "rejects";
const MEETINGS: &str = "meetings";

/// Whether a file may be written: it is not there, or holds what this run has published, wherever it stands now.
fn ours(ledger: &Ledger, key: &str, path: &Path, force: bool) -> Result<(), PublishError> {
    let fail = |error| PublishError::Write { path: path.to_owned(), error };
    match path.symlink_metadata() {
        Ok(meta) if !meta.is_file() => return Err(fail(io::Error::other("it is no ordinary file"))),
        Ok(_) if !force => {}
        _ => return Ok(()),
    }
    let known = ledger.meta(key)?.unwrap_or_default();
    let sum = crate::run_dir::sum_of(path).map_err(fail)?;
    match known.split(' ').any(|one| one == sum) {
        true => Ok(()),
        false if known.is_empty() => Err(PublishError::Foreign(path.to_owned())),
        false => Err(PublishError::Changed(path.to_owned())),
    }
}

impl Published {
    fn add(&mut self, row: &RowEnd<'_>) {
        self.counts.add(&row.end);
        self.without.add(row);
        match &row.end {
            Ended::Provisioned { asked, granted, .. } => {
                self.differs += u64::from(!crate::client::judge::granted_as_asked(*asked, *granted))
            }
            Ended::Refused(why) => {
                self.void += u64::from(why.code == VOID_CODE);
                self.void_sessions += u64::from(why.code == VOID_CODE && row.session.is_some());
                self.retryable += u64::from(super::layout::retryable(&row.end));
            }
            _ => {}
        }
    }
}

fn write(
    ledger: &Ledger,
    key: &str,
    path: &Path,
    force: bool,
    fill: impl FnOnce(&mut dyn io::Write) -> Result<(), Failed>,
) -> Result<(), PublishError> {
    // Looked at again: somebody may have put a file there since the run began. The new content is remembered before the rename
    // and the old one until the next, so that a kill in between leaves a file that is known to be ours either way.
    let before = |sum: &str| {
        ours(ledger, key, path, force).map_err(Failed::Other)?;
        let known = ledger.meta(key)?.unwrap_or_default();
        let last = known.rsplit(' ').next().unwrap_or_default();
        Ok(ledger.set_meta(key, format!("{last} {sum}").trim())?)
    };
    crate::run_dir::publish(path, fill, before).map_err(|failed| failed.of(path))
}

/// Either side of a publication may fail.
enum Failed {
    Io(io::Error),
    Ledger(LedgerError),
    /// Already told of the other file.
    Other(PublishError),
}

impl Failed {
    fn of(self, path: &Path) -> PublishError {
        match self {
            Failed::Io(error) => PublishError::Write { path: path.to_owned(), error },
            Failed::Ledger(error) => PublishError::Ledger(error),
            Failed::Other(error) => error,
        }
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Failed::Io(error)
    }
}

impl From<LedgerError> for Failed {
    fn from(error: LedgerError) -> Self {
        Failed::Ledger(error)
    }
}
