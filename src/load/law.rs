//! The law of a load: every call that was wanted has exactly one end.
//!
//! Holds [`Ledger`]. Kept by a lane, added up by the run, checked by the program itself. It never sees a latency.

/// What a lane counts beside its samples: the terms of the law `planned + retries = done + dropped + aborted + unissued`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Calls that were wanted, those that never became due included.
    pub planned: u64,
    /// Calls that were put back to be tried again.
    pub retries: u64,
    /// Requests handed to the transport.
    pub sent: u64,
    /// Those that ended.
    pub done: u64,
    /// Calls due and not sent.
    pub dropped: u64,
    /// Sent, and given up when the grace was over.
    pub aborted: u64,
    /// Calls that did not become due before the end.
    pub unissued: u64,
    /// Arrivals that were to ask about an attendee when there was none, and made one instead.
    pub made_instead: u64,
    /// Calls that had to wait for a meeting with a free seat.
    pub waited_for_meetings: u64,
}

impl Ledger {
    /// Whether the terms add up.
    pub fn law_holds(&self) -> bool {
        self.planned + self.retries == self.done + self.dropped + self.aborted + self.unissued
            && self.sent == self.done + self.aborted
    }

    /// Adds another lane's terms.
    pub fn merge(&mut self, other: &Ledger) {
        self.planned += other.planned;
        self.retries += other.retries;
        self.sent += other.sent;
        self.done += other.done;
        self.dropped += other.dropped;
        self.aborted += other.aborted;
        self.unissued += other.unissued;
        self.made_instead += other.made_instead;
        self.waited_for_meetings += other.waited_for_meetings;
    }
}
