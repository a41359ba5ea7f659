//! Many callers at once: one attendee a user, no seat given twice, one meeting a token.

use super::caller::Caller;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

#[test]
fn idempotency_and_capacity_hold_under_concurrency() {
    let caller = Caller::new();
    let meeting = caller.meeting("m", json!({ "MeetingFeatures": { "Attendee": { "MaxCount": 50 } } }));
    let seen: Mutex<HashMap<String, BTreeSet<String>>> = Mutex::default();
    std::thread::scope(|scope| {
        for thread in 0..8usize {
            let (caller, meeting, seen) = (&caller, &meeting, &seen);
            scope.spawn(move || {
                for n in 0..400usize {
                    // Every thread asks for the same 80 users, in another order and case; 50 seats are there.
                    let user = format!("User-{}", (n * (2 * thread + 1) + thread) % 80);
                    let asked = if thread % 2 == 0 { user.to_uppercase() } else { user.clone() };
                    let got = caller.attendee(meeting, json!({ "ExternalUserId": asked }));
                    match got.status {
                        200 => drop(seen.lock().unwrap().entry(user).or_default().insert(got.at("/Attendee/AttendeeId"))),
                        400 => assert_eq!(got.kind, "LimitExceededException"),
                        other => panic!("{other}"),
                    }
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    assert_eq!((seen.len(), caller.mock.service().counts().1), (50, 50));
    assert!(seen.values().all(|ids| ids.len() == 1));
    assert_eq!(seen.values().flatten().collect::<BTreeSet<_>>().len(), 50);
}

#[test]
fn one_meeting_a_token_while_others_delete() {
    let caller = Caller::new();
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let caller = &caller;
            scope.spawn(move || {
                for n in 0..200 {
                    let meeting = caller.meeting(&format!("t{}", n % 7), Value::Null);
                    let uri = format!("/meetings/{meeting}");
                    if thread < 2 && n % 3 == 0 {
                        assert_eq!(caller.call("DELETE", &uri, Value::Null).status, 204);
                    } else {
                        let got = caller.attendee(&meeting, json!({ "ExternalUserId": format!("u{thread}") }));
                        assert!(matches!(got.status, 200 | 404), "{got:?}");
                    }
                }
            });
        }
    });
    let (meetings, attendees) = caller.mock.service().counts();
    let listed: usize = (0..7)
        .map(|n| caller.meeting(&format!("t{n}"), Value::Null))
        .map(|id| {
            caller.call("GET", &format!("/meetings/{id}/attendees"), Value::Null).body["Attendees"].as_array().unwrap().len()
        })
        .sum();
    assert!(meetings <= 7);
    assert_eq!(listed as u64, attendees, "the count agrees with the lists");
}

#[test]
fn ids_and_tokens_do_not_depend_on_the_order_of_calls() {
    let answers = |order: &mut dyn Iterator<Item = usize>| {
        let caller = Caller::new();
        let meeting = caller.meeting("m", Value::Null);
        let mut all: Vec<Value> = order
            .map(|n| caller.attendee(&meeting, json!({ "ExternalUserId": format!("u{n}") })).body["Attendee"].clone())
            .collect();
        all.sort_by_key(|a| a["ExternalUserId"].as_str().unwrap().to_owned());
        all
    };
    assert_eq!(answers(&mut (0..40)), answers(&mut (0..40).rev()));
}
