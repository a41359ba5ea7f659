//! What every verb that loads a service stands on: who asks, whom, whether it may be, with what hands.
//!
//! Holds the steps between a scenario and a run of it. Called by `load` and `capacity`. It runs nothing.

use super::embedded::{self, Embedded};
use super::failure::{Exit, Failure};
use super::input;
use super::load::vitals;
use super::say::Voice;
use super::service::{Service, Whom};
use super::values::{counted, grouped};
use crate::bucket::Rate;
use crate::chime::id::MeetingId;
use crate::client::attempt::Client;
use crate::client::transport::HttpOptions;
use crate::client::wire::Wire;
use crate::client::wire_io::Traffic;
use crate::clock::Wall;
use crate::load::guard;
use crate::load::hands::Hands;
use crate::load::people::{self, Person};
use crate::load::run::Run;
use crate::roster::options::Options;
use crate::scenario::file::Data;
use crate::scenario::load::Load;
use crate::scenario::plan::{Meetings, Plan, Target};
use crate::seed::Seed;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How fast meetings are made and deleted outside the load: as provisioning goes, which leaves others of the account some room.
const SETUP_RATE: f64 = 8.0;
/// Time for name, TCP and TLS.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// A file that a scenario names.
pub(super) fn beside(scenario: &str, file: &str) -> PathBuf {
    Path::new(scenario).parent().unwrap_or(Path::new("")).join(file)
}

/// Who asks.
pub(super) fn people(plan: &Plan, scenario: &str) -> Result<people::Source, Failure> {
    let Data::Roster { file, again } = &plan.data else {
        let Data::Generated(template) = &plan.data else { unreachable!("there are two kinds of data") };
        return Ok(people::Source::Made(template.clone()));
    };
    let path = beside(scenario, file);
    let path = path.to_string_lossy();
    let mut options = Options::default();
    if plan.meetings != Meetings::OfRows {
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
pub(super) fn run_id(seed: Seed, started: std::time::SystemTime) -> String {
    let nanos = started.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_nanos();
    seed.digest(&[b"run", &nanos.to_le_bytes()])[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whom to ask, and the mock in this process if it is that.
pub(super) async fn service(whom: &Whom, plan: &Plan, people: &people::Source) -> Result<(Service, Option<Embedded>), Failure> {
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

/// A service that is not this machine is shown, and asked for `what` only if its account was named.
pub(super) fn guarded(allow: &[String], what: &str, service: &Service, embedded: bool, voice: Voice) -> Result<(), Failure> {
    if embedded || service.endpoint.is_loopback() {
        return Ok(());
    }
    let account = service.account();
    let shown = format!(
        "{what}, in {}, region {}, account {}",
        service.endpoint,
        service.endpoint.region(),
        account.as_deref().unwrap_or("unknown"),
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
    guard::allowed(account.as_deref(), allow).map_err(refused)?;
    voice.say(shown);
    Ok(())
}

/// Descriptors for as many connections as may be open at once.
pub(super) fn room(plan: &Plan, voice: Voice) {
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

/// How fast meetings are made and deleted outside the load, by all lanes together.
pub(super) fn setup_rate(plan: &Plan, service: &Service, embedded: bool) -> Rate {
    let limited = match &plan.target {
        Target::Mock(mock) if embedded => mock.quota != crate::behaviour::Quota::off(),
        _ => !service.endpoint.is_loopback(),
    };
    if limited { Rate::per_second(SETUP_RATE).unwrap_or(Rate::UNLIMITED) } else { Rate::UNLIMITED }
}

type MakeHands = Arc<dyn Fn(u32) -> Hands<Wire> + Send + Sync>;

/// What makes the hands of a lane: a client with connections of its own.
pub(super) fn hands(
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
