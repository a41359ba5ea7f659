//! `headcount provision`: from the command line to the exit code.
//!
//! Holds the verb's course: rosters in, service found, asked if need be, run, outputs published, summed up. Called by `cli`.

pub(super) mod agreed;
pub mod args;
pub(super) mod failures;
mod ground;
mod meant;
pub(super) mod meetings;
mod paced;
mod pruning;
mod taking;
mod words;

use super::End;
use super::failure::{Exit, Failure};
use super::progress;
use super::say::{self, Voice};
use super::service::{self, Service};
use super::signals;
use crate::chime::template::MeetingTemplate;
use crate::client::attempt::Client;
use crate::client::transport::Http;
use crate::clock::Wall;
use crate::ledger::export::Counts;
use crate::ledger::schema::Ledger;
use crate::ledger::seating::Seating;
use crate::ledger::store::Replay;
use crate::provision::board::board;
use crate::provision::hands::Hands;
use crate::provision::intake::IntakeError;
use crate::provision::publish::{Outputs, Published};
use crate::provision::summary::Summary;
use crate::provision::table::Guard;
use crate::provision::{Ending, Ran, Settings};
use crate::run_dir::{LEDGER, Logs, RunDir};
use crate::stats::series::columns;
pub use args::Args;
use failures::{dir_failure, elsewhere, incomplete, intake_failure, ledger_failure, publish_failure, republish_failure};
use paced::Paced;
pub use pruning::again;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use words::Bounds;

/// Runs the verb.
pub fn run(args: Args) -> End {
    let arguments = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    super::alone(Course::run(args, arguments, Rows::Read))?
}

/// Where the files of this run are.
struct Places {
    outputs: Outputs,
    run_dir: PathBuf,
}

/// Everything a run needs that does not change on the way.
struct Course {
    args: Args,
    voice: Voice,
    wall: Wall,
    paced: Paced,
    places: Places,
    /// What meetings are made with, and how people sit in them, if they are made.
    making: Option<(MeetingTemplate, Seating)>,
    /// What the command line said, to be run again.
    arguments: Vec<String>,
    roster: Rows,
}

/// Whose rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// Those of the rosters, read anew if they have changed.
    Read,
    /// Those of the roster as the ledger has it; the files are not looked at.
    Kept,
}

impl Course {
    async fn run(args: Args, arguments: Vec<String>, roster: Rows) -> End {
        signals::survive_file_limits();
        say::log(args.shown.loud.verbose);
        let voice = args.shown.voice();
        args.input.check()?;
        // A mistyped name must not leave a directory behind.
        let missing = args.input.rosters.iter().filter(|path| *path != "-").filter_map(|path| {
            let error = std::fs::metadata(path).err()?;
            Some(IntakeError::Open { name: crate::safe::line(path, 200), error })
        });
        if roster == Rows::Read {
            IntakeError::all(missing.collect()).map_err(intake_failure)?;
        }
        let places = places(&args);
        let rosters: Vec<PathBuf> = args.input.rosters.iter().map(PathBuf::from).collect();
        places.outputs.check(&rosters).map_err(publish_failure)?;
        let making = args.meetings.meant(&args.input)?;
        let paced = Paced::asked(&args)?;
        let course = Course { args, voice, wall: Wall::System, paced, places, making, arguments, roster };
        // A deadline that is over must not leave a directory behind either.
        course.within()?;
        if course.args.dry_run { course.dry_run().await } else { course.real_run().await }
    }

    /// The run described, on a copy of its ledger that goes away again.
    async fn dry_run(&self) -> End {
        let failed = |e: std::io::Error| Failure::new(Exit::Internal, e);
        let temp = tempfile::tempdir().map_err(failed)?;
        let dir = RunDir::open(temp.path()).map_err(dir_failure)?;
        for name in [LEDGER, "ledger.sqlite-wal"] {
            let kept = self.places.run_dir.join(name);
            if kept.exists() {
                std::fs::copy(kept, dir.file(name)).map_err(failed)?;
            }
        }
        let (mut ledger, counts) = self.prepared(&dir)?;
        let (shown, configured) = if self.args.mock {
            (service::MOCK.to_owned(), service::Configured::beside_mock())
        } else {
            let place = Service::where_to(&self.args.endpoint.whom).await?;
            (place.endpoint.to_string(), place.configured)
        };
        meant::retry_mode(configured.retry_mode.as_deref())?;
        meant::attempts(&self.args, configured.max_attempts.as_deref())?;
        configured.ca_bundle()?;
        // What a session of its own would be asked; the copy is thrown away with it.
        ledger.begin(0, 0).map_err(ledger_failure)?;
        self.voice.say(words::plan(&ledger, &self.args, &counts, &shown, &self.paced).map_err(ledger_failure)?);
        let deletes = self.to_prune(&ledger)?;
        if deletes > 0 {
            self.voice.say(pruning::words(deletes));
        }
        self.voice.say("a dry run: nothing was asked, nothing was written");
        Ok(if counts.rejected > 0 { Exit::SomeRows } else { Exit::Done })
    }

    async fn real_run(&self) -> End {
        let dir = RunDir::open(&self.places.run_dir).map_err(dir_failure)?;
        let held = self.places.outputs.hold().map_err(publish_failure);
        let (_held, (mut ledger, counts)) = match held.and_then(|held| Ok((held, self.prepared(&dir)?))) {
            Ok(prepared) => prepared,
            Err(failure) => {
                dir.forget();
                return Err(failure);
            }
        };
        let budget = self.args.calls.max_errors.map(|b| b.of(counts.rows));
        if budget.is_some_and(|most| counts.rejected > most) {
            ledger.verify(|_, _| {}).map_err(ledger_failure)?;
            self.places.outputs.publish(&ledger, self.args.goes_on.force).map_err(republish_failure)?;
            return Err(Failure::new(Exit::TooManyErrors, words::over_budget(counts.rejected, budget))
                .hint(format!("nothing was asked; the reasons are in {}", self.places.outputs.rejects.display())));
        }
        let mock = if self.args.mock { Some(self.embedded(&ledger)?) } else { None };
        let service = match &mock {
            Some(mock) => Service::mock(mock.address(), self.args.endpoint.seed)?,
            None => Service::configured(&self.args.endpoint.whom).await?,
        };
        // Everything that can be wrong is told before anybody is asked to agree to it.
        let account = service.account();
        ledger.belongs(&service.place, account.as_deref()).map_err(elsewhere)?;
        let paced = self.paced.remembered(&service, self.voice);
        let settings = self.settings(&counts, &service, paced, ledger.refused_rows().map_err(ledger_failure)?)?;
        let plan = words::plan(&ledger, &self.args, &counts, &service.shown(), &paced).map_err(ledger_failure)?;
        let deletes = self.to_prune(&ledger)?;
        let plan = if deletes > 0 { format!("{plan}\n{}", pruning::words(deletes)) } else { plan };
        self.voice.say(&plan);
        agreed::agreed(&service, &plan, deletes, self.args.yes, self.voice)?;
        // Only now: who says no to an endpoint has not chosen it for this ledger.
        ledger.bind(&service.place, account.as_deref()).map_err(elsewhere)?;
        self.ask(&dir, ledger, service, settings).await
    }

    /// Everything before a service is needed: outputs that may be written, rows that have been read.
    fn prepared(&self, dir: &RunDir) -> Result<(Ledger, Counts), Failure> {
        let mut ledger = self.ledger(dir)?;
        let force = self.args.goes_on.force;
        self.places.outputs.claim(&ledger, force).map_err(publish_failure)?;
        if self.roster == Rows::Read {
            self.take_in(dir, &mut ledger)?;
        }
        self.places.outputs.fits(&ledger).map_err(publish_failure)?;
        let (kept, dropped) = ledger.tokens().map_err(ledger_failure)?;
        if dropped > 0 && self.roster == Rows::Read {
            let words = words::dropped(dropped, &self.places.outputs.tokens, self.args.goes_on.prune);
            if dropped > kept && !force {
                return Err(Failure::new(Exit::Usage, words).hint(
                    "this looks like another roster: give its outputs names of their own with -o and --rejects, or --force to go on",
                ));
            }
            self.voice.warn(words);
        }
        let counts = rows(&ledger)?;
        if self.args.roster.strict && counts.rejected > 0 {
            let rejected = super::values::counted(counts.rejected, "row");
            return Err(Failure::new(Exit::BadInput, format!("{rejected} rejected, and --strict was given: nothing was asked")));
        }
        Ok((ledger, counts))
    }

    async fn ask(&self, dir: &RunDir, mut ledger: Ledger, service: Service, settings: Settings) -> End {
        let client = self.client(&service)?;
        let now = self.wall.now();
        let at_stake = settings.at_stake() as u64;
        let doubtful = ledger.begin(millis(now), at_stake).map_err(ledger_failure)?;
        let first = Duration::from_millis(ledger.first_started().map_err(ledger_failure)?.unsigned_abs());
        let logs = Logs::open(dir, SystemTime::UNIX_EPOCH + first, now, &columns()).map_err(dir_failure)?;
        self.manifest(dir, &service, "running", None)?;
        let ledger = Arc::new(Mutex::new(ledger));
        let hands = Hands {
            client,
            source: service.source.clone(),
            ledger: ledger.clone(),
            logs: Arc::new(Mutex::new(logs)),
            making: self.making(&ledger.lock().unwrap_or_else(PoisonError::into_inner), first)?,
            replay: settings.replay,
            turn: settings.turn(),
            last_row: settings.last_row,
        };
        let mut signals = signals::listen().map_err(|e| Failure::new(Exit::Internal, e))?;
        self.wait(&mut signals).await?;
        let mut settings = settings;
        (settings.max_duration, settings.waves) = self.within()?;
        let (teller, watch, notices) = board();
        let watcher = tokio::spawn(progress::show(watch, notices, signals.stop.clone(), self.args.shown.draw(), self.voice));
        let ran = crate::provision::run(settings, hands, doubtful, teller, &mut signals.stop).await.map_err(ledger_failure)?;
        let _ = watcher.await;
        let published = match ran.ending {
            Ending::Abandoned => None,
            _ => signals.unless_left(self.publish(ledger.clone())).await,
        };
        let Some(published) = published else {
            self.voice.warn("left at once; what was in flight will be asked again. Run the same command to go on");
            return Ok(signals.left());
        };
        let pruned = self.prune(&service, &ledger, &ran, &mut signals).await?;
        let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.conclude(dir, &ledger, &service, &ran, &published?)?;
        pruned.map_or(Ok(end), Err)
    }

    /// Publishes on a thread of its own, so that a second signal is heard meanwhile.
    async fn publish(&self, ledger: Arc<Mutex<Ledger>>) -> Result<Published, Failure> {
        let (outputs, force) = (self.places.outputs.clone(), self.args.goes_on.force);
        let publishing = move || outputs.publish(&ledger.lock().unwrap_or_else(PoisonError::into_inner), force);
        let published = tokio::task::spawn_blocking(publishing).await.map_err(|e| Failure::new(Exit::Internal, e))?;
        published.map_err(republish_failure)
    }

    /// Summary, last words, exit code.
    fn conclude(&self, dir: &RunDir, ledger: &Ledger, service: &Service, ran: &Ran, published: &Published) -> End {
        let counts = published.counts;
        if !counts.law_holds() {
            return Err(Failure::new(Exit::Internal, format!("the rows do not add up: {counts:?}"))
                .hint("please report this; the ledger holds everything"));
        }
        let whole = counts.unprocessed == 0 && matches!(ran.ending, Ending::Finished);
        if !matches!(ran.ending, Ending::Disk(_)) {
            ledger.end(millis(self.wall.now()), whole).map_err(ledger_failure)?;
        }
        let summary = Summary::of(ran, published);
        publish_json(&dir.file("summary.json"), &summary)?;
        self.manifest(dir, service, summary.ending, Some(&counts))?;
        self.voice.say(words::summary(&summary, &self.places.outputs, dir.path()));
        self.paced.conclude(ran.learned, service, self.wall, self.voice);
        if self.making.is_some() {
            let deadlines = meetings::deadlines(&ledger.rooms().map_err(ledger_failure)?, self.wall.now());
            self.voice.say(deadlines);
        }
        let bounds = Bounds { errors: self.args.calls.max_errors.map(|b| b.of(counts.rows)), limit: self.args.roster.limit };
        words::end(ran, published, &self.places.outputs, bounds, self.voice)
    }

    fn settings(&self, counts: &Counts, service: &Service, paced: Paced, refused: u64) -> Result<Settings, Failure> {
        let args = &self.args;
        let (backoff, retry_quota) = meant::retry_mode(service.configured.retry_mode.as_deref())?;
        let (max_duration, waves) = self.within()?;
        Ok(Settings {
            rate: paced.ceiling,
            pacing: paced.pacing,
            concurrency: args.calls.concurrency as usize,
            batch: args.calls.batch,
            attempts: meant::attempts(args, service.configured.max_attempts.as_deref())?,
            backoff,
            retry_quota,
            max_errors: args.calls.max_errors.map(|b| b.of(counts.rows)),
            max_duration,
            waves,
            seed: args.endpoint.seed,
            unsettled: Settings::unsettled_at(paced.ceiling),
            // Refusals of earlier sessions stand unless they are asked again.
            rejected: counts.rejected + if meant::replay(args) == Replay::Resume { refused } else { 0 },
            replay: meant::replay(args),
            seating: self.making.as_ref().map(|(_, seating)| *seating),
            last_row: args.roster.limit.and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX),
        })
    }

    fn client(&self, service: &Service) -> Result<Client<Http>, Failure> {
        let calls = &self.args.calls;
        service.client(calls.connect_timeout.0, calls.timeout.0, self.wall)
    }

    fn ledger(&self, dir: &RunDir) -> Result<Ledger, Failure> {
        let path = dir.reserve(LEDGER).map_err(dir_failure)?;
        Ledger::open(&path).map_err(ledger_failure)
    }

    /// `run.json`: what was run, by what, on what, and how it ended. Arguments hold no secret; none can be given there.
    fn manifest(&self, dir: &RunDir, service: &Service, state: &str, counts: Option<&Counts>) -> Result<(), Failure> {
        let manifest = serde_json::json!({
            "version": 1, "kind": "provision", "headcount": env!("CARGO_PKG_VERSION"), "state": state,
            "time": jiff::Timestamp::try_from(self.wall.now()).unwrap_or_default().to_string(),
            "endpoint": service.place, "region": service.endpoint.region(), "account": service.account(), "seed": self.args.endpoint.seed,
            "rosters": self.args.input.rosters, "rate": self.paced.name(), "concurrency": self.args.calls.concurrency, "counts": counts,
            "arguments": self.arguments, "directory": std::env::current_dir().ok().map(|dir| dir.to_string_lossy().into_owned()),
        });
        publish_json(&dir.file("run.json"), &manifest)
    }
}

/// The counts as far as they are known before anything is asked.
fn rows(ledger: &Ledger) -> Result<Counts, Failure> {
    let (rows, rejected) = ledger.rows().map_err(ledger_failure)?;
    Ok(Counts { rows, rejected, ..Counts::default() })
}

fn places(args: &Args) -> Places {
    let beside = |name: &str| args.output.with_file_name(name);
    let name = args.output.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let guard = if args.roster.raw { Guard::Raw } else { Guard::Formulas };
    let rejects = args.rejects.clone().unwrap_or_else(|| beside("rejects.csv"));
    Places {
        run_dir: args.run_dir.clone().unwrap_or_else(|| beside(&format!("{name}.run"))),
        outputs: Outputs {
            tokens: args.output.clone(),
            rejects,
            guard,
            meetings: args.meetings.file(&args.input, &args.output),
            link: args.link.clone(),
        },
    }
}

fn millis(at: SystemTime) -> i64 {
    at.duration_since(SystemTime::UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_millis()).ok()).unwrap_or(0)
}

fn publish_json(path: &Path, value: &impl serde::Serialize) -> Result<(), Failure> {
    crate::run_dir::publish_json(path, value).map_err(|e| incomplete(format!("{} cannot be written: {e}", path.display())))
}
