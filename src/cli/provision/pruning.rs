//! What is deleted after a run, and running a run again from its ledger alone.
//!
//! Holds `--prune` and [`again`]. Called by the verb once the tokens are published, and by `reconcile` for what it has opened again.

use super::super::End;
use super::super::earlier;
use super::super::failure::Failure;
use super::super::service::Service;
use super::super::signals::Signals;
use super::super::values::counted;
use super::failures::ledger_failure;
use super::{Args, Course, Rows, meant};
use crate::ledger::audit::Leave;
use crate::ledger::schema::Ledger;
use crate::provision::{Ending, Ran};
use crate::reconcile::round::Pacing;
use crate::reconcile::{self, Shared, locked};

/// Runs a run again with the rows that its ledger has, whatever has become of the rosters. `arguments` are the words it was begun with.
pub fn again(args: Args, arguments: Vec<String>) -> End {
    super::super::alone(Course::run(args, arguments, Rows::Kept))?
}

/// What is about to be deleted, in words.
pub(super) fn words(deletes: u64) -> String {
    format!("{} that the roster no longer names will be deleted afterwards (--prune)", counted(deletes, "attendee"))
}

impl Course {
    /// How many attendees are to be deleted once the run is over, as far as is known before it.
    pub(super) fn to_prune(&self, ledger: &Ledger) -> Result<u64, Failure> {
        // With faulty rows nothing is pruned, as is said when it would have been.
        if !self.args.goes_on.prune || ledger.rows().map_err(ledger_failure)?.1 > 0 {
            return Ok(0);
        }
        Ok(ledger.would_leave(Leave::Unnamed).map_err(ledger_failure)? + ledger.leaving().map_err(ledger_failure)?)
    }

    /// Deletes whom the roster has dropped or moved, once everybody whom it names has been asked for. Answers what is left undone.
    pub(super) async fn prune(
        &self,
        service: &Service,
        ledger: &Shared,
        ran: &Ran,
        signals: &mut Signals,
    ) -> Result<Option<Failure>, Failure> {
        if !self.args.goes_on.prune {
            return Ok(None);
        }
        if ran.ending != Ending::Finished {
            self.voice.warn("nothing was pruned: the run has not come to its end");
            return Ok(None);
        }
        let rejected = locked(ledger).rows().map_err(ledger_failure)?.1;
        if rejected > 0 {
            self.voice.warn(earlier::rejected(rejected));
            return Ok(None);
        }
        let leaving = locked(ledger).take_leave(Some(Leave::Dropped)).map_err(ledger_failure)?;
        let calls = &self.args.calls;
        let pacing = Pacing {
            rate: self.paced.likely().0,
            // The run has had its burst.
            burst: 1.0,
            concurrency: calls.concurrency as usize,
            attempts: meant::attempts(&self.args, service.configured.max_attempts.as_deref())?,
            backoff: meant::retry_mode(service.configured.retry_mode.as_deref())?.0,
            seed: self.args.endpoint.seed,
        };
        let client = self.client(service)?;
        let mut told = earlier::telling(self.voice, leaving.len() as u64, "attendees deleted");
        let (done, ending) = reconcile::delete(&client, ledger, leaving, pacing, &mut signals.stop, &mut told).await;
        self.voice.say(format_args!("{} deleted (--prune)", counted(done.done, "attendee")));
        Ok(earlier::undone(&done, &ending, self.voice))
    }
}
