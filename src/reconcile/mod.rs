//! What a run has made, held against what the service lists; and the deleting and changing that may follow.
//!
//! Holds [`look`], [`delete`], [`end_meetings`] and [`change`]. Called by the command line with everything already resolved. It never
//! prints and never asks a person. Whatever is done is in the ledger before it is told, so that each can be cut short anywhere and
//! run again.

pub mod compare;
pub mod round;

use crate::call::{Attendee, End, Fault};
use crate::chime::capability::Capabilities;
use crate::chime::class::Class;
use crate::chime::id::MeetingId;
use crate::client::attempt::{Attempted, Client};
use crate::client::replies::{Listed, Page};
use crate::client::transport::Transport;
use crate::drive::pump::Stop;
use crate::ledger::audit::{Held, Leaving, OwnMeeting, Sitting};
use crate::ledger::schema::{Ledger, LedgerError};
use crate::ledger::store::{Settlement, Written};
use compare::{Difference, Tally, compare, seat};
use round::{Ending, Pacing, round};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Pages of one meeting at most: a list that goes on for ever is none. A meeting has 250 attendees at most.
const PAGES: u32 = 1000;

/// A ledger that is worked on by several at once.
pub type Shared = Arc<Mutex<Ledger>>;

/// Is told how many errands are done, after each.
pub type Told<'a> = &'a mut dyn FnMut(u64);

/// What a look at the meetings has shown.
#[derive(Debug, Default)]
pub struct Seen {
    /// Meetings that were listed or have ended.
    pub meetings: u64,
    /// Of these, ended.
    pub ended: u64,
    /// Attendees listed.
    pub listed: u64,
    /// How many differences of each kind.
    pub tally: Tally,
    /// Each of them, with its meeting.
    pub differences: Vec<(MeetingId, Difference)>,
    /// Meetings that could not be listed, and why.
    pub unseen: Vec<(MeetingId, Fault)>,
}

/// A listing under way.
#[derive(Debug, Clone)]
struct Listing {
    held: Held,
    so_far: Vec<Listed>,
    after: Option<String>,
    pages: u32,
}

/// Lists every meeting that somebody of this run sits in, all pages of it, and compares.
///
/// # Errors
/// The ledger cannot be read.
pub async fn look<T: Transport>(
    client: &Client<T>,
    ledger: &Shared,
    pacing: Pacing,
    stop: &mut watch::Receiver<Stop>,
    told: Told<'_>,
) -> Result<(Seen, Ending), LedgerError> {
    let held = locked(ledger).held()?;
    let listings = held.into_iter().map(|held| Listing { held, so_far: Vec::new(), after: None, pages: 0 });
    let (mut seen, mut broken) = (Seen::default(), None);
    let ask =
        async |listing: Listing, attempt| Ok(client.list_attendees(&listing.held.id, listing.after.as_deref(), attempt).await);
    let ended = |mut listing: Listing, end: Result<Page, Fault>| {
        let list = match end {
            Ok(page) => {
                seen.listed += page.listed.len() as u64;
                listing.so_far.extend(page.listed);
                listing.pages += 1;
                let goes_round = page.next.is_some() && (page.next == listing.after || listing.pages >= PAGES);
                if goes_round {
                    let why = "the list of attendees has no end";
                    seen.unseen.push((listing.held.id, Fault::ours(Class::Protocol, "EndlessList", why)));
                    return None;
                }
                if page.next.is_some() {
                    listing.after = page.next;
                    return Some(listing);
                }
                Some(listing.so_far)
            }
            Err(fault) if fault.class == Class::NotFound => None,
            Err(fault) => {
                seen.unseen.push((listing.held.id, fault));
                return None;
            }
        };
        seen.add(&locked(ledger), &listing.held, list).unwrap_or_else(|error| broken = Some(error));
        told(seen.meetings);
        None
    };
    let ending = round(listings, pacing, ask, ended, stop).await;
    // Runs tell the same in the same order, whichever answer came first.
    seen.differences.sort_by(|a, b| a.0.cmp(&b.0));
    broken.map_or(Ok((seen, ending)), Err)
}

impl Seen {
    fn add(&mut self, ledger: &Ledger, held: &Held, list: Option<Vec<Listed>>) -> Result<(), LedgerError> {
        self.meetings += 1;
        self.ended += u64::from(list.is_none());
        for difference in compare(ledger.sitting(held.key)?, list, &ledger.leaving_of(&held.id)?) {
            self.tally.add(&difference);
            self.differences.push((held.id.clone(), difference));
        }
        Ok(())
    }
}

/// What became of errands that each change something.
#[derive(Debug, Default)]
pub struct Done {
    /// How many were done.
    pub done: u64,
    /// What could not be done, and why.
    pub failed: Vec<(MeetingId, Fault)>,
}

/// Deletes attendees, each of which the ledger has as leaving. One that is gone already is deleted, too.
pub async fn delete<T: Transport>(
    client: &Client<T>,
    ledger: &Shared,
    leaving: Vec<Leaving>,
    pacing: Pacing,
    stop: &mut watch::Receiver<Stop>,
    told: Told<'_>,
) -> (Done, Ending) {
    let ask = async |gone: Leaving, attempt| {
        let attempted = absent_is_gone(client.delete_attendee(&gone.meeting, &gone.attendee, attempt).await);
        if matches!(attempted.end, End::Settled(())) {
            on_disk(ledger, move |ledger| ledger.left(&gone)).await?;
        }
        Ok(attempted)
    };
    each(leaving, |gone| gone.meeting.clone(), pacing, ask, stop, told).await
}

/// Ends meetings that the run has made. Their replicas end with them.
pub async fn end_meetings<T: Transport>(
    client: &Client<T>,
    ledger: &Shared,
    meetings: Vec<OwnMeeting>,
    pacing: Pacing,
    stop: &mut watch::Receiver<Stop>,
    told: Told<'_>,
) -> (Done, Ending) {
    let ask = async |meeting: OwnMeeting, attempt| {
        let attempted = absent_is_gone(client.delete_meeting(&meeting.id, attempt).await);
        if matches!(attempted.end, End::Settled(())) {
            on_disk(ledger, move |ledger| ledger.meeting_ended(meeting.key)).await?;
        }
        Ok(attempted)
    };
    each(meetings, |meeting| meeting.id.clone(), pacing, ask, stop, told).await
}

/// Ends meetings of which there is no ledger: those that a load test left over.
pub async fn end_leftovers<T: Transport>(
    client: &Client<T>,
    meetings: Vec<MeetingId>,
    pacing: Pacing,
    stop: &mut watch::Receiver<Stop>,
    mut gone: impl FnMut(&MeetingId),
) -> (Done, Ending) {
    let mut done = Done::default();
    let ask = async |meeting: MeetingId, attempt| Ok(absent_is_gone(client.delete_meeting(&meeting, attempt).await));
    let ended = |meeting: MeetingId, end: Result<(), Fault>| {
        match end {
            Ok(()) => {
                gone(&meeting);
                done.done += 1;
            }
            Err(fault) => done.failed.push((meeting, fault)),
        }
        None
    };
    let ending = round(meetings, pacing, ask, ended, stop).await;
    (done, ending)
}

/// Somebody whose capabilities are to be what is wanted of them.
#[derive(Debug, Clone)]
pub struct Change {
    /// Of which meeting.
    pub meeting: MeetingId,
    /// Who, as the ledger has it.
    pub at: Sitting,
    /// What is wanted.
    pub wanted: Capabilities,
    /// What they may do now.
    pub has: Capabilities,
}

/// Changes capabilities, at once for those who are in the call. What was granted is in the ledger afterwards.
pub async fn change<T: Transport>(
    client: &Client<T>,
    ledger: &Shared,
    changes: Vec<Change>,
    pacing: Pacing,
    stop: &mut watch::Receiver<Stop>,
    told: Told<'_>,
) -> (Done, Ending) {
    let ask = async |change: Change, attempt| {
        let asked = seat(&change.meeting, &change.at);
        let Some((id, token)) = change.at.attendee.clone().zip(change.at.token.clone()) else {
            return Err("a settled seat has no attendee".to_owned());
        };
        let attempted = client.update_attendee_capabilities(&asked, &id, change.wanted, attempt).await;
        if let End::Settled(told) = &attempted.end {
            // The token stays what it is, whether the answer repeats it or not.
            let attendee =
                Attendee { id, user: asked.user.clone(), token, capabilities: told.capabilities.or(Some(change.wanted)) };
            let end = Settlement { seat: change.at.seat, asked, end: Written::Settled(attendee), attempts: 0 };
            on_disk(ledger, move |ledger| ledger.rewrite(&[end])).await?;
        }
        Ok(attempted)
    };
    each(changes, |change| change.meeting.clone(), pacing, ask, stop, told).await
}

/// A round of errands whose answers say nothing more.
async fn each<E: Clone, R, Fut: Future<Output = Result<Attempted<R>, String>>>(
    errands: Vec<E>,
    meeting: impl Fn(&E) -> MeetingId,
    pacing: Pacing,
    ask: impl Fn(E, crate::client::attempt::Try) -> Fut,
    stop: &mut watch::Receiver<Stop>,
    told: Told<'_>,
) -> (Done, Ending) {
    let mut done = Done::default();
    let ended = |errand: E, end: Result<R, Fault>| {
        match end {
            Ok(_) => {
                done.done += 1;
                told(done.done);
            }
            Err(fault) => done.failed.push((meeting(&errand), fault)),
        }
        None
    };
    let ending = round(errands, pacing, ask, ended, stop).await;
    (done, ending)
}

/// Nothing is left to delete where nothing is: a reply to an earlier attempt was lost, or somebody else was faster.
fn absent_is_gone(attempted: Attempted<()>) -> Attempted<()> {
    let absent = attempted.end.fault().is_some_and(|fault| fault.class == Class::NotFound);
    if absent { Attempted { end: End::Settled(()), ..attempted } } else { attempted }
}

/// Commits on a blocking thread; the error is the disk's.
async fn on_disk(
    ledger: &Shared,
    work: impl FnOnce(&mut Ledger) -> Result<(), LedgerError> + Send + 'static,
) -> Result<(), String> {
    let ledger = ledger.clone();
    match tokio::task::spawn_blocking(move || work(&mut locked(&ledger))).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("a write was given up: {panic}")),
    }
}

/// A lock that a panic elsewhere does not poison: what it guards is whole between statements.
pub fn locked(ledger: &Shared) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}
