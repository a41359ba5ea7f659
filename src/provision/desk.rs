//! The plan of a provisioning run: what to do next, as a pure state machine over offsets from the start.
//!
//! Holds [`Desk`]. Driven by `drive::pump`; its jobs are done by `hands`. It never waits, reads a clock
//! or touches a file: it is told when and how things ended, and answers what to do. What an answer means is in `settle`.

use super::batch::Batching;
use super::board::{HeldUp, Teller};
use super::job::{Entry, Job, JobEnd, Slot};
use super::outage::Outage;
use super::queue::{Queue, Ticket, What};
use super::state::{Contest, Credentials, Meeting, Said, Source};
use super::{Ending, Settings};
use crate::chime::class::Class;
use crate::client::attempt::Try;
use crate::client::pace::Pace;
use crate::client::retry::Quota;
use crate::drive::pump::{Next, Plan};
use crate::ledger::store::{After, MeetingRow, Pending};
use crate::seed::Seed;
use crate::stats::recorder::Recorder;
use crate::stats::samples::Samples;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// How many fresh tickets are fetched at once, and below how many more are.
pub(super) const PAGE: usize = 1000;
pub(super) const LOW: usize = 300;
/// How long an outcome may wait to be committed with others.
const COMMIT_WITHIN: Duration = Duration::from_millis(50);

/// The state of a run.
pub struct Desk {
    pub(super) settings: Settings,
    pub(super) teller: Teller,
    pub(super) queue: Queue,
    pub(super) source: Source,
    pub(super) meetings: HashMap<i64, Meeting>,
    /// Meetings that wait for their primary, by its number.
    pub(super) replicas: HashMap<i64, Vec<MeetingRow>>,
    /// Meetings that are made when the first of their people comes up, and the people who wait for one.
    pub(super) later: BTreeMap<i64, MeetingRow>,
    pub(super) parked: BTreeMap<i64, Vec<Ticket>>,
    /// Of these meetings: those to be made, in turn, and those being made.
    pub(super) lobby: VecDeque<i64>,
    pub(super) opening: BTreeSet<i64>,
    pub(super) unlooked: usize,
    pub(super) void: u64,
    pub(super) batching: Batching,
    /// Whether one has been let in.
    pub(super) batches_work: bool,
    pub(super) pace: Pace,
    pub(super) quota: Quota,
    pub(super) outage: Outage,
    pub(super) credentials: Credentials,
    pub(super) rng: ChaCha8Rng,
    pub(super) recorder: Recorder,
    pub(super) in_flight: usize,
    /// Seats asked for by the requests in flight.
    asked: usize,
    pub(super) unwritten: Vec<Entry>,
    pub(super) unwritten_since: Duration,
    pub(super) writing: usize,
    logging: bool,
    /// Seats whose pass ended without an end, in this sweep; and the wait before the next one.
    pub(super) left_over: u64,
    pub(super) sweeps: u32,
    sweep_at: Option<Duration>,
    /// First due times of seats between passes; grows with failing rows alone.
    pub(super) first_due: HashMap<i64, Duration>,
    /// Whether anything that answered can have been the service.
    pub(super) believed: bool,
    /// Unbelievable answers to seats between passes.
    pub(super) unbelieved: HashMap<i64, u32>,
    /// Whose AttendeeIds are taken, hashed (see `settle`).
    pub(super) taken: HashMap<u64, u64>,
    /// Those of them that two were told; grows with such answers alone.
    pub(super) contested: HashMap<u64, Contest>,
    pub(super) doubtful: u64,
    pub(super) succeeded: u64,
    pub(super) errors: u64,
    pub(super) ending: Option<Ending>,
    pub(super) samples: Samples,
    pub(super) answers: u64,
    pub(super) renewed_at: Duration,
    /// Meetings that may not be looked at.
    pub(super) unseen: u32,
    pub(super) said: Said,
    noticed: Option<Duration>,
    /// Whether everything has been asked, and only the meetings are looked at again.
    pub(super) looking_again: bool,
    pub(super) origin: Instant,
}

impl Desk {
    /// A run about to begin. `doubtful`: seats at the front that an earlier session may have asked.
    pub fn new(
        settings: Settings,
        teller: Teller,
        meetings: Vec<MeetingRow>,
        taken: HashMap<u64, u64>,
        doubtful: u64,
        origin: Instant,
    ) -> Desk {
        let mut desk = Desk {
            pace: Pace::new(settings.rate, settings.pacing),
            quota: Quota::new(settings.retry_quota),
            rng: Seed(settings.seed).stream("jitter"),
            errors: settings.rejected,
            source: Source::Meetings,
            meetings: HashMap::new(),
            replicas: HashMap::new(),
            later: BTreeMap::new(),
            parked: BTreeMap::new(),
            lobby: VecDeque::new(),
            opening: BTreeSet::new(),
            unlooked: 0,
            void: 0,
            batching: settings.batch,
            batches_work: false,
            queue: Queue::default(),
            settings,
            teller,
            taken,
            contested: HashMap::new(),
            doubtful,
            origin,
            outage: Outage::default(),
            credentials: Credentials::Good,
            recorder: Recorder::default(),
            in_flight: 0,
            asked: 0,
            unwritten: Vec::new(),
            unwritten_since: Duration::ZERO,
            writing: 0,
            logging: false,
            left_over: 0,
            sweeps: 0,
            sweep_at: None,
            first_due: HashMap::new(),
            believed: false,
            unbelieved: HashMap::new(),
            succeeded: 0,
            ending: None,
            samples: Samples::default(),
            answers: 0,
            renewed_at: Duration::ZERO,
            unseen: 0,
            said: Said::default(),
            noticed: None,
            looking_again: false,
        };
        desk.expect(meetings);
        if desk.unlooked == 0 {
            desk.source = Source::More(After::default());
        }
        desk
    }

    /// How the run ended, and everything it counted.
    pub fn close(self) -> (Ending, Recorder, Samples) {
        (self.ending.unwrap_or(Ending::Finished), self.recorder, self.samples)
    }

    /// Stops for a reason; the first one stands, but for the disk, which outranks all: what is said then must not promise that
    /// anything was written.
    pub(super) fn end(&mut self, ending: Ending) {
        if matches!(ending, Ending::Disk(_)) {
            // Nothing more can be written: what is not committed will be asked again.
            self.unwritten.clear();
            self.ending = Some(ending);
        } else {
            self.ending.get_or_insert(ending);
        }
    }

    /// Whether nothing waits, is under way or is to be written.
    fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.parked.is_empty() && self.in_flight == 0 && self.unwritten.is_empty() && self.writing == 0
    }

    /// A commit, if it is time for one.
    fn commit(&mut self, now: Duration) -> Option<Job> {
        let due = self.unwritten.len() * 2 >= self.settings.unwritten()
            || now >= self.unwritten_since + COMMIT_WITHIN
            || self.in_flight == 0;
        if self.writing > 0 || self.unwritten.is_empty() || !due {
            return None;
        }
        let batch = std::mem::take(&mut self.unwritten);
        self.writing = batch.len();
        Some(Job::Commit(batch))
    }

    /// Fetches more, or begins another sweep over the seats that were left over, or neither.
    fn fetch(&mut self, now: Duration) -> Option<Job> {
        if self.source == Source::Dry && self.left_over > 0 && self.is_idle() {
            let wait = Duration::from_millis(250).saturating_mul(1 << self.sweeps.min(6)).min(Duration::from_secs(15));
            let at = *self.sweep_at.get_or_insert(now + wait);
            if now >= at {
                (self.source, self.left_over, self.sweep_at) = (Source::More(After::default()), 0, None);
                self.sweeps += 1;
            }
        }
        match self.source {
            Source::More(after) if self.may_fetch() => {
                self.source = Source::Fetching;
                Some(Job::Fetch(after))
            }
            _ => None,
        }
    }

    fn fetched(&mut self, now: Duration, page: Vec<Pending>) {
        self.source =
            if page.len() < PAGE { Source::Dry } else { page.last().map_or(Source::Dry, |p| Source::More(After::of(p))) };
        for mut pending in page {
            // Its room came to be since the page was asked for; another sweep brings it when there is a meeting in it.
            let known = self.meetings.get(&pending.meeting);
            let unmade = !known.is_some_and(Meeting::is_known);
            if unmade && self.settings.waves.is_none() {
                self.left_over += 1;
                continue;
            }
            // The first seats without an end after a disorderly stop are the ones that may have been asked.
            if !pending.doubt && self.doubtful > 0 {
                pending.doubt = true;
                self.doubtful -= 1;
            }
            let (first_due, unbelieved) = (self.first_due.remove(&pending.seat), self.unbelieved.remove(&pending.seat));
            let ticket = Ticket::new(What::Seat(pending), now);
            let ticket = Ticket { first_due, unbelieved: unbelieved.unwrap_or(0), ..ticket };
            if unmade {
                self.park(now, ticket);
            } else {
                self.queue.push(ticket);
            }
        }
    }

    /// The next request, or the earliest offset at which there may be one.
    fn ask(&mut self, now: Duration) -> Result<Job, Option<Duration>> {
        if let Credentials::Expired(at, _) = self.credentials {
            return Err(Some(at));
        }
        self.drop_closed(now);
        let Some(due) = self.queue.next_due() else { return Err(self.sweep_at) };
        let earliest = self.pace.ready_at().max(due).max(self.outage.next_probe().unwrap_or_default());
        if earliest > now {
            return Err(Some(earliest));
        }
        // From here on it is only a slot that may be missing; that wait is the queue's, not the generator's lateness.
        let ready = *self.noticed.get_or_insert(now);
        let probing = self.outage.next_probe().is_some();
        let slots = if probing { 1 } else { self.settings.concurrency };
        // What a kill would make us ask again: bounded, whatever the disk is doing.
        let at_stake = self.unwritten.len() + self.writing + self.asked + self.settings.batch.size();
        if self.in_flight >= slots || at_stake > self.settings.at_stake() || self.is_gathering() {
            return Err(None);
        }
        let Some(ticket) = self.queue.take(now) else { return Err(None) };
        if let Err(wait) = self.pace.take(now) {
            self.queue.untake(ticket);
            return Err(Some(now + wait));
        }
        let mut ticket = self.gather(now, ticket);
        self.count(&ticket, true);
        let slot = Slot { due: earliest, ready: ready.max(earliest) };
        self.noticed = None;
        self.recorder.sent();
        ticket.attempts += 1;
        ticket.wanted(slot.due);
        ticket.pass_began.get_or_insert(now);
        let attempt = Try { number: ticket.failed + 1, most: self.settings.attempts };
        Ok(Job::Ask(ticket, attempt, slot))
    }

    /// A request goes out, or has come back.
    fn count(&mut self, ticket: &Ticket, out: bool) {
        let count = |n: &mut usize, by: usize| *n = if out { *n + by } else { n.saturating_sub(by) };
        count(&mut self.in_flight, 1);
        count(&mut self.asked, ticket.seats());
        if let Some(meeting) = self.meetings.get_mut(&ticket.meeting()) {
            count(&mut meeting.asked, ticket.seats());
        }
    }

    fn stopping(&self) -> bool {
        self.ending.is_some()
    }

    fn tell(&self) {
        let held_up = match (self.credentials, self.outage.next_probe()) {
            (Credentials::Expired(..) | Credentials::Looking(_), _) => Some(HeldUp::Credentials),
            (_, Some(_)) => Some(HeldUp::Outage(self.samples.last_class().unwrap_or(Class::Unavailable))),
            _ => self.pace.is_slowed().then_some(HeldUp::Throttled),
        };
        self.teller.update(|board| {
            board.in_flight = self.in_flight;
            board.requests = self.recorder.requests();
            board.classes.clone_from(self.recorder.classes());
            board.rate = self.pace.rate();
            board.learned = self.pace.learned();
            board.held_up = held_up;
        });
    }
}

impl Plan for Desk {
    type Job = Job;
    type End = JobEnd;

    fn next(&mut self, now: Duration) -> Next<Job> {
        if now >= self.settings.max_duration && !self.stopping() {
            self.end(Ending::OutOfTime);
        }
        if !self.logging
            && let Some(second) = self.recorder.roll(now)
        {
            self.logging = true;
            return Next::Start(Job::Log(Box::new(second)));
        }
        if let Some(job) = self.commit(now) {
            return Next::Start(job);
        }
        let commit_at = (!self.unwritten.is_empty() && self.writing == 0).then_some(self.unwritten_since + COMMIT_WITHIN);
        if self.stopping() {
            // In-flight tickets that come back in between are put back, and found here.
            self.leave_doubts(now);
            if let Some(job) = self.commit(now) {
                return Next::Start(job);
            }
            return match commit_at {
                Some(at) => Next::At(at),
                None => Next::Done,
            };
        }
        if let Credentials::Expired(at, until) = self.credentials
            && now >= at
        {
            self.credentials = Credentials::Looking(until);
            return Next::Start(Job::Renew);
        }
        self.open_next(now);
        if let Some(job) = self.fetch(now) {
            return Next::Start(job);
        }
        let before = (self.unlooked, self.parked.len());
        let ask_at = if matches!(self.credentials, Credentials::Looking(_)) {
            None
        } else {
            match self.ask(now) {
                Ok(job) => return Next::Start(job),
                // Tickets of closed meetings were dropped on the way, which may open it to others.
                Err(_) if (self.unlooked, self.parked.len()) != before => return self.next(now),
                Err(at) => at,
            }
        };
        // Closing a meeting may have settled rows on the way.
        if let Some(job) = self.commit(now) {
            return Next::Start(job);
        }
        if self.is_idle() && self.source == Source::Dry && self.left_over == 0 {
            return if self.look_again(now) { self.next(now) } else { Next::Done };
        }
        let wake = [ask_at, commit_at, Some(self.settings.max_duration)].into_iter().flatten().min();
        wake.map_or(Next::Wait, |at| Next::At(at.max(now)))
    }

    fn ended(&mut self, now: Duration, end: JobEnd) {
        match end {
            JobEnd::Asked(ticket, slot, answer) => {
                self.count(&ticket, false);
                self.answered(now, ticket, slot, answer);
            }
            JobEnd::Fetched(Ok(page)) => self.fetched(now, page),
            JobEnd::Committed(batch, Ok(settled)) => {
                self.writing = 0;
                self.committed(&batch, settled);
            }
            JobEnd::Fetched(Err(error)) | JobEnd::Committed(_, Err(error)) => {
                self.writing = 0;
                self.end(Ending::Disk(error.to_string()));
            }
            JobEnd::Logged(result) => {
                self.logging = false;
                if let Err(error) = result {
                    self.end(Ending::Disk(format!("the run's logs cannot be written: {error}")));
                }
            }
            JobEnd::Renewed(renewal) => self.renewed(now, renewal),
        }
        self.tell();
    }

    fn drain(&mut self, _now: Duration) {
        self.end(Ending::Stopped);
    }
}
