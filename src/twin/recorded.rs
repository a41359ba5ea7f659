//! A run's files, read for what they show of the service.
//!
//! Holds [`Files`] (bytes in) and [`recorded`]. Called once by whoever wants a twin. Percentiles come from the histograms of `latency.hlog`,
//! of a provisioning run counts from `series.csv`; `summary.json` tells which stages were warm-up, and the codes behind the classes.

use super::quota::{self, Inferred};
use super::{Answers, Bucket, Of, Twin, TwinError};
use crate::behaviour::Counted;
use crate::chime::class::{Class, Tier};
use crate::chime::operation::Operation;
use crate::report::model::quota::Use;
use crate::stats::log::Log;
use crate::stats::recorder::{Classes, Latencies, Metric};
use crate::stats::seconds::{self, Second};
use serde_json::Value;
use std::collections::BTreeMap;

/// The files of a run directory, as bytes.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// `summary.json`.
    pub summary: &'a [u8],
    /// `run.json`.
    pub manifest: &'a [u8],
    /// `latency.hlog`.
    pub hlog: &'a [u8],
    /// `series.csv`.
    pub series: &'a [u8],
}

/// Calls let in and throttled, by second.
type Pressed = BTreeMap<u64, (u64, u64)>;

/// The twin of a run called `name`.
///
/// # Errors
/// A file is of another kind or version than this program writes, the files do not go together, or nothing was answered.
pub fn recorded(name: &str, files: &Files) -> Result<Twin, TwinError> {
    let bad = |file: &'static str, why: String| TwinError::Unreadable { file, why };
    let json = |file: &'static str, bytes: &[u8]| serde_json::from_slice::<Value>(bytes).map_err(|e| bad(file, e.to_string()));
    let (summary, manifest) = (json("summary.json", files.summary)?, json("run.json", files.manifest)?);
    let (series, torn) = seconds::read(files.series).map_err(|why| bad("series.csv", why))?;
    for second in &series {
        if second.classes.iter().map(|(_, calls)| calls).chain([second.sent]).any(|calls| calls > quota::MOST) {
            return Err(bad("series.csv", beyond(second.at)));
        }
    }
    let log = Log::read(files.hlog);
    let kind = match (summary["version"].as_u64(), summary["kind"].as_str()) {
        (Some(1), Some(kind @ ("load" | "provision"))) => kind,
        _ => return Err(bad("summary.json", "it is no summary of a load or provisioning run, version 1".to_owned())),
    };
    let text = |value: &Value| value.as_str().map(|text| crate::safe::line(text, 60));
    let of = Of {
        kind: kind.to_owned(),
        name: crate::safe::line(name, 60),
        started: text(&manifest["started"]).or_else(|| text(&manifest["time"])),
    };
    let mut twin = Twin {
        version: 1,
        kind: "twin".to_owned(),
        of,
        answers: vec![],
        together_us: Counted::default(),
        quota: None,
        unthrottled: None,
        notes: vec![],
    };
    let pressed = if kind == "load" { load(&mut twin, &log, &summary)? } else { provision(&mut twin, &log, &summary, &series) };
    if twin.ok().total() == 0 || !twin.answers.iter().any(|answers| answers.class == Class::Ok) {
        return Err(TwinError::NoAnswer);
    }
    limits(&mut twin, &pressed, &summary, &series);
    notes(&mut twin, torn + log.unread);
    Ok(twin)
}

/// Of a load: each call and end by itself, warm-up left out; what is throttled counts from the start.
fn load(twin: &mut Twin, log: &Log, summary: &Value) -> Result<BTreeMap<Option<Operation>, Pressed>, TwinError> {
    let told = summary["latency_ms"]["service"]["count"].as_u64().unwrap_or(0);
    let judged = log.whole().of(Metric::Service).len();
    if judged != told {
        return Err(TwinError::NotWhole { log: judged, summary: told });
    }
    let stages = summary["stages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let warmup: Vec<&str> =
        stages.iter().filter(|stage| stage["warmup"] == true).filter_map(|stage| stage["name"].as_str()).collect();
    let mut cells = BTreeMap::<(Operation, Class), Latencies>::new();
    let mut pressed = BTreeMap::<Option<Operation>, Pressed>::new();
    let mut one = Latencies::default();
    for (line, part) in log.parts().filter(|(line, _)| line.metric == Metric::Service) {
        one.clear();
        line.add_to(&mut one);
        let calls = one.of(Metric::Service).len();
        if reaches_the_quota(part.class) {
            let (let_in, throttled) = pressed.entry(Some(part.operation)).or_default().entry(line.at).or_default();
            let into = if part.class == Class::Throttled { throttled } else { let_in };
            *into = into.saturating_add(calls);
            if *into > quota::MOST {
                return Err(TwinError::Unreadable { file: "latency.hlog", why: beyond(line.at) });
            }
        }
        if !warmup.contains(&part.stage) {
            cells.entry((part.operation, part.class)).or_default().merge(&one);
        }
    }
    let answers = |((operation, class), latencies): (&(Operation, Class), &Latencies)| Answers {
        operation: Some(*operation),
        class: *class,
        calls: latencies.of(Metric::Service).len(),
        codes: codes(&summary["errors"], *class),
        service_us: Counted::of(latencies.of(Metric::Service), |us| us),
    };
    twin.answers = cells.iter().map(answers).collect();
    Ok(pressed)
}

/// Why a second cannot be.
fn beyond(at: u64) -> String {
    format!("second {at} tells of more than {} calls, which no run makes", quota::MOST)
}

/// Of a provisioning run: counts of all its calls together, and one distribution.
fn provision(twin: &mut Twin, log: &Log, summary: &Value, series: &[Second]) -> BTreeMap<Option<Operation>, Pressed> {
    twin.together_us = Counted::of(log.whole().of(Metric::Service), |us| us);
    let mut classes = Classes::default();
    let mut pressed = Pressed::new();
    for second in series {
        classes.merge(&second.classes);
        let reached = second.classes.iter().filter(|(class, _)| reaches_the_quota(*class)).map(|(_, calls)| calls).sum::<u64>();
        let throttled = second.classes.of(Class::Throttled);
        pressed.insert(second.at, (reached - throttled, throttled));
    }
    let answers = |(class, calls)| {
        let codes = codes(&summary["classes"], class);
        Answers { operation: None, class, calls, codes, service_us: Counted::default() }
    };
    twin.answers = classes.iter().map(answers).collect();
    BTreeMap::from([(None, pressed)])
}

/// The codes behind a class, as a summary tells them.
fn codes(classes: &Value, class: Class) -> BTreeMap<String, u64> {
    let codes = classes[class.name()]["codes"].as_object();
    let code = |(code, kind): (&String, &Value)| Some((crate::safe::line(code, 64), kind["count"].as_u64()?));
    codes.into_iter().flatten().filter_map(code).collect()
}

/// Whether a call that ended so came as far as the quota, as far as can be known.
pub(super) fn reaches_the_quota(class: Class) -> bool {
    let never_arrived = matches!(class, Class::Dns | Class::Refused | Class::Tls | Class::ConnectTimeout);
    !never_arrived && !matches!(class.tier(), Tier::Generator | Tier::Auth)
}

/// To a thousandth: no more is known, and as much comes back from a file as was written.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// What is known of the quota.
fn limits(twin: &mut Twin, pressed: &BTreeMap<Option<Operation>, Pressed>, summary: &Value, series: &[Second]) {
    let throttled = |pressed: &Pressed| pressed.values().map(|(_, throttled)| throttled).sum::<u64>();
    let all: u64 = pressed.values().map(throttled).sum();
    let learned = |member: &str| summary["learned"][member].as_f64();
    if let (Some(rate), Some(burst)) = (learned("rate"), learned("burst"))
        && quota::is_sane(rate, burst)
    {
        twin.quota = Some(Bucket { operation: None, rate: rounded(rate), burst: rounded(burst), pressed_s: None });
        return;
    }
    if all == 0 {
        twin.unthrottled = Some(rounded(Use::of(series).peak_sustained));
        return;
    }
    // One call that is throttled has a quota of its own; of several it cannot be told, and together they have one.
    let of: Vec<_> = pressed.iter().filter(|(_, pressed)| throttled(pressed) > 0).collect();
    let (operation, of) =
        if let [(operation, pressed)] = of[..] { (*operation, vec![pressed]) } else { (None, pressed.values().collect()) };
    let last = of.iter().filter_map(|pressed| pressed.keys().next_back()).max().copied().unwrap_or(0);
    let mut seconds = vec![(0, 0); last as usize + 1];
    for (at, (let_in, throttled)) in of.into_iter().flatten() {
        let second = &mut seconds[*at as usize];
        *second = (second.0 + let_in, second.1 + throttled);
    }
    let takes = |class: Class| {
        let about = twin.answers.iter().filter(|answers| operation.is_none() || answers.operation == operation);
        let known = Counted::sum(about.filter(|answers| answers.class == class).map(|answers| &answers.service_us));
        (if known.total() > 0 { known } else { twin.together_us.clone() }).mean().as_secs_f64()
    };
    match quota::infer(&seconds, takes(Class::Ok), takes(Class::Throttled)) {
        Some(Inferred { bucket, pressed_s }) => {
            twin.quota =
                Some(Bucket { operation, rate: rounded(bucket.rate), burst: rounded(bucket.burst), pressed_s: Some(pressed_s) });
        }
        None => twin.notes.push(format!(
            "{all} calls were throttled, but not in enough seconds on end to tell rate and burst: this twin throttles nothing; --quota sets one"
        )),
    }
}

/// What the record does not tell, or what a mock cannot play.
fn notes(twin: &mut Twin, unread: u64) {
    let mut notes = Vec::new();
    if twin.together_us != Counted::default() {
        notes.push(
            "a provisioning run keeps the times of all its calls together: every call, however it ends, is drawn from them"
                .to_owned(),
        );
    }
    let calls = |of: &dyn Fn(Class) -> bool| {
        let mut classes = Classes::default();
        twin.answers.iter().filter(|answers| of(answers.class)).for_each(|answers| classes.add(answers.class, answers.calls));
        let each: Vec<String> = classes.iter().map(|(class, calls)| format!("{calls} {class}")).collect();
        each.join(", ")
    };
    let mut note = |calls: String, why: &str| {
        if !calls.is_empty() {
            notes.push(format!("not played: {calls}: {why}"));
        }
    };
    let of_request = |class: Class| matches!(class.tier(), Tier::Request | Tier::Limit) && class != Class::Throttled;
    note(
        calls(&|class| of_request(class) && class != Class::Conflict),
        "they follow from what is asked, and the mock comes to them itself",
    );
    note(calls(&|class| class.tier() == Tier::Auth), "they follow from the caller's credentials");
    note(
        calls(&|class| class.tier() == Tier::Transport && !reaches_the_quota(class)),
        "a mock that can be reached cannot play them",
    );
    note(calls(&|class| class == Class::Aborted), "without an answer when the run ended; the slowest answers may be missing");
    if unread > 0 {
        notes.push(format!("{unread} lines of the run's logs could not be read, and are not in it"));
    }
    twin.notes.extend(notes);
}
