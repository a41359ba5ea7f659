//! Provisioning: rows become seats, each is asked for once, outcomes are written down, outputs published.
//!
//! Holds [`Settings`], [`Ending`] and [`run`]. Called by the command line with everything already resolved. It never prints,
//! never reads the environment, and never decides an exit code.

pub mod batch;
pub mod board;
pub mod desk;
pub mod hands;
pub mod intake;
pub mod job;
mod layout;
pub mod link;
pub mod making;
mod meetings;
pub mod outage;
pub mod publish;
pub mod queue;
mod rooms;
pub mod ruling;
pub mod settle;
mod state;
pub mod summary;
pub mod table;
mod taken;
pub mod without;

use crate::bucket::Rate;
use crate::call::Fault;
use crate::client::pace::Pacing;
use crate::client::pace::fit::Learned;
use crate::client::retry::Backoff;
use crate::client::transport::Transport;
use crate::drive::pump::{self, Stop};
use crate::ledger::schema::LedgerError;
use crate::ledger::seating::Seating;
use crate::ledger::store::{Replay, Turn};
use crate::stats::recorder::Recorder;
use crate::stats::samples::Samples;
use crate::stats::series::Row;
use crate::timer::Grain;
use batch::Batching;
use board::Teller;
use desk::Desk;
use hands::{Hands, locked};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Everything a run is told, with nothing left open.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Requests a second at most, all operations and retries included.
    pub rate: Rate,
    /// Whether that is to be kept, or is the most that may be found.
    pub pacing: Pacing,
    /// Requests under way at most.
    pub concurrency: usize,
    /// Seats in one request.
    pub batch: Batching,
    /// Attempts in one pass over a row.
    pub attempts: u32,
    /// Waits between attempts.
    pub backoff: Backoff,
    /// Whether the SDKs' retry quota applies.
    pub retry_quota: bool,
    /// Rows without a seat that are too many.
    pub max_errors: Option<u64>,
    /// When to stop asking, whatever is left.
    pub max_duration: Duration,
    /// Chance.
    pub seed: u64,
    /// Outcomes that may wait to be committed; at least those of one request may.
    pub unsettled: usize,
    /// Rows rejected before the run.
    pub rejected: u64,
    /// What earlier outcomes mean.
    pub replay: Replay,
    /// The last row to ask for.
    pub last_row: i64,
    /// How people sit whose meetings are made for them.
    pub seating: Option<Seating>,
    /// Whether meetings are made just before they are filled.
    pub waves: Option<Waves>,
}

/// Meetings made just before they are filled.
#[derive(Debug, Clone, Copy)]
pub struct Waves {
    /// How long before its doors open.
    pub lead: Duration,
    /// When the run began, in milliseconds since the epoch.
    pub began: i64,
}

impl Settings {
    /// In which order seats are asked for.
    pub fn turn(&self) -> Turn {
        if self.waves.is_some() { Turn::Meeting } else { self.batch.turn() }
    }

    /// The most seats that may have been asked for without their end being written down.
    pub fn at_stake(&self) -> usize {
        self.concurrency * self.batch.size() + self.unwritten()
    }

    /// How many outcomes may wait to be committed.
    pub(crate) fn unwritten(&self) -> usize {
        self.unsettled.max(self.batch.size())
    }

    /// How many outcomes may wait to be committed at this rate: those of a tenth of a second, at most a thousand.
    pub fn unsettled_at(rate: Rate) -> usize {
        (rate.get() * 0.1).clamp(1.0, 1000.0) as usize
    }
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Nothing is left to ask.
    Finished,
    /// It was told to stop.
    Stopped,
    /// `max_duration`.
    OutOfTime,
    /// `max_errors`.
    TooManyErrors,
    /// The credentials are let into nothing, or expired for good.
    NotLetIn(Box<Fault>),
    /// Nothing ever answered.
    Unreachable(Box<Fault>),
    /// The disk, or the ledger on it.
    Disk(String),
    /// A second stop: nothing was waited for.
    Abandoned,
}

/// What a run leaves in memory; everything else is in the ledger.
#[derive(Debug)]
pub struct Ran {
    /// Why it ended.
    pub ending: Ending,
    /// What it measured.
    pub recorder: Recorder,
    /// What went wrong, with examples.
    pub samples: Samples,
    /// What it has learnt of the account's quota, if it was to.
    pub learned: Option<Learned>,
    /// Outcomes whose checksum failed; they were asked again.
    pub damaged: u64,
    /// Seats that were to be asked for.
    pub seats: u64,
    /// How long it took.
    pub took: Duration,
}

/// Asks for every seat that has no end yet. The roster is in the ledger, and the ledger bound and in session.
pub async fn run<T: Transport>(
    settings: Settings,
    hands: Hands<T>,
    doubtful: u64,
    teller: Teller,
    stop: &mut watch::Receiver<Stop>,
) -> Result<Ran, LedgerError> {
    let origin = Instant::now();
    let (meetings, taken, damaged, seats) = {
        let mut ledger = locked(&hands.ledger);
        if hands.turn == Turn::Meeting {
            ledger.order_by_meeting()?;
        }
        let mut taken = HashMap::new();
        let damaged = ledger.verify(|attendee, seat| {
            taken.insert(taken::short_hash(&[attendee]), taken::whose(&seat.meeting, &seat.user.folded()));
        })?;
        (ledger.meetings(settings.last_row)?, taken, damaged, ledger.open_seats(settings.last_row, settings.replay)?)
    };
    teller.update(|board| board.seats = seats);
    let mut desk = Desk::new(settings, teller, meetings, taken, doubtful, origin);
    let told = pump::run(&mut desk, |job| hands.work(job), origin, Grain::Coarse, stop).await;
    let seats = seats + desk.void;
    let learned = desk.pace.learned();
    let (ending, mut recorder, samples) = desk.close();
    if let Some(second) = recorder.take_second() {
        // The run's numbers are in the summary, too; a log that cannot be ended is no reason to lose the outputs.
        let _ = locked(&hands.logs).append(&Row::of_second(&second));
    }
    let ending = if told == Stop::Now { Ending::Abandoned } else { ending };
    Ok(Ran { ending, recorder, samples, learned, damaged, seats, took: origin.elapsed() })
}
