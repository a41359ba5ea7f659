//! Does a lane's jobs.
//!
//! Holds [`Hands`]. Called by the pump with each job. It decides nothing: it turns a job into its end.

use super::call::{Call, Who};
use super::errand::{Errand, Task};
use super::job::{Asked, Brought, Job, JobEnd};
use crate::call::{End, Fault};
use crate::chime::class::Class;
use crate::chime::operation::Operation;
use crate::client::attempt::{Attempted, Client, Try};
use crate::client::credentials::Source;
use crate::client::operations::MeetingWish;
use crate::client::transport::Transport;
use std::sync::Arc;
use tokio::time::Instant;

/// Everything the jobs work on.
pub struct Hands<T> {
    /// Asks the service.
    pub client: Client<T>,
    /// Where newer credentials may be found.
    pub source: Source,
    /// Begins the names of meetings that the load itself makes.
    pub name: String,
}

impl<T: Transport> Hands<T> {
    /// Does one job.
    pub async fn work(&self, job: Job) -> JobEnd {
        match job {
            Job::Ask(call, flight, attempt) => {
                let asked = self.ask(&call, attempt).await;
                JobEnd::Asked(call, flight, asked)
            }
            // Boxed, because they are rare and large: every job pays for the largest of them in bytes moved.
            Job::Errand(errand) => Box::pin(self.errand(errand)).await,
            Job::Renew => {
                Box::pin(self.renew()).await;
                JobEnd::Renewed
            }
        }
    }

    async fn ask(&self, call: &Call, attempt: Try) -> Asked {
        let client = &self.client;
        match (&call.who, call.operation) {
            (Who::One(seat, _, None), _) => of(client.create_attendee(seat, attempt).await, Brought::Attendee),
            (Who::One(seat, _, Some(id)), Operation::DeleteAttendee) => {
                of(client.delete_attendee(&seat.meeting, id, attempt).await, |()| Brought::Nothing)
            }
            (Who::One(seat, _, Some(id)), _) => of(client.get_attendee(seat, id, attempt).await, |_| Brought::Nothing),
            (Who::Many(seats, _), _) => match seats.first() {
                Some(first) => of(client.batch_create_attendee(&first.meeting, seats, attempt).await, Brought::Batch),
                None => nobody(),
            },
            (Who::Meeting(id, _), _) => of(client.list_attendees(id, None, attempt).await, |_| Brought::Nothing),
            (Who::Nobody, _) => {
                let token = format!("{}-own-{}", self.name, call.n);
                let wish = MeetingWish { label: token.clone(), token, primary: None, template: Arc::default() };
                of(client.create_meeting(&wish, attempt).await, |made| Brought::Meeting(made.id))
            }
        }
    }

    async fn errand(&self, errand: Errand) -> JobEnd {
        let once = Try { number: errand.failed + 1, most: errand.failed + 1 };
        let end = match &errand.task {
            Task::Make(wish) => result(self.client.create_meeting(wish, once).await.end).map(|made| Some(made.id)),
            Task::Delete(id) => result(self.client.delete_meeting(id, once).await.end).map(|()| None),
        };
        JobEnd::Errand(errand, end)
    }

    /// Takes up newer credentials, if there are any; if not, the next look may find some.
    async fn renew(&self) {
        if let Ok(found) = self.source.load().await
            && !self.client.uses(&found)
        {
            // Credentials that cannot be used leave those in force that were.
            let _ = self.client.renew(found);
        }
    }
}

fn of<R>(attempted: Attempted<R>, brought: impl FnOnce(R) -> Brought) -> Asked {
    let Attempted { sent, done, perhaps_sent, end, .. } = attempted;
    Asked { sent, done, perhaps_sent, end: result(end).map(brought) }
}

fn result<R>(end: End<R>) -> Result<R, Fault> {
    match end {
        End::Settled(brought) => Ok(brought),
        End::Refused(fault) | End::Unknown(fault) => Err(fault),
    }
}

fn nobody() -> Asked {
    let now = Instant::now();
    let fault = Fault::ours(Class::BadRequest, "EmptyBatch", "nobody to ask for");
    Asked { sent: now, done: now, perhaps_sent: false, end: Err(fault) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::wire::Wire;

    /// Every job pays for moving its future into the set of those under way.
    #[test]
    fn the_future_of_a_job_is_small() {
        fn size_of_output<A, B, F: FnOnce(A, B) -> R, R>(_: F) -> usize {
            size_of::<R>()
        }
        assert!(size_of_output(|hands: &'static Hands<Wire>, job: Job| hands.work(job)) <= 2560);
    }
}
