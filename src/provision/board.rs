//! How a run stands, for whoever watches.
//!
//! Holds [`Board`] and [`Notice`]. Written by the desk; read by the command line, which alone turns them into a bar and lines.
//! Neither ever holds an id or a token. What stands on the board as settled has been committed.

use crate::chime::class::Class;
use crate::client::pace::fit::Learned;
use crate::stats::recorder::Classes;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// A snapshot.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// Seats that were to be asked when the run began.
    pub seats: u64,
    /// Of these: with a token, committed.
    pub provisioned: u64,
    /// Of these: refused or rejected, committed.
    pub refused: u64,
    /// Meetings made.
    pub meetings: u64,
    /// Requests under way.
    pub in_flight: usize,
    /// Requests made.
    pub requests: u64,
    /// Ends of attempts by class.
    pub classes: Classes,
    /// Requests a second now allowed; infinite when unlimited.
    pub rate: f64,
    /// What has been learnt of the account's quota, if it is to be.
    pub learned: Option<Learned>,
    /// What holds things up, if something does.
    pub held_up: Option<HeldUp>,
}

/// Why a run is not going at its asked rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldUp {
    /// The service throttles.
    Throttled,
    /// Nothing gets through: probing.
    Outage(Class),
    /// Waiting for new credentials.
    Credentials,
}

/// Something a person should be told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A meeting takes nobody any more.
    MeetingClosed {
        /// Its id.
        meeting: String,
        /// Why.
        class: Class,
        /// The service's words.
        reason: String,
    },
    /// A meeting that was to be made for the roster cannot be.
    MeetingNotMade {
        /// The session, and which of its meetings.
        name: String,
        /// Why.
        class: Class,
        /// The service's words.
        reason: String,
    },
    /// GetMeeting was refused, so its features are not known beforehand.
    MeetingUnknown {
        /// Its id.
        meeting: String,
        /// Why.
        reason: String,
    },
    /// These credentials may not ask for batches; seats are asked for one by one.
    NoBatches(String),
    /// Nothing gets through.
    Outage(Class, String),
    /// It does again.
    OutageOver,
    /// The service throttles.
    Throttled,
    /// Credentials expired; looking for new ones until this long from now.
    Expired(Duration),
    /// New ones are in use.
    Renewed,
    /// The clocks differ.
    ClockCorrected,
}

/// The desk's end of the board.
#[derive(Debug)]
pub struct Teller {
    board: watch::Sender<Board>,
    notices: mpsc::Sender<Notice>,
}

/// A board, and the two ends a watcher holds.
pub fn board() -> (Teller, watch::Receiver<Board>, mpsc::Receiver<Notice>) {
    let (board, watch) = watch::channel(Board::default());
    // A watcher that lags this far behind has nothing to gain from more; the desk never waits for one.
    let (notices, heard) = mpsc::channel(256);
    (Teller { board, notices }, watch, heard)
}

impl Teller {
    /// Changes the board.
    pub fn update(&self, change: impl FnOnce(&mut Board)) {
        self.board.send_modify(change);
    }

    /// Says something once.
    pub fn say(&self, notice: Notice) {
        let _ = self.notices.try_send(notice);
    }
}
