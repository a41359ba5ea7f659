//! Does the desk's jobs: asks, fetches, commits, logs, looks for credentials.
//!
//! Holds [`Hands`]. Called by the pump with each job. It decides nothing: it turns a job into its end. What touches the disk
//! runs on a blocking thread; there is one ledger, and one lock around it.

use super::desk::PAGE;
use super::job::{Answer, Entry, Job, JobEnd, Renewal};
use super::making::Making;
use super::queue::What;
use crate::client::attempt::Client;
use crate::client::credentials::{Source, provider_name};
use crate::client::transport::Transport;
use crate::ledger::schema::{Ledger, LedgerError};
use crate::ledger::seating::Seating;
use crate::ledger::store::{Batch, Replay, Settled, Turn};
use crate::run_dir::Logs;
use crate::stats::series::Row;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Everything the jobs work on.
pub struct Hands<T> {
    /// Asks the service.
    pub client: Client<T>,
    /// Where newer credentials may be found.
    pub source: Source,
    /// The ledger.
    pub ledger: Arc<Mutex<Ledger>>,
    /// The run's logs.
    pub logs: Arc<Mutex<Logs>>,
    /// What earlier outcomes mean.
    pub replay: Replay,
    /// How meetings are made for rows that have none.
    pub making: Option<Making>,
    /// In which order to ask.
    pub turn: Turn,
    /// The last row to ask for.
    pub last_row: i64,
}

impl<T: Transport> Hands<T> {
    /// Does one job.
    pub async fn work(&self, job: Job) -> JobEnd {
        match job {
            Job::Ask(ticket, attempt, slot) => {
                let answer = match &ticket.what {
                    What::Seat(pending) => Answer::Seat(self.client.create_attendee(&pending.asked, attempt).await),
                    What::Batch(seats) => {
                        let seats: Vec<_> = seats.iter().filter_map(|seat| Some(seat.pending()?.asked.clone())).collect();
                        Answer::Batch(self.client.batch_create_attendee(&seats[0].meeting, &seats, attempt).await)
                    }
                    What::Make(wish) => {
                        let Some(making) = &self.making else { unreachable!("rooms come of --create-meetings alone") };
                        let at = self.client.now();
                        Answer::Made(self.client.create_meeting(&making.wish(wish), attempt).await, at)
                    }
                    What::Meeting(meeting) => Answer::Meeting(self.client.get_meeting(&meeting.id, attempt).await),
                };
                JobEnd::Asked(ticket, slot, answer)
            }
            Job::Fetch(after) => {
                let (replay, last_row, turn) = (self.replay, self.last_row, self.turn);
                JobEnd::Fetched(self.with_ledger(move |ledger| ledger.pending(after, last_row, PAGE, replay, turn)).await)
            }
            Job::Commit(batch) => {
                let seating = self.making.as_ref().map(|making| making.seating).unwrap_or_default();
                let (batch, result) = self
                    .with_ledger(move |ledger| {
                        let result = commit(ledger, &batch, &seating);
                        Ok((batch, result))
                    })
                    .await
                    .unwrap_or_else(|error| (Vec::new(), Err(error)));
                JobEnd::Committed(batch, result)
            }
            Job::Log(second) => {
                let logs = self.logs.clone();
                let logged = tokio::task::spawn_blocking(move || locked(&logs).append(&Row::of_second(&second))).await;
                JobEnd::Logged(logged.unwrap_or_else(|panic| Err(std::io::Error::other(panic))))
            }
            // Boxed, because it is rare and large: every job pays for the largest of them in bytes moved.
            Job::Renew => JobEnd::Renewed(Box::pin(self.renew()).await),
        }
    }

    async fn renew(&self) -> Renewal {
        match self.source.load().await {
            Ok(found) if !self.client.uses(&found) => match self.client.renew(found) {
                Ok(()) => Renewal::Changed,
                Err(_) => Renewal::Same,
            },
            Ok(found) if !self.source.may_change(&provider_name(&found)) => Renewal::Never,
            _ => Renewal::Same,
        }
    }

    async fn with_ledger<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ledger) -> Result<R, LedgerError> + Send + 'static,
    ) -> Result<R, LedgerError> {
        let ledger = self.ledger.clone();
        match tokio::task::spawn_blocking(move || work(&mut locked(&ledger))).await {
            Ok(result) => result,
            Err(panic) => Err(LedgerError::Write(format!("a write was given up: {panic}"))),
        }
    }
}

fn commit(ledger: &mut Ledger, entries: &[Entry], seating: &Seating) -> Result<Settled, LedgerError> {
    let mut batch = Batch { seats: Vec::with_capacity(entries.len()), ..Batch::default() };
    for entry in entries {
        match entry {
            Entry::Seat(settlement) => batch.seats.push(settlement.as_ref()),
            Entry::Meeting(key, ended) => batch.meetings.push((*key, *ended)),
            Entry::Doubt(attendee) => batch.doubts.push(attendee),
            Entry::Made(made) => batch.made.push(made),
            Entry::Spill(seat) => batch.spilt.push(*seat),
        }
    }
    ledger.settle(&batch, seating)
}

/// A lock that a panic elsewhere does not poison: what it guards is whole between statements.
pub(super) fn locked<R>(shared: &Mutex<R>) -> MutexGuard<'_, R> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
