//! Who sits in which meeting of a session, when the meetings are made for the roster.
//!
//! Holds [`Seating`] and [`seat_all`], a pure first fit: whoever has a place keeps it, so that running again and adding people late
//! moves nobody; groups sit together where a meeting is large enough. Called by `rooms` as a roster is taken in. It never sees an
//! id or a meeting's name.

use std::collections::HashMap;

/// How meetings are made for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seating {
    /// Seats of one meeting, 1 to 250.
    pub per_meeting: u32,
    /// Seats left free in each, for whoever comes unannounced.
    pub reserve: u32,
    /// What the meetings of a session are to each other.
    pub audience: Audience,
}

/// What the meetings of a session are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audience {
    /// Meetings of their own.
    #[default]
    Meetings,
    /// The first is the primary, for those who present; the others are its replicas, for those who watch.
    Replicas,
}

impl Default for Seating {
    fn default() -> Self {
        Seating { per_meeting: crate::chime::quota::ATTENDEES_PER_MEETING, reserve: 0, audience: Audience::Meetings }
    }
}

impl Seating {
    /// Seats given in one meeting.
    pub fn places(&self) -> u32 {
        self.per_meeting.saturating_sub(self.reserve).max(1)
    }
}

/// Somebody who wants a place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guest {
    /// Seats: more than one where ids are equal but for letter case.
    pub places: u32,
    /// The group to sit with, by its number.
    pub team: Option<usize>,
    /// Whether they present.
    pub presents: bool,
    /// Which meeting of the session, from 0.
    pub part: Option<usize>,
}

/// Gives everybody without a place one, first come, first served. `free` tells how many seats each meeting of the session has
/// left for those of `guests`; it grows as meetings are added. Presenters who find no room in the primary stay without a place.
/// Answers how many groups had to be split.
pub fn seat_all(guests: &mut [Guest], free: &mut Vec<u32>, seating: &Seating) -> u64 {
    let mut teams: HashMap<usize, Vec<usize>> = HashMap::new();
    for (i, guest) in guests.iter().enumerate() {
        if let Some(part) = guest.part {
            free.resize(free.len().max(part + 1), seating.places());
            free[part] = free[part].saturating_sub(guest.places);
        }
        if let Some(team) = guest.team {
            teams.entry(team).or_default().push(i);
        }
    }
    if free.is_empty() {
        free.push(seating.places());
    }
    let mut hall = Hall { free, seating, lowest: 0 };
    let mut split = 0;
    for i in 0..guests.len() {
        if guests[i].part.is_some() {
            continue;
        }
        // A group is placed when its first unplaced member comes up; the lone ones behind it do not come between.
        let team = guests[i].team.and_then(|team| teams.get(&team));
        let party: Vec<usize> = match team {
            Some(all) => {
                all.iter().copied().filter(|j| guests[*j].part.is_none() && guests[*j].presents == guests[i].presents).collect()
            }
            None => vec![i],
        };
        let need = party.iter().map(|j| guests[*j].places).sum();
        let mates = team.into_iter().flatten().filter_map(|j| guests[*j].part);
        match hall.take(need, guests[i].presents, mates) {
            Some(part) => party.iter().for_each(|j| guests[*j].part = Some(part)),
            None => {
                split += u64::from(party.len() > 1);
                for j in party {
                    guests[j].part = hall.take(guests[j].places, guests[j].presents, std::iter::empty());
                }
            }
        }
    }
    split
}

struct Hall<'a> {
    free: &'a mut Vec<u32>,
    seating: &'a Seating,
    /// Below this, every meeting for those who watch is full.
    lowest: usize,
}

impl Hall<'_> {
    /// Takes `need` seats in one meeting: where mates sit, or in the first that has them, or in a new one.
    fn take(&mut self, need: u32, presents: bool, mates: impl Iterator<Item = usize>) -> Option<usize> {
        let (from, most) = match (self.seating.audience, presents) {
            (Audience::Meetings, _) => (0, usize::MAX),
            (Audience::Replicas, true) => (0, 1),
            (Audience::Replicas, false) => (1, usize::MAX),
        };
        let fits = |free: &[u32], part: usize| part >= from && part < most && free[part] >= need;
        let with_mates = mates.filter(|part| fits(self.free, *part)).min();
        let found = with_mates.or_else(|| {
            if from > 0 || most > 1 {
                self.lowest = self.lowest.max(from);
                while self.free.get(self.lowest).is_some_and(|free| *free == 0) {
                    self.lowest += 1;
                }
            }
            let start = if most == 1 { 0 } else { self.lowest };
            (start..self.free.len()).find(|part| fits(self.free, *part))
        });
        let part = match found {
            Some(part) => part,
            None if most == usize::MAX && need <= self.seating.places() => {
                self.free.resize(self.free.len().max(from) + 1, self.seating.places());
                self.free.len() - 1
            }
            None => return None,
        };
        self.free[part] -= need;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn guest(team: Option<usize>) -> Guest {
        Guest { places: 1, team, ..Guest::default() }
    }

    fn seating(per_meeting: u32, audience: Audience) -> Seating {
        Seating { per_meeting, reserve: 0, audience }
    }

    #[test]
    fn ten_thousand_who_watch_fill_forty_replicas() {
        let mut guests = vec![guest(None); 10_000];
        let mut free = Vec::new();
        seat_all(&mut guests, &mut free, &seating(250, Audience::Replicas));
        assert_eq!((free.len(), free[0], free[1..].iter().sum::<u32>()), (41, 250, 0));
    }

    #[test]
    fn presenters_sit_in_the_primary_and_those_without_room_stay_out() {
        let mut guests = vec![Guest { presents: true, ..guest(None) }; 5];
        guests.push(guest(None));
        seat_all(&mut guests, &mut Vec::new(), &seating(4, Audience::Replicas));
        assert_eq!(guests.iter().map(|g| g.part).collect::<Vec<_>>(), [Some(0), Some(0), Some(0), Some(0), None, Some(1)]);
    }

    #[test]
    fn groups_sit_together_and_latecomers_with_their_group_while_there_is_room() {
        let plan = seating(4, Audience::Meetings);
        let mut guests: Vec<_> = [0, 0, 0, 1, 1, 2].map(|team| guest(Some(team))).into();
        let mut free = Vec::new();
        assert_eq!(seat_all(&mut guests, &mut free, &plan), 0);
        assert_eq!(guests.iter().map(|g| g.part.unwrap()).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 0]);
        guests.extend([guest(Some(1)), guest(Some(0)), guest(None)]);
        let mut free = vec![4, 4];
        assert_eq!(seat_all(&mut guests, &mut free, &plan), 0);
        assert_eq!(guests[6..].iter().map(|g| g.part.unwrap()).collect::<Vec<_>>(), [1, 1, 2]);
    }

    #[test]
    fn a_group_larger_than_a_meeting_is_split_and_told() {
        let mut guests = vec![guest(Some(0)); 5];
        assert_eq!(seat_all(&mut guests, &mut Vec::new(), &seating(4, Audience::Meetings)), 1);
        assert!(guests.iter().all(|g| g.part.is_some()));
    }

    proptest! {
        /// No meeting is overfilled, nobody moves, everybody who watches has a place, whatever came before.
        #[test]
        fn first_fit_keeps_to_the_seats_there_are(
            teams in prop::collection::vec((prop::option::of(0usize..6), any::<bool>()), 1..80),
            later in prop::collection::vec((prop::option::of(0usize..6), any::<bool>()), 0..40),
            per in 1u32..9, replicas in any::<bool>(),
        ) {
            let plan = seating(per, if replicas { Audience::Replicas } else { Audience::Meetings });
            let new = |(team, presents): &(Option<usize>, bool)| Guest { presents: *presents, ..guest(*team) };
            let mut guests: Vec<Guest> = teams.iter().map(new).collect();
            seat_all(&mut guests, &mut Vec::new(), &plan);
            let before = guests.clone();
            guests.extend(later.iter().map(new));
            let parts = before.iter().filter_map(|g| g.part).max().map_or(0, |n| n + 1);
            seat_all(&mut guests, &mut vec![per; parts], &plan);
            for (was, is) in before.iter().zip(&guests) {
                prop_assert!(was.part.is_none() || was.part == is.part);
            }
            let mut seats = HashMap::<usize, u32>::new();
            guests.iter().filter_map(|g| g.part).for_each(|part| *seats.entry(part).or_default() += 1);
            prop_assert!(seats.values().all(|n| *n <= per), "{:?}", seats);
            prop_assert!(guests.iter().all(|g| g.part.is_some() || replicas && g.presents));
            prop_assert!(!replicas || guests.iter().all(|g| g.part.is_none_or(|part| (part == 0) == g.presents)));
        }
    }
}
