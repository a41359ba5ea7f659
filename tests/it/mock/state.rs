//! A mock that is stopped and started again on its state file.

use super::caller::{Got, date};
use headcount::mock::options::Lifetime;
use headcount::mock::state::{StateError, StateFile};
use headcount::mock::{Auth, Mock, Options};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn run<T>(path: &Path, days_later: u32, lifetime: Lifetime, test: impl FnOnce(&dyn Fn(&str, &str, Value) -> Got) -> T) -> T {
    let wall = date() + Duration::from_secs(86_400) * days_later;
    let state = StateFile::open(path, 0, "fold", wall, Arc::default()).unwrap();
    let options = Options { auth: Auth::Off, lifetime, ..Options::default() };
    let mock = Mock::open(options, Some(state.watcher()), state.before()).unwrap();
    state.load(mock.service()).unwrap();
    let out = test(&|method, uri, body: Value| {
        let request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
        let text = if body.is_null() { String::new() } else { body.to_string() };
        Got::of(&mock.answer(Instant::now(), wall, &request.into_parts().0, text.as_bytes()))
    });
    drop(mock);
    state.close().unwrap();
    out
}

#[test]
fn what_was_is_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let meeting_body = |token: &str, more: Value| super::caller::meeting_body(token, more);
    let before = run(&path, 0, Lifetime::Off, |call| {
        let more = json!({ "Tags": [{ "Key": "k", "Value": "v" }], "TenantIds": ["t1"], "MeetingFeatures": { "Attendee": { "MaxCount": 3 } } });
        let meeting = call("POST", "/meetings", meeting_body("m", more)).at("/Meeting/MeetingId");
        let replica =
            call("POST", "/meetings", meeting_body("r", json!({ "PrimaryMeetingId": meeting }))).at("/Meeting/MeetingId");
        let gone = call("POST", "/meetings", meeting_body("gone", Value::Null)).at("/Meeting/MeetingId");
        call("DELETE", &format!("/meetings/{gone}"), Value::Null);
        let uri = format!("/meetings/{meeting}");
        let seat =
            |user: &str| call("POST", &format!("{uri}/attendees"), json!({ "ExternalUserId": user })).at("/Attendee/AttendeeId");
        let (ada, bob) = (seat("Ada"), seat("Bob"));
        call("DELETE", &format!("{uri}/attendees/{ada}"), Value::Null);
        let none = json!({ "Capabilities": { "Audio": "None", "Video": "None", "Content": "None" } });
        call("PUT", &format!("{uri}/attendees/{bob}/capabilities"), none);
        call(
            "POST",
            &format!("{uri}/transcription?operation=start"),
            json!({ "TranscriptionConfiguration": { "EngineTranscribeSettings": {} } }),
        );
        let shown = call("GET", &uri, Value::Null);
        let list = call("GET", &format!("{uri}/attendees"), Value::Null);
        (uri, replica, gone, ada, shown, list)
    });
    let (uri, replica, gone, ada, shown, list) = before;
    run(&path, 1, Lifetime::Off, |call| {
        assert_eq!(call("GET", &uri, Value::Null).body, shown.body);
        assert_eq!(call("GET", &format!("{uri}/attendees"), Value::Null).body, list.body);
        assert_eq!(call("GET", &format!("/meetings/{gone}"), Value::Null).at("/Message"), "The meeting has ended");
        assert_ne!(call("POST", "/meetings", meeting_body("gone", Value::Null)).at("/Meeting/MeetingId"), gone);
        let again = call("POST", &format!("{uri}/attendees"), json!({ "ExternalUserId": "ADA" }));
        assert_ne!(again.at("/Attendee/AttendeeId"), ada, "the deleted stay dead");
        assert_eq!(call("POST", &format!("{uri}/transcription?operation=stop"), Value::Null).status, 200);
        let arn = shown.at("/Meeting/MeetingArn");
        assert_eq!(call("GET", &format!("/tags?arn={arn}"), Value::Null).body, json!({ "Tags": [{ "Key": "k", "Value": "v" }] }));
        assert_eq!(call("POST", &format!("{uri}/attendees"), json!({ "ExternalUserId": "Eve" })).status, 200);
        assert_eq!(call("POST", &format!("{uri}/attendees"), json!({ "ExternalUserId": "Fay" })).kind, "LimitExceededException");
        call("DELETE", &uri, Value::Null);
        assert_eq!(call("GET", &format!("/meetings/{replica}"), Value::Null).status, 404, "a replica is still its primary's");
    });
}

#[test]
fn time_goes_on_while_the_mock_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let on = Lifetime::On { scale: 1.0 };
    let uri = run(&path, 0, on, |call| {
        let got = call("POST", "/meetings", super::caller::meeting_body("m", Value::Null));
        format!("/meetings/{}", got.at("/Meeting/MeetingId"))
    });
    run(&path, 0, on, |call| assert_eq!(call("GET", &uri, Value::Null).status, 200));
    run(&path, 1, on, |call| assert_eq!(call("GET", &uri, Value::Null).at("/Message"), "The meeting has ended"));
}

#[test]
fn the_deleted_stay_dead_under_every_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let delete = |call: &dyn Fn(&str, &str, Value) -> Got, uri: &str, user: &str| {
        let id = call("POST", uri, json!({ "ExternalUserId": user })).at("/Attendee/AttendeeId");
        assert_eq!(call("DELETE", &format!("{uri}/{id}"), Value::Null).status, 204);
        id
    };
    // The later spelling comes first in the file's order.
    let (uri, gone) = run(&path, 0, Lifetime::Off, |call| {
        let got = call("POST", "/meetings", super::caller::meeting_body("m", Value::Null));
        let uri = format!("/meetings/{}/attendees", got.at("/Meeting/MeetingId"));
        let gone = [delete(call, &uri, "ada"), delete(call, &uri, "Ada"), delete(call, &uri, "ADA")];
        (uri, gone)
    });
    run(&path, 1, Lifetime::Off, |call| {
        let again = call("POST", &uri, json!({ "ExternalUserId": "ada" })).at("/Attendee/AttendeeId");
        assert!(!gone.contains(&again), "{again} is alive again");
    });
}

#[test]
fn a_page_goes_on_where_it_stopped_before_the_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let (uri, ids, next) = run(&path, 0, Lifetime::Off, |call| {
        let got = call("POST", "/meetings", super::caller::meeting_body("m", Value::Null));
        let uri = format!("/meetings/{}/attendees", got.at("/Meeting/MeetingId"));
        let seat = |n: u32| call("POST", &uri, json!({ "ExternalUserId": format!("user-{n}") })).at("/Attendee/AttendeeId");
        let ids: Vec<String> = (0..6).map(seat).collect();
        let next = call("GET", &format!("{uri}?max-results=4"), Value::Null).at("/NextToken");
        // Those of the first page, and the last of all, whose place nobody may get.
        for gone in [0, 1, 2, 3, 5] {
            call("DELETE", &format!("{uri}/{}", ids[gone]), Value::Null);
        }
        (uri, ids, next)
    });
    run(&path, 1, Lifetime::Off, |call| {
        let new = call("POST", &uri, json!({ "ExternalUserId": "new" })).at("/Attendee/AttendeeId");
        let page = call("GET", &format!("{uri}?next-token={next}"), Value::Null);
        let found: Vec<&str> =
            page.body["Attendees"].as_array().unwrap().iter().map(|a| a["AttendeeId"].as_str().unwrap()).collect();
        assert_eq!(found, [&ids[4], &new]);
        call("DELETE", &format!("{uri}/{new}"), Value::Null);
        call("DELETE", &format!("{uri}/{}", ids[4]), Value::Null);
    });
    run(&path, 2, Lifetime::Off, |call| {
        let newer = call("POST", &uri, json!({ "ExternalUserId": "newer" })).at("/Attendee/AttendeeId");
        let page = call("GET", &format!("{uri}?next-token={next}"), Value::Null);
        assert_eq!(page.at("/Attendees/0/AttendeeId"), newer, "nobody is left, and still nobody is skipped");
    });
}

#[test]
fn a_file_of_another_seed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    StateFile::open(&path, 1, "fold", date(), Arc::default()).unwrap().close().unwrap();
    assert!(matches!(StateFile::open(&path, 2, "fold", date(), Arc::default()), Err(StateError::Other { name: "seed", .. })));
    assert!(matches!(StateFile::open(&path, 1, "exact", date(), Arc::default()), Err(StateError::Other { name: "ids", .. })));
}

#[test]
fn somebody_elses_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let refused = || {
        let before = std::fs::read(&path).unwrap();
        let error = StateFile::open(&path, 0, "fold", date(), Arc::default()).err().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before, "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no side files either: {error}");
        error
    };
    std::fs::write(&path, "no database at all, and long enough to be seen as none").unwrap();
    assert!(matches!(refused(), StateError::Foreign(_)));
    std::fs::remove_file(&path).unwrap();
    // Somebody else's tables, one of them of a name that a mock uses too.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE meeting (id TEXT); PRAGMA application_id = 77; PRAGMA user_version = 2").unwrap();
    drop(other);
    assert!(refused().to_string().contains("application_id 77"));
    std::fs::remove_file(&path).unwrap();
    StateFile::open(&path, 0, "fold", date(), Arc::default()).unwrap().close().unwrap();
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert!(matches!(refused(), StateError::Other { name: "version", .. }));
}

#[test]
fn a_file_has_one_mock_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let first = StateFile::open(&path, 0, "fold", date(), Arc::default()).unwrap();
    assert!(matches!(StateFile::open(&path, 0, "fold", date(), Arc::default()), Err(StateError::Taken)));
    first.close().unwrap();
    StateFile::open(&path, 0, "fold", date(), Arc::default()).unwrap().close().unwrap();
}
