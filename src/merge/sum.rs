//! The summary of runs that were added up.
//!
//! Holds [`Summed`]. Counts, errors, meetings and traffic are the members' own, added; everything about latencies, stages, calls and thresholds is computed from the cells,
//! as a run computes it from its lanes. Then it is judged, coverage and members included.

use super::coverage::Coverage;
use super::member::Member;
use super::origin::Origin;
use crate::chime::class::Class;
use crate::client::wire_io::TrafficNow;
use crate::load::conductor::Conducted;
use crate::load::errand::Counts;
use crate::load::law::Ledger;
use crate::load::ran::notes;
use crate::load::summary::{Generator, Parts, Span, Summary};
use crate::load::verdict::{Health, Judgement, Outcome, tolerable_lag, verdict};
use crate::stats::samples::{Kind, Samples};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// `summary.json` of a merged run: that of a load, and how much of the time is covered.
#[derive(Debug, Serialize)]
pub struct Summed {
    /// The summary.
    #[serde(flatten)]
    pub load: Summary,
    /// How much of the time all members were there.
    pub coverage: Coverage,
    /// What it comes to.
    #[serde(skip)]
    pub outcome: Outcome,
}

impl Summed {
    /// Of members that were added up.
    pub fn of(members: &[Member], conducted: &Conducted, origins: &[Origin], coverage: Coverage) -> Summed {
        let kept = members.first().map(|member| &member.kept);
        let stages = kept.and_then(|kept| kept.stages().ok()).unwrap_or_default();
        let model = kept.and_then(|kept| kept.model().ok()).unwrap_or("open");
        let mut ledger = Ledger::default();
        members.iter().for_each(|member| ledger.merge(&terms(member)));
        let traffic = members.iter().filter_map(traffic).reduce(|mut sum, of| {
            sum.merge(&of);
            sum
        });
        let lanes = origins.iter().map(|origin| origin.lanes).fold(0, u32::saturating_add);
        let health = Health::of(&conducted.cells, &stages, lanes, busiest(members, "cpu_share"), traffic);
        let judgement = judged(verdict(&conducted.held, &health), members, origins, &coverage, &ledger);
        let mut notes = notes(model, &conducted.cells, &ledger);
        notes.extend(coverage.offsets());
        notes.extend(own_notes(origins, &notes));
        if coverage.suffices() {
            notes.extend(coverage.holes());
        }
        let endpoints: BTreeSet<&str> = origins.iter().filter_map(|origin| origin.endpoint.as_str()).collect();
        if endpoints.len() > 1 {
            notes.push(format!("the runs asked different services: {}", endpoints.into_iter().collect::<Vec<_>>().join(", ")));
        }
        let micro = |cpu: Duration| (cpu.as_secs_f64() * 1e8 / ledger.done.max(1) as f64).round() / 100.0;
        let generator = Generator {
            lanes,
            cpu_share: health.cpu_share,
            cpu_us_a_call: conducted.cpu.map(micro),
            memory: busiest(members, "memory").map(|bytes| bytes as u64),
            tolerable_lag_ms: tolerable_lag(conducted.held.iter().map(|held| &held.judge.scope().check)).as_secs_f64() * 1e3,
        };
        // Of the runs themselves, not of sums of them: who was merged before makes no difference.
        let spans: Vec<Span> = origins.iter().map(span).collect();
        let mut meetings = Counts::default();
        members.iter().for_each(|member| meetings.merge(&about_meetings(member)));
        let outcome = judgement.outcome;
        let load = Summary::of(Parts {
            name: members.first().and_then(|member| member.manifest["scenario"]["name"].as_str()).unwrap_or_default(),
            model,
            stages: &stages,
            conducted,
            ledger,
            samples: &samples(members),
            meetings: &meetings,
            leftovers: members.iter().flat_map(leftovers).collect::<BTreeSet<_>>().into_iter().collect(),
            judgement,
            ending: ending(origins),
            spans: &spans,
            traffic,
            generator,
            notes,
        });
        Summed { load, coverage, outcome }
    }
}

/// When a run was under way.
fn span(origin: &Origin) -> Span {
    Span {
        offset: Duration::from_millis(origin.offset_ms()),
        lasted: Duration::try_from_secs_f64(origin.lasted_s).unwrap_or_default(),
    }
}

/// What members say of themselves that is not said of the whole.
fn own_notes(origins: &[Origin], said: &[String]) -> Vec<String> {
    let of = |origin: &Origin| origin.notes.iter().map(|note| (origin.run.clone(), note.clone())).collect::<Vec<_>>();
    let own = origins.iter().flat_map(of).filter(|(_, note)| !said.contains(note));
    own.map(|(run, note)| format!("{run}: {note}")).collect()
}

/// How they ended: in one word, if all ended alike.
fn ending(origins: &[Origin]) -> String {
    let endings: BTreeSet<&str> = origins.iter().map(|origin| origin.ending.as_str()).collect();
    endings.into_iter().collect::<Vec<_>>().join("; ")
}

/// What the sums come to, in the light of where they come from.
fn judged(of_sums: Judgement, members: &[Member], origins: &[Origin], coverage: &Coverage, ledger: &Ledger) -> Judgement {
    let Judgement { mut outcome, mut reasons, thresholds } = of_sums;
    for origin in origins.iter().filter(|origin| origin.ending.starts_with("no-meetings")) {
        outcome = Outcome::Fail;
        reasons.insert(0, format!("{} had no more meetings ({})", origin.run, origin.ending));
    }
    let mut doubts = Vec::new();
    if !ledger.law_holds() {
        doubts.push(format!("the counts do not add up ({ledger:?}): please report this"));
    }
    if !coverage.suffices() {
        doubts.push(coverage.told());
        doubts.extend(coverage.holes());
    }
    for origin in origins {
        match origin.verdict.as_deref() {
            Some("invalid") => {
                doubts.push(format!("{} is invalid by itself: {}", origin.run, origin.why.as_deref().unwrap_or("it does not say why")));
            }
            Some(_) => {}
            None => doubts.push(format!(
                "{} was killed: its logs are in the numbers, what only its summary would tell (errors by code, meetings, traffic, calls that had not become due) is not",
                origin.run
            )),
        }
    }
    doubts.extend(members.iter().filter_map(lost));
    if !doubts.is_empty() {
        outcome = Outcome::Invalid;
        reasons.splice(0..0, doubts);
    }
    Judgement { outcome, reasons, thresholds }
}

/// Calls that a run's summary counts and its logs do not have, or the other way round.
fn lost(member: &Member) -> Option<String> {
    let told = &member.told.as_ref()?["counts"];
    let logged = member.logged;
    let pairs = [("done", logged.done), ("dropped", logged.dropped), ("aborted", logged.aborted)];
    let (name, has) = pairs.into_iter().find(|(name, has)| number(&told[*name]) != *has)?;
    let wants = number(&told[name]);
    Some(format!(
        "the logs of {} have {has} calls {name}, its summary {wants}: lines are missing, and so are their latencies",
        member.label
    ))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// The terms of the law: those of the summary. Of a run that was killed those of its logs; calls that were under way then count as unissued.
fn terms(member: &Member) -> Ledger {
    if let Some(told) = &member.told {
        let of = |name: &str| number(&told["counts"][name]);
        return Ledger {
            planned: of("planned"),
            retries: of("retries"),
            sent: of("sent"),
            done: of("done"),
            dropped: of("dropped"),
            aborted: of("aborted"),
            unissued: of("unissued"),
            ..Ledger::default()
        };
    }
    let logged = member.logged;
    let ended = logged.done + logged.dropped + logged.aborted;
    // A line of counts may be torn whose calls were measured.
    let planned = logged.planned.max(ended.saturating_sub(logged.retried));
    Ledger {
        planned,
        retries: logged.retried,
        sent: logged.done + logged.aborted,
        done: logged.done,
        dropped: logged.dropped,
        aborted: logged.aborted,
        unissued: planned + logged.retried - ended,
        ..Ledger::default()
    }
}

fn samples(members: &[Member]) -> Samples {
    let mut samples = Samples::default();
    for told in members.iter().filter_map(|member| member.told.as_ref()) {
        for (class, of) in told["errors"].as_object().into_iter().flatten() {
            let Some(class) = Class::from_name(class) else { continue };
            let codes: BTreeMap<String, Kind> = serde_json::from_value(of["codes"].clone()).unwrap_or_default();
            codes.iter().for_each(|(code, kind)| samples.put(class, code, kind));
        }
    }
    samples
}

fn about_meetings(member: &Member) -> Counts {
    let told = member.told.as_ref().map_or(&Value::Null, |told| &told["meetings"]);
    let mut counts = Counts {
        made: number(&told["made"]),
        renewed: number(&told["renewed"]),
        deleted: number(&told["deleted"]),
        ..Counts::default()
    };
    for (class, n) in told["classes"].as_object().into_iter().flatten() {
        if let Some(class) = Class::from_name(class) {
            counts.calls.add(class, number(n));
        }
    }
    counts
}

fn leftovers(member: &Member) -> Vec<String> {
    let told = member.told.as_ref().map_or(&Value::Null, |told| &told["meetings"]["left_over"]);
    told.as_array().into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

fn traffic(member: &Member) -> Option<TrafficNow> {
    TrafficNow::deserialize(&member.told.as_ref()?["traffic"]).ok()
}

/// The most of something that a generator used, as far as that is known.
fn busiest(members: &[Member], name: &str) -> Option<f64> {
    members.iter().filter_map(|member| member.told.as_ref()?["generator"][name].as_f64()).reduce(f64::max)
}
