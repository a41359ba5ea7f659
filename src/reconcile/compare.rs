//! A meeting as the ledger has it, held against the list of it: every way in which the two differ.
//!
//! Holds [`Difference`], [`compare`], one pure function, and [`Tally`]. Called once a meeting. It never asks anybody.

use crate::call::{Attendee, Fault, Seat};
use crate::chime::capability::Capabilities;
use crate::chime::class::Class;
use crate::chime::id::{AttendeeId, ExternalUserId, MeetingId};
use crate::client::replies::Listed;
use crate::ledger::audit::Sitting;
use crate::ledger::store::{Settlement, State, Written};
use std::collections::{HashMap, HashSet};

/// One way in which the ledger and the service differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Settled, and not listed.
    Missing(Sitting),
    /// The meeting has ended, and what was settled in it is void.
    Void(Sitting),
    /// Listed with a token that the ledger does not have: it was asked for and the answer was lost, or made anew by somebody else.
    TokenLost(Sitting, Attendee),
    /// Listed with other capabilities (the last) than are wanted (the middle): what the roster asks for, or else what was granted.
    Capabilities(Sitting, Capabilities, Capabilities),
    /// Made by this run, listed, and no longer named by the roster.
    Dropped(Sitting),
    /// Being deleted, and listed still.
    Leaving(Listed),
    /// Listed, and neither of the ledger nor of the roster.
    Extra(Listed),
}

impl Difference {
    /// Its name in files.
    pub fn name(&self) -> &'static str {
        match self {
            Difference::Missing(_) => "missing",
            Difference::Void(_) => "void",
            Difference::TokenLost(..) => "token-lost",
            Difference::Capabilities(..) => "capabilities",
            Difference::Dropped(_) => "dropped",
            Difference::Leaving(_) => "leaving",
            Difference::Extra(_) => "extra",
        }
    }

    /// The seat of the ledger that it is about.
    pub fn sitting(&self) -> Option<&Sitting> {
        match self {
            Difference::Missing(at) | Difference::Void(at) | Difference::TokenLost(at, _) => Some(at),
            Difference::Capabilities(at, ..) | Difference::Dropped(at) => Some(at),
            Difference::Leaving(_) | Difference::Extra(_) => None,
        }
    }

    /// Who it is about, and the attendee that the service has or had.
    pub fn who(&self) -> (&ExternalUserId, Option<&AttendeeId>) {
        match self {
            Difference::TokenLost(at, listed) => (&at.user, Some(&listed.id)),
            Difference::Missing(at) | Difference::Void(at) | Difference::Capabilities(at, ..) | Difference::Dropped(at) => {
                (&at.user, at.attendee.as_ref())
            }
            Difference::Leaving(listed) | Difference::Extra(listed) => (&listed.user, Some(&listed.id)),
        }
    }

    /// What the ledger should say instead: a token read from the list, or that the seat is to be asked for again.
    pub fn mended(&self, meeting: &MeetingId) -> Option<Settlement> {
        let (at, end) = match self {
            Difference::TokenLost(at, listed) => (at, Written::Settled(listed.clone())),
            Difference::Missing(at) => {
                let what = "it has a token in the ledger, and the service does not list its attendee";
                (at, Written::Not(State::Unknown, Fault::ours(Class::NotFound, MISSING, what)))
            }
            _ => return None,
        };
        Some(Settlement { seat: at.seat, asked: seat(meeting, at), end, attempts: 0 })
    }
}

/// The code of a seat that the service has forgotten.
pub const MISSING: &str = "NotListed";

pub(super) fn seat(meeting: &MeetingId, at: &Sitting) -> Seat {
    Seat { meeting: meeting.clone(), user: at.user.clone(), capabilities: at.asked }
}

/// How many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Tally {
    /// See [`Difference::Missing`].
    pub missing: u64,
    /// See [`Difference::Void`].
    pub void: u64,
    /// See [`Difference::TokenLost`].
    pub token_lost: u64,
    /// See [`Difference::Capabilities`].
    pub capabilities: u64,
    /// See [`Difference::Dropped`].
    pub dropped: u64,
    /// See [`Difference::Leaving`].
    pub leaving: u64,
    /// See [`Difference::Extra`].
    pub extra: u64,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, difference: &Difference) {
        *match difference {
            Difference::Missing(_) => &mut self.missing,
            Difference::Void(_) => &mut self.void,
            Difference::TokenLost(..) => &mut self.token_lost,
            Difference::Capabilities(..) => &mut self.capabilities,
            Difference::Dropped(_) => &mut self.dropped,
            Difference::Leaving(_) => &mut self.leaving,
            Difference::Extra(_) => &mut self.extra,
        } += 1;
    }

    /// Whether there are none.
    pub fn is_clean(&self) -> bool {
        *self == Tally::default()
    }
}

/// The differences of a meeting; `listed` is `None` if it has ended.
pub fn compare(sitting: Vec<Sitting>, listed: Option<Vec<Listed>>, leaving: &HashSet<AttendeeId>) -> Vec<Difference> {
    let Some(listed) = listed else {
        let void = |at: &Sitting| at.named && at.state == Some(State::Settled);
        return sitting.into_iter().filter(void).map(Difference::Void).collect();
    };
    let mut found = Vec::new();
    let mut list = List::new(listed);
    let mut others = Vec::new();
    for at in sitting {
        let settled = at.attendee.as_ref().filter(|_| at.state == Some(State::Settled));
        match settled.and_then(|id| list.of_id(id)) {
            Some(there) if at.named => found.extend(with_attendee(at, there)),
            Some(_) => found.push(Difference::Dropped(at)),
            None => others.push(at),
        }
    }
    // Only now: whom the list has under an id of the ledger's is nobody else's, whatever the letter case of the name.
    for at in others {
        // Somebody who is not named any more and not listed either has gone already; made by somebody else, it is not ours.
        if !at.named {
            continue;
        }
        let there = list.of_user(&at.user);
        match there.and_then(token_of) {
            Some(attendee) => found.push(Difference::TokenLost(at, attendee)),
            None if at.state == Some(State::Settled) => found.push(Difference::Missing(at)),
            // Without a token, or not there: it is asked for by the next run, as it would have been.
            None => {}
        }
    }
    found.extend(list.rest().map(|there| match leaving.contains(&there.id) {
        true => Difference::Leaving(there),
        false => Difference::Extra(there),
    }));
    found
}

fn with_attendee(at: Sitting, there: &Listed) -> Option<Difference> {
    if there.token.is_some() && there.token != at.token {
        return token_of(there).map(|attendee| Difference::TokenLost(at, attendee));
    }
    let (wanted, has) = at.asked.or(at.granted).zip(there.capabilities)?;
    (wanted != has).then(|| Difference::Capabilities(at, wanted, has))
}

fn token_of(there: &Listed) -> Option<Attendee> {
    let Listed { id, user, token, capabilities } = there.clone();
    Some(Attendee { id, user, token: token?, capabilities })
}

/// Who is listed, and which of them are accounted for.
struct List {
    listed: Vec<Listed>,
    claimed: Vec<bool>,
    ids: HashMap<AttendeeId, usize>,
    users: HashMap<String, Vec<usize>>,
}

impl List {
    fn new(listed: Vec<Listed>) -> List {
        let ids = listed.iter().enumerate().map(|(i, there)| (there.id.clone(), i)).collect();
        let mut users: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, there) in listed.iter().enumerate() {
            users.entry(there.user.folded()).or_default().push(i);
        }
        List { claimed: vec![false; listed.len()], listed, ids, users }
    }

    fn of_id(&mut self, id: &AttendeeId) -> Option<&Listed> {
        let i = *self.ids.get(id)?;
        self.claimed[i] = true;
        Some(&self.listed[i])
    }

    /// Whoever is nobody else's and has this name: exactly, or else but for letter case.
    fn of_user(&mut self, user: &ExternalUserId) -> Option<&Listed> {
        let named = self.users.get(&user.folded())?;
        let free = || named.iter().copied().filter(|i| !self.claimed[*i]);
        let i = free().find(|i| self.listed[*i].user == *user).or_else(|| free().next())?;
        self.claimed[i] = true;
        Some(&self.listed[i])
    }

    fn rest(self) -> impl Iterator<Item = Listed> {
        self.listed.into_iter().zip(self.claimed).filter(|(_, claimed)| !claimed).map(|(there, _)| there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chime::id::JoinToken;

    fn id(n: u32) -> AttendeeId {
        AttendeeId::parse(&format!("aaaaaaaa-bbbb-8024-dddd-{n:012}")).unwrap()
    }

    fn listed(user: &str, n: u32) -> Listed {
        let token = JoinToken::parse(&format!("token-{n}"));
        Listed { id: id(n), user: ExternalUserId::parse(user).unwrap(), token, capabilities: Some(Capabilities::DEFAULT) }
    }

    fn sitting(user: &str, named: bool, settled: Option<u32>) -> Sitting {
        Sitting {
            seat: 1,
            user: ExternalUserId::parse(user).unwrap(),
            named,
            asked: None,
            state: settled.map(|_| State::Settled),
            attendee: settled.map(id),
            token: settled.and_then(|n| JoinToken::parse(&format!("token-{n}"))),
            granted: settled.map(|_| Capabilities::DEFAULT),
        }
    }

    fn names(sitting: Vec<Sitting>, listed: Vec<Listed>) -> Vec<(&'static str, String)> {
        let found = compare(sitting, Some(listed), &HashSet::from([id(77)]));
        found.iter().map(|d| (d.name(), d.who().0.as_str().to_owned())).collect()
    }

    #[test]
    fn each_difference_is_told_as_what_it_is() {
        let unknown = Sitting { state: Some(State::Unknown), ..sitting("eve", true, None) };
        let narrow = Sitting { asked: Capabilities::from_code(63), ..sitting("fay", true, Some(6)) };
        let ledger = vec![
            sitting("ann", true, Some(1)),
            sitting("bob", true, Some(2)),
            sitting("cat", true, Some(3)),
            sitting("dan", false, Some(4)),
            unknown,
            narrow,
            sitting("gus", false, Some(8)),
            sitting("hal", true, None),
        ];
        let list = vec![
            listed("ann", 1),
            listed("cat", 33),
            listed("dan", 4),
            listed("eve", 5),
            listed("fay", 6),
            listed("zoe", 9),
            listed("old", 77),
        ];
        let told =
            [("dropped", "dan"), ("capabilities", "fay"), ("missing", "bob"), ("token-lost", "cat"), ("token-lost", "eve")];
        let rest = [("extra", "zoe"), ("leaving", "old")];
        let wanted: Vec<_> = told.into_iter().chain(rest).map(|(kind, user)| (kind, user.to_owned())).collect();
        assert_eq!(names(ledger, list), wanted);
    }

    #[test]
    fn names_that_differ_in_letter_case_alone_take_nothing_from_each_other() {
        let twins = || vec![sitting("Bob", true, Some(1)), sitting("bob", true, Some(2))];
        assert_eq!(names(twins(), vec![listed("Bob", 1), listed("bob", 2)]), []);
        assert_eq!(names(twins(), vec![listed("Bob", 1)]), [("missing", "bob".to_owned())]);
        let shared = vec![sitting("Bob", true, Some(1)), sitting("bob", true, Some(1))];
        assert_eq!(names(shared, vec![listed("BOB", 1)]), [], "one attendee, shared");
        assert_eq!(names(vec![sitting("bob", true, Some(2))], vec![listed("BOB", 3)]), [("token-lost", "bob".to_owned())]);
    }

    #[test]
    fn an_ended_meeting_makes_void_what_the_roster_names() {
        let found = compare(vec![sitting("ann", true, Some(1)), sitting("bob", false, Some(2))], None, &HashSet::new());
        assert_eq!(found.iter().map(Difference::name).collect::<Vec<_>>(), ["void"]);
    }

    #[test]
    fn a_list_without_tokens_takes_none_away() {
        let bare = Listed { token: None, ..listed("ann", 1) };
        assert_eq!(names(vec![sitting("ann", true, Some(1))], vec![bare.clone()]), []);
        let other = Listed { token: None, ..listed("ann", 5) };
        assert_eq!(names(vec![sitting("ann", true, Some(1))], vec![other]), [("missing", "ann".to_owned())]);
    }
}
