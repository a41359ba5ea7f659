//! Random sequences of operations against a plain reference model: a map of meetings of vectors of attendees, written without
//! a look at the mock's own state.

use super::caller::{Caller, meeting_body};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::HashMap;

#[derive(Debug, Clone)]
enum Step {
    Meet(u8),
    MeetReplica(u8, u8),
    End(u8),
    Seat(u8, u8),
    SeatMany(u8, Vec<u8>),
    Leave(u8, u8),
    Allow(u8, u8),
    AllowOthers(u8, u8),
    List(u8),
    Get(u8, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (meeting, user) = (|| 0u8..5, || 0u8..12);
    let step = prop_oneof![
        2 => meeting().prop_map(Step::Meet),
        1 => (meeting(), meeting()).prop_map(|(a, b)| Step::MeetReplica(a, b)),
        1 => meeting().prop_map(Step::End),
        6 => (meeting(), user()).prop_map(|(m, u)| Step::Seat(m, u)),
        2 => (meeting(), prop::collection::vec(user(), 1..8)).prop_map(|(m, u)| Step::SeatMany(m, u)),
        2 => (meeting(), user()).prop_map(|(m, u)| Step::Leave(m, u)),
        1 => (meeting(), user()).prop_map(|(m, u)| Step::Allow(m, u)),
        1 => (meeting(), user()).prop_map(|(m, u)| Step::AllowOthers(m, u)),
        2 => meeting().prop_map(Step::List),
        2 => (meeting(), user()).prop_map(|(m, u)| Step::Get(m, u)),
    ];
    prop::collection::vec(step, 1..80)
}

/// The reference: what exists, in the order it was made. Seats are six, so that meetings fill up.
#[derive(Default)]
struct Model {
    /// Id, primary, and who is in it: user, id, and whether muted.
    meetings: HashMap<u8, (String, Option<u8>, Vec<Seated>)>,
    /// Ids that have been, for none may come back.
    past: Vec<String>,
}

type Seated = (u8, String, bool);

const SEATS: usize = 6;

fn user(n: u8) -> String {
    // Odd users are written in two cases by turns; they are one all the same.
    format!("user {n}")
}

fn none() -> Value {
    json!({ "Audio": "None", "Video": "None", "Content": "None" })
}

impl Model {
    fn end(&mut self, m: u8) {
        if let Some((_, _, seats)) = self.meetings.remove(&m) {
            self.past.extend(seats.into_iter().map(|s| s.1));
        }
        let replicas: Vec<u8> = self.meetings.iter().filter(|(_, v)| v.1 == Some(m)).map(|(k, _)| *k).collect();
        replicas.into_iter().for_each(|r| self.end(r));
    }

    /// What asking for a user gives: the id that is there, or nothing if there is no seat left; none known means a new one.
    fn seat(&mut self, m: u8, u: u8, got: Option<&str>) -> Result<(), TestCaseError> {
        let Some((_, _, seats)) = self.meetings.get_mut(&m) else { panic!("no meeting") };
        match seats.iter().find(|s| s.0 == u) {
            Some(known) => prop_assert_eq!(Some(known.1.as_str()), got),
            None if seats.len() >= SEATS => prop_assert_eq!(None, got),
            None => {
                let id = got.map(str::to_owned);
                prop_assert!(id.as_ref().is_some_and(|id| !self.past.contains(id)), "an id came back: {:?}", id);
                seats.push((u, id.unwrap_or_default(), false));
            }
        }
        Ok(())
    }

    fn step(&mut self, caller: &Caller, step: &Step) -> Result<(), TestCaseError> {
        let features = json!({ "MeetingFeatures": { "Attendee": { "MaxCount": SEATS } } });
        let uri = |model: &Model, m: &u8| model.meetings.get(m).map(|(id, _, _)| format!("/meetings/{id}"));
        match step {
            Step::Meet(m) => {
                let id = caller.meeting(&format!("token-{m}"), features);
                match self.meetings.get(m) {
                    Some(known) => prop_assert_eq!(&known.0, &id),
                    None => drop(self.meetings.insert(*m, (id, None, Vec::new()))),
                }
            }
            Step::MeetReplica(m, of) => {
                let Some((primary, its, _)) = self.meetings.get(of).cloned() else { return Ok(()) };
                let mut more = features;
                more["PrimaryMeetingId"] = json!(primary);
                let got = caller.call("POST", "/meetings", meeting_body(&format!("token-{m}"), more));
                match self.meetings.get(m) {
                    Some(known) => prop_assert_eq!(&known.0, &got.at("/Meeting/MeetingId")),
                    None if its.is_some() => prop_assert_eq!(got.status, 400),
                    None => drop(self.meetings.insert(*m, (got.at("/Meeting/MeetingId"), Some(*of), Vec::new()))),
                }
            }
            Step::End(m) => {
                let Some(uri) = uri(self, m) else { return Ok(()) };
                prop_assert_eq!(caller.call("DELETE", &uri, Value::Null).status, 204);
                self.end(*m);
                prop_assert_eq!(caller.call("GET", &uri, Value::Null).status, 404);
            }
            Step::Seat(m, u) => {
                let Some(uri) = uri(self, m) else { return Ok(()) };
                let asked = if u % 2 == 1 { user(*u).to_uppercase() } else { user(*u) };
                let got = caller.call("POST", &format!("{uri}/attendees"), json!({ "ExternalUserId": asked }));
                self.seat(*m, *u, got.body.pointer("/Attendee/AttendeeId").and_then(Value::as_str))?;
            }
            Step::SeatMany(m, users) => {
                let Some(uri) = uri(self, m) else { return Ok(()) };
                let items: Vec<Value> = users.iter().map(|u| json!({ "ExternalUserId": user(*u) })).collect();
                let got = caller.call("POST", &format!("{uri}/attendees?operation=batch-create"), json!({ "Attendees": items }));
                let made = got.body["Attendees"].as_array().unwrap();
                let errors = got.body["Errors"].as_array().unwrap();
                prop_assert_eq!(made.len() + errors.len(), users.len());
                for u in users {
                    let found = made.iter().find(|a| a["ExternalUserId"].as_str().unwrap().to_lowercase() == user(*u));
                    self.seat(*m, *u, found.and_then(|a| a["AttendeeId"].as_str()))?;
                }
            }
            Step::Leave(m, u) | Step::Allow(m, u) | Step::AllowOthers(m, u) | Step::Get(m, u) => {
                if let Some(uri) = uri(self, m) {
                    self.step_of_one(caller, step, &uri, *m, *u)?;
                }
            }
            Step::List(m) => {
                let Some(uri) = uri(self, m) else { return Ok(()) };
                let got = caller.call("GET", &format!("{uri}/attendees"), Value::Null);
                let listed: Vec<(String, bool)> = got.body["Attendees"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|a| (a["AttendeeId"].as_str().unwrap().to_owned(), a["Capabilities"] == none()))
                    .collect();
                let known: Vec<(String, bool)> = self.meetings[m].2.iter().map(|s| (s.1.clone(), s.2)).collect();
                prop_assert_eq!(listed, known);
            }
        }
        let seats: usize = self.meetings.values().map(|m| m.2.len()).sum();
        prop_assert_eq!(caller.mock.service().counts(), (self.meetings.len(), seats as u64));
        Ok(())
    }

    /// A step that concerns one attendee of a meeting that exists.
    fn step_of_one(&mut self, caller: &Caller, step: &Step, uri: &str, m: u8, u: u8) -> Result<(), TestCaseError> {
        let seats = &mut self.meetings.get_mut(&m).unwrap().2;
        let at = seats.iter().position(|s| s.0 == u);
        let id = at.map_or("00000000-0000-0000-0000-000000000000".to_owned(), |at| seats[at].1.clone());
        let one = format!("{uri}/attendees/{id}");
        match step {
            Step::Leave(..) => {
                prop_assert_eq!(caller.call("DELETE", &one, Value::Null).status, if at.is_some() { 204 } else { 404 });
                self.past.extend(at.map(|at| seats.remove(at).1));
            }
            Step::Allow(..) => {
                let got = caller.call("PUT", &format!("{one}/capabilities"), json!({ "Capabilities": none() }));
                prop_assert_eq!(got.status, if at.is_some() { 200 } else { 404 });
                at.into_iter().for_each(|at| seats[at].2 = true);
            }
            Step::AllowOthers(..) => {
                let body = json!({ "ExcludedAttendeeIds": [{ "AttendeeId": id }], "Capabilities": none() });
                let got = caller.call("PUT", &format!("{uri}/attendees/capabilities?operation=batch-update-except"), body);
                prop_assert_eq!(got.status, 200);
                seats.iter_mut().filter(|s| s.0 != u).for_each(|s| s.2 = true);
            }
            _ => {
                let got = caller.call("GET", &one, Value::Null);
                prop_assert_eq!(got.status, if at.is_some() { 200 } else { 404 });
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_mock_agrees_with_a_plain_model(steps in steps()) {
        let (caller, mut model) = (Caller::new(), Model::default());
        for step in &steps {
            model.step(&caller, step)?;
        }
    }
}
