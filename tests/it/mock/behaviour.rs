//! Limits, lifetimes, latencies and mischief, on a clock that is handed in.

use super::caller::{Caller, Got, meeting_body};
use headcount::behaviour::{Behaviour, Quota, Rule};
use headcount::mock::options::{Capacity, Hints, Lifetime};
use headcount::mock::server::admin;
use headcount::mock::server::metrics::Metrics;
use headcount::mock::sides::Sides;
use headcount::mock::spoil::Wire;
use headcount::mock::{Mock, Options};
use headcount::yaml;
use serde_json::{Value, json};
use std::time::Duration;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn a_published_quota_throttles_as_the_service_does() {
    let options = Options { quota: Quota::published(), hints: Hints::On, ..Options::default() };
    let caller = Caller::with(options);
    let meeting = caller.meeting("m", Value::Null);
    let ask = |at: Duration| caller.later(at, "GET", &format!("/meetings/{meeting}"), Value::Null);
    let granted = (0..100).filter(|_| ask(Duration::ZERO).status == 200).count();
    assert_eq!(granted, 19, "twenty tokens over all operations, of which CreateMeeting took one");
    let refused = ask(Duration::ZERO);
    assert_eq!(
        (refused.status, refused.kind.as_str(), refused.at("/Message").as_str()),
        (429, "ThrottlingException", "Rate exceeded")
    );
    assert_eq!((0..100).filter(|_| ask(secs(1)).status == 200).count(), 10);
    let answer = caller.answer(secs(1), "GET", &format!("/meetings/{meeting}"), "");
    assert_eq!(answer.response.headers()["x-amz-retry-after"], "101");
}

#[test]
fn meetings_and_replicas_are_counted_where_the_quota_says() {
    let quota: Quota = "meetings=3,replicas=1".parse().unwrap();
    let caller = Caller::with(Options { quota, ..Options::default() });
    let primary = caller.meeting("p", Value::Null);
    let replica = |token: &str| caller.call("POST", "/meetings", meeting_body(token, json!({ "PrimaryMeetingId": primary })));
    assert_eq!(replica("r1").status, 200);
    assert_eq!(replica("r2").kind, "LimitExceededException");
    caller.meeting("other", Value::Null);
    let full = caller.call("POST", "/meetings", meeting_body("one more", Value::Null));
    assert_eq!(full.kind, "BadRequestException", "a blank is not allowed in a token");
    let full = caller.call("POST", "/meetings", meeting_body("one-more", Value::Null));
    assert_eq!((full.status, full.kind.as_str()), (400, "LimitExceededException"));
    assert_eq!(caller.call("DELETE", &format!("/meetings/{primary}"), Value::Null).status, 204);
    caller.meeting("one-more", Value::Null);
    caller.meeting("two-more", Value::Null);
}

#[test]
fn a_meeting_nobody_connects_to_ends_after_five_minutes() {
    let caller = Caller::with(Options { lifetime: Lifetime::On { scale: 60.0 }, ..Options::default() });
    let make = |token: &str, more: Value| caller.meeting(token, more);
    let (alone, joined) = (make("a", Value::Null), make("b", Value::Null));
    let (of_alone, of_joined) =
        (make("ra", json!({ "PrimaryMeetingId": alone })), make("rb", json!({ "PrimaryMeetingId": joined })));
    let id = headcount::mock::ids::Guid::parse(&joined).unwrap();
    assert!(caller.mock.service().connect(id));
    let at = |after: Duration, meeting: &str| caller.later(after, "GET", &format!("/meetings/{meeting}"), Value::Null);
    // Sixty times faster than in life: five minutes are five seconds, a day is twenty-four minutes.
    assert_eq!(at(Duration::from_millis(4900), &alone).status, 200);
    for gone in [&alone, &of_alone] {
        let got = at(Duration::from_millis(5100), gone);
        assert_eq!((got.status, got.at("/Message").as_str()), (404, "The meeting has ended"));
    }
    for there in [&joined, &of_joined] {
        assert_eq!(at(secs(1439), there).status, 200);
    }
    for gone in [&joined, &of_joined] {
        assert_eq!(at(secs(1441), gone).status, 404);
    }
    assert_eq!(caller.mock.service().counts(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_mocks_own_endpoints_know_what_time_it_is() {
    let caller = Caller::with(Options { lifetime: Lifetime::On { scale: 1.0 }, ..Options::default() });
    let metrics = Metrics::default();
    let ask = |method: &str, path: &str| {
        let request = http::Request::builder().method(method).uri(format!("/_mock/{path}")).body(()).unwrap();
        let answer = admin::answer(&caller.mock, &metrics, admin::Peer::Local, &request.into_parts().0, b"");
        (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
    };
    let meeting = caller.meeting("m", Value::Null);
    caller.attendee(&meeting, json!({ "ExternalUserId": "ada" }));
    assert!(ask("GET", "state").1.contains("\"meetings\":1"));
    tokio::time::advance(secs(301)).await;
    let state: Value = serde_json::from_str(&ask("GET", "state").1).unwrap();
    assert_eq!((&state["meetings"], &state["attendees"]), (&json!(0), &json!(0)));
    let meeting = caller.later(secs(301), "POST", "/meetings", meeting_body("n", Value::Null)).at("/Meeting/MeetingId");
    tokio::time::advance(secs(301)).await;
    for verb in ["connect", "end"] {
        assert_eq!(ask("POST", &format!("meetings/{meeting}/{verb}")).0, 404, "nobody can {verb} what is over");
    }
    assert!(ask("GET", "metrics").1.contains("headcount_mock_meetings 0\n"));
}

#[test]
fn latency_and_waiting_in_line_go_with_the_answer() {
    let capacity = Capacity { workers: 2, service: "20ms".parse().unwrap() };
    let options = Options { latency: "5ms".parse().unwrap(), capacity: Some(capacity), ..Options::default() };
    let caller = Caller::with(options);
    let millis: Vec<u128> = (0..5)
        .map(|_| caller.answer(secs(1), "DELETE", &format!("/meetings/{}", "0".repeat(36)), "").after.as_millis())
        .collect();
    assert_eq!(millis, [25, 25, 45, 45, 65]);
}

/// The files that are shipped, each read and tried.
fn shipped() -> Vec<(String, Behaviour)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/mischief");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().display().to_string();
        let file: Behaviour = yaml::parse(&name, &std::fs::read_to_string(path).unwrap()).unwrap_or_else(|e| panic!("{e}"));
        file.check().unwrap();
        (name, file)
    };
    files.iter().map(read).collect()
}

fn with(rules: Vec<Rule>) -> Caller {
    Caller::with(Options { mischief: rules, ..Options::default() })
}

#[test]
fn every_shipped_file_strikes_and_strikes_alike_each_time() {
    let files = shipped();
    assert!(files.len() >= 25);
    for (name, file) in files {
        let run = || {
            let caller = with(file.mischief.clone());
            let setup = Caller::new().meeting("m", Value::Null);
            caller.mock.service().adopt(Duration::ZERO, headcount::mock::ids::Guid::parse(&setup).unwrap());
            let uri = format!("/meetings/{setup}/attendees");
            let ask = |n: u64| {
                let body = json!({ "ExternalUserId": format!("user-{n}") }).to_string();
                let answer = caller.answer(Duration::from_millis(600 + n), "POST", &uri, &body);
                (
                    answer.response.status(),
                    answer.wire,
                    answer.after,
                    answer.told.mischief.clone(),
                    answer.response.body().clone(),
                )
            };
            let answers: Vec<_> = (0..150).map(ask).collect();
            (answers, caller.mock.mischief().list())
        };
        let (first, struck) = run();
        assert!(struck.iter().any(|(_, _, n)| *n > 0), "{name} never struck");
        assert_eq!(run(), (first, struck), "{name} does not repeat itself");
    }
}

fn rule(text: &str) -> Rule {
    yaml::parse("rule", &format!("name: r\n{text}")).unwrap()
}

#[test]
fn tricks_do_what_they_say() {
    let meeting = "00000000-0000-0000-0000-00000000000a";
    let tried = |text: &str| {
        let caller = with(vec![rule(text)]);
        caller.mock.service().adopt(Duration::ZERO, headcount::mock::ids::Guid(10));
        let uri = format!("/meetings/{meeting}/attendees");
        let answer = caller.answer(Duration::ZERO, "POST", &uri, "{\"ExternalUserId\":\"ada\"}");
        let there = caller.mock.service().counts().1;
        (answer, there)
    };
    let (answer, there) = tried("do: { reset: before_work }");
    assert_eq!((answer.wire, there), (Wire::Reset, 0));
    let (answer, there) = tried("do: { reset: after_work }");
    assert_eq!((answer.wire, there, answer.told.outcome), (Wire::Reset, 1, "ok"));
    let (answer, there) = tried("do: { hang: after_work }");
    assert_eq!((answer.wire, there), (Wire::Hang, 1));
    let (answer, there) = tried("do: { error: { type: ServiceFailureException, at: after_work } }");
    assert_eq!((answer.response.status().as_u16(), there), (500, 1));
    let (answer, there) = tried("do: { error: { type: ServiceUnavailable, retry_after: \"7\" } }");
    assert_eq!((answer.response.status().as_u16(), there), (503, 0));
    assert_eq!(answer.response.headers()["retry-after"], "7");
    let (answer, _) = tried("do: { truncate: 0.5 }");
    assert_eq!(answer.wire, Wire::Cut(answer.response.body().len() / 2));
    let (answer, _) = tried("do: { html: 502 }");
    assert!(answer.response.body().starts_with(b"<!DOCTYPE") && !answer.response.headers().contains_key("x-amzn-requestid"));
    let body = |text: &str| -> Value { serde_json::from_slice(tried(text).0.response.body()).unwrap() };
    assert_eq!(body("do: wrong_user")["Attendee"]["ExternalUserId"], "somebody-else");
    assert!(body("do: without_token")["Attendee"]["JoinToken"].is_null());
    assert!(body("do: hostile_token")["Attendee"]["JoinToken"].as_str().unwrap().contains('\u{1b}'));
    let (answer, _) = tried("do: end_meeting");
    assert_eq!(Got::of(&answer).at("/Message"), "The meeting has ended");
    let (answer, _) = tried("until: 2s\ndo: stall");
    assert_eq!(answer.after, secs(2));
    let (answer, _) = tried("do: { clock_ahead: 15m }");
    let later = httpdate::parse_http_date(answer.response.headers()["date"].to_str().unwrap()).unwrap();
    assert_eq!(later, super::caller::date() + secs(900));
}

#[test]
fn an_attendee_of_somebody_else() {
    let caller = with(vec![rule("after: 1\ndo: shared_attendee")]);
    caller.mock.service().adopt(Duration::ZERO, headcount::mock::ids::Guid(10));
    let ask = |user: &str| caller.attendee("00000000-0000-0000-0000-00000000000a", json!({ "ExternalUserId": user }));
    let (ada, bob) = (ask("ada"), ask("bob"));
    assert_eq!(ada.at("/Attendee/AttendeeId"), bob.at("/Attendee/AttendeeId"));
    assert_eq!(
        (ada.at("/Attendee/JoinToken"), bob.at("/Attendee/ExternalUserId")),
        (bob.at("/Attendee/JoinToken"), "bob".into())
    );
}

#[test]
fn what_fails_first_comes_right_when_asked_again() {
    let rules =
        vec![rule("first_per_key: 1\ndo: { error: { type: ServiceFailureException } }"), rule("first_per_key: 1\ndo: not_json")];
    let caller = with(rules);
    let ask = || caller.answer(Duration::ZERO, "POST", "/meetings", &meeting_body("m", Value::Null).to_string());
    assert_eq!(ask().response.status(), 500);
    assert!(serde_json::from_slice::<Value>(ask().response.body()).is_err());
    assert_eq!(Got::of(&ask()).status, 200);
    assert!(caller.mock.mischief().switch("r", false) && !caller.mock.mischief().switch("s", true));
}

#[test]
fn two_operations_on_one_path_are_two_requests() {
    let caller = with(vec![rule("first_per_key: 1\ndo: { error: { type: ServiceFailureException } }")]);
    let nobody = "/meetings/00000000-0000-0000-0000-000000000000";
    let statuses = |method: &str| [0; 2].map(|_| caller.call(method, nobody, Value::Null).status);
    assert_eq!((statuses("GET"), statuses("DELETE")), ([500, 404], [500, 204]));
}

#[test]
fn a_mock_that_is_told_to_behave_otherwise_does() {
    let caller = Caller::with(Options { latency: "5ms".parse().unwrap(), ..Options::default() });
    let behave = |text: &str| caller.mock.behave(&yaml::parse("b", text).unwrap());
    let after = || caller.answer(Duration::ZERO, "GET", "/tags", "").after.as_millis();
    behave("version: 1\nlatency: { fixed: 70ms }\n").unwrap();
    assert_eq!(after(), 70);
    assert!(behave("version: 1\nlatency: { fixed: 90ms }\nmischief:\n  - name: r\n    share: 2\n    do: close\n").is_err());
    assert_eq!(after(), 70, "nothing changes if the file is no good");
    behave("version: 1\nmischief:\n  - name: r\n    do: close\n").unwrap();
    assert_eq!((after(), caller.mock.mischief().list().len()), (5, 1), "the latency it was started with");
}

#[test]
fn a_reset_leaves_the_meetings_that_were_named_at_the_start() {
    let named = "00000000-0000-0000-0000-00000000000a";
    let adopt = vec![headcount::chime::id::MeetingId::parse(named).unwrap()];
    let caller = Caller::with(Options { adopt, ..Options::default() });
    caller.mock.adopt_named();
    caller.meeting("m", Value::Null);
    assert_eq!(caller.attendee(named, json!({ "ExternalUserId": "ada" })).status, 200);
    caller.mock.reset();
    assert_eq!(caller.mock.service().counts(), (1, 0));
    assert_eq!(caller.attendee(named, json!({ "ExternalUserId": "ada" })).status, 200);
}

#[test]
fn sides_can_be_taken() {
    let sided = |name: &str, value: &str| {
        let mut sides = Sides::default();
        sides.set(name, value).unwrap();
        Caller::with(Options { sides, ..Options::default() })
    };
    let bad = sided("bad-input", "front-end").attendee("zz", json!({}));
    assert_eq!((bad.status, bad.kind.as_str()), (400, "ValidationException"));
    let caller = sided("ids", "exact");
    let meeting = caller.meeting("m", Value::Null);
    let id =
        |caller: &Caller, user: &str| caller.attendee(&meeting, json!({ "ExternalUserId": user })).at("/Attendee/AttendeeId");
    assert_ne!(id(&caller, "Ada"), id(&caller, "ada"));
    let caller = sided("repeat", "update");
    caller.meeting("m", Value::Null);
    id(&caller, "ada");
    let none = json!({ "Audio": "None", "Video": "None", "Content": "None" });
    let again = caller.attendee(&meeting, json!({ "ExternalUserId": "ada", "Capabilities": none }));
    assert_eq!(again.body["Attendee"]["Capabilities"], none);
    let hd = json!({ "MeetingFeatures": { "Video": { "MaxResolution": "FHD" } } });
    assert_eq!(sided("hd-count", "25").call("POST", "/meetings", meeting_body("m", hd)).status, 200);
    assert_eq!(
        sided("media-region", "any").call("POST", "/meetings", meeting_body("m", json!({ "MediaRegion": "mars-1" }))).status,
        200
    );
    let nobody = "/meetings/00000000-0000-0000-0000-000000000000";
    assert_eq!(sided("delete-meeting", "not-found").call("DELETE", nobody, Value::Null).status, 404);
    let caller = sided("delete-absent", "succeed");
    let uri = format!("/meetings/{}/attendees/00000000-0000-0000-0000-000000000000", caller.meeting("m", Value::Null));
    assert_eq!(caller.call("DELETE", &uri, Value::Null).status, 204);
    let caller = sided("stop-idle", "succeed");
    let uri = format!("/meetings/{}/transcription?operation=stop", caller.meeting("m", Value::Null));
    assert_eq!(caller.call("POST", &uri, Value::Null).status, 200);
    let caller = sided("batch-item", "whole");
    let uri = format!("/meetings/{}/attendees?operation=batch-create", caller.meeting("m", Value::Null));
    let items = json!({ "Attendees": [{ "ExternalUserId": "ok" }, { "ExternalUserId": "aws:x" }] });
    assert_eq!((caller.call("POST", &uri, items).status, caller.mock.service().counts().1), (400, 0));
}

#[test]
fn a_batch_that_fails_whole_has_made_nothing() {
    let mut sides = Sides::default();
    sides.set("batch-item", "whole").unwrap();
    sides.set("batch-full", "whole").unwrap();
    let caller = Caller::with(Options { sides, ..Options::default() });
    let users = |users: &[&str]| Value::Array(users.iter().map(|user| json!({ "ExternalUserId": user })).collect());
    let two_seats = json!({ "Attendee": { "MaxCount": 2 } });
    let with = |attendees: Value| {
        let body = meeting_body("m", json!({ "Attendees": attendees, "MeetingFeatures": two_seats }));
        let got = caller.call("POST", "/meetings?operation=create-attendees", body);
        (got.status, got.kind, caller.mock.service().counts())
    };
    assert_eq!(with(users(&["ok", "aws:x"])), (400, "BadRequestException".into(), (0, 0)));
    let greedy = json!([{ "ExternalUserId": "ok", "Capabilities": { "Audio": "None", "Video": "None", "Content": "Receive" } }]);
    assert_eq!(with(greedy), (400, "BadRequestException".into(), (0, 0)));
    assert_eq!(with(users(&["u1", "u2", "u3"])), (400, "LimitExceededException".into(), (0, 0)));
    assert_eq!(with(users(&["u1", "u2", "U1"])), (200, String::new(), (1, 2)), "one id twice takes one seat");
    let uri = format!("/meetings/{}/attendees?operation=batch-create", caller.meeting("m", Value::Null));
    let again = |names: &[&str]| caller.call("POST", &uri, json!({ "Attendees": users(names) })).kind;
    assert_eq!((again(&["u1", "u3"]).as_str(), again(&["u1", "u2"]).as_str()), ("LimitExceededException", ""));
    assert_eq!(caller.mock.service().counts(), (1, 2));
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |options: Options| Mock::open(options, None, Duration::ZERO).is_err();
    assert!(refused(Options { quota: "create_attendees=1/1".parse().unwrap(), ..Options::default() }));
    for text in [
        "do: stall",
        "share: 2\ndo: close",
        "from: 2s\nuntil: 1s\ndo: close",
        "operations: [Nope]\ndo: close",
        "do: { error: { type: Nope } }",
        "do: { redirect: \"not a place\" }",
        "do: { redirect: \"\" }",
        "do: { redirect: \"/elsewhere\" }",
        "do: { redirect: \"http://x/\\r\\nSet-Cookie: a=b\" }",
        "do: { mislabel: \"text/\\nhtml\" }",
        "do: { error: { type: ServiceFailureException, retry_after: \"\\u0007\" } }",
    ] {
        assert!(refused(Options { mischief: vec![rule(text)], ..Options::default() }), "{text}");
    }
}

#[test]
fn behind_the_quota_what_is_throttled_stays_throttled() {
    let rule = |rest: &str| yaml::parse::<Rule>("rule", &format!("name: x\noperations: [GetMeeting]\n{rest}\n")).unwrap();
    let asked = |rest: &str| {
        let quota = "get_meeting=10/10".parse().unwrap();
        let caller = Caller::with(Options { quota, mischief: vec![rule(rest)], ..Options::default() });
        let meeting = caller.meeting("m", Value::Null);
        let ask = |_| {
            let answer = caller.answer(Duration::ZERO, "GET", &format!("/meetings/{meeting}"), "");
            (answer.response.status().as_u16(), answer.wire)
        };
        ((0..15).map(ask).collect::<Vec<_>>(), caller.mock.mischief().list()[0].2)
    };
    let sent = |status, times| vec![(status, Wire::Send); times];
    let error = "do: { error: { type: ServiceUnavailableException } }";
    assert_eq!(asked(error), (sent(503, 15), 15), "at the door, the quota is never asked");
    assert_eq!(asked(&format!("behind_quota: true\n{error}")), ([sent(503, 10), sent(429, 5)].concat(), 10));
    let (answers, struck) = asked("behind_quota: true\ndo: { reset: after_work }");
    assert_eq!((&answers[..10], &answers[10..], struck), (&vec![(200, Wire::Reset); 10][..], &sent(429, 5)[..], 10));
    let (answers, struck) = asked("behind_quota: true\ndo: { html: 502 }");
    assert_eq!((answers, struck), ([sent(502, 10), sent(429, 5)].concat(), 10));
    assert_eq!(asked("behind_quota: true\ndo: not_json").1, 10);
    assert!(rule("behind_quota: true\ndo: { slow: 2 }").check().is_err());
}
