//! Each constraint of the model at its bound and one past it.

use super::caller::{Caller, Got, meeting_body};
use serde_json::{Value, json};

pub const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

#[track_caller]
pub fn refused(got: &Got, status: u16, kind: &str) {
    assert_eq!((got.status, got.kind.as_str()), (status, kind), "{got:?}");
    // The body as real answers show it: a short code, a message, the request's id, an explicit null.
    assert!(!got.at("/Message").is_empty() && got.at("/RequestId").len() == 36, "{got:?}");
    assert!(!got.at("/Code").ends_with("Exception") && got.body["Resource"].is_null(), "{got:?}");
}

pub fn text(n: usize) -> String {
    "x".repeat(n)
}

/// Members beside, or instead of, the required ones, and whether the meeting is made.
type Rows = Vec<(Value, bool)>;

fn names_and_regions() -> Rows {
    vec![
        (json!({ "ClientRequestToken": "ab" }), true),
        (json!({ "ClientRequestToken": "a" }), false),
        (json!({ "ClientRequestToken": text(64) }), true),
        (json!({ "ClientRequestToken": text(65) }), false),
        (json!({ "ClientRequestToken": "-_aZ09" }), true),
        (json!({ "ClientRequestToken": "a b" }), false),
        (json!({ "ClientRequestToken": null }), false),
        (json!({ "ClientRequestToken": 7 }), false),
        (json!({ "MediaRegion": "eu-central-1" }), true),
        (json!({ "MediaRegion": "x" }), false),
        (json!({ "MediaRegion": text(65) }), false),
        (json!({ "MediaRegion": null }), false),
        (json!({ "MediaRegion": "mars-1" }), false),
        (json!({ "ExternalMeetingId": "ab" }), true),
        (json!({ "ExternalMeetingId": "a" }), false),
        (json!({ "ExternalMeetingId": "é".repeat(64) }), true),
        (json!({ "ExternalMeetingId": text(65) }), false),
        (json!({ "ExternalMeetingId": "aws:room" }), false),
        (json!({ "ExternalMeetingId": "AWS:room" }), false),
        (json!({ "ExternalMeetingId": "ro*m" }), false),
        (json!({ "ExternalMeetingId": null }), false),
        (json!({ "MeetingHostId": "ab" }), true),
        (json!({ "MeetingHostId": "a" }), false),
        (json!({ "MeetingHostId": text(65) }), false),
        (json!({ "PrimaryMeetingId": "a" }), false),
        (json!({ "PrimaryMeetingId": text(65) }), false),
        (json!({ "PrimaryMeetingId": NOBODY }), false),
    ]
}

fn tenants_and_tags() -> Rows {
    let tags = |n: usize| (0..n).map(|i| json!({ "Key": format!("k{i}"), "Value": "" })).collect::<Vec<_>>();
    let tag = |key: &str, value: &str| json!({ "Tags": [{ "Key": key, "Value": value }] });
    vec![
        (json!({ "TenantIds": ["ab"] }), true),
        (json!({ "TenantIds": [] }), false),
        (json!({ "TenantIds": ["t1", "t2", "t3", "t4", "t5"] }), true),
        (json!({ "TenantIds": ["t1", "t2", "t3", "t4", "t5", "t6"] }), false),
        (json!({ "TenantIds": ["a"] }), false),
        (json!({ "TenantIds": ["ab".repeat(128)] }), true),
        (json!({ "TenantIds": ["ab".repeat(128) + "a"] }), false),
        (json!({ "TenantIds": ["aaab"] }), true),
        (json!({ "TenantIds": ["baaaa"] }), false),
        (json!({ "TenantIds": ["a!@#$-_"] }), true),
        (json!({ "TenantIds": ["a.b"] }), false),
        (json!({ "Tags": tags(0) }), true),
        (json!({ "Tags": tags(50) }), true),
        (json!({ "Tags": tags(51) }), false),
        (tag("k", &text(256)), true),
        (tag("k", &text(257)), false),
        (tag(&text(128), "v"), true),
        (tag(&text(129), "v"), false),
        (tag("", "v"), false),
        (tag("09,;<=._:/+-", "v"), true),
        (tag("a b", "v"), false),
        (tag("k", "a b@_;<"), true),
        (tag("k", "a!"), false),
        (json!({ "Tags": [{ "Key": "k" }] }), false),
    ]
}

fn settings_and_features() -> Rows {
    let feature = |channel: &str, member: &str, value: Value| json!({ "MeetingFeatures": { channel: { member: value } } });
    let arn = |n: usize| format!("arn{}", text(n - 3));
    vec![
        (json!({ "MediaPlacementNetworkType": "Ipv4Only" }), true),
        (json!({ "MediaPlacementNetworkType": "DualStack" }), true),
        (json!({ "MediaPlacementNetworkType": "dualstack" }), false),
        (json!({ "NotificationsConfiguration": { "SnsTopicArn": arn(4) } }), true),
        (json!({ "NotificationsConfiguration": { "SnsTopicArn": arn(1024) } }), true),
        (json!({ "NotificationsConfiguration": { "SnsTopicArn": arn(1025) } }), false),
        (json!({ "NotificationsConfiguration": { "SqsQueueArn": "arn" } }), false),
        (json!({ "NotificationsConfiguration": { "LambdaFunctionArn": "urn:x" } }), false),
        (feature("Audio", "EchoReduction", json!("AVAILABLE")), true),
        (feature("Audio", "EchoReduction", json!("UNAVAILABLE")), true),
        (feature("Audio", "EchoReduction", json!("available")), false),
        (feature("Video", "MaxResolution", json!("HD")), true),
        (feature("Video", "MaxResolution", json!("None")), true),
        (feature("Video", "MaxResolution", json!("UHD")), false),
        (feature("Content", "MaxResolution", json!("FHD")), true),
        (feature("Content", "MaxResolution", json!("HD")), false),
        (feature("Attendee", "MaxCount", json!(1)), true),
        (feature("Attendee", "MaxCount", json!(250)), true),
        (feature("Attendee", "MaxCount", json!(0)), false),
        (feature("Attendee", "MaxCount", json!(251)), false),
        (feature("Attendee", "MaxCount", json!("5")), false),
        (json!({ "SomethingNew": 1 }), true),
    ]
}

#[test]
fn members_of_create_meeting_at_each_bound() {
    let caller = Caller::new();
    let rows: Rows = [names_and_regions(), tenants_and_tags(), settings_and_features()].concat();
    for (n, (more, fine)) in rows.iter().enumerate() {
        let got = caller.call("POST", "/meetings", meeting_body(&format!("row-{n}"), more.clone()));
        if *fine {
            assert_eq!(got.status, 200, "{more}: {got:?}")
        } else {
            refused(&got, 400, "BadRequestException")
        }
        // The operation with attendees has the same members.
        let mut body = meeting_body(&format!("row-{n}-a"), more.clone());
        body["Attendees"] = json!([{ "ExternalUserId": "ada" }]);
        let got = caller.call("POST", "/meetings?operation=create-attendees", body);
        assert_eq!(got.status, if *fine { 200 } else { 400 }, "{more}: {got:?}");
    }
}

#[test]
fn members_of_create_attendee_at_each_bound() {
    let caller = Caller::new();
    let meeting = caller.meeting("m", Value::Null);
    let all = |word: &str| json!({ "Audio": word, "Video": word, "Content": word });
    let user = |id: &str| json!({ "ExternalUserId": id });
    let rows = [
        (user("ab"), true),
        (user("a"), false),
        (user(&text(64)), true),
        (user(&text(65)), false),
        (user(&"é".repeat(64)), true),
        (user(&"é".repeat(65)), false),
        (user("-_&@+=,(){}[]/«».:|'\"# À×÷ÿ"), true),
        (user("tab\tand\nnewline"), true),
        (user("a%b"), false),
        (user("a\u{a0}b"), false),
        (user("Āb"), false),
        (user("aws:x"), false),
        (user("AwS:x"), false),
        (user("aws-x"), true),
        (user("my aws:x"), true),
        (json!({}), false),
        (json!({ "ExternalUserId": null }), false),
        (json!({ "ExternalUserId": 17 }), false),
        (json!({ "ExternalUserId": "ok", "Capabilities": all("SendReceive") }), true),
        (json!({ "ExternalUserId": "ok", "Capabilities": all("sendreceive") }), false),
        (json!({ "ExternalUserId": "ok", "Capabilities": {} }), false),
        (json!({ "ExternalUserId": "ok", "Capabilities": { "Audio": "None", "Video": "None" } }), false),
        (json!({ "ExternalUserId": "ok", "Capabilities": "all" }), false),
        (json!({ "ExternalUserId": "ok", "Unknown": [1, 2] }), true),
    ];
    for (body, fine) in rows {
        let got = caller.attendee(&meeting, body.clone());
        if fine { assert_eq!(got.status, 200, "{body}: {got:?}") } else { refused(&got, 400, "BadRequestException") }
    }
    for bad in ["zz", "00000000-0000-0000-0000-00000000000", "00000000_0000-0000-0000-000000000000", "%20"] {
        refused(&caller.attendee(bad, user("ada")), 400, "BadRequestException");
    }
    refused(&caller.attendee(NOBODY, user("ada")), 404, "NotFoundException");
    for text in ["", "[]", "{", "\u{1}", "{\"ExternalUserId\":\"ada\"} x", "7"] {
        let uri = format!("/meetings/{meeting}/attendees");
        let got = Got::of(&caller.answer(Default::default(), "POST", &uri, text));
        assert_eq!((got.status, got.kind.as_str()), (400, "BadRequestException"), "{text}");
    }
}

#[test]
fn a_batch_fails_as_a_whole_by_the_model_and_by_items_otherwise() {
    let caller = Caller::new();
    let meeting = caller.meeting("m", Value::Null);
    let uri = format!("/meetings/{meeting}/attendees?operation=batch-create");
    let batch = |items: Vec<Value>| caller.call("POST", &uri, json!({ "Attendees": items }));
    let users = |n: usize| (0..n).map(|i| json!({ "ExternalUserId": format!("u{i}") })).collect::<Vec<_>>();
    refused(&batch(vec![]), 400, "BadRequestException");
    refused(&batch(users(101)), 400, "BadRequestException");
    refused(&batch(vec![json!({ "ExternalUserId": "ok" }), json!({ "ExternalUserId": "x" })]), 400, "BadRequestException");
    let list = caller.call("GET", &format!("/meetings/{meeting}/attendees"), Value::Null);
    assert_eq!(list.body["Attendees"], json!([]), "a batch refused as a whole makes nothing");
    assert_eq!(batch(users(100)).body["Attendees"].as_array().unwrap().len(), 100);
    let mixed = batch(vec![
        json!({ "ExternalUserId": "fresh" }),
        json!({ "ExternalUserId": "u3" }),
        json!({ "ExternalUserId": "FRESH" }),
        json!({ "ExternalUserId": "aws:x" }),
        json!({ "ExternalUserId": "b%d" }),
        json!({ "ExternalUserId": "r3", "Capabilities": { "Audio": "None", "Video": "None", "Content": "Receive" } }),
    ]);
    assert_eq!(mixed.status, 200);
    let ids: Vec<&Value> = mixed.body["Attendees"].as_array().unwrap().iter().map(|a| &a["AttendeeId"]).collect();
    assert_eq!((ids.len(), ids[0] == ids[2]), (3, true), "the same id twice is one attendee");
    let errors = mixed.body["Errors"].as_array().unwrap();
    assert_eq!(errors.iter().map(|e| e["ErrorCode"].as_str().unwrap()).collect::<Vec<_>>(), ["BadRequest"; 3]);
    assert_eq!(errors[0]["ExternalUserId"], "aws:x");
}

#[test]
fn seats_are_250_or_fewer_and_a_repetition_takes_none() {
    let caller = Caller::new();
    let count = |video: Value, count: Value| json!({ "MeetingFeatures": { "Video": { "MaxResolution": video }, "Attendee": { "MaxCount": count } } });
    for (token, more, seats) in [
        ("plain", Value::Null, 250),
        ("three", json!({ "MeetingFeatures": { "Attendee": { "MaxCount": 3 } } }), 3),
        ("fhd", count(json!("FHD"), json!(25)), 25),
    ] {
        let meeting = caller.meeting(token, more);
        for n in 0..seats {
            assert_eq!(caller.attendee(&meeting, json!({ "ExternalUserId": format!("user-{n}") })).status, 200);
        }
        let full = caller.attendee(&meeting, json!({ "ExternalUserId": "one more" }));
        refused(&full, 400, "LimitExceededException");
        let again = caller.attendee(&meeting, json!({ "ExternalUserId": "USER-0" }));
        assert_eq!((again.status, again.at("/Attendee/ExternalUserId")), (200, "user-0".to_owned()));
        let uri = format!("/meetings/{meeting}/attendees/{}", again.at("/Attendee/AttendeeId"));
        assert_eq!(caller.call("DELETE", &uri, Value::Null).status, 204);
        assert_eq!(caller.attendee(&meeting, json!({ "ExternalUserId": "one more" })).status, 200);
        let uri = format!("/meetings/{meeting}/attendees?operation=batch-create");
        let batch = caller.call(
            "POST",
            &uri,
            json!({ "Attendees": [{ "ExternalUserId": "too late" }, { "ExternalUserId": "one more" }] }),
        );
        assert_eq!(batch.body["Errors"][0]["ErrorCode"], "ResourceLimitExceeded");
        assert_eq!(batch.body["Attendees"].as_array().unwrap().len(), 1);
    }
    for more in [count(json!("FHD"), json!(26)), count(json!("FHD"), Value::Null)] {
        refused(&caller.call("POST", "/meetings", meeting_body("hd", more)), 400, "BadRequestException");
    }
    let uhd = json!({ "MeetingFeatures": { "Content": { "MaxResolution": "UHD" }, "Attendee": { "MaxCount": 26 } } });
    refused(&caller.call("POST", "/meetings", meeting_body("uhd", uhd)), 400, "BadRequestException");
}
