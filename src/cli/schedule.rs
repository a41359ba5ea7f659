//! `headcount schedule`: when every call of a scenario is due.
//!
//! Holds the verb. Called by `main`'s dispatch. It asks no service and waits for nothing; what it prints is what a run would keep to,
//! byte for byte the same for the same file and seed, and it is a trace that a scenario can be given.

use super::failure::{Exit, Failure};
use super::scenario::{self, Besides};
use crate::scenario::load::Load;
use crate::scenario::plan::Plan;
use crate::scenario::set::Setting;
use crate::schedule::stripe::Stripe;
use crate::seed::Seed;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::time::Duration;

/// Print when every call of a scenario is due, as CSV
///
/// One line an arrival: its number, its offset from the start in seconds, its stage. A closed load plans no arrivals; for it, each
/// change of the number of users is printed. The lines can be played again by a scenario's load: trace.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A scenario; - is standard input
    #[arg(value_name = "FILE")]
    file: String,

    /// Only every n-th arrival, from the k-th: one generator's share of several
    #[arg(long, value_name = "K/N")]
    stripe: Option<Stripe>,

    /// Put a value into the scenario first, such as load.open.stages.hold.rate=80/s
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<Setting>,

    /// Draw from this seed, not the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Prints the schedule.
///
/// # Errors
/// A faulty scenario, a load without a schedule, or stdout cannot be written, other than by being closed.
pub fn run(args: Args) -> super::End {
    let mut plan = scenario::read(&args.file, Besides { set: &args.set, ..Besides::default() })?;
    plan.seed = args.seed.map_or(plan.seed, Seed);
    if let (Load::Closed { .. }, Some(_)) = (&plan.load, args.stripe) {
        return Err(Failure::new(Exit::Usage, "--stripe divides arrivals, and a closed load plans none"));
    }
    if let Load::Shared { .. } = plan.load {
        let failure = Failure::new(Exit::Usage, "a shared load has no schedule: its calls are made as fast as allowed");
        return Err(failure.hint("load: open, closed and trace have one"));
    }
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    match print(&plan, args.stripe.unwrap_or_default(), &mut out).and_then(|()| out.flush()) {
        // Whoever was reading has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(Failure::new(Exit::Incomplete, format!("cannot write the schedule: {error}"))),
        Ok(()) => Ok(Exit::Done),
    }
}

fn print(plan: &Plan, stripe: Stripe, out: &mut impl Write) -> io::Result<()> {
    let stage = |index: u16| plan.stages.get(usize::from(index)).map_or("", |stage| &stage.name);
    if let Load::Closed { users, .. } = &plan.load {
        writeln!(out, "users,offset_s,stage")?;
        return users.changes().try_for_each(|c| writeln!(out, "{},{},{}", c.users, seconds(c.at), stage(c.stage)));
    }
    writeln!(out, "n,offset_s,stage")?;
    let Some(schedule) = plan.schedule() else { return Ok(()) };
    let mut ours = schedule.arrivals().filter(|arrival| stripe.holds(arrival));
    ours.try_for_each(|a| writeln!(out, "{},{},{}", a.n, seconds(a.at), stage(a.stage)))
}

/// With six digits behind the point, cut, so that no instant is printed later than it is.
fn seconds(at: Duration) -> String {
    format!("{}.{:06}", at.as_secs(), at.subsec_micros())
}
