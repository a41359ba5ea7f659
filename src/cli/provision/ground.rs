//! What a run stands on besides its roster: the embedded mock, the meetings' key, and the time it is to begin and end.
//!
//! Holds more of the verb's course. Called by it, before anything is asked.

use super::super::embedded;
use super::super::failure::{Exit, Failure};
use super::super::like;
use super::super::signals::Signals;
use super::super::values::said;
use super::failures::{incomplete, ledger_failure};
use super::{Course, millis};
use crate::drive::pump::Stop;
use crate::ledger::schema::Ledger;
use crate::ledger::store::MeetingRow;
use crate::mock::Options;
use crate::mock::options::Lifetime;
use crate::provision::Waves;
use crate::provision::making::Making;
use crate::seed::Seed;
use crate::twin::played::played;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

impl Course {
    /// A mock that knows the meetings of the roster.
    pub(super) fn embedded(&self, ledger: &Ledger) -> Result<embedded::Embedded, Failure> {
        // Meetings that are still to be made are not there yet.
        let there = |meeting: &MeetingRow| meeting.room.as_ref().is_none_or(|room| room.made.is_some());
        let meetings =
            ledger.meetings(i64::MAX).map_err(ledger_failure)?.into_iter().filter(there).map(|meeting| meeting.id).collect();
        let mut options = Options { seed: Seed(self.args.endpoint.seed), ..Options::default() };
        if let Some(run) = &self.args.mock_like {
            let twin = like::twin(run)?;
            self.voice.say(like::told(&twin).trim_end());
            let like = played(&twin);
            (options.latency, options.times) = (like.latency, like.times);
            (options.quota, options.mischief) = (like.quota, like.mischief);
        }
        if let Some(quota) = &self.args.mock_quota {
            (options.quota, options.lifetime) = (quota.clone(), Lifetime::On { scale: 1.0 });
        }
        embedded::start(options, meetings)
    }

    /// How meetings are made. The key is this run's own and stays: what makes two runs differ is when the first session began.
    pub(super) fn making(&self, ledger: &Ledger, first: Duration) -> Result<Option<Making>, Failure> {
        let Some((template, seating)) = &self.making else { return Ok(None) };
        let own = || match self.args.mock {
            true => format!("mock {}", self.args.endpoint.seed),
            false => format!("{} {}", first.as_millis(), std::process::id()),
        };
        let key = match (&self.args.meetings.meeting_key, ledger.meta("meeting-key").map_err(ledger_failure)?) {
            (Some(key), _) => key.clone(),
            (None, Some(key)) => key,
            (None, None) => own(),
        };
        ledger.set_meta("meeting-key", &key).map_err(ledger_failure)?;
        Ok(Some(Making { key, template: Arc::new(template.clone()), seating: *seating }))
    }

    /// How long the run may take, and how meetings come in waves.
    pub(super) fn within(&self) -> Result<(Duration, Option<Waves>), Failure> {
        let (args, now) = (&self.args, self.begins());
        let waves = args.meetings.waves.then(|| Waves { lead: args.meetings.lead.0, began: millis(now) });
        let Some(deadline) = args.calls.deadline.map(clock) else { return Ok((args.calls.max_duration.0, waves)) };
        let left = deadline.duration_since(now).map_err(|_| {
            Failure::new(Exit::Usage, "--deadline is before the run would begin").hint("give a later one; times need their zone")
        })?;
        Ok((left.min(args.calls.max_duration.0), waves))
    }

    /// When the run begins to ask.
    fn begins(&self) -> SystemTime {
        let now = self.wall.now();
        self.args.calls.start_at.map_or(now, |at| clock(at).max(now))
    }

    /// Waits for `--start-at`.
    ///
    /// # Errors
    /// A signal came first.
    pub(super) async fn wait(&self, signals: &mut Signals) -> Result<(), Failure> {
        let wait = self.begins().duration_since(self.wall.now()).unwrap_or_default();
        if wait.is_zero() {
            return Ok(());
        }
        self.voice.say(format_args!("waiting {} to begin", said(wait)));
        tokio::select! {
            // Asked of the clock again, which may be set meanwhile.
            () = async { while let Ok(left) = self.begins().duration_since(self.wall.now()) && !left.is_zero() {
                tokio::time::sleep(left.min(Duration::from_secs(1))).await;
            } } => Ok(()),
            _ = signals.stop.wait_for(|level| *level != Stop::No) => Err(incomplete("stopped before the run began; nothing was asked".to_owned())),
        }
    }
}

/// As the system's clock has it; before the epoch there is nothing to wait for.
fn clock(at: jiff::Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_millisecond()).unwrap_or(0))
}
