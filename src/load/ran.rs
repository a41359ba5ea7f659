//! What a run has come to: lanes and conductor added up, judged, summed up.
//!
//! Holds [`Ran`]. Made by `run`, asked by the command line. It never sees the run going on.

use super::conductor::{Cause, Conducted};
use super::errand::Counts;
use super::law::Ledger;
use super::phases::LaneRan;
use super::run::Run;
use super::summary::{Generator, Parts, Span, Summary};
use super::verdict::{Health, Judgement, Outcome, tolerable_lag, verdict};
use super::{Halt, Learnt};
use crate::chime::id::MeetingId;
use crate::client::wire_io::TrafficNow;
use crate::stats::cells::{Cells, Filter};
use crate::stats::recorder::Metric;
use crate::stats::samples::Samples;
use crate::stats::series::gathered;
use std::time::Duration;

/// What a run has come to.
#[derive(Debug)]
pub struct Ran {
    /// The run, added up.
    pub conducted: Conducted,
    /// The terms of the law, of all lanes.
    pub ledger: Ledger,
    /// What went wrong.
    pub samples: Samples,
    /// What was done about meetings.
    pub meetings: Counts,
    /// Meetings that may still be there.
    pub leftovers: Vec<MeetingId>,
    /// Why lanes ended before their time.
    pub halts: Vec<Halt>,
    /// How long the load lasted.
    pub lasted: Duration,
    /// The quota that was found, where that was wanted.
    pub learnt: Option<Learnt>,
}

impl Ran {
    /// Lanes and their conductor, added up.
    pub(super) fn of(lanes: Vec<LaneRan>, conducted: Conducted) -> Ran {
        let mut ran = Ran {
            conducted,
            ledger: Ledger::default(),
            samples: Samples::default(),
            meetings: Counts::default(),
            leftovers: Vec::new(),
            halts: Vec::new(),
            lasted: Duration::ZERO,
            learnt: None,
        };
        for lane in lanes {
            ran.ledger.merge(&lane.ledger);
            ran.samples.merge(&lane.samples);
            ran.meetings.merge(&lane.meetings);
            ran.leftovers.extend(lane.leftovers);
            ran.halts.extend(lane.halt);
            ran.lasted = ran.lasted.max(lane.lasted);
            ran.learnt = ran.learnt.or(lane.learnt);
        }
        ran
    }

    /// Why a meeting that was needed could not be made, if one could not: no load began, or it ended before its time.
    pub fn no_meetings(&self) -> Option<&crate::call::Fault> {
        self.halts.iter().find_map(|halt| match halt {
            Halt::NoMeetings(fault) => Some(&**fault),
            _ => None,
        })
    }

    /// The verdict.
    pub fn judge(&self, run: &Run, traffic: Option<TrafficNow>) -> Judgement {
        let health = Health::of(&self.conducted.cells, &run.plan.stages, run.lanes, self.cpu_share(run), traffic);
        let mut judgement = verdict(&self.conducted.held, &health);
        if let Some(fault) = self.no_meetings() {
            // Whatever was measured until then, the load that was wanted was not had; and that is not the generator's doing.
            judgement.outcome = Outcome::Fail;
            let why = format!("no more meetings could be made: {} ({}): {}", fault.class, fault.code, fault.message);
            judgement.reasons.insert(0, why);
        }
        if !self.ledger.law_holds() {
            // It is ours to count, and nothing that was counted wrong may be believed.
            judgement.outcome = Outcome::Invalid;
            judgement.reasons.insert(0, format!("the counts do not add up ({:?}): please report this", self.ledger));
        }
        judgement
    }

    fn cpu_share(&self, run: &Run) -> Option<f64> {
        // Of a load that hardly began, the making of its meetings would count as its work.
        let cpu = self.conducted.cpu.filter(|_| self.lasted >= Duration::from_millis(100))?;
        Some(cpu.as_secs_f64() / self.lasted.as_secs_f64().max(0.001) / f64::from(run.lanes))
    }

    /// The summary.
    pub fn summary(&self, run: &Run, judgement: Judgement, traffic: Option<TrafficNow>, memory: Option<u64>) -> Summary {
        let plan = &run.plan;
        let model = plan.load.model();
        let micro = |cpu: Duration| cpu.as_secs_f64() * 1e6 / self.ledger.done.max(1) as f64;
        let hundredths = |x: f64| (x * 100.0).round() / 100.0;
        let generator = Generator {
            lanes: run.lanes,
            cpu_share: self.cpu_share(run).map(|share| (share * 1000.0).round() / 1000.0),
            cpu_us_a_call: self.conducted.cpu.map(micro).map(hundredths),
            memory,
            tolerable_lag_ms: tolerable_lag(plan.thresholds.iter().map(|threshold| &threshold.check)).as_secs_f64() * 1e3,
        };
        Summary::of(Parts {
            name: &plan.name,
            model,
            stages: &plan.stages,
            conducted: &self.conducted,
            ledger: self.ledger,
            samples: &self.samples,
            meetings: &self.meetings,
            leftovers: self.leftovers.iter().map(ToString::to_string).collect(),
            judgement,
            ending: self.ending(),
            spans: &[Span { offset: Duration::ZERO, lasted: self.lasted }],
            traffic,
            generator,
            notes: notes(model, &self.conducted.cells, &self.ledger),
        })
    }

    fn ending(&self) -> String {
        let of_lane = || {
            self.halts.iter().find_map(|halt| match halt {
                Halt::RosterUsedUp => Some("roster-used-up".to_owned()),
                Halt::MaxCalls => Some("max-calls".to_owned()),
                Halt::NoMeetings(fault) => Some(format!("no-meetings: {} ({})", fault.class, fault.code)),
                Halt::Stopped => None,
            })
        };
        self.conducted.cause.as_ref().map(Cause::name).or_else(of_lane).unwrap_or_else(|| "finished".to_owned())
    }
}

/// What a reader should know.
pub(crate) fn notes(model: &str, cells: &Cells, ledger: &Ledger) -> Vec<String> {
    let mut notes = Vec::new();
    if model == "closed" {
        notes.push(
            "users wait for their answers: response time is service time here, and whoever would have come meanwhile is not in it"
                .to_owned(),
        );
    }
    let everything = gathered(cells, Filter::default());
    let (response, service) = (everything.of(Metric::Response), everything.of(Metric::Service));
    let at = |q| (response.value_at_quantile(q), service.value_at_quantile(q));
    let (felt, took) = at(0.99);
    if model != "closed" && felt > 2 * took.max(1) && felt > took + 10_000 {
        let said = |us: u64| format!("{:.0} ms", us as f64 / 1e3);
        notes.push(format!(
            "response p99 is {}, service p99 {}: calls waited for a free slot while earlier ones were not answered. Response runs from \
             the instant a call was due, which is what people in line feel; service from the send, which is what the answered calls show",
            said(felt),
            said(took)
        ));
    }
    let Ledger { made_instead, waited_for_meetings, .. } = *ledger;
    if made_instead > 0 {
        notes.push(format!("{made_instead} calls were to ask about an attendee when there was none, and made one instead"));
    }
    if waited_for_meetings > 0 {
        notes.push(format!(
            "{waited_for_meetings} times calls waited for a meeting with a free seat (their wait counts as queue): raise \
             target.meetings.share, or make meetings ahead"
        ));
    }
    notes
}
