//! A whole load test in this process: scenario to summary, over a wire in memory, under a paused clock.
//!
//! Holds [`Line`], a transport to a mock, and [`load`], which does what the command line does. Nothing here waits in real time.

use aws_credential_types::Credentials;
use bytes::Bytes;
use headcount::bucket::Rate;
use headcount::chime::class::Class;
use headcount::chime::id::MeetingId;
use headcount::cli::embedded;
use headcount::client::attempt::Client;
use headcount::client::credentials::Source;
use headcount::client::endpoint::Endpoint;
use headcount::client::transport::{Reply, Transport, WireFault};
use headcount::clock::Wall;
use headcount::drive::pump::Stop;
use headcount::load::Paced;
use headcount::load::board::{Board, board};
use headcount::load::conductor::Score;
use headcount::load::hands::Hands;
use headcount::load::people;
use headcount::load::ran::Ran;
use headcount::load::run::Run;
use headcount::mock::spoil::Wire;
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_REGION, DEFAULT_SECRET_KEY, Mock};
use headcount::scenario::file::Data;
use headcount::scenario::plan::{Meetings, Plan, Target};
use headcount::scenario::{Surroundings, read};
use headcount::stats::cells::Interval;
use headcount::timer::Grain;
use http::Request;
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// A transport to a mock, in memory.
#[derive(Clone)]
pub struct Line {
    pub mock: Arc<Mock>,
    wall: Wall,
}

impl Transport for Line {
    async fn send(&self, request: Request<Bytes>) -> Result<Reply, WireFault> {
        let arrived = Instant::now();
        let (parts, body) = request.into_parts();
        let answer = self.mock.answer(arrived, self.wall.now(), &parts, &body);
        sleep_until(arrived + answer.after).await;
        let broken = |class| WireFault { class, perhaps_sent: true, what: "says the mock".to_owned() };
        match answer.wire {
            Wire::Send | Wire::Drip { .. } => {
                let (parts, body) = answer.response.into_parts();
                Ok(Reply { status: parts.status, headers: parts.headers, body })
            }
            Wire::Hang => std::future::pending().await,
            Wire::Fill(_) => Err(broken(Class::Protocol)),
            Wire::Reset | Wire::Cut(_) => Err(broken(Class::Reset)),
        }
    }
}

/// A run, and everything it left.
pub struct Loaded {
    pub ran: Ran,
    pub line: Line,
    pub summary: Value,
    /// The lines of its series; the histograms of two hours would fill the memory.
    pub rows: Vec<String>,
    pub board: Board,
}

impl Loaded {
    /// A number of the summary, by its path.
    pub fn number(&self, path: &str) -> f64 {
        let value = path.split('.').fold(&self.summary, |value, key| match key.parse::<usize>() {
            Ok(index) => &value[index],
            Err(_) => &value[key],
        });
        value.as_f64().unwrap_or_else(|| panic!("{path} is {value} in {:#}", self.summary))
    }

    /// The verdict.
    pub fn verdict(&self) -> &str {
        self.summary["verdict"].as_str().unwrap()
    }

    /// What must hold whatever happened.
    pub fn check(&self) {
        let counts = |name: &str| self.summary["counts"][name].as_u64().unwrap();
        assert!(self.ran.ledger.law_holds(), "{:?}", self.ran.ledger);
        assert_eq!(
            counts("planned") + counts("retries"),
            counts("done") + counts("dropped") + counts("aborted") + counts("unissued"),
            "{:#}",
            self.summary
        );
        let classes: u64 = self.summary["classes"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(classes, counts("done") + counts("dropped") + counts("aborted"), "{:#}", self.summary);
        assert_eq!(super::schema::faults(&self.summary), [""; 0], "{:#}", self.summary);
        // The mock has not heard of more calls than we say we made.
        let of_stages: u64 =
            self.summary["stages"].as_array().unwrap().iter().map(|stage| stage["planned"].as_u64().unwrap()).sum();
        assert_eq!(of_stages, counts("planned") - self.never_due(), "{:#}", self.summary);
        assert_eq!(
            self.ran.leftovers,
            [],
            "meetings of ours are deleted {:#} {:#}",
            self.summary["meetings"],
            self.summary["errors"]
        );
    }

    /// Calls that did not become due: those left over when a run ends before its schedule.
    fn never_due(&self) -> u64 {
        let of_stages: u64 =
            self.summary["stages"].as_array().unwrap().iter().map(|stage| stage["planned"].as_u64().unwrap()).sum();
        self.ran.ledger.planned - of_stages
    }
}

/// Reads a scenario.
pub fn plan(name: &str, text: &str) -> Plan {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let files = |file: &str| std::fs::read_to_string(format!("{folder}/{file}"));
    read(name, text, &Surroundings { env: &|_| None, files: &files, endpoint_url: None, set: &[] })
        .unwrap_or_else(|e| panic!("{e}"))
}

/// The text of one that is shipped.
pub fn shipped(name: &str) -> String {
    std::fs::read_to_string(format!("{}/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A run as the command line would make it, and the mock that it asks.
pub struct Rig {
    pub run: Run,
    pub line: Line,
}

impl Rig {
    /// Of a scenario with a mock.
    pub fn new(plan: Plan) -> Rig {
        let plan = Arc::new(plan);
        let wall = Wall::fixed(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let Target::Mock(mock) = &plan.target else { panic!("tests ask mocks alone") };
        let mock = Arc::new(Mock::new(embedded::options(mock, plan.seed)));
        if let Meetings::Given { ids, .. } = &plan.meetings {
            ids.iter().for_each(|id: &MeetingId| mock.adopt(id));
        }
        let line = Line { mock, wall };
        let Data::Generated(template) = plan.data.clone() else { panic!("rosters are for the program's tests") };
        let run = Run {
            plan,
            id: "0badcafe".to_owned(),
            lanes: 1,
            people: people::Source::Made(template),
            setup_rate: Rate::UNLIMITED,
            max_calls: None,
            paced: Paced::ByPlan,
            grain: Grain::Coarse,
            cpu: || None,
            begins: {
                let mock = Arc::clone(&line.mock);
                Arc::new(move || mock.begin_timeline())
            },
        };
        Rig { run, line }
    }

    /// Who does the jobs of such a run.
    pub fn hands(&self, run: &Run) -> Hands<Line> {
        let credentials = Credentials::new(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, None, None, "test");
        let endpoint = Endpoint::custom("http://127.0.0.1:1", DEFAULT_REGION).unwrap();
        let wall = self.line.wall;
        let client = Client::new(self.line.clone(), endpoint, credentials.clone(), wall, run.plan.timeout).unwrap();
        Hands { client, source: Source::Fixed(credentials), name: run.name(0) }
    }
}

/// Loads a mock as the scenario has it. Called within a paused runtime.
pub async fn load(name: &str, text: &str) -> Loaded {
    load_until(name, text, std::future::pending()).await
}

/// The same; when `stopping` is done, the run is told to drain.
pub async fn load_until(name: &str, text: &str, stopping: impl Future<Output = Stop>) -> Loaded {
    let rows = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&rows);
    let log = move |interval: &Interval, stage: &str| {
        kept.borrow_mut().push(headcount::stats::series::load_line(interval, stage));
        Ok(())
    };
    let loaded = drive(Rig::new(plan(name, text)), log, stopping).await;
    let rows = rows.borrow().clone();
    Loaded { rows, ..loaded }
}

/// Drives a run to its end, each of its seconds told to `log`.
pub async fn drive(
    rig: Rig,
    log: impl FnMut(&Interval, &str) -> std::io::Result<()> + 'static,
    stopping: impl Future<Output = Stop>,
) -> Loaded {
    let hands = rig.hands(&rig.run);
    let Rig { run, line } = rig;
    let score = Score { log: Box::new(log), ..run.score() };
    let (tell, signals) = watch::channel(Stop::No);
    let (teller, watching) = board();
    let running = run.here(hands, score, signals, teller);
    let stopper = async {
        tell.send_replace(stopping.await);
        std::future::pending::<()>().await
    };
    let ran = tokio::select! { ran = running => ran.unwrap(), () = stopper => unreachable!() };
    let judgement = ran.judge(&run, None);
    let summary = serde_json::to_value(ran.summary(&run, judgement, None, None)).unwrap();
    let board = watching.borrow().clone();
    let loaded = Loaded { ran, line, summary, rows: Vec::new(), board };
    loaded.check();
    loaded
}
