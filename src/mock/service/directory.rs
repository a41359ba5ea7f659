//! Which meetings there are, and when each will be over.
//!
//! Holds [`Directory`], behind the service's one read-write lock. Called to find, make and end meetings. It never looks at
//! attendees. Everything it remembers of the past is bounded: ended meetings by number, tokens by a floor as in the roll.

use super::meeting::{Meeting, Realm};
use crate::mock::ids::Guid;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Ended meetings that are answered with "The meeting has ended"; older ones are "not found".
const ENDED_AT_MOST: usize = 20_000;
/// Request tokens of ended meetings whose generation is remembered exactly.
const TOKENS_AT_MOST: usize = 100_000;

/// Every meeting that lives.
#[derive(Debug, Default)]
pub struct Directory {
    meetings: HashMap<Guid, Arc<Meeting>>,
    /// `account/region` and request token, to the meeting they find again.
    by_token: HashMap<(String, String), Guid>,
    replicas: HashMap<Guid, Vec<Guid>>,
    /// Meetings that count against the quota, by realm.
    live: HashMap<String, u32>,
    deadlines: BTreeSet<(Duration, Guid)>,
    deadline_of: HashMap<Guid, Duration>,
    ended: HashSet<Guid>,
    ended_order: VecDeque<Guid>,
    generations: HashMap<(String, String), u32>,
    generation_floor: u32,
}

impl Directory {
    /// The meeting of this id.
    pub fn get(&self, id: Guid) -> Option<&Arc<Meeting>> {
        self.meetings.get(&id)
    }

    /// The living meeting that a request token has made in a realm.
    pub fn of_token(&self, realm: &Realm, token: &str) -> Option<&Arc<Meeting>> {
        self.get(*self.by_token.get(&(realm.key(), token.to_owned()))?)
    }

    /// The generation of the next meeting of a token.
    pub fn generation(&self, realm: &Realm, token: &str) -> u32 {
        self.generations.get(&(realm.key(), token.to_owned())).copied().unwrap_or(self.generation_floor)
    }

    /// Meetings of a realm that count against its quota.
    pub fn live(&self, realm: &Realm) -> u32 {
        self.live.get(&realm.key()).copied().unwrap_or(0)
    }

    /// Replicas of a primary.
    pub fn replicas(&self, primary: Guid) -> usize {
        self.replicas.get(&primary).map_or(0, Vec::len)
    }

    /// Every living meeting.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Meeting>> {
        self.meetings.values()
    }

    /// How many live.
    pub fn count(&self) -> usize {
        self.meetings.len()
    }

    /// Whether the meeting is known to have been.
    pub fn has_ended(&self, id: Guid) -> bool {
        self.ended.contains(&id)
    }

    /// Takes a meeting in.
    pub fn add(&mut self, meeting: Arc<Meeting>) {
        if let Some(realm) = &meeting.realm {
            *self.live.entry(realm.key()).or_default() += 1;
            self.by_token.insert((realm.key(), meeting.asked.request_token.clone()), meeting.id);
        }
        if let Some(primary) = meeting.primary {
            self.replicas.entry(primary).or_default().push(meeting.id);
        }
        self.ended.remove(&meeting.id);
        self.meetings.insert(meeting.id, meeting);
    }

    /// Says when a meeting will be over by itself, or that it will not.
    pub fn set_deadline(&mut self, id: Guid, deadline: Option<Duration>) {
        if let Some(old) = self.deadline_of.remove(&id) {
            self.deadlines.remove(&(old, id));
        }
        if let Some(new) = deadline {
            self.deadline_of.insert(id, new);
            self.deadlines.insert((new, id));
        }
    }

    /// The first deadline.
    pub fn first_deadline(&self) -> Option<(Duration, Guid)> {
        self.deadlines.first().copied()
    }

    /// Ends a meeting and, if it is a primary, its replicas. Returns those that ended; the caller closes them.
    pub fn end(&mut self, id: Guid) -> Vec<Arc<Meeting>> {
        let mut over = Vec::new();
        let mut to_end = vec![id];
        while let Some(id) = to_end.pop() {
            let Some(meeting) = self.meetings.remove(&id) else { continue };
            to_end.extend(self.replicas.remove(&id).unwrap_or_default());
            if let Some(siblings) = meeting.primary.and_then(|p| self.replicas.get_mut(&p)) {
                siblings.retain(|other| *other != id);
            }
            self.set_deadline(id, None);
            if let Some(realm) = &meeting.realm {
                let key = realm.key();
                self.live.entry(key.clone()).and_modify(|n| *n = n.saturating_sub(1));
                let token = (key, meeting.asked.request_token.clone());
                if self.by_token.get(&token) == Some(&id) {
                    self.by_token.remove(&token);
                }
                self.bury_token(token, meeting.generation + 1);
            }
            self.remember(id);
            over.push(meeting);
        }
        over
    }

    /// Remembers the generation that the next meeting of a token gets.
    pub fn bury_token(&mut self, token: (String, String), next_generation: u32) {
        if self.generations.len() >= TOKENS_AT_MOST {
            self.generation_floor = self.generations.values().copied().max().unwrap_or(0).max(self.generation_floor);
            self.generations.clear();
        }
        self.generations.insert(token, next_generation.max(self.generation_floor));
    }

    /// Remembers that a meeting has been.
    pub fn remember(&mut self, id: Guid) {
        if self.ended.insert(id) {
            self.ended_order.push_back(id);
        }
        if self.ended_order.len() > ENDED_AT_MOST {
            self.ended_order.pop_front().iter().for_each(|old| {
                self.ended.remove(old);
            });
        }
    }
}
