//! A scenario as meant: everything decided, nothing optional left.
//!
//! Holds [`Plan`] and the rules between the parts of a file. Called by `scenario::read`; used by the engine, the planner and the
//! capacity search. It never sees how anything was written: defaults are in, names of stages are indices, a trace is read.

use super::Surroundings;
use super::file::{self, Create, Data, File, MadeOrGiven, Retry};
use super::load::{Load, Spread, Stage};
use super::mock::Mock;
use super::operation::Mix;
use super::reader::Faults;
use super::template::Template;
use super::threshold::Threshold;
use crate::chime::id::MeetingId;
use crate::chime::operation::Operation;
use crate::chime::quota::IDLE_MEETING_SECONDS;
use crate::schedule::Schedule;
use crate::seed::Seed;
use crate::yaml::YamlError;
use crate::yaml::node::{Document, Node};
use std::time::Duration;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What the scenario is called.
    pub name: String,
    /// What it is for; may be empty.
    pub about: String,
    /// Whom to ask.
    pub target: Target,
    /// Where attendees are put.
    pub meetings: Meetings,
    /// Who asks for seats.
    pub data: Data,
    /// When.
    pub load: Load,
    /// The stretches that are counted by themselves, in the order of [`crate::schedule::Arrival::stage`].
    pub stages: Vec<Stage>,
    /// How long calls in flight at the end may take before they count as aborted.
    pub grace: Duration,
    /// Which calls.
    pub mix: Mix,
    /// Whether a failed call is tried again.
    pub retry: Retry,
    /// When an attempt is given up.
    pub timeout: Duration,
    /// Where all chance comes from.
    pub seed: Seed,
    /// What the run is held to.
    pub thresholds: Vec<Threshold>,
    /// What is allowed, and yet may not be what was meant.
    pub warnings: Vec<YamlError>,
}

/// Whom to ask.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// An embedded mock.
    Mock(Box<Mock>),
    /// A service; where the file does not say which, the AWS settings do.
    Service {
        /// The region.
        region: Option<String>,
        /// Another address.
        endpoint_url: Option<String>,
    },
}

/// Where attendees are put.
#[derive(Debug, Clone, PartialEq)]
pub enum Meetings {
    /// Into meetings made for the run, and deleted after it.
    Made {
        /// How many ahead.
        create: Create,
        /// The age at which one is replaced, if at all.
        renew: Option<Duration>,
        /// The share of the rate that making, renewing and deleting may take, 0 to 1.
        share: f64,
        /// Attendees put into one.
        max_attendees: u64,
    },
    /// Into these, which exist.
    Given {
        /// Which.
        ids: Vec<MeetingId>,
        /// Attendees put into one.
        max_attendees: u64,
    },
    /// Into those that the roster's rows name.
    OfRows,
}

impl Plan {
    /// When arrivals are due; `None` for closed and shared loads, which plan no instants.
    pub fn schedule(&self) -> Option<Schedule> {
        match &self.load {
            Load::Open { spread: Spread::Uniform, profile, .. } => Some(Schedule::Uniform(profile.clone())),
            Load::Open { spread: Spread::Poisson, profile, .. } => Some(Schedule::Poisson(profile.clone(), self.seed)),
            Load::Trace { trace, .. } => Some(Schedule::Trace(trace.clone())),
            Load::Closed { .. } | Load::Shared { .. } => None,
        }
    }

    /// How long the run lasts, its grace left out; for a shared load, at most.
    pub fn lasts(&self) -> Duration {
        self.stages.iter().map(|stage| stage.duration).sum()
    }
}

const RENEW: Duration = Duration::from_secs(240);
const SHARE: f64 = 0.1;

pub(super) fn of<'a>(doc: &Document, root: &'a Node, around: &Surroundings, faults: &'a Faults<'a>) -> Option<Plan> {
    let file = file::read(root, around, faults)?;
    let target = target(&file, root, around, faults);
    let meetings = meetings(&file, faults);
    let mix = file.mix.as_ref().map(|at| at.value.clone());
    // Faulty calls have been told; for the rules between them and the rest, the default will do.
    let mix = mix.unwrap_or_default();
    let load = file.load?;
    let thresholds: Vec<Option<Threshold>> =
        file.thresholds.into_iter().map(|written| written.settle(&load.stages, &load.load, &mix, faults)).collect();
    let data = file.data.map(|at| at.value);
    let stem = doc.name().rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = stem.trim_end_matches(".gz").trim_end_matches(".yaml").trim_end_matches(".yml").trim_end_matches(".json");
    let mut plan = Plan {
        name: file.name.unwrap_or_else(|| crate::safe::line(if stem.is_empty() { "scenario" } else { stem }, 40)),
        about: file.about,
        target,
        meetings,
        data: match data {
            Some(data) => data,
            None => Data::Generated(Template::parse("lt-{run}-{seq:06}").ok()?),
        },
        load: load.load,
        stages: load.stages.into_iter().map(|stage| stage.value).collect(),
        grace: load.grace,
        mix,
        retry: file.retry,
        timeout: file.timeout,
        seed: file.seed,
        thresholds: thresholds.into_iter().collect::<Option<_>>()?,
        warnings: Vec::new(),
    };
    plan.warnings = warnings(&plan, doc, root);
    Some(plan)
}

/// Whom to ask, if the file says so once.
fn target(file: &File, root: &Node, around: &Surroundings, faults: &Faults) -> Target {
    let region = file.target.as_ref().and_then(|at| at.value.region.clone());
    if let Some(url) = around.endpoint_url {
        return Target::Service { region, endpoint_url: Some(url.to_owned()) };
    }
    let endpoint_url = file.target.as_ref().and_then(|at| at.value.endpoint_url.clone());
    match (&file.mock, endpoint_url) {
        (Some(mock), None) => Target::Mock(Box::new(mock.value.clone())),
        (Some(mock), Some(url)) => {
            faults.at(url.place, "target.endpoint_url together with mock: a run asks one service; leave one of them out");
            Target::Mock(Box::new(mock.value.clone()))
        }
        (None, endpoint_url) => {
            if root.get("target").is_none() && root.get("mock").is_none() {
                let message = "neither target nor mock: say whom to ask, with target: { region: us-east-1 } or mock: {}";
                faults.at(root.place, message);
            }
            Target::Service { region, endpoint_url: endpoint_url.map(|at| at.value) }
        }
    }
}

fn meetings(file: &File, faults: &Faults) -> Meetings {
    let roster = matches!(file.data.as_ref().map(|at| &at.value), Some(Data::Roster { .. }));
    let written = file.target.as_ref().and_then(|at| at.value.meetings.as_ref());
    let Some(MadeOrGiven { ids, create, renew, share, max_attendees }) = written.map(|at| &at.value) else {
        return match roster {
            true => Meetings::OfRows,
            false => Meetings::Made { create: Create::Auto, renew: Some(RENEW), share: SHARE, max_attendees: 250 },
        };
    };
    let longest = Duration::from_secs(IDLE_MEETING_SECONDS);
    if let Some((place, _)) = renew.and_then(|at| Some((at.place, at.value.filter(|age| *age >= longest)?))) {
        faults.at(place, "renew: a meeting that nobody connects to ends after 5 minutes; renew it before, such as after 4m");
    }
    if let Some(ids) = ids {
        let made =
            [create.map(|at| ("create", at.place)), renew.map(|at| ("renew", at.place)), share.map(|at| ("share", at.place))];
        for (key, place) in made.into_iter().flatten() {
            faults.at(place, format!("target.meetings.{key} together with ids: meetings are made, or they are given"));
        }
        return Meetings::Given { ids: ids.value.clone(), max_attendees: *max_attendees };
    }
    Meetings::Made {
        create: create.map_or(Create::Auto, |at| at.value),
        renew: renew.map_or(Some(RENEW), |at| at.value),
        share: share.map_or(SHARE, |at| at.value),
        max_attendees: *max_attendees,
    }
}

/// What is allowed, and yet may not be what was meant.
fn warnings(plan: &Plan, doc: &Document, root: &Node) -> Vec<YamlError> {
    let mut warnings = Vec::new();
    let seats = match &plan.meetings {
        Meetings::Made { create: Create::Ahead(n), max_attendees, .. } => Some(n * max_attendees),
        Meetings::Given { ids, max_attendees } => Some(ids.len() as u64 * max_attendees),
        _ => None,
    };
    let arrivals = match &plan.load {
        Load::Open { profile, .. } => profile.count(),
        Load::Trace { trace, .. } => trace.len() as u64,
        Load::Shared { calls, .. } => *calls,
        Load::Closed { .. } => 0,
    };
    let wanted = (arrivals as f64 * plan.mix.seats_an_arrival()).round() as u64;
    let deletes = plan.mix.calls().contains(&Operation::DeleteAttendee);
    if let Some(seats) = seats.filter(|seats| *seats < wanted && !deletes) {
        let place = root.get("target").and_then(|target| target.get("meetings")).map_or(root.place, |node| node.place);
        let message = format!(
            "{wanted} attendees are planned and the meetings hold {seats}: the others will be refused for want of a seat"
        );
        warnings.push(doc.error(place, &message));
    }
    if plan.thresholds.is_empty() {
        warnings.push(doc.error(root.place, "no thresholds: the run can fail only if every call does"));
    }
    warnings
}
