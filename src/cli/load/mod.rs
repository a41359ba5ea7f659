//! `headcount load`: from the command line to the exit code.
//!
//! Holds the verb's course: scenario in, service found, guarded, run, written down, judged. Called by `cli`.

pub mod args;
mod files;
pub(super) mod show;
mod status;
pub(super) mod vitals;

use super::End;
use super::failure::{Exit, Failure};
use super::like;
use super::loading::{beside, guarded, hands, people, room, run_id, service, setup_rate};
use super::say::{self, Voice};
use super::scenario::{self, Besides};
use super::service::Whom;
use super::signals;
use super::values::{counted, said};
use crate::bucket::Rate;
use crate::client::wire_io::Traffic;
use crate::clock::Wall;
use crate::drive::pump::Stop;
use crate::load::Paced;
use crate::load::board::board;
use crate::load::conductor::Cause;
use crate::load::guard;
use crate::load::ran::Ran;
use crate::load::run::Run;
use crate::load::verdict::{Judgement, Outcome};
use crate::report::{Style, report};
use crate::run_dir::{check_publishable, sum_of};
use crate::scenario::file::Data;
use crate::scenario::mock::Mock;
use crate::scenario::plan::{Plan, Target};
use crate::seed::Seed;
use crate::timer::Grain;
use crate::twin::played::{Manners, played};
pub use args::Args;
use files::Files;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;

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
    if let Some(to) = &args.junit {
        let failed = |error| Failure::new(Exit::Usage, format!("--junit {} cannot be written: {error}", to.display()));
        check_publishable(to).map_err(failed)?;
    }
    let mut wanted = wanted(&args)?;
    if let Some(run) = &args.mock_like {
        let twin = like::twin(run)?;
        voice.say(like::told(&twin).trim_end());
        wanted.plan.target = Target::Mock(Box::new(alike(&wanted.plan.target, played(&twin))));
    }
    wanted.plan.warnings.iter().for_each(|warning| voice.warn(warning));
    let people = people(&wanted.plan, &wanted.path)?;
    let started = wall.now();
    let id = run_id(wanted.plan.seed, started);
    let (service, mock) = service(&args.whom, &wanted.plan, &people).await?;
    guarded(&args.bounds.allow_account, &asked(&wanted.plan), &service, mock.is_some(), voice)?;
    room(&wanted.plan, voice);
    let began = Arc::new(OnceLock::new());
    let run = Run {
        id,
        lanes: args.lanes,
        people,
        setup_rate: setup_rate(&wanted.plan, &service, mock.is_some()),
        max_calls: args.bounds.max_calls,
        paced: Paced::ByPlan,
        grain: Grain::Fine,
        cpu: vitals::thread_cpu,
        begins: {
            let (began, mock) = (Arc::clone(&began), mock.as_ref().map(|embedded| embedded.mock()));
            Arc::new(move || {
                let _ = began.set(wall.now());
                if let Some(mock) = &mock {
                    mock.begin_timeline();
                }
            })
        },
        plan: Arc::new(wanted.plan),
    };
    let listener = listening(args.status_addr, voice).await?;
    let mut files = Files::open(&args, &run, &wanted.text, &wanted.path, &wanted.leans_on, &service, started)?;
    if let Some(to) = &args.junit {
        // Whatever becomes of this run, an older one's must not be taken for it.
        let _ = std::fs::remove_file(to);
    }
    voice.say(format_args!("{}: {} at {}", run.plan.name, planned_words(&run.plan), service.shown()));
    let traffic: Vec<Arc<Traffic>> = (0..run.lanes).map(|_| Arc::default()).collect();
    let hands = hands(&run, &service, &traffic, wall)?;
    let mut signals = signals::listen().map_err(|e| Failure::new(Exit::Internal, e))?;
    let (teller, watching) = board();
    if let Some(listener) = listener {
        tokio::spawn(status::serve(listener, watching.clone()));
    }
    let watcher = tokio::spawn(show::show(watching, signals.stop.clone(), args.shown.draw(), voice));
    let score = files.score(&run, args.bounds.max_duration.map(|span| span.0), args.bounds.kill_switch.clone(), began);
    let running = run.in_threads(hands, score, signals.stop.clone(), teller);
    let ran = running.await.map_err(|e| Failure::new(Exit::Internal, e))?;
    let _ = watcher.await;
    let left = *signals.stop.borrow_and_update() == Stop::Now;
    let judgement = ran.judge(&run, Some(Traffic::now(&traffic)));
    let end = settled(&mut files, &run, &ran, judgement, &traffic, voice)
        .and_then(|(summary, end)| published(&files, args.junit.as_deref(), &summary, end, voice));
    end.map(|exit| if left { signals.left() } else { exit })
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

/// The scenario's mock, or one if it has none, with these manners in the place of its own.
fn alike(target: &Target, like: Manners) -> Mock {
    let own = if let Target::Mock(mock) = target { (**mock).clone() } else { Mock::default() };
    Mock { latency: like.latency, times: like.times, quota: like.quota, mischief: like.mischief, workers: None, ..own }
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

/// What a service is asked for by a scenario.
fn asked(plan: &Plan) -> String {
    let planned = guard::planned(plan);
    let calls = planned.calls.map_or_else(|| "calls as its users make them".to_owned(), |n| counted(n, "call"));
    format!("{calls} and at least {}, for {}", counted(planned.meetings, "meeting"), said(plan.lasts()))
}

fn planned_words(plan: &Plan) -> String {
    let planned = guard::planned(plan);
    let calls = planned.calls.map_or_else(|| "users".to_owned(), |n| counted(n, "call"));
    format!("{calls}, {} load over {}", plan.load.model(), said(plan.lasts()))
}

/// Summary and last words: what test cases are made of, and the end.
fn settled(
    files: &mut Files,
    run: &Run,
    ran: &Ran,
    judgement: Judgement,
    traffic: &[Arc<Traffic>],
    voice: Voice,
) -> Result<(Value, End), Failure> {
    let outcome = judgement.outcome;
    if let Some(fault) = ran.no_meetings().filter(|_| ran.ledger.sent == 0) {
        let auth = fault.class.tier() == crate::chime::class::Tier::Auth;
        files.ended("no-meetings", None)?;
        let message =
            format!("no meeting could be made, so there was no load: {} ({}): {}", fault.class, fault.code, fault.message);
        // There is nothing to sum up; a CI is told all the same.
        let told = json!({ "version": 1, "kind": "load", "name": run.plan.name, "verdict": "fail", "reasons": [message] });
        let failure = Failure::new(if auth { Exit::Credentials } else { Exit::Failed }, message).hint(fault.class.meaning());
        return Ok((told, Err(failure)));
    }
    let summary = ran.summary(run, judgement, Some(Traffic::now(traffic)), vitals::memory());
    files.ended(&summary.ending, Some(&summary))?;
    let value = serde_json::to_value(&summary).map_err(|e| Failure::new(Exit::Internal, e))?;
    voice.say(report(&value, Style::Text).map_err(|e| Failure::new(Exit::Internal, e))?.trim_end());
    voice.say(format_args!("{}: summary, histograms, series and events of the run", files.dir().display()));
    if let Some(Cause::Disk(why)) = &ran.conducted.cause {
        return Ok((value, Err(Failure::new(Exit::Incomplete, format!("the run directory cannot be written: {why}")))));
    }
    if let (Outcome::Fail | Outcome::Invalid, Voice::Quiet) = (outcome, voice) {
        summary.reasons.iter().take(1).for_each(|reason| voice.warn(reason));
    }
    let exit = match (outcome, &ran.conducted.cause) {
        (Outcome::Invalid, _) => Exit::Invalid,
        (Outcome::Fail, _) => Exit::Failed,
        (Outcome::Pass, Some(Cause::Signal | Cause::KillSwitch)) => Exit::Interrupted,
        (Outcome::Pass, _) => Exit::Done,
    };
    Ok((value, Ok(exit)))
}

/// Test cases, where they are wanted. Only of a run that is well does it matter to the exit code that they cannot be written.
fn published(files: &Files, junit: Option<&Path>, summary: &Value, end: End, voice: Voice) -> End {
    let Some(failure) = junit.and_then(|to| files.junit(to, summary).err()) else { return end };
    match end {
        Ok(Exit::Done) => Err(failure),
        other => {
            voice.warn(failure.message);
            other
        }
    }
}
