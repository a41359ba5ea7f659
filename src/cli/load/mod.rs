//! `headcount load`: from the command line to the exit code.
//!
//! Holds the verb's course: scenario in, service found, guarded, run, written down, judged. Called by `cli`.

pub mod args;
mod files;
mod show;
mod status;
mod vitals;

use super::End;
use super::embedded::{self, Embedded};
use super::failure::{Exit, Failure};
use super::input;
use super::say::{self, Voice};
use super::scenario::{self, Besides};
use super::service::{Service, Whom};
use super::signals;
use super::values::{counted, grouped, said};
use crate::bucket::Rate;
use crate::chime::id::MeetingId;
use crate::client::attempt::Client;
use crate::client::transport::HttpOptions;
use crate::client::wire::Wire;
use crate::client::wire_io::Traffic;
use crate::clock::Wall;
use crate::drive::pump::Stop;
use crate::load::board::board;
use crate::load::conductor::Cause;
use crate::load::guard;
use crate::load::hands::Hands;
use crate::load::people::{self, Person};
use crate::load::ran::Ran;
use crate::load::run::Run;
use crate::load::verdict::{Judgement, Outcome};
use crate::report::{Style, report};
use crate::roster::options::Options;
use crate::run_dir::sum_of;
use crate::scenario::file::Data;
use crate::scenario::load::Load;
use crate::scenario::plan::{Meetings, Plan, Target};
use crate::seed::Seed;
use crate::timer::Grain;
pub use args::Args;
use files::Files;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How fast meetings are made and deleted outside the load: as provisioning goes, which leaves others of the account some room.
const SETUP_RATE: f64 = 8.0;
/// Time for name, TCP and TLS.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Runs the verb.
///
/// # Errors
/// Everything that keeps a run from beginning, or its numbers from being kept.
pub fn run(args: Args) -> End {
    super::alone(course(args))?
}

/// What is run, and from where.
struct Wanted {
    plan: Plan,
    text: String,
    path: String,
    /// Files that the scenario names, each with its SHA-256.
    leans_on: Vec<(String, String)>,
}

async fn course(args: Args) -> End {
    signals::survive_file_limits();
    say::log(args.shown.loud.verbose);
    let voice = args.shown.voice();
    let wall = Wall::System;
    let wanted = wanted(&args)?;
    wanted.plan.warnings.iter().for_each(|warning| voice.warn(warning));
    let people = people(&wanted)?;
    let started = wall.now();
    let id = run_id(wanted.plan.seed, started);
    let (service, mock) = service(&args.whom, &wanted.plan, &people).await?;
    guarded(&args, &wanted.plan, &service, mock.is_some(), voice)?;
    room(&wanted.plan, voice);
    let run = Run {
        id,
        lanes: args.lanes,
        people,
        setup_rate: setup_rate(&wanted.plan, &service, mock.is_some()),
        max_calls: args.bounds.max_calls,
        grain: Grain::Fine,
        cpu: vitals::thread_cpu,
        begins: match &mock {
            Some(embedded) => {
                let mock = embedded.mock();
                Arc::new(move || mock.begin_timeline())
            }
            None => Arc::new(|| {}),
        },
        plan: Arc::new(wanted.plan),
    };
    let listener = listening(args.status_addr, voice).await?;
    let mut files = Files::open(&args, &run, &wanted.text, &wanted.path, &wanted.leans_on, &service, started)?;
    voice.say(format_args!("{}: {} at {}", run.plan.name, planned_words(&run.plan), service.shown()));
    let traffic: Vec<Arc<Traffic>> = (0..run.lanes).map(|_| Arc::default()).collect();
    let hands = hands(&run, &service, &traffic, wall)?;
    let mut signals = signals::listen().map_err(|e| Failure::new(Exit::Internal, e))?;
    let (teller, watching) = board();
    if let Some(listener) = listener {
        tokio::spawn(status::serve(listener, watching.clone()));
    }
    let watcher = tokio::spawn(show::show(watching, signals.stop.clone(), args.shown.draw(), voice));
    let score = files.score(&run, args.bounds.max_duration.map(|span| span.0), args.bounds.kill_switch.clone());
    let running = run.in_threads(hands, score, signals.stop.clone(), teller);
    let ran = running.await.map_err(|e| Failure::new(Exit::Internal, e))?;
    let _ = watcher.await;
    let left = *signals.stop.borrow_and_update() == Stop::Now;
    let judgement = ran.judge(&run, Some(Traffic::now(&traffic)));
    conclude(&mut files, &run, &ran, judgement, &traffic, voice).map(|exit| if left { signals.left() } else { exit })
}

/// Where the run's status is to be served.
async fn listening(address: Option<SocketAddr>, voice: Voice) -> Result<Option<TcpListener>, Failure> {
    let Some(wanted) = address else { return Ok(None) };
    let failed = |e: std::io::Error| Failure::new(Exit::Usage, format!("--status-addr {wanted}: {e}"));
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if !address.ip().is_loopback() {
        voice.warn(format_args!("the status of this run is open to whoever can reach {address}"));
    }
    voice.say(format_args!("status at http://{address}/status.json and http://{address}/metrics"));
    Ok(Some(listener))
}

/// Reads the scenario, or makes one of `--rate` and `--duration`.
fn wanted(args: &Args) -> Result<Wanted, Failure> {
    let leans_on = RefCell::default();
    let besides = Besides { endpoint_url: args.whom.endpoint_url.as_deref(), set: &args.set, leans_on: Some(&leans_on) };
    let (path, text) = match (&args.file, args.rate, args.duration) {
        (Some(path), _, _) => (path.clone(), scenario::text_of(path)?),
        (None, Some(rate), Some(span)) => ("(command line)".to_owned(), made_up(rate, span.0, &args.whom)),
        _ => {
            let failure = Failure::new(Exit::Usage, "what load is wanted? Name a scenario, or give --rate and --duration");
            return Err(failure.hint("headcount example lists scenarios to start from; headcount load --rate 20/s --duration 30s loads the built-in mock"));
        }
    };
    let mut plan = scenario::parse(&path, &text, besides).map_err(scenario::Unread::Faulty)?;
    plan.seed = args.seed.map_or(plan.seed, Seed);
    let mut leans_on = leans_on.into_inner();
    if let Data::Roster { file, .. } = &plan.data {
        // One that cannot be read is told when its rows are.
        let sum = sum_of(&beside(&path, file)).ok();
        leans_on.extend(sum.map(|sum| (file.clone(), sum)));
    }
    Ok(Wanted { plan, text, path, leans_on })
}

/// A file that a scenario names.
fn beside(scenario: &str, file: &str) -> PathBuf {
    Path::new(scenario).parent().unwrap_or(Path::new("")).join(file)
}

/// The scenario of `--rate` and `--duration`. Without an endpoint or a region it is the embedded mock that is asked.
fn made_up(rate: Rate, span: Duration, whom: &Whom) -> String {
    let target = match (&whom.endpoint_url, &whom.region) {
        (None, None) => "mock: {}".to_owned(),
        _ => "target: {}".to_owned(),
    };
    let stage = format!("{{ name: steady, rate: {}/s, duration: {}ms }}", rate.get(), span.as_millis());
    format!(
        "version: 1\nname: command-line\n{target}\nload: {{ open: {{ stages: [{stage}] }} }}\nthresholds: [errors.rate < 1%]\n"
    )
}

/// Who asks.
fn people(wanted: &Wanted) -> Result<people::Source, Failure> {
    let Data::Roster { file, again } = &wanted.plan.data else {
        let Data::Generated(template) = &wanted.plan.data else { unreachable!("there are two kinds of data") };
        return Ok(people::Source::Made(template.clone()));
    };
    let path = beside(&wanted.path, file);
    let path = path.to_string_lossy();
    let mut options = Options::default();
    if wanted.plan.meetings != Meetings::OfRows {
        // The rows need not name meetings, for the scenario has its own.
        options.meeting_id = MeetingId::parse("00000000-0000-0000-0000-000000000000");
    }
    let refused = |e: crate::roster::error::RosterError| Failure::new(Exit::BadInput, e);
    let (mut rows, mut faulty, mut first) = (Vec::new(), 0u64, None);
    for row in input::open(&path, &options).map_err(refused)? {
        match row.map_err(refused)?.seat {
            Ok(seat) => rows.push(Person { user: seat.user, capabilities: seat.capabilities, meeting: Some(seat.meeting) }),
            Err(faults) => {
                faulty += 1;
                first =
                    first.or_else(|| faults.first().map(|fault| format!("{}:{}: {}", fault.file, fault.line, fault.reason())));
            }
        }
    }
    match first {
        Some(first) => {
            let message = format!("{} of the roster cannot be asked for, the first of them:\n{first}", counted(faulty, "row"));
            Err(Failure::new(Exit::BadInput, message).hint(format!("headcount check {path} tells them all")))
        }
        None if rows.is_empty() => Err(Failure::new(Exit::BadInput, format!("{path} has no rows"))),
        None => Ok(people::Source::Rows(rows.into(), *again)),
    }
}

/// Eight characters that tell this run from others.
fn run_id(seed: Seed, started: std::time::SystemTime) -> String {
    let nanos = started.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    seed.digest(&[b"run", &nanos.to_le_bytes()])[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whom to ask, and the mock in this process if it is that.
async fn service(whom: &Whom, plan: &Plan, people: &people::Source) -> Result<(Service, Option<Embedded>), Failure> {
    match &plan.target {
        Target::Mock(mock) => {
            let mut meetings = match &plan.meetings {
                Meetings::Given { ids, .. } => ids.clone(),
                Meetings::Made { .. } | Meetings::OfRows => Vec::new(),
            };
            if let (Meetings::OfRows, people::Source::Rows(rows, _)) = (&plan.meetings, people) {
                meetings.extend(rows.iter().filter_map(|person| person.meeting.clone()));
                meetings.sort_by(|a, b| a.as_str().cmp(b.as_str()));
                meetings.dedup();
            }
            let mock = embedded::start(embedded::options(mock, plan.seed), meetings)?;
            Ok((Service::mock(mock.address(), plan.seed.0)?, Some(mock)))
        }
        Target::Service { region, endpoint_url } => {
            let whom = Whom {
                endpoint_url: whom.endpoint_url.clone().or_else(|| endpoint_url.clone()),
                region: whom.region.clone().or_else(|| region.clone()),
                ..whom.clone()
            };
            Service::configured(&whom).await.map(|service| (service, None))
        }
    }
}

/// A service that is not this machine is shown, and loaded only if its account was named.
fn guarded(args: &Args, plan: &Plan, service: &Service, embedded: bool, voice: Voice) -> Result<(), Failure> {
    if embedded || service.endpoint.is_loopback() {
        return Ok(());
    }
    let planned = guard::planned(plan);
    let account = service.account();
    let calls = planned.calls.map_or_else(|| "calls as its users make them".to_owned(), |n| counted(n, "call"));
    let shown = format!(
        "{calls} and at least {} in {}, region {}, account {}, for {}",
        counted(planned.meetings, "meeting"),
        service.endpoint,
        service.endpoint.region(),
        account.as_deref().unwrap_or("unknown"),
        said(plan.lasts())
    );
    let refused = |e: guard::NotAllowed| {
        let hint = match &account {
            Some(id) => format!("this means {shown}; if you mean it: --allow-account {id}"),
            None => format!(
                "this means {shown}; the credentials do not tell their account: set AWS_ACCOUNT_ID, or aws_account_id in the profile"
            ),
        };
        Failure::new(Exit::Usage, e).hint(hint)
    };
    guard::allowed(account.as_deref(), &args.bounds.allow_account).map_err(refused)?;
    voice.say(shown);
    Ok(())
}

/// Descriptors for as many connections as may be open at once.
fn room(plan: &Plan, voice: Voice) {
    let at_once = match &plan.load {
        Load::Open { flow, .. } | Load::Trace { flow, .. } => flow.max_in_flight,
        Load::Shared { max_in_flight, .. } => *max_in_flight,
        Load::Closed { users, .. } => u64::from(users.most()),
    };
    if let Err(limit) = vitals::make_room(at_once) {
        voice.warn(format_args!(
            "up to {} calls may be in flight, and this process may have {} file descriptors: raise the limit (ulimit -n)",
            grouped(at_once),
            grouped(limit)
        ));
    }
}

fn setup_rate(plan: &Plan, service: &Service, embedded: bool) -> Rate {
    let limited = match &plan.target {
        Target::Mock(mock) if embedded => mock.quota != crate::behaviour::Quota::off(),
        _ => !service.endpoint.is_loopback(),
    };
    if limited { Rate::per_second(SETUP_RATE).unwrap_or(Rate::UNLIMITED) } else { Rate::UNLIMITED }
}

fn planned_words(plan: &Plan) -> String {
    let planned = guard::planned(plan);
    let calls = planned.calls.map_or_else(|| "users".to_owned(), |n| counted(n, "call"));
    format!("{calls}, {} load over {}", plan.load.model(), said(plan.lasts()))
}

type MakeHands = Arc<dyn Fn(u32) -> Hands<Wire> + Send + Sync>;

/// What makes the hands of a lane: a client with connections of its own.
fn hands(
    run: &Run,
    service: &Service,
    traffic: &[Arc<Traffic>],
    wall: Wall,
) -> Result<impl Fn(u32) -> Hands<Wire> + Clone + Send + use<>, Failure> {
    let options = HttpOptions { connect_timeout: CONNECT_WITHIN, ca_bundle: service.configured.ca_bundle()?, direct: true };
    let one = {
        let (endpoint, credentials, source) = (service.endpoint.clone(), service.credentials.clone(), service.source.clone());
        let (traffic, run) = (traffic.to_vec(), run.clone());
        move |lane: u32| {
            let wire = Wire::new(&endpoint.to_string(), &options, Arc::clone(&traffic[lane as usize]))
                .map_err(|e| Failure::new(Exit::Usage, e))?;
            let client = Client::new(wire, endpoint.clone(), credentials.clone(), wall, run.plan.timeout)
                .map_err(|e| Failure::new(Exit::Credentials, e))?;
            Ok::<_, Failure>(Hands { client, source: source.clone(), name: run.name(lane) })
        }
    };
    // What can go wrong goes wrong here, and not on the lanes' threads.
    one(0)?;
    let make: MakeHands = Arc::new(move |lane| one(lane).unwrap_or_else(|_| unreachable!("it has just worked")));
    Ok(move |lane| make(lane))
}

/// Summary, last words, exit code.
fn conclude(files: &mut Files, run: &Run, ran: &Ran, judgement: Judgement, traffic: &[Arc<Traffic>], voice: Voice) -> End {
    let outcome = judgement.outcome;
    if let Some(fault) = ran.no_meetings().filter(|_| ran.ledger.sent == 0) {
        let auth = fault.class.tier() == crate::chime::class::Tier::Auth;
        files.ended("no-meetings", None)?;
        let message =
            format!("no meeting could be made, so there was no load: {} ({}): {}", fault.class, fault.code, fault.message);
        return Err(Failure::new(if auth { Exit::Credentials } else { Exit::Failed }, message).hint(fault.class.meaning()));
    }
    let summary = ran.summary(run, judgement, Some(Traffic::now(traffic)), vitals::memory());
    files.ended(&summary.ending, Some(&summary))?;
    let value = serde_json::to_value(&summary).map_err(|e| Failure::new(Exit::Internal, e))?;
    voice.say(report(&value, Style::Text).map_err(|e| Failure::new(Exit::Internal, e))?.trim_end());
    voice.say(format_args!("{}: summary, histograms, series and events of the run", files.dir().display()));
    if let Some(Cause::Disk(why)) = &ran.conducted.cause {
        return Err(Failure::new(Exit::Incomplete, format!("the run directory cannot be written: {why}")));
    }
    if let (Outcome::Fail | Outcome::Invalid, Voice::Quiet) = (outcome, voice) {
        summary.reasons.iter().take(1).for_each(|reason| voice.warn(reason));
    }
    Ok(match (outcome, &ran.conducted.cause) {
        (Outcome::Invalid, _) => Exit::Invalid,
        (Outcome::Fail, _) => Exit::Failed,
        (Outcome::Pass, Some(Cause::Signal | Cause::KillSwitch)) => Exit::Interrupted,
        (Outcome::Pass, _) => Exit::Done,
    })
}
