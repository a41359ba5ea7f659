//! A whole provisioning in this process: roster to outputs, over a wire in memory, under a paused clock.
//!
//! Holds [`Job`] and [`Ran`]. It does what the command line does, step by step, and checks the invariants after every run. A run
//! can be killed: its future is dropped where it stands, and what it had not committed is gone.

use super::memory::Wire;
use super::outputs::{Outputs, Row, keys, rows};
use super::world::{Key, World};
use aws_credential_types::Credentials;
use headcount::bucket::Rate;
use headcount::client::attempt::Client;
use headcount::client::credentials::Source;
use headcount::client::endpoint::Endpoint;
use headcount::client::pace::Pacing;
use headcount::client::retry::Backoff;
use headcount::drive::pump::Stop;
use headcount::ledger::load::Rules;
use headcount::ledger::schema::Ledger;
use headcount::ledger::seating::Seating;
use headcount::ledger::store::Replay;
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_REGION, DEFAULT_SECRET_KEY};
use headcount::provision::board::{Board, Notice, board};
use headcount::provision::hands::Hands;
use headcount::provision::intake::{Input, intake};
use headcount::provision::making::Making;
use headcount::provision::publish::{self, Published};
use headcount::provision::summary::Summary;
use headcount::provision::table::Guard;
use headcount::provision::{Ending, Settings};
use headcount::roster::options::{Options, Sessions};
use headcount::run_dir::{Logs, RunDir};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// What is to be provisioned, where and how.
pub struct Job {
    dir: tempfile::TempDir,
    pub settings: Settings,
    pub rules: Rules,
    pub options: Options,
    pub timeout: Duration,
    pub credentials: Credentials,
    pub place: &'static str,
    /// How meetings are made, if they are.
    pub making: Option<Making>,
    /// Our own clock, if it is not the service's.
    pub wall: Option<headcount::clock::Wall>,
    /// Whether the disk stands still for a while after the first calls (in real time).
    pub slow_disk: bool,
    roster: RefCell<Vec<Row>>,
    ever: RefCell<BTreeSet<Key>>,
}

/// What a run has come to.
#[derive(Debug)]
pub struct Ran {
    pub ending: Ending,
    pub published: Published,
    pub outputs: Outputs,
    pub notices: Vec<Notice>,
    pub summary: serde_json::Value,
    pub requests: u64,
    pub damaged: u64,
    /// Calls made while the disk stood still.
    pub unwritten: Option<u32>,
}

impl Ran {
    /// How many attempts ended so.
    pub fn class(&self, name: &str) -> u64 {
        self.summary["classes"][name]["count"].as_u64().unwrap_or(0)
    }

    /// Whether every row has its token, which is what exit code 0 means.
    pub fn done(&self) -> bool {
        let counts = self.published.counts;
        let in_order = matches!(self.ending, Ending::Finished | Ending::Stopped | Ending::OutOfTime);
        in_order && counts.provisioned + counts.duplicate == counts.rows
    }
}

impl Job {
    /// A job over this roster, at 500 requests a second, 8 at once.
    pub fn new(roster: &str) -> Job {
        let rate = Rate::per_second(500.0).unwrap();
        let job = Job {
            dir: tempfile::tempdir().unwrap(),
            settings: Settings {
                rate,
                pacing: Pacing::Held { burst: 20.0 },
                concurrency: 8,
                batch: headcount::provision::batch::Batching::Off,
                attempts: 5,
                backoff: Backoff::STANDARD,
                retry_quota: true,
                max_errors: None,
                max_duration: Duration::from_secs(3600),
                seed: 7,
                unsettled: Settings::unsettled_at(rate),
                rejected: 0,
                replay: Replay::Resume,
                last_row: i64::MAX,
                seating: None,
                waves: None,
            },
            rules: Rules::default(),
            options: Options::default(),
            timeout: Duration::from_secs(2),
            credentials: Credentials::new(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, None, None, "test"),
            place: "http://127.0.0.1:1",
            making: None,
            wall: None,
            slow_disk: false,
            roster: RefCell::default(),
            ever: RefCell::default(),
        };
        job.edit(roster);
        job
    }

    /// Makes meetings for rows that have none.
    pub fn make(&mut self, seating: Seating) {
        self.making = Some(Making { key: "test".to_owned(), template: Arc::default(), seating });
        (self.settings.seating, self.rules.seating) = (Some(seating), Some(seating));
        let sessions = Sessions { default: "main".to_owned(), group_by: None, presenters: None, doors: None };
        self.options.sessions = Some(sessions);
    }

    /// Replaces the roster.
    pub fn edit(&self, roster: &str) {
        std::fs::write(self.path().join("roster.csv"), roster).unwrap();
        let rows = rows(roster);
        self.ever.borrow_mut().extend(keys(&rows));
        self.roster.replace(rows);
    }

    /// Where its files are.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The ledger file.
    pub fn ledger(&self) -> std::path::PathBuf {
        self.path().join("tokens.csv.run/ledger.sqlite")
    }

    /// Calls that a kill may make us ask again.
    pub fn at_stake(&self) -> u32 {
        self.settings.at_stake() as u32
    }

    /// Runs to the end.
    pub async fn run(&self, world: &World) -> Ran {
        self.run_until(world, async |_| std::future::pending().await).await.unwrap()
    }

    /// Runs until `death`, which kills it.
    pub async fn run_until(&self, world: &World, death: impl AsyncFnOnce(watch::Receiver<Board>)) -> Option<Ran> {
        let (_keep, stop) = watch::channel(Stop::No);
        self.attempt(world, stop, death).await.unwrap()
    }

    /// Runs, and is told to stop when `stop` rises.
    pub async fn run_stopped(&self, world: &World, stop: watch::Receiver<Stop>) -> Ran {
        self.attempt(world, stop, async |_| std::future::pending().await).await.unwrap().unwrap()
    }

    /// Tries to run, and says why that cannot be.
    pub async fn refused(&self, world: &World) -> String {
        let (_keep, stop) = watch::channel(Stop::No);
        let end = self.attempt(world, stop, async |_| std::future::pending().await).await;
        end.expect_err("it should have been refused").to_string()
    }

    /// Runs; `Err` is why it could not begin.
    pub async fn attempt(
        &self,
        world: &World,
        mut stop: watch::Receiver<Stop>,
        death: impl AsyncFnOnce(watch::Receiver<Board>),
    ) -> Result<Option<Ran>, Box<dyn std::error::Error>> {
        let dir = RunDir::open(&self.path().join("tokens.csv.run")).unwrap();
        let mut ledger = Ledger::open(&dir.reserve("ledger.sqlite").unwrap())?;
        let outputs = self.outputs();
        outputs.claim(&ledger, false)?;
        let inputs = [Input { name: "roster.csv".to_owned(), path: self.path().join("roster.csv") }];
        intake(&mut ledger, &inputs, &self.options, self.rules, &mut |_| {})?;
        ledger.bind(self.place, self.credentials.account_id().map(|a| a.as_str()))?;
        let counts = ledger.counts()?;
        let settings = Settings { rejected: counts.rejected, ..self.settings.clone() };
        let doubtful = ledger.begin(1, u64::from(self.at_stake()))?;
        let wall = self.wall.unwrap_or(world.wall());
        let logs = Logs::open(&dir, wall.now(), wall.now(), &headcount::stats::series::columns()).unwrap();
        let endpoint = Endpoint::custom("http://127.0.0.1:1", DEFAULT_REGION).unwrap();
        let ledger = Arc::new(Mutex::new(ledger));
        let hands = Hands {
            client: Client::new(Wire(world.clone()), endpoint, self.credentials.clone(), wall, self.timeout).unwrap(),
            source: Source::Fixed(self.credentials.clone()),
            ledger: ledger.clone(),
            logs: Arc::new(Mutex::new(logs)),
            replay: settings.replay,
            making: self.making.clone(),
            turn: settings.turn(),
            last_row: settings.last_row,
        };
        let (teller, watching, mut heard) = board();
        let held = self.slow_disk.then(|| stand_still(ledger.clone(), world.clone()));
        let ran = tokio::select! {
            ran = headcount::provision::run(settings, hands, doubtful, teller, &mut stop) => ran?,
            () = death(watching.clone()) => {
                // A commit under way on another thread ends as the kernel would end it: whole.
                while Arc::strong_count(&ledger) > 1 {
                    tokio::task::spawn_blocking(|| {}).await.unwrap();
                }
                return Ok(None);
            }
        };
        while Arc::strong_count(&ledger) > 1 {
            tokio::task::spawn_blocking(|| {}).await.unwrap();
        }
        let ledger = ledger.lock().unwrap();
        let published = outputs.publish(&ledger, false)?;
        assert!(published.counts.law_holds(), "{:?}", published.counts);
        if ran.ending != Ending::Abandoned && !matches!(ran.ending, Ending::Disk(_)) {
            ledger.end(2, published.counts.unprocessed == 0 && ran.ending == Ending::Finished)?;
        }
        let summary = serde_json::to_value(Summary::of(&ran, &published)).unwrap();
        let notices = std::iter::from_fn(|| heard.try_recv().ok()).collect();
        let ran = Ran {
            requests: ran.recorder.requests(),
            damaged: ran.damaged,
            unwritten: held.map(|held| held.join().unwrap()),
            ending: ran.ending,
            published,
            outputs: Outputs::read(self.path()),
            notices,
            summary,
        };
        ran.outputs.check(&self.roster.borrow(), &self.ever.borrow(), &world.issued(), ran.done());
        Ok(Some(ran))
    }

    fn outputs(&self) -> publish::Outputs {
        let path = |name: &str| self.path().join(name);
        publish::Outputs {
            tokens: path("tokens.csv"),
            rejects: path("rejects.csv"),
            guard: Guard::Formulas,
            meetings: self.making.as_ref().map(|_| path("meetings.csv")),
            link: None,
        }
    }
}

/// Holds the ledger for a while once calls have begun; answers how many were made meanwhile.
fn stand_still(ledger: Arc<Mutex<Ledger>>, world: World) -> std::thread::JoinHandle<u32> {
    std::thread::spawn(move || {
        while world.calls() < 5 {
            super::binary::pause();
        }
        let held = ledger.lock().unwrap();
        let before = world.calls();
        (0..150).for_each(|_| super::binary::pause());
        let made = world.calls() - before;
        drop(held);
        made
    })
}
