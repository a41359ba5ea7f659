//! A round of errands: each is asked until it has an end, at a set rate, so many at once, or until a stop.
//!
//! Holds [`round`] and its plan, which is generic over the errand. Called by `reconcile` with what is to be listed, deleted or
//! changed. It never sees what an errand is about, and writes nothing down.

use crate::bucket::Rate;
use crate::call::{End, Fault};
use crate::chime::class::{Class, Tier};
use crate::client::attempt::{Attempted, Try};
use crate::client::pace::held::Held;
use crate::client::retry::Backoff;
use crate::drive::pump::{self, Next, Plan, Stop};
use crate::seed::Seed;
use crate::timer::Grain;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Throttles of one errand in a row, after which it is given up: more than ten minutes of them.
const THROTTLES: u32 = 60;
/// Errands in a row that end in silence, with nothing before, after which the service is taken to be out of reach.
const SILENT: u32 = 3;
/// Signatures of one errand refused for the clock's sake.
const CORRECTIONS: u32 = 3;

/// How to ask.
#[derive(Debug, Clone, Copy)]
pub struct Pacing {
    /// Requests a second, retries included.
    pub rate: Rate,
    /// How many at once at the start.
    pub burst: f64,
    /// Requests under way at most.
    pub concurrency: usize,
    /// Attempts of one errand; throttles do not count.
    pub attempts: u32,
    /// Waits between them.
    pub backoff: Backoff,
    /// Chance.
    pub seed: u64,
}

/// Why a round ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Every errand has its end.
    Finished,
    /// It was told to stop; what was under way was waited for.
    Stopped,
    /// It was told to stop at once.
    Abandoned,
    /// The credentials are let into nothing, or have expired.
    NotLetIn(Box<Fault>),
    /// Nothing answers.
    Unreachable(Box<Fault>),
    /// The disk, or the ledger on it.
    Disk(String),
}

/// Runs every errand to its end. `ask` makes one attempt and, if it was settled, commits what follows (`Err` is the disk's);
/// `ended` is told each end, and answers what else has to be asked then, which comes next.
pub async fn round<E, R, Fut>(
    errands: impl IntoIterator<Item = E>,
    pacing: Pacing,
    ask: impl Fn(E, Try) -> Fut,
    ended: impl FnMut(E, Result<R, Fault>) -> Option<E>,
    stop: &mut watch::Receiver<Stop>,
) -> Ending
where
    E: Clone,
    Fut: Future<Output = Result<Attempted<R>, String>>,
{
    let origin = Instant::now();
    let mut plan = Round {
        fresh: errands.into_iter().map(|errand| Ticket { errand, failed: 0, throttled: 0, skewed: 0 }).collect(),
        again: BTreeMap::new(),
        turn: 0,
        pace: Held::new(pacing.rate, pacing.burst),
        rng: Seed(pacing.seed).stream("jitter"),
        pacing,
        origin,
        under_way: 0,
        any_good: false,
        silent: 0,
        ended,
        ending: None,
        answer: std::marker::PhantomData,
    };
    let work = |ticket: Ticket<E>| {
        let attempt = ask(ticket.errand.clone(), Try { number: ticket.failed + 1, most: pacing.attempts.max(ticket.failed + 1) });
        async move { (ticket, attempt.await) }
    };
    match pump::run(&mut plan, work, origin, Grain::Coarse, stop).await {
        Stop::Now => Ending::Abandoned,
        _ => plan.ending.unwrap_or(Ending::Finished),
    }
}

struct Ticket<E> {
    errand: E,
    failed: u32,
    throttled: u32,
    skewed: u32,
}

struct Round<E, R, F> {
    fresh: VecDeque<Ticket<E>>,
    again: BTreeMap<(Duration, u64), Ticket<E>>,
    turn: u64,
    pace: Held,
    rng: ChaCha8Rng,
    pacing: Pacing,
    origin: Instant,
    under_way: usize,
    any_good: bool,
    silent: u32,
    ended: F,
    ending: Option<Ending>,
    answer: std::marker::PhantomData<fn() -> R>,
}

impl<E, R, F: FnMut(E, Result<R, Fault>) -> Option<E>> Plan for Round<E, R, F> {
    type Job = Ticket<E>;
    type End = (Ticket<E>, Result<Attempted<R>, String>);

    fn next(&mut self, now: Duration) -> Next<Ticket<E>> {
        if self.ending.is_some() {
            return Next::Done;
        }
        if self.under_way >= self.pacing.concurrency {
            return Next::Wait;
        }
        let due = self.again.first_key_value().map(|((due, _), _)| *due);
        let is_due = due.is_some_and(|due| due <= now);
        if !is_due && self.fresh.is_empty() {
            return match due {
                Some(due) => Next::At(due),
                None if self.under_way > 0 => Next::Wait,
                None => Next::Done,
            };
        }
        if let Err(wait) = self.pace.take(now) {
            return Next::At(now + wait);
        }
        let ticket = if is_due { self.again.pop_first().map(|(_, ticket)| ticket) } else { self.fresh.pop_front() };
        self.under_way += 1;
        ticket.map_or(Next::Done, Next::Start)
    }

    fn ended(&mut self, now: Duration, (ticket, attempted): Self::End) {
        self.under_way -= 1;
        let attempted = match attempted {
            Ok(attempted) => attempted,
            Err(disk) => return self.end(Ending::Disk(disk)),
        };
        match attempted.end {
            End::Settled(answer) => {
                (self.any_good, self.silent) = (true, 0);
                self.pace.accepted(now);
                self.over(ticket, Ok(answer));
            }
            End::Refused(fault) | End::Unknown(fault) => {
                let sent = attempted.sent.saturating_duration_since(self.origin);
                self.failed(now, sent, ticket, fault);
            }
        }
    }

    fn drain(&mut self, _: Duration) {
        self.end(Ending::Stopped);
    }
}

impl<E, R, F: FnMut(E, Result<R, Fault>) -> Option<E>> Round<E, R, F> {
    fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    fn over(&mut self, ticket: Ticket<E>, end: Result<R, Fault>) {
        if let Some(errand) = (self.ended)(ticket.errand, end) {
            self.fresh.push_front(Ticket { errand, failed: 0, throttled: 0, skewed: 0 });
        }
    }

    fn again(&mut self, ticket: Ticket<E>, due: Duration) {
        self.turn += 1;
        self.again.insert((due, self.turn), ticket);
    }

    fn failed(&mut self, now: Duration, sent: Duration, mut ticket: Ticket<E>, fault: Fault) {
        match fault.class {
            Class::Throttled => {
                ticket.throttled += 1;
                let wait = self.pacing.backoff.after(ticket.throttled, true, fault.hint, &mut self.rng);
                self.pace.throttled(now, sent, fault.hint.map(|_| wait));
                match ticket.throttled {
                    0..THROTTLES => self.again(ticket, now + wait),
                    _ => self.over(ticket, Err(fault)),
                }
            }
            Class::Skew if ticket.skewed < CORRECTIONS => {
                ticket.skewed += 1;
                self.again(ticket, now);
            }
            Class::Skew | Class::Unauthorized | Class::Expired => self.end(Ending::NotLetIn(Box::new(fault))),
            // A permission may be for some meetings only.
            Class::Forbidden if !self.any_good => self.end(Ending::NotLetIn(Box::new(fault))),
            class if class == Class::Conflict || matches!(class.tier(), Tier::Service | Tier::Transport) => {
                (ticket.failed, ticket.throttled) = (ticket.failed + 1, 0);
                if ticket.failed < self.pacing.attempts {
                    let wait = self.pacing.backoff.after(ticket.failed, false, fault.hint, &mut self.rng);
                    return self.again(ticket, now + wait);
                }
                self.silent += 1;
                if self.silent >= SILENT {
                    self.end(Ending::Unreachable(Box::new(fault.clone())));
                }
                self.over(ticket, Err(fault));
            }
            _ => {
                (self.any_good, self.silent) = (self.any_good || fault.class == Class::NotFound, 0);
                self.pace.accepted(now);
                self.over(ticket, Err(fault));
            }
        }
    }
}
