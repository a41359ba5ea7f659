//! Who holds which AttendeeId: one that somebody else has is no answer to believe.
//!
//! Holds the desk's books of AttendeeIds, as hashes. Called by `settle` and `batch` with every attendee that an answer names. It
//! never sees a token.

use super::desk::Desk;
use super::job;
use super::queue::{Ticket, What};
use super::state::Contest;
use crate::call::{Attendee, End, Fault};
use crate::chime::class::Class;
use crate::chime::id::MeetingId;
use sha2::{Digest, Sha256};
use std::collections::hash_map::Entry;
use std::time::Duration;

impl Desk {
    /// An AttendeeId that somebody else has is no answer to believe. Ids equal but for letter case may share one.
    ///
    /// Which of the two answers was the wrong one cannot be told: the service may have mixed up the first. So the first holder is
    /// put in doubt too, and both are asked again; the id is the first holder's only if it is told a second time.
    pub(super) fn unless_taken(&mut self, now: Duration, end: End<Attendee>, ticket: &mut Ticket) -> End<Attendee> {
        let (End::Settled(attendee), What::Seat(pending)) = (&end, &ticket.what) else { return end };
        let whose = whose(&pending.asked.meeting, &pending.asked.user.folded());
        let id = short_hash(&[attendee.id.as_str()]);
        match self.taken.get(&id) {
            Some(holder) if *holder != whose => {
                if let Entry::Vacant(contest) = self.contested.entry(id) {
                    contest.insert(Contest { holder: *holder, firm: false });
                    self.left_over += 1;
                    self.write(now, job::Entry::Doubt(attendee.id.clone()));
                }
                if !self.contested[&id].firm {
                    // Nothing is gained by asking before the holder has been: the pass is over.
                    ticket.failed = self.settings.attempts;
                }
                End::Unknown(Fault::ours(
                    Class::Protocol,
                    "SharedAttendeeId",
                    "the reply's AttendeeId was already given to somebody else",
                ))
            }
            _ => {
                self.taken.insert(id, whose);
                if !self.contested.is_empty() {
                    self.holder_answered(whose, id);
                }
                end
            }
        }
    }

    /// Whoever was told an id that somebody else was told too has been asked again, and was told `id`.
    fn holder_answered(&mut self, whose: u64, id: u64) {
        let taken = &mut self.taken;
        self.contested.retain(|contested, contest| {
            if contest.holder == whose {
                contest.firm |= *contested == id;
                if *contested != id {
                    taken.remove(contested);
                    return false;
                }
            }
            true
        });
    }
}

/// A number for "this meeting, this id but for letter case".
pub(super) fn whose(meeting: &MeetingId, folded: &str) -> u64 {
    short_hash(&[meeting.as_str(), folded])
}

/// The first eight bytes of a SHA-256. Two of a million ids meet with a chance of 3 in 100 million, and then a row is refused
/// with a reason, not given away.
pub(super) fn short_hash(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    u64::from_le_bytes(hash.finalize()[..8].try_into().expect("SHA-256 has 32 bytes"))
}
