//! The plan of a provisioning.
//!
//! Holds [`plan`]. Called by the verb. The rosters are read into a ledger in memory, with the rules of `provision`.

use super::super::provision::failures::{intake_failure, ledger_failure};
use super::super::values::{counted, grouped, said};
use super::told::{Figure, Told, Window};
use super::{Args, Failure, internal};
use crate::chime::quota;
use crate::ledger::load::{Fold, Rules};
use crate::ledger::schema::Ledger;
use crate::ledger::store::Replay;
use crate::plan::doors::Doors;
use crate::plan::needs::needs;
use crate::plan::{Estimate, Task, Terms};
use crate::provision::batch::Batching;
use crate::provision::intake::{Input, intake};
use crate::roster::options::Options;
use std::path::Path;
use std::time::Duration;

pub(super) fn plan(args: &Args) -> Result<Told, Failure> {
    let making = args.meetings.meant(&args.input)?;
    let options = Options { sessions: args.meetings.sessions(&args.input), ..args.input.options() };
    let fold = if args.input.fold_case { Fold::Case } else { Fold::Exact };
    let rules = Rules { fold, seating: making.map(|(_, seating)| seating), ..Rules::default() };
    let mut ledger = Ledger::open(Path::new(":memory:")).map_err(ledger_failure)?;
    let mut stdin = Vec::new();
    let mut inputs = Vec::new();
    for path in &args.input.rosters {
        if path == "-" {
            let mut temp = tempfile::NamedTempFile::new().map_err(internal)?;
            std::io::copy(&mut std::io::stdin().lock(), temp.as_file_mut()).map_err(internal)?;
            inputs.push(Input { name: "stdin".to_owned(), path: temp.path().to_owned() });
            stdin.push(temp);
        } else {
            inputs.push(Input { name: path.clone(), path: path.into() });
        }
    }
    intake(&mut ledger, &inputs, &options, rules, &mut |_| {}).map_err(intake_failure)?;
    let (rows, rejected) = ledger.rows().map_err(ledger_failure)?;
    let meetings = ledger.meetings(i64::MAX).map_err(ledger_failure)?;
    let open = ledger.open_by_meeting(i64::MAX, Replay::Resume).map_err(ledger_failure)?;
    let task = Task::of(&meetings, |key| open.get(&key).copied().unwrap_or(0));
    let sizes = match args.terms.batch {
        Some(batching) => vec![batching],
        None => vec![Batching::Off, Batching::Auto],
    };
    let estimates: Vec<(Batching, Estimate)> =
        sizes.into_iter().map(|size| (size, task.estimate(&terms(args, size.size())))).collect();
    let makes = task.meetings + task.replicas > 0;
    let mut figures = counts(&task);
    estimates.iter().for_each(|(size, estimate)| figures.extend(times(&task, args, *size, estimate)));
    let best = estimates.last().map(|(_, estimate)| *estimate).unwrap_or_else(|| task.estimate(&terms(args, 1)));
    let idle = quota::IDLE_MEETING_SECONDS as f64;
    Ok(Told {
        version: 1,
        what: format!("{}: {}, {rejected} of them rejected", args.input.rosters.join(", "), counted(rows, "row")),
        figures,
        quotas: needs(&task, &best, &args.terms.quota, makes.then_some(idle)),
        doors: args.doors.map(|doors| window(doors, best.last_token, makes)),
        advice: advice(&task, &estimates, makes),
    })
}

fn terms(args: &Args, batch: usize) -> Terms {
    let terms = &args.terms;
    Terms { rate: terms.rate(), burst: terms.burst(), concurrency: terms.concurrency as usize, batch, latency: terms.latency.0 }
}

fn counts(task: &Task) -> Vec<Figure> {
    let figure = |name, n: u64, formula: String| Figure { name, text: grouped(n), value: n as f64, unit: "", formula };
    let seats = task.all_seats();
    vec![
        figure("seats", seats, "rows that are sound, each person of a meeting once".to_owned()),
        figure(
            "meetings",
            task.looks + task.meetings + task.replicas,
            format!("{} there, {} to make, {} replicas to make", task.looks, task.meetings, task.replicas),
        ),
    ]
}

fn times(task: &Task, args: &Args, size: Batching, estimate: &Estimate) -> [Figure; 2] {
    let (rate, burst) = (args.terms.rate(), args.terms.burst());
    let (calls, last) = match size {
        Batching::Off => ("calls, one by one", "last token, one by one"),
        _ => ("calls, in batches", "last token, in batches"),
    };
    let (n, seconds) = (estimate.requests(), estimate.last_token.as_secs_f64());
    let meetings = task.looks + task.meetings + task.replicas;
    [
        Figure {
            name: calls,
            text: grouped(n),
            value: n as f64,
            unit: "",
            formula: format!("{} of meetings + {} of seats", grouped(meetings), grouped(estimate.seat_calls)),
        },
        Figure {
            name: last,
            text: said(estimate.last_token),
            value: (seconds * 1000.0).round() / 1000.0,
            unit: "s",
            formula: format!(
                "({} − burst {burst}) ÷ {rate}, and {} an answer, stepped through",
                grouped(n),
                said(args.terms.latency.0)
            ),
        },
    ]
}

fn window(doors: jiff::Timestamp, last_token: Duration, makes: bool) -> Window {
    let window = Doors::of(last_token, makes);
    let before = |span: Duration| (doors - span).to_string();
    Window {
        doors: doors.to_string(),
        not_before: window.earliest.map(before),
        not_after: before(window.latest),
        possible: window.is_possible(),
    }
}

fn advice(task: &Task, estimates: &[(Batching, Estimate)], makes: bool) -> Vec<String> {
    let mut advice = Vec::new();
    let idle = Duration::from_secs(quota::IDLE_MEETING_SECONDS);
    let slow = |estimate: &Estimate| estimate.last_token > idle * 4 / 5;
    for (size, estimate) in estimates {
        if slow(estimate) {
            let how = if *size == Batching::Off { "one by one" } else { "in batches" };
            advice.push(format!(
                "{how}, the run takes longer than a meeting lives that nobody joins (5 min): use --batch auto, raise the rate, let somebody \
                 join each meeting meanwhile, or make meetings just before they are filled with --waves"
            ));
        }
    }
    if let [(Batching::Off, single), (Batching::Auto, batch)] = estimates
        && batch.requests() < single.requests()
    {
        advice.push(format!("--batch auto asks {} times instead of {}", grouped(batch.requests()), grouped(single.requests())));
    }
    let over = task.seats.iter().filter(|seats| **seats > u64::from(quota::ATTENDEES_PER_MEETING)).count() as u64;
    if over > 0 {
        let meetings = if over == 1 { "1 meeting has".to_owned() } else { format!("{} meetings have", grouped(over)) };
        advice.push(format!(
            "{meetings} more than {} seats to give, which is not possible: let the meetings be made, with --create-meetings and --audience replicas",
            quota::ATTENDEES_PER_MEETING
        ));
    }
    if makes {
        advice.push(
            "five minutes after a meeting is made it ends, unless somebody has joined; a replica lives as long as its primary"
                .to_owned(),
        );
    }
    advice
}
