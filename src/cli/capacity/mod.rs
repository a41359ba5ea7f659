//! `headcount capacity`: from the command line to the exit code.
//!
//! Holds the verb's course: scenario in, service found, guarded, searched step by step, kept after each, told. Called by `cli`.

pub mod args;
pub mod files;
pub mod logs;

use super::End;
use super::failure::{Exit, Failure};
use super::load::show;
use super::loading::{guarded, hands, people, room, run_id, service, setup_rate};
use super::progress::Draw;
use super::say::{self, Voice};
use super::scenario::{self, Besides};
use super::service::Service;
use super::signals::{self, Signals};
use super::values::counted;
use crate::call::Fault;
use crate::capacity::answer::Ending;
use crate::capacity::course::{Course, CourseError, Ended};
use crate::capacity::kept::{Kept, Mode, VERSION};
use crate::capacity::quota::{self, Found};
use crate::capacity::search::Wanted;
use crate::capacity::stage;
use crate::capacity::step::{Kind, Step, step_name};
use crate::chime::class::{Class, Tier};
use crate::client::wire_io::{Traffic, TrafficNow};
use crate::clock::Wall;
use crate::drive::pump::Stop;
use crate::load::Paced;
use crate::load::board::board;
use crate::load::conductor::{Cause, Score};
use crate::load::ran::Ran;
use crate::load::run::Run;
use crate::report::{Style, report};
use crate::scenario::plan::Plan;
use crate::timer::Grain;
pub use args::Args;
use files::Files;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Runs the verb.
///
/// # Errors
/// Everything that keeps a search from beginning, or its steps from being kept.
pub fn run(args: Args) -> End {
    super::alone(course(args))?
}

async fn course(args: Args) -> End {
    signals::survive_file_limits();
    say::log(args.shown.loud.verbose);
    let voice = args.shown.voice();
    let wall = Wall::System;
    let text = scenario::text_of(&args.file)?;
    let besides = Besides { endpoint_url: args.whom.endpoint_url.as_deref(), set: &args.set, leans_on: None };
    let plan = scenario::parse(&args.file, &text, besides).map_err(scenario::Unread::Faulty)?;
    let searchable = if args.quota { stage::generated(&plan) } else { stage::check(&plan) };
    searchable.map_err(|e| Failure::new(Exit::BadInput, format!("{}: {e}", args.file)))?;
    let people = people(&plan, &args.file)?;
    let started = wall.now();
    let (service, mock) = service(&args.whom, &plan, &people).await?;
    may(&args, &service, mock.is_some(), voice)?;
    room(&plan, voice);
    let mut kept = beginning(&args, &plan, &text, &service);
    let place = args.run_dir.clone().unwrap_or_else(|| PathBuf::from(format!("{}-capacity.run", plan.name)));
    let files = Files::open(&place, &mut kept, &text, started)?;
    if !kept.steps.is_empty() {
        voice.say(format_args!("going on after {}", counted(kept.steps.len() as u64, "step")));
    }
    let run = Run {
        id: run_id(plan.seed, started),
        lanes: if args.quota { 1 } else { args.lanes },
        people,
        setup_rate: setup_rate(&plan, &service, mock.is_some()),
        max_calls: args.bounds.max_calls,
        paced: Paced::ByPlan,
        grain: Grain::Fine,
        cpu: super::load::vitals::thread_cpu,
        begins: match &mock {
            Some(embedded) => {
                let mock = embedded.mock();
                Arc::new(move || mock.begin_timeline())
            }
            None => Arc::new(|| {}),
        },
        plan: Arc::new(plan),
    };
    let signals = signals::listen().map_err(|e| Failure::new(Exit::Internal, e))?;
    let what = if args.quota { "the quota" } else { "the highest rate that holds" };
    voice.say(format_args!("{}: looking for {what} at {}", run.plan.name, service.shown()));
    let desk = Desk { service, wall, signals, voice, draw: args.shown.draw() };
    match args.quota {
        true => desk.quota(&args, &run, kept, files).await,
        false => desk.search(&args, &run, kept, files).await,
    }
}

/// A service that is not this machine is asked only if its account was named, and how many calls it may come to.
fn may(args: &Args, service: &Service, embedded: bool, voice: Voice) -> Result<(), Failure> {
    let settings = args.settings();
    if let Some(most) = settings.most.filter(|most| !args.quota && *most < settings.from) {
        let message = format!("--from {}/s lies above --max-rate {most}/s", settings.from);
        return Err(Failure::new(Exit::Usage, message).hint("begin where it surely holds: the rate is doubled from there"));
    }
    let calls =
        args.bounds.max_calls.map_or_else(|| "calls without a bound".to_owned(), |n| format!("at most {}", counted(n, "call")));
    guarded(&args.bounds.allow_account, &calls, service, embedded, voice)?;
    if args.bounds.max_calls.is_none() && !embedded && !service.endpoint.is_loopback() {
        let message = "a search goes on until it has an answer, and this is a service that others use, too";
        return Err(Failure::new(Exit::Usage, message).hint("say how many calls it may come to: --max-calls 20000"));
    }
    Ok(())
}

fn beginning(args: &Args, plan: &Plan, text: &str, service: &Service) -> Kept {
    let set: String = args.set.iter().map(|setting| format!("\n--set {setting}")).collect();
    Kept {
        version: VERSION,
        kind: "capacity".to_owned(),
        name: plan.name.clone(),
        target: service.place.clone(),
        scenario: scenario::sum(&format!("{text}{set}")),
        settings: args.settings(),
        steps: Vec::new(),
        answer: None,
        mode: if args.quota { Mode::Quota } else { Mode::Search },
        quota: None,
    }
}

/// Whatever a step takes beside its plan.
struct Desk {
    service: Service,
    wall: Wall,
    signals: Signals,
    voice: Voice,
    draw: Draw,
}

impl Desk {
    /// Runs a run as `load` does.
    async fn ran(&self, run: &Run, score: Score) -> Result<(Ran, Option<TrafficNow>), Failure> {
        let traffic: Vec<Arc<Traffic>> = (0..run.lanes).map(|_| Arc::default()).collect();
        let hands = hands(run, &self.service, &traffic, self.wall)?;
        let (teller, watching) = board();
        // Lines are told a step at a time; a bar is drawn meanwhile.
        let draw = if self.draw == Draw::Bar { Draw::Bar } else { Draw::Nothing };
        let watcher = tokio::spawn(show::show(watching, self.signals.stop.clone(), draw, self.voice));
        let running = run.in_threads(hands, score, self.signals.stop.clone(), teller);
        let ran = running.await.map_err(|e| Failure::new(Exit::Internal, e))?;
        let _ = watcher.await;
        if !ran.leftovers.is_empty() {
            let left: Vec<String> = ran.leftovers.iter().map(ToString::to_string).collect();
            self.voice.warn(format_args!("meetings that may still be there, to be deleted by hand: {}", left.join(", ")));
        }
        Ok((ran, Some(Traffic::now(&traffic))))
    }

    async fn search(&self, args: &Args, run: &Run, mut kept: Kept, mut files: Files) -> End {
        let course = Course { run, settings: kept.settings, budget: args.bounds.max_calls };
        let mut steps = std::mem::take(&mut kept.steps);
        let (kept, open, name) = (RefCell::new(kept), RefCell::new(&mut files), RefCell::new(String::new()));
        let engine = async |run: &Run, score: Score| {
            let score = open.borrow_mut().logs.listening(name.take(), score);
            let (ran, traffic) = self.ran(run, score).await?;
            open.borrow_mut().logs.ran(run, &ran);
            Ok((ran, traffic))
        };
        let begins = |wanted: &Wanted| {
            name.replace(step_name(wanted.n, wanted.kind));
            self.voice.say(about_to(wanted));
        };
        let keep = |steps: &[Step]| {
            steps.last().iter().for_each(|step| self.voice.say(done(step)));
            kept.borrow_mut().steps = steps.to_vec();
            open.borrow_mut().keep_step(&kept.borrow())
        };
        let ended = course.search(&mut steps, engine, begins, keep).await;
        let mut kept = kept.into_inner();
        kept.steps = steps;
        match ended {
            Err(CourseError::Theirs(failure)) => Err(failure),
            Err(error) => Err(Failure::new(Exit::Usage, error).hint("lower --max-rate, or make the steps shorter")),
            Ok(Ended::Interrupted) => self.interrupted(&mut files),
            Ok(Ended::NoMeetings(fault)) => no_meetings(&mut files, &fault),
            Ok(Ended::Answer(answer)) => {
                let ending = answer.ending;
                kept.answer = Some(answer);
                self.told(&kept, &mut files)?;
                Ok(match ending {
                    Ending::Found | Ending::Ceiling => Exit::Done,
                    Ending::NoneHolds => Exit::Failed,
                    Ending::Generator | Ending::Unsteady => Exit::Invalid,
                    Ending::Budget => Exit::Incomplete,
                })
            }
        }
    }

    async fn quota(&self, args: &Args, run: &Run, mut kept: Kept, mut files: Files) -> End {
        let plan = quota::plan(&run.plan, &kept.settings, args.bounds.max_calls);
        let run = Run { plan: Arc::new(plan), paced: Paced::ByQuota, ..run.clone() };
        let peak = Rc::new(Cell::new(0));
        let highest = Rc::clone(&peak);
        let log = Box::new(move |interval: &crate::stats::cells::Interval, _: &str| {
            let classes = interval.cells.classes();
            highest.set(highest.get().max(classes.total() - classes.of(Class::Throttled) - classes.of(Class::Dropped)));
            Ok(())
        });
        let score = files.logs.listening("quota".to_owned(), Score { log, ..run.score() });
        let (ran, _) = self.ran(&run, score).await?;
        files.logs.ran(&run, &ran);
        if let Some(fault) = ran.no_meetings().filter(|_| ran.ledger.sent == 0) {
            return no_meetings(&mut files, fault);
        }
        if matches!(ran.conducted.cause, Some(Cause::Signal)) {
            return self.interrupted(&mut files);
        }
        let found = Found::of(&ran, peak.get());
        kept.quota = Some(found);
        files.keep_step(&kept)?;
        self.told(&kept, &mut files)?;
        Ok(if found.sure || found.throttled == 0 { Exit::Done } else { Exit::Incomplete })
    }

    /// What was found is kept, and told.
    fn told(&self, kept: &Kept, files: &mut Files) -> Result<(), Failure> {
        files.keep(kept)?;
        files.ended(if kept.is_over() { "finished" } else { "max-calls" })?;
        let internal = |e: String| Failure::new(Exit::Internal, e);
        let value = serde_json::to_value(kept).map_err(|e| internal(e.to_string()))?;
        self.voice.say(report(&value, Style::Text).map_err(|e| internal(e.to_string()))?.trim_end());
        self.voice.say(format_args!("{}: capacity.json, latency.hlog, series.csv, and the scenario", files.dir().display()));
        Ok(())
    }

    fn interrupted(&self, files: &mut Files) -> End {
        files.ended("interrupted")?;
        self.voice.warn("interrupted; the same command goes on from the last step that was done");
        Ok(if *self.signals.stop.borrow() == Stop::Now { self.signals.left() } else { Exit::Incomplete })
    }
}

fn no_meetings(files: &mut Files, fault: &Fault) -> End {
    files.ended("no-meetings")?;
    let exit = if fault.class.tier() == Tier::Auth { Exit::Credentials } else { Exit::Failed };
    let message =
        format!("no meeting could be made, so nothing could be asked: {} ({}): {}", fault.class, fault.code, fault.message);
    Err(Failure::new(exit, message).hint(fault.class.meaning()))
}

fn about_to(wanted: &Wanted) -> String {
    let kind = if wanted.kind == Kind::Hold { ", held for longer" } else { "" };
    format!("step {}: {}/s{kind}", wanted.n, wanted.rate)
}

fn done(step: &Step) -> String {
    let ms = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"));
    let sure = if step.decided { ", decided" } else { "" };
    let why: Vec<&str> = step.broke.iter().map(|broke| broke.check.as_str()).collect();
    let why = if why.is_empty() { step.reasons.first().cloned().unwrap_or_default() } else { why.join("; ") };
    let why = if why.is_empty() { why } else { format!(" — {why}") };
    format!(
        "  {}{sure} after {:.0} s: {:.1}/s ok, p99 {}, {:.1} % throttled{why}",
        step.verdict.name(),
        step.seconds,
        step.achieved,
        ms(step.p99_ms),
        step.throttled * 100.0
    )
}
