//! Which calls a scenario makes.
//!
//! Holds [`Mix`] and its reader. Called by `file`, and by the engine to choose. It never makes a call.

use super::format::{CALLS, OPERATIONS, WEIGHTS};
use super::reader::{Faults, Keys};
use super::scalars::{list, word};
use crate::chime::operation::Operation;
use crate::yaml::node::Node;

/// The calls that a scenario can ask for, in the order of [`CALLS`].
const IN_SCENARIOS: [Operation; CALLS.len()] = [
    Operation::CreateAttendee,
    Operation::BatchCreateAttendee,
    Operation::CreateMeeting,
    Operation::GetAttendee,
    Operation::ListAttendees,
    Operation::DeleteAttendee,
];

pub(super) fn called(node: &Node, faults: &Faults) -> Option<Operation> {
    Operation::from_name(word(node, &CALLS, faults)?)
}

/// Which calls are made, and how one is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mix {
    /// Each call is one of these, by weight.
    Weights(Vec<(Operation, u64)>),
    /// All of these in order, for one user.
    Sequence(Vec<Operation>),
}

impl Default for Mix {
    fn default() -> Self {
        Mix::Weights(vec![(Operation::CreateAttendee, 1)])
    }
}

impl Mix {
    /// The calls there are, each once.
    pub fn calls(&self) -> Vec<Operation> {
        let mut calls: Vec<Operation> = match self {
            Mix::Weights(weights) => weights.iter().map(|(operation, _)| *operation).collect(),
            Mix::Sequence(calls) => calls.clone(),
        };
        calls.sort();
        calls.dedup();
        calls
    }

    /// Whether any call makes attendees.
    pub fn creates_attendees(&self) -> bool {
        self.calls().into_iter().any(Operation::makes_attendees)
    }

    /// Calls that one arrival makes.
    pub fn calls_an_arrival(&self) -> u64 {
        match self {
            Mix::Weights(_) => 1,
            Mix::Sequence(calls) => calls.len() as u64,
        }
    }

    /// The share of arrivals that take a new seat with CreateAttendee: 0 to 1. A batch's seats are not counted, for how many it
    /// asks for depends on who is left.
    pub fn seats_an_arrival(&self) -> f64 {
        match self {
            Mix::Weights(weights) => {
                let all: u64 = weights.iter().map(|(_, weight)| weight).sum();
                let seats: u64 =
                    weights.iter().filter(|(call, _)| *call == Operation::CreateAttendee).map(|(_, weight)| weight).sum();
                seats as f64 / all.max(1) as f64
            }
            Mix::Sequence(calls) => f64::from(u8::from(calls.contains(&Operation::CreateAttendee))),
        }
    }
}

pub(super) fn read<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<Mix> {
    let (how, node) = Keys::one(node, &OPERATIONS, faults)?;
    if how == "weights" {
        let keys = Keys::open(node, &WEIGHTS, faults)?;
        let weights: Vec<_> =
            IN_SCENARIOS.into_iter().filter_map(|call| Some((call, keys.counted(call.name())?.value))).collect();
        keys.end();
        if weights.is_empty() {
            return faults.none(node.place, "operations.weights names no call");
        }
        let makes = weights.iter().any(|(call, _)| call.makes_attendees());
        if let Some((call, _)) = weights.iter().find(|(call, _)| call.needs_attendee() && !makes) {
            faults.at(node.place, format!("{} needs attendees, and no call of this mix makes any", call.name()));
        }
        return Some(Mix::Weights(weights));
    }
    let nodes = list(node, "operations.sequence", faults)?;
    let calls: Vec<Option<Operation>> = nodes.iter().map(|node| called(node, faults)).collect();
    let mut there = false;
    for (call, node) in calls.iter().zip(nodes) {
        let Some(call) = call else { continue };
        if call.needs_attendee() && !there {
            faults.at(node.place, format!("{} needs an attendee, and the sequence has not made one before it", call.name()));
        }
        there = (there || call.makes_attendees()) && *call != Operation::DeleteAttendee;
    }
    calls.into_iter().collect::<Option<_>>().map(Mix::Sequence)
}
