//! When calls become due: a schedule's arrivals, users who come and go, or as fast as allowed.
//!
//! Holds [`Source`], a pure iterator over time that is handed in. Called by a lane, which asks what has become due. The models differ
//! here and nowhere else. It never sees what is called.

use super::{Learnt, Paced, Terms};
use crate::behaviour::BadBehaviour;
use crate::behaviour::draw::Draw;
use crate::bucket::{Bucket, Rate};
use crate::chime::class::{Class, Tier};
use crate::client::pace::auto::Auto;
use crate::scenario::load::Load;
use crate::scenario::plan::Plan;
use crate::schedule::stripe::Stripe;
use crate::schedule::users::{Change, Users};
use crate::schedule::{Arrival, Arrivals};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;
use std::time::Duration;

/// Something that has become due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// A number; of an arrival its own.
    pub n: u64,
    /// When.
    pub at: Duration,
    /// In which stage.
    pub stage: u16,
    /// By which user, in a closed load.
    pub user: Option<u32>,
}

/// A lane's share of what is to come.
pub enum Source<'a> {
    /// Arrivals of a schedule.
    Planned(Peekable<Box<dyn Iterator<Item = Arrival> + 'a>>),
    /// Users.
    Users(Box<Crowd<'a>>),
    /// So many, as fast as allowed.
    Shared {
        /// How many are left.
        left: u64,
        /// How many have been.
        taken: u64,
        /// How fast.
        bucket: Bucket,
    },
    /// So many, as fast as the quota lets in.
    Found {
        /// How many are left.
        left: u64,
        /// How many have been.
        taken: u64,
        /// Finds it.
        pace: Box<Auto>,
    },
}

/// The users of a closed load.
pub struct Crowd<'a> {
    changes: Peekable<Box<dyn Iterator<Item = Change> + 'a>>,
    /// How many there are to be now, of all lanes together.
    wanted: u32,
    /// Whether each of ours is here.
    here: Vec<bool>,
    /// Ours who think: until when.
    thinking: BinaryHeap<Reverse<(Duration, u32)>>,
    lane: u32,
    lanes: u32,
    think: Draw,
    ends: Vec<Duration>,
    turns: u64,
}

impl<'a> Source<'a> {
    /// A lane's, by its terms; `arrivals` are those of the plan's schedule, if it has one.
    ///
    /// # Errors
    /// A recorded think time that cannot be read.
    pub fn new(
        Terms { plan, lane, lanes, paced, .. }: &'a Terms,
        arrivals: Option<Arrivals<'a>>,
    ) -> Result<Source<'a>, BadBehaviour> {
        let (lane, lanes) = (*lane, *lanes);
        match (&plan.load, arrivals) {
            (Load::Shared { calls, rate, .. }, _) if *paced == Paced::ByQuota => {
                Ok(Source::Found { left: *calls, taken: 0, pace: Box::new(Auto::new(*rate, None)) })
            }
            (Load::Closed { users, think }, _) => Ok(Source::Users(Box::new(Crowd::new(plan, users, think, lane, lanes)?))),
            (Load::Shared { calls, rate, .. }, _) => {
                let (lane, of) = (u64::from(lane), u64::from(lanes));
                let left = calls / of + u64::from(lane < calls % of);
                let rate = Rate::per_second(rate.get() / f64::from(lanes)).unwrap_or(*rate);
                Ok(Source::Shared { left, taken: 0, bucket: Bucket::new(rate, 1.0) })
            }
            (_, Some(arrivals)) => {
                let stripe = Stripe::new(lane + 1, lanes).unwrap_or_default();
                let ours: Box<dyn Iterator<Item = Arrival> + 'a> = match lanes {
                    1 => Box::new(arrivals),
                    _ => Box::new(arrivals.filter(move |arrival| stripe.holds(arrival))),
                };
                Ok(Source::Planned(ours.peekable()))
            }
            (_, None) => Ok(Source::Planned((Box::new(std::iter::empty()) as Box<dyn Iterator<Item = Arrival>>).peekable())),
        }
    }

    /// What has become due by now, one at a time. `free`: whether a slot is free, which is all that a shared load waits for.
    pub fn next(&mut self, now: Duration, free: bool) -> Option<Due> {
        match self {
            Source::Planned(arrivals) => {
                let arrival = arrivals.next_if(|arrival| arrival.at <= now)?;
                Some(Due { n: arrival.n, at: arrival.at, stage: arrival.stage, user: None })
            }
            Source::Users(crowd) => crowd.next(now),
            Source::Shared { left, taken, bucket } => {
                if *left == 0 || !free {
                    return None;
                }
                let at = if bucket.rate().is_unlimited() { now } else { bucket.ready_at() };
                bucket.take(now).ok()?;
                (*left, *taken) = (*left - 1, *taken + 1);
                Some(Due { n: *taken, at: at.min(now), stage: 0, user: None })
            }
            Source::Found { left, taken, pace } => {
                if *left == 0 || !free {
                    return None;
                }
                let at = pace.ready_at();
                pace.take(now).ok()?;
                (*left, *taken) = (*left - 1, *taken + 1);
                Some(Due { n: *taken, at: at.min(now), stage: 0, user: None })
            }
        }
    }

    /// A call that was sent at `sent` has ended. The class says whether a quota let it in.
    pub fn came_back(&mut self, now: Duration, sent: Duration, class: Class) {
        let Source::Found { left, pace, .. } = self else { return };
        match (class, class.tier()) {
            (Class::Throttled, _) => pace.throttled(now, sent, None),
            // Whether the quota was asked at all nobody knows.
            (_, Tier::Service | Tier::Transport) => {}
            _ => pace.let_in(now, sent),
        }
        if pace.is_sure() {
            *left = 0;
        }
    }

    /// The quota that was found.
    pub fn learnt(&self) -> Option<Learnt> {
        let Source::Found { pace, .. } = self else { return None };
        Some(Learnt { bucket: pace.learned()?, sure: pace.is_sure() })
    }

    /// When the next one will be due, if that is known.
    pub fn next_at(&mut self) -> Option<Duration> {
        match self {
            Source::Planned(arrivals) => arrivals.peek().map(|arrival| arrival.at),
            Source::Users(crowd) => crowd.next_at(),
            Source::Shared { left: 0, .. } | Source::Found { left: 0, .. } => None,
            Source::Found { pace, .. } => Some(pace.ready_at()),
            Source::Shared { bucket, .. } => Some(bucket.ready_at()),
        }
    }

    /// A user's turn has ended: they think, or leave.
    pub fn turn_over(&mut self, now: Duration, user: Option<u32>) {
        if let (Source::Users(crowd), Some(user)) = (self, user) {
            crowd.turn_over(now, user);
        }
    }

    /// How many would still have become due. The source is used up by it.
    pub fn rest(&mut self) -> u64 {
        match self {
            Source::Planned(arrivals) => arrivals.count() as u64,
            Source::Users(crowd) => {
                crowd.close();
                0
            }
            Source::Shared { left, .. } | Source::Found { left, .. } => std::mem::take(left),
        }
    }
}

impl<'a> Crowd<'a> {
    fn new(
        plan: &Plan,
        users: &'a Users,
        think: &crate::behaviour::Latency,
        lane: u32,
        lanes: u32,
    ) -> Result<Crowd<'a>, BadBehaviour> {
        let ends = plan.stages.iter().scan(Duration::ZERO, |end, stage| {
            *end += stage.duration;
            Some(*end)
        });
        let changes: Box<dyn Iterator<Item = Change> + 'a> = Box::new(users.changes());
        Ok(Crowd {
            changes: changes.peekable(),
            wanted: 0,
            here: vec![false; users.most() as usize],
            thinking: BinaryHeap::new(),
            lane,
            lanes,
            think: Draw::new(think.clone(), plan.seed, "think")?,
            ends: ends.collect(),
            turns: 0,
        })
    }

    fn lasts(&self) -> Duration {
        self.ends.last().copied().unwrap_or_default()
    }

    fn next(&mut self, now: Duration) -> Option<Due> {
        loop {
            let next_turn = self.thinking.peek().map(|Reverse((at, _))| *at);
            // Whoever comes at an instant is there before those who think until then.
            let change = self.changes.next_if(|change| change.at <= now && next_turn.is_none_or(|turn| change.at <= turn));
            if let Some(change) = change {
                self.change(change);
                continue;
            }
            let Reverse((at, user)) = *self.thinking.peek().filter(|Reverse((at, _))| *at <= now)?;
            self.thinking.pop();
            if user >= self.wanted || at >= self.lasts() {
                self.here[user as usize] = false;
                continue;
            }
            self.turns += 1;
            let stage = self.ends.iter().position(|end| at < *end).unwrap_or_default();
            let n = (self.turns - 1) * u64::from(self.lanes) + u64::from(self.lane) + 1;
            return Some(Due { n, at, stage: u16::try_from(stage).unwrap_or_default(), user: Some(user) });
        }
    }

    fn change(&mut self, change: Change) {
        for user in self.wanted..change.users {
            let ours = user % self.lanes == self.lane;
            if ours && !std::mem::replace(&mut self.here[user as usize], true) {
                self.thinking.push(Reverse((change.at, user)));
            }
        }
        self.wanted = change.users;
    }

    fn turn_over(&mut self, now: Duration, user: u32) {
        if user >= self.wanted || now >= self.lasts() {
            self.here[user as usize] = false;
            return;
        }
        let until = now + self.think.at(self.turns * u64::from(self.lanes) + u64::from(user));
        self.thinking.push(Reverse((until, user)));
    }

    fn next_at(&mut self) -> Option<Duration> {
        let turn = self.thinking.peek().map(|Reverse((at, _))| *at);
        let change = self.changes.peek().map(|change| change.at);
        [turn, change].into_iter().flatten().min()
    }

    fn close(&mut self) {
        self.thinking.clear();
        self.wanted = 0;
        self.changes.by_ref().for_each(drop);
    }
}
