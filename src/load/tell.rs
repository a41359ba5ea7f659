//! What a lane tells whoever conducts the run: a second at a time, and what happens to meetings.
//!
//! Holds [`Told`], [`Event`] and [`Teller`], the lane's end. Never waits: a second that cannot be handed over because nobody takes
//! it goes on growing, and is handed over with the next.

use crate::stats::cells::{Cells, Interval};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// News from a lane.
#[derive(Debug)]
pub enum Told {
    /// A second is over.
    Interval(u32, Box<Interval>),
    /// Something has happened.
    Event(Duration, Event),
    /// A lane will tell of no more seconds.
    Ended(u32),
}

/// Something that happens rarely enough to be written down by itself. Holds no id of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A meeting was made.
    MeetingMade(String),
    /// A meeting was deleted.
    MeetingDeleted(String),
    /// A meeting could not be made.
    MeetingRefused(String),
}

/// Intervals that have been read and may be filled again.
pub type Spares = Arc<Mutex<Vec<Box<Interval>>>>;

/// What the thread has worked so far, where that can be known.
pub type Cpu = fn() -> Option<Duration>;

/// A lane's end.
pub struct Teller {
    lane: u32,
    interval: Box<Interval>,
    sender: mpsc::Sender<Told>,
    spares: Spares,
    events: VecDeque<Told>,
    cpu: Cpu,
    expired_at: Option<Duration>,
}

impl Teller {
    /// The end of lane `lane`.
    pub fn new(lane: u32, sender: mpsc::Sender<Told>, spares: Spares, cpu: Cpu) -> Teller {
        Teller { lane, interval: Box::default(), sender, spares, events: VecDeque::new(), cpu, expired_at: None }
    }

    /// Where the second under way is counted.
    pub fn cells(&mut self) -> &mut Cells {
        &mut self.interval.cells
    }

    /// A request was handed over.
    pub fn sent(&mut self) {
        self.interval.sent += 1;
    }

    /// Something has happened.
    pub fn event(&mut self, at: Duration, event: Event) {
        self.events.push_back(Told::Event(at, event));
        self.flush();
    }

    /// Whether an expiry was met shortly before; remembers this one.
    pub fn said_expired(&mut self, now: Duration) -> bool {
        self.expired_at.replace(now).is_some_and(|before| now.saturating_sub(before) < Duration::from_secs(30))
    }

    fn flush(&mut self) {
        while let Some(told) = self.events.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(told)) = self.sender.try_send(told) {
                self.events.push_front(told);
                return;
            }
        }
    }

    /// When the second under way is over.
    pub fn next_roll(&self) -> Duration {
        Duration::from_secs(self.interval.at + 1)
    }

    /// Hands over the second under way, if it is over.
    pub fn roll(&mut self, now: Duration, in_flight: u64, waiting: u64) {
        let at = now.as_secs();
        if at <= self.interval.at {
            return;
        }
        self.flush();
        (self.interval.in_flight, self.interval.waiting, self.interval.cpu) = (in_flight, waiting, (self.cpu)());
        let Ok(place) = self.sender.try_reserve() else { return };
        let spare = self.spares.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut next: Box<Interval> = spare.unwrap_or_default();
        next.restart(at);
        place.send(Told::Interval(self.lane, std::mem::replace(&mut self.interval, next)));
    }

    /// Hands over whatever is left, and waits until it is taken.
    pub async fn close(mut self) {
        self.interval.cpu = (self.cpu)();
        for told in self.events.drain(..) {
            // Whoever has stopped listening wants to know no more.
            let _ = self.sender.send(told).await;
        }
        let _ = self.sender.send(Told::Interval(self.lane, self.interval)).await;
        let _ = self.sender.send(Told::Ended(self.lane)).await;
    }
}
