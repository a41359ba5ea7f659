//! Who is asked for twice, and how full the meetings get.
//!
//! Holds [`Census`], which is shown every seat of one or more rosters in turn. Called by `check`; `provision` asks its ledger the
//! same questions, because it must also survive a restart. It keeps hashes of ids, never the ids: some 100 to 200 bytes a seat.

use crate::call::{Seat, is_stand_in};
use crate::chime::capability::Capabilities;
use crate::chime::id::{MeetingId, fold};
use crate::chime::quota::ATTENDEES_PER_MEETING;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Where a row stands: which of the rosters, and its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The roster, counted from 0 in the order they are read.
    pub file: u32,
    /// The line.
    pub line: u64,
}

/// What a seat is to those before it. `of` is the first row of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Nobody has asked for it.
    New,
    /// Asked for already, exactly so: one call, and both rows get its token.
    Duplicate {
        /// The first row.
        of: Spot,
    },
    /// An id of the meeting differs from this one in letter case alone; the service may take them for one attendee.
    CaseTwin {
        /// The first row.
        of: Spot,
    },
    /// Asked for already (but for letter case), with other capabilities.
    Conflict {
        /// The first row.
        of: Spot,
    },
}

/// How full a meeting gets.
#[derive(Debug, Clone, Copy, Default)]
struct Fill {
    seats: u32,
    /// Seats left with SendReceive on everything, asked for or by default.
    open: u32,
    first: Option<Spot>,
}

/// A meeting that something is to be said about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    /// The meeting.
    pub meeting: MeetingId,
    /// Its first row.
    pub first: Spot,
    /// Different seats asked for.
    pub seats: u32,
    /// Of these, with SendReceive on everything.
    pub open: u32,
}

impl Crowd {
    /// Seats beyond what a meeting holds; the service will refuse them.
    pub fn beyond(&self) -> u32 {
        self.seats.saturating_sub(ATTENDEES_PER_MEETING)
    }
}

/// Seats with SendReceive on everything from which on a meeting is called a large audience that was not thought of. Published:
/// 25 video streams a meeting; four times that is no round of colleagues.
pub const LARGE_AUDIENCE: u32 = 100;

/// What has been seen so far.
pub struct Census {
    folding: bool,
    /// By meeting and folded id: the first row, its capabilities, and a hash of its exact spelling.
    seats: HashMap<u128, (Spot, Option<Capabilities>, u64)>,
    /// By meeting and exact id, for spellings beyond the first.
    twins: HashMap<u128, Spot>,
    meetings: HashMap<MeetingId, Fill>,
}

impl Census {
    /// An empty one. With `folding`, ids that differ in letter case alone are one (`--fold-case`).
    pub fn new(folding: bool) -> Self {
        Census { folding, seats: HashMap::new(), twins: HashMap::new(), meetings: HashMap::new() }
    }

    /// Takes a seat in, and says what it is to those before it.
    pub fn add(&mut self, spot: Spot, seat: &Seat) -> Relation {
        let exact = hash(0, &(seat.meeting.as_str(), seat.user.as_str()));
        let folded = fold(seat.user.as_str());
        let key = wide(&(seat.meeting.as_str(), &folded));
        let relation = match self.seats.get(&key) {
            None => {
                self.seats.insert(key, (spot, seat.capabilities, exact));
                Relation::New
            }
            Some(&(of, capabilities, _)) if capabilities != seat.capabilities => Relation::Conflict { of },
            Some(&(of, _, first)) if self.folding || first == exact => Relation::Duplicate { of },
            Some(&(of, ..)) => match self.twins.entry(wide(&(seat.meeting.as_str(), seat.user.as_str()))) {
                Entry::Occupied(first) => Relation::Duplicate { of: *first.get() },
                Entry::Vacant(free) => {
                    free.insert(spot);
                    Relation::CaseTwin { of }
                }
            },
        };
        let fill = self.meetings.entry(seat.meeting.clone()).or_default();
        fill.first.get_or_insert(spot);
        if matches!(relation, Relation::New | Relation::CaseTwin { .. }) {
            fill.seats += 1;
            fill.open += u32::from(seat.capabilities.is_none_or(|set| set == Capabilities::DEFAULT));
        }
        relation
    }

    /// How many meetings are named.
    pub fn meetings(&self) -> usize {
        self.meetings.len()
    }

    /// How many different seats are asked for, conflicting ones counted once.
    pub fn seats(&self) -> u64 {
        self.meetings.values().map(|fill| u64::from(fill.seats)).sum()
    }

    /// Meetings with more seats than fit, or with a large audience that may send on everything; in the order of their first rows.
    pub fn crowds(&self) -> Vec<Crowd> {
        // A session is given as many meetings as it needs.
        let large = |fill: &Fill| fill.seats > ATTENDEES_PER_MEETING || fill.open > LARGE_AUDIENCE;
        let worth = |meeting: &MeetingId, fill: &Fill| large(fill) && !is_stand_in(meeting);
        let mut crowds: Vec<Crowd> = self
            .meetings
            .iter()
            .filter(|(meeting, fill)| worth(meeting, fill))
            .filter_map(|(meeting, fill)| {
                Some(Crowd { meeting: meeting.clone(), first: fill.first?, seats: fill.seats, open: fill.open })
            })
            .collect();
        crowds.sort_by_key(|crowd| (crowd.first.file, crowd.first.line));
        crowds
    }
}

fn hash(salt: u8, value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (salt, value).hash(&mut hasher);
    hasher.finish()
}

/// 128 bits: among ten million seats, two that collide are less likely than a bad disk.
fn wide(value: &impl Hash) -> u128 {
    u128::from(hash(1, value)) << 64 | u128::from(hash(2, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chime::capability::Direction;
    use crate::chime::id::ExternalUserId;

    fn seat(user: &str, capabilities: Option<Capabilities>) -> Seat {
        let meeting = MeetingId::parse("11111111-2222-3333-4444-555555555555").unwrap();
        Seat { meeting, user: ExternalUserId::parse(user).unwrap(), capabilities }
    }

    fn all(folding: bool, seats: &[(&str, Option<Capabilities>)]) -> (Vec<Relation>, Census) {
        let mut census = Census::new(folding);
        let relations = seats.iter().zip(1..).map(|((user, set), line)| census.add(at(line), &seat(user, *set))).collect();
        (relations, census)
    }

    fn at(line: u64) -> Spot {
        Spot { file: 0, line }
    }

    #[test]
    fn duplicates_twins_and_conflicts() {
        use Relation::*;
        let quiet = Some(Capabilities { audio: Direction::None, ..Capabilities::DEFAULT });
        let rows = [("bob", None), ("bob", None), ("Bob", None), ("Bob", None), ("bob", quiet), ("ÉVE", None), ("éve", None)];
        let (found, census) = all(false, &rows);
        let (first, third) = (at(1), at(3));
        let expected = [
            New,
            Duplicate { of: first },
            CaseTwin { of: first },
            Duplicate { of: third },
            Conflict { of: first },
            New,
            CaseTwin { of: at(6) },
        ];
        assert_eq!(found, expected);
        assert_eq!((census.seats(), census.meetings()), (4, 1));
        let (found, census) = all(true, &rows[..3]);
        assert_eq!(found, [New, Duplicate { of: first }, Duplicate { of: first }]);
        assert_eq!(census.seats(), 1);
    }

    #[test]
    fn crowds() {
        let mut census = Census::new(false);
        for n in 0..252 {
            census.add(at(n + 2), &seat(&format!("user {n}"), None));
        }
        let crowds = census.crowds();
        assert_eq!((crowds[0].seats, crowds[0].open, crowds[0].beyond(), crowds[0].first), (252, 252, 2, at(2)));
    }
}
