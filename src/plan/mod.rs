//! How long a provisioning takes, and what it needs, before anybody is asked.
//!
//! Holds [`Task`], [`Terms`] and [`Estimate`]. Called by `headcount plan`, and by `provision` for what it says before it begins. Pure:
//! the schedule is the bucket that runs, stepped through in numbers; what is left out is the service's own latency beyond
//! `latency`, and its failures.

pub mod doors;
pub mod needs;

use crate::bucket::{Bucket, Rate};
use crate::chime::quota::BATCH_MAX;
use crate::ledger::store::MeetingRow;
use std::collections::BinaryHeap;
use std::time::Duration;

/// What is to be done, in calls and seats.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Task {
    /// Meetings that are there, and are looked at once.
    pub looks: u64,
    /// Meetings to be made that are no replicas.
    pub meetings: u64,
    /// Replicas to be made; each waits for its primary.
    pub replicas: u64,
    /// The most replicas of one primary.
    pub most_replicas: u64,
    /// Seats to ask for, meeting by meeting.
    pub seats: Vec<u64>,
}

/// Under which terms it is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Requests a second, all operations together.
    pub rate: Rate,
    /// How many at once at the start.
    pub burst: f64,
    /// Requests under way at most.
    pub concurrency: usize,
    /// Seats in one request at most.
    pub batch: usize,
    /// What an answer takes.
    pub latency: Duration,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// GetMeeting and CreateMeeting.
    pub meeting_calls: u64,
    /// CreateAttendee and BatchCreateAttendee.
    pub seat_calls: u64,
    /// When the last answer is there.
    pub last_token: Duration,
}

impl Estimate {
    /// All requests.
    pub fn requests(&self) -> u64 {
        self.meeting_calls + self.seat_calls
    }
}

impl Task {
    /// What a ledger's roster asks for: its meetings, and how many seats are open in each, in the same order.
    pub fn of(meetings: &[MeetingRow], open: impl Fn(i64) -> u64) -> Task {
        let mut task = Task::default();
        let mut replicas = std::collections::HashMap::<i64, u64>::new();
        for meeting in meetings {
            let room = meeting.room.as_ref();
            if let Some(primary) = room.and_then(|room| room.replica_of) {
                *replicas.entry(primary).or_default() += 1;
            }
            match room {
                Some(room) if room.made.is_none() && room.replica_of.is_some() => task.replicas += 1,
                Some(room) if room.made.is_none() => task.meetings += 1,
                _ => task.looks += 1,
            }
            task.seats.push(open(meeting.key));
        }
        task.most_replicas = replicas.into_values().max().unwrap_or(0);
        task
    }

    /// Seats to ask for.
    pub fn all_seats(&self) -> u64 {
        self.seats.iter().sum()
    }

    /// Requests for seats, so many seats in each at most.
    pub fn seat_calls(&self, batch: usize) -> u64 {
        self.seats.iter().map(|seats| seats.div_ceil(batch.clamp(1, BATCH_MAX) as u64)).sum()
    }

    /// Steps through the schedule.
    pub fn estimate(&self, terms: &Terms) -> Estimate {
        let mut line = Line::new(terms);
        let seat_calls = self.seat_calls(terms.batch);
        // As the desk does it: meetings first, replicas when their primaries are there, seats when all meetings are known.
        let primaries = line.phase(self.looks + self.meetings, Duration::ZERO);
        let meetings = line.phase(self.replicas, primaries);
        let last_token = line.phase(seat_calls, meetings);
        Estimate { meeting_calls: self.looks + self.meetings + self.replicas, seat_calls, last_token }
    }
}

/// The schedule, stepped through: a bucket, and slots that are busy until their answer is there.
struct Line<'a> {
    terms: &'a Terms,
    bucket: Bucket,
    busy: BinaryHeap<std::cmp::Reverse<Duration>>,
    last: Duration,
}

impl<'a> Line<'a> {
    fn new(terms: &'a Terms) -> Self {
        Line { terms, bucket: Bucket::new(terms.rate, terms.burst), busy: BinaryHeap::new(), last: Duration::ZERO }
    }

    /// So many calls, none before `from`; answers when the last of them is done.
    fn phase(&mut self, calls: u64, from: Duration) -> Duration {
        let mut now = from;
        let mut end = from.max(self.last);
        for _ in 0..calls {
            now = now.max(self.bucket.ready_at());
            if self.busy.len() >= self.terms.concurrency
                && let Some(std::cmp::Reverse(free)) = self.busy.pop()
            {
                now = now.max(free);
            }
            while let Err(wait) = self.bucket.take(now) {
                now += wait.max(Duration::from_nanos(1));
            }
            end = end.max(now + self.terms.latency);
            self.busy.push(std::cmp::Reverse(now + self.terms.latency));
        }
        self.last = end;
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(batch: usize) -> Terms {
        let rate = Rate::per_second(10.0).unwrap();
        Terms { rate, burst: 20.0, concurrency: 32, batch, latency: Duration::ZERO }
    }

    #[test]
    fn the_published_arithmetic() {
        // SERVICE.md section 7: 250 seats in one meeting take 23 s one by one, 10,000 take 998 s, without the meetings' own calls.
        let seats = |seats: Vec<u64>, batch| Task { seats, ..Task::default() }.estimate(&terms(batch));
        assert_eq!(seats(vec![250], 1).last_token, Duration::from_secs(23));
        assert_eq!(seats(vec![250; 40], 1).last_token, Duration::from_secs(998));
        let webinar = Task { meetings: 1, replicas: 40, most_replicas: 40, seats: vec![250; 40], ..Task::default() };
        let estimate = webinar.estimate(&terms(100));
        assert_eq!((estimate.meeting_calls, estimate.seat_calls), (41, 120));
        assert_eq!(estimate.last_token.as_millis(), 14_100, "(161 − 20) ÷ 10");
    }

    #[test]
    fn slow_answers_and_few_slots_are_counted() {
        let slow = Terms { concurrency: 2, latency: Duration::from_secs(1), rate: Rate::UNLIMITED, ..terms(1) };
        let task = Task { looks: 1, seats: vec![4], ..Task::default() };
        assert_eq!(task.estimate(&slow).last_token, Duration::from_secs(3), "a look, then two and two");
    }
}
