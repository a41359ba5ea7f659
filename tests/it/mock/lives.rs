//! Each operation's answers and errors, over the lives of attendees, meetings, transcriptions and tags.

use super::caller::{Caller, meeting_body};
use super::conformance::{NOBODY, refused, text};
use serde_json::{Value, json};

#[test]
fn the_life_of_an_attendee() {
    let caller = Caller::new();
    let meeting = caller.meeting("m", Value::Null);
    let made = caller.attendee(&meeting, json!({ "ExternalUserId": "Ada" }));
    let (id, token) = (made.at("/Attendee/AttendeeId"), made.at("/Attendee/JoinToken"));
    assert_eq!((id.len(), token.len()), (36, 98));
    assert_ne!(id.as_bytes()[14], b'4', "an AttendeeId is no version-4 UUID");
    let uri = format!("/meetings/{}/attendees/{}", meeting.to_uppercase(), id.to_uppercase());
    assert_eq!(
        caller.call("GET", &uri, Value::Null).body,
        made.body,
        "GUIDs are matched in any case, and the token can be read again"
    );
    let other = json!({ "ExternalUserId": "ada", "Capabilities": { "Audio": "None", "Video": "None", "Content": "None" } });
    assert_eq!(caller.attendee(&meeting, other).body, made.body, "a repetition changes nothing");
    let none = json!({ "Capabilities": { "Audio": "None", "Video": "None", "Content": "None" } });
    let updated = caller.call("PUT", &format!("{uri}/capabilities"), none.clone());
    assert_eq!(
        (updated.at("/Attendee/JoinToken"), updated.at("/Attendee/Capabilities/Audio")),
        (token.clone(), "None".to_owned())
    );
    refused(&caller.call("PUT", &format!("{uri}/capabilities"), json!({})), 400, "BadRequestException");
    let absent = format!("/meetings/{meeting}/attendees/{NOBODY}");
    refused(&caller.call("GET", &absent, Value::Null), 404, "NotFoundException");
    refused(&caller.call("DELETE", &absent, Value::Null), 404, "NotFoundException");
    refused(&caller.call("PUT", &format!("{absent}/capabilities"), none), 404, "NotFoundException");
    refused(&caller.call("GET", &format!("/meetings/{meeting}/attendees/zz"), Value::Null), 400, "BadRequestException");
    let gone = caller.call("DELETE", &uri, Value::Null);
    assert_eq!((gone.status, gone.body.is_null()), (204, true));
    refused(&caller.call("GET", &uri, Value::Null), 404, "NotFoundException");
    let again = caller.attendee(&meeting, json!({ "ExternalUserId": "Ada" }));
    assert!(again.at("/Attendee/AttendeeId") != id && again.at("/Attendee/JoinToken") != token, "the old token stays dead");
    let elsewhere = caller.meeting("other", Value::Null);
    assert_ne!(caller.attendee(&elsewhere, json!({ "ExternalUserId": "Ada" })).at("/Attendee/AttendeeId"), id);
}

#[test]
fn pages_are_opaque_and_bound_to_their_meeting() {
    let caller = Caller::new();
    let (meeting, other) = (caller.meeting("m", Value::Null), caller.meeting("o", Value::Null));
    for n in 0..205 {
        caller.attendee(&meeting, json!({ "ExternalUserId": format!("user-{n:03}") }));
    }
    caller.attendee(&other, json!({ "ExternalUserId": "x1" }));
    let page = |meeting: &str, query: &str| caller.call("GET", &format!("/meetings/{meeting}/attendees?{query}"), Value::Null);
    let (mut users, mut query) = (Vec::new(), "max-results=7".to_owned());
    loop {
        let got = page(&meeting, &query);
        users.extend(got.body["Attendees"].as_array().unwrap().iter().map(|a| a["ExternalUserId"].as_str().unwrap().to_owned()));
        match got.body["NextToken"].as_str() {
            Some(token) => query = format!("max-results=7&next-token={token}"),
            None => break,
        }
    }
    assert_eq!(users, (0..205).map(|n| format!("user-{n:03}")).collect::<Vec<_>>());
    assert_eq!(page(&meeting, "").body["Attendees"].as_array().unwrap().len(), 100);
    assert_eq!(page(&meeting, "max-results=100").status, 200);
    for bad in ["max-results=0", "max-results=101", "max-results=x", "next-token=zzz", "next-token="] {
        refused(&page(&meeting, bad), 400, "BadRequestException");
    }
    refused(&page(&meeting, &format!("next-token={}", text(4097))), 400, "BadRequestException");
    let token = page(&meeting, "max-results=1").at("/NextToken");
    refused(&page(&other, &format!("next-token={token}")), 400, "BadRequestException");
    refused(&page(NOBODY, ""), 404, "NotFoundException");
}

#[test]
fn the_life_of_a_meeting_and_its_replicas() {
    let caller = Caller::new();
    let first = caller.call("POST", "/meetings", meeting_body("m", Value::Null));
    let meeting = first.at("/Meeting/MeetingId");
    let uri = format!("/meetings/{meeting}");
    assert_eq!(caller.call("GET", &uri, Value::Null).body, first.body);
    assert_eq!(first.at("/Meeting/MeetingArn"), format!("arn:aws:chime:us-east-1:111122223333:meeting/{meeting}"));
    for null in ["MeetingHostId", "PrimaryMeetingId", "MeetingFeatures"] {
        assert!(first.body["Meeting"].get(null).is_some_and(Value::is_null), "{null} is an explicit null");
    }
    assert_eq!(first.body["Meeting"]["TenantIds"], json!([]));
    assert!(meeting.ends_with("2713") && first.at("/Meeting/MediaPlacement/TurnControlUrl").contains("2713.cell.us-east-1"));
    let same = caller.call("POST", "/meetings", meeting_body("m", json!({ "ExternalMeetingId": "another" })));
    assert_eq!(same.body, first.body, "the token alone decides");
    let replica = caller.meeting("r1", json!({ "PrimaryMeetingId": meeting }));
    assert_eq!(caller.call("GET", &format!("/meetings/{replica}"), Value::Null).at("/Meeting/PrimaryMeetingId"), meeting);
    let of_replica = meeting_body("r2", json!({ "PrimaryMeetingId": replica }));
    refused(&caller.call("POST", "/meetings", of_replica), 400, "BadRequestException");
    caller.attendee(&meeting, json!({ "ExternalUserId": "ada" }));
    assert_eq!(caller.call("DELETE", &uri, Value::Null).status, 204);
    for gone in [&meeting, &replica] {
        let got = caller.call("GET", &format!("/meetings/{gone}"), Value::Null);
        refused(&got, 404, "NotFoundException");
        assert_eq!(got.at("/Message"), "The meeting has ended");
        refused(&caller.attendee(gone, json!({ "ExternalUserId": "ada" })), 404, "NotFoundException");
        assert_eq!(caller.call("DELETE", &format!("/meetings/{gone}"), Value::Null).status, 204, "deleting again is fine");
    }
    assert_eq!(caller.call("DELETE", &format!("/meetings/{NOBODY}"), Value::Null).status, 204);
    refused(&caller.call("DELETE", "/meetings/zz", Value::Null), 400, "BadRequestException");
    refused(&caller.call("GET", &format!("/meetings/{NOBODY}"), Value::Null), 404, "NotFoundException");
    assert_ne!(caller.meeting("m", Value::Null), meeting, "a token whose meeting has ended makes a new one");
    let features =
        json!({ "MeetingFeatures": { "Video": { "MaxResolution": "HD" }, "Attendee": { "MaxCount": 7 } }, "TenantIds": ["t1"] });
    let got = caller.call("POST", "/meetings", meeting_body("echo", features.clone()));
    assert_eq!(
        (&got.body["Meeting"]["MeetingFeatures"], &got.body["Meeting"]["TenantIds"]),
        (&features["MeetingFeatures"], &features["TenantIds"])
    );
    let says_nothing = json!({ "Video": {}, "Audio": { "EchoReduction": "AVAILABLE" }, "Attendee": {} });
    let got = caller.call("POST", "/meetings", meeting_body("nothing", json!({ "MeetingFeatures": says_nothing })));
    assert_eq!(got.body["Meeting"]["MeetingFeatures"], says_nothing, "echoed as sent, also what says nothing");
}

#[test]
fn meetings_with_attendees_take_twenty() {
    let caller = Caller::new();
    let with = |token: &str, n: usize, first: &str| {
        let mut users: Vec<Value> = (0..n).map(|i| json!({ "ExternalUserId": format!("u{i}") })).collect();
        users.iter_mut().take(1).for_each(|u| u["ExternalUserId"] = json!(first));
        let body = meeting_body(token, json!({ "Attendees": users }));
        caller.call("POST", "/meetings?operation=create-attendees", body)
    };
    refused(&with("zero", 0, ""), 400, "BadRequestException");
    refused(&with("many", 21, "ok"), 400, "BadRequestException");
    let got = with("most", 20, "aws:x");
    assert_eq!((got.status, got.body["Attendees"].as_array().unwrap().len()), (200, 19));
    assert_eq!(got.body["Errors"][0]["ExternalUserId"], "aws:x");
    assert_eq!(with("most", 20, "ok").at("/Meeting/MeetingId"), got.at("/Meeting/MeetingId"));
}

#[test]
fn capabilities_of_all_but_some() {
    let caller = Caller::new();
    let meeting = caller.meeting("m", Value::Null);
    let ids: Vec<String> = (0..4)
        .map(|n| caller.attendee(&meeting, json!({ "ExternalUserId": format!("u{n}") })).at("/Attendee/AttendeeId"))
        .collect();
    let uri = format!("/meetings/{meeting}/attendees/capabilities?operation=batch-update-except");
    let none = json!({ "Audio": "None", "Video": "None", "Content": "None" });
    let except = |ids: &[&str]| json!({ "ExcludedAttendeeIds": ids.iter().map(|id| json!({ "AttendeeId": id })).collect::<Vec<_>>(), "Capabilities": none });
    let got = caller.call("PUT", &uri, except(&[&ids[1], NOBODY]));
    assert_eq!((got.status, got.body.is_null()), (200, true));
    let list = caller.call("GET", &format!("/meetings/{meeting}/attendees"), Value::Null);
    let audio: Vec<&str> =
        list.body["Attendees"].as_array().unwrap().iter().map(|a| a["Capabilities"]["Audio"].as_str().unwrap()).collect();
    assert_eq!(audio, ["None", "SendReceive", "None", "None"]);
    refused(&caller.call("PUT", &uri, except(&[])), 400, "BadRequestException");
    assert_eq!(caller.call("PUT", &uri, except(&[NOBODY; 250])).status, 200);
    refused(&caller.call("PUT", &uri, except(&[NOBODY; 251])), 400, "BadRequestException");
    refused(&caller.call("PUT", &uri, except(&["zz"])), 400, "BadRequestException");
    refused(&caller.call("PUT", &uri, json!({ "ExcludedAttendeeIds": [{}], "Capabilities": none })), 400, "BadRequestException");
    refused(&caller.call("PUT", &uri, json!({ "Capabilities": none })), 400, "BadRequestException");
    let absent = format!("/meetings/{NOBODY}/attendees/capabilities?operation=batch-update-except");
    refused(&caller.call("PUT", &absent, except(&[NOBODY])), 404, "NotFoundException");
}

#[test]
fn transcription_starts_and_stops() {
    let caller = Caller::new();
    let meeting = caller.meeting("m", Value::Null);
    let (start, stop) = (
        format!("/meetings/{meeting}/transcription?operation=start"),
        format!("/meetings/{meeting}/transcription?operation=stop"),
    );
    refused(&caller.call("POST", &stop, Value::Null), 422, "UnprocessableEntityException");
    let transcribe = |settings: Value| json!({ "TranscriptionConfiguration": { "EngineTranscribeSettings": settings } });
    let medical = |settings: Value| json!({ "TranscriptionConfiguration": { "EngineTranscribeMedicalSettings": settings } });
    let fine = [
        transcribe(json!({ "LanguageCode": "en-US" })),
        transcribe(json!({ "IdentifyLanguage": true, "LanguageOptions": "en-US,de-DE", "PreferredLanguage": "de-DE" })),
        transcribe(
            json!({ "LanguageCode": "hi-IN", "Region": "auto", "PartialResultsStability": "high", "PiiEntityTypes": "ALL" }),
        ),
        transcribe(json!({ "VocabularyFilterMethod": "tag", "LanguageModelName": text(200), "VocabularyNames": text(3000) })),
        medical(json!({ "LanguageCode": "en-US", "Specialty": "UROLOGY", "Type": "DICTATION" })),
    ];
    for body in fine {
        let got = caller.call("POST", &start, body.clone());
        assert_eq!((got.status, got.body.is_null()), (200, true), "{body}");
    }
    let bad = [
        json!({}),
        json!({ "TranscriptionConfiguration": {} }),
        transcribe(json!({ "LanguageCode": "tlh" })),
        transcribe(json!({ "Region": "mars-1" })),
        transcribe(json!({ "PartialResultsStability": "HIGH" })),
        transcribe(json!({ "EnablePartialResultsStabilization": "yes" })),
        transcribe(json!({ "PiiEntityTypes": "all" })),
        transcribe(json!({ "LanguageModelName": text(201) })),
        transcribe(json!({ "LanguageModelName": "" })),
        transcribe(json!({ "VocabularyNames": text(3001) })),
        transcribe(json!({ "LanguageOptions": "en-US;de" })),
        transcribe(json!({ "VocabularyName": text(4097) })),
        medical(json!({ "LanguageCode": "de-DE", "Specialty": "UROLOGY", "Type": "DICTATION" })),
        medical(json!({ "LanguageCode": "en-US", "Type": "DICTATION" })),
    ];
    for body in bad {
        refused(&caller.call("POST", &start, body), 400, "BadRequestException");
    }
    let (a, b) =
        (transcribe(json!({})), medical(json!({ "LanguageCode": "en-US", "Specialty": "UROLOGY", "Type": "DICTATION" })));
    let mut both = a["TranscriptionConfiguration"].clone();
    both["EngineTranscribeMedicalSettings"] = b["TranscriptionConfiguration"]["EngineTranscribeMedicalSettings"].clone();
    refused(&caller.call("POST", &start, json!({ "TranscriptionConfiguration": both })), 422, "UnprocessableEntityException");
    assert_eq!(caller.call("POST", &stop, Value::Null).status, 200);
    refused(&caller.call("POST", &stop, Value::Null), 422, "UnprocessableEntityException");
    let absent = format!("/meetings/{NOBODY}/transcription?operation=start");
    refused(&caller.call("POST", &absent, a), 404, "NotFoundException");
}

#[test]
fn tags_of_a_meeting() {
    let caller = Caller::new();
    let made = caller.call("POST", "/meetings", meeting_body("m", json!({ "Tags": [{ "Key": "a", "Value": "1" }] })));
    let arn = made.at("/Meeting/MeetingArn");
    let list = |arn: &str| caller.call("GET", &format!("/tags?arn={}", arn.replace(':', "%3A")), Value::Null);
    let tag =
        |arn: &str, tags: Value| caller.call("POST", "/tags?operation=tag-resource", json!({ "ResourceARN": arn, "Tags": tags }));
    let untag = |arn: &str, keys: Value| {
        caller.call("POST", "/tags?operation=untag-resource", json!({ "ResourceARN": arn, "TagKeys": keys }))
    };
    let got = tag(&arn, json!([{ "Key": "a", "Value": "2" }, { "Key": "b", "Value": "" }]));
    assert_eq!((got.status, got.body.is_null()), (204, true));
    assert_eq!(list(&arn).body, json!({ "Tags": [{ "Key": "a", "Value": "2" }, { "Key": "b", "Value": "" }] }));
    let many =
        |from: usize, n: usize| Value::Array((from..from + n).map(|i| json!({ "Key": format!("k{i}"), "Value": "" })).collect());
    assert_eq!(tag(&arn, many(0, 48)).status, 204);
    let too_many = tag(&arn, many(100, 1));
    refused(&too_many, 400, "TooManyTagsException");
    assert_eq!(too_many.at("/ResourceName"), arn);
    assert_eq!(list(&arn).body["Tags"].as_array().unwrap().len(), 50, "all or nothing");
    refused(&tag(&arn, many(0, 51)), 400, "BadRequestException");
    assert_eq!(untag(&arn, json!(["a", "nope"])).status, 204);
    refused(&untag(&arn, json!([""])), 400, "BadRequestException");
    let twice = json!([{ "Key": "t", "Value": "1" }, { "Key": "t", "Value": "2" }]);
    refused(&tag(&arn, twice.clone()), 400, "BadRequestException");
    refused(&caller.call("POST", "/meetings", meeting_body("twice", json!({ "Tags": twice }))), 400, "BadRequestException");
    refused(&untag(&arn, Value::Null), 400, "BadRequestException");
    assert_eq!(list(&arn).body["Tags"][0]["Key"], "b");
    let unknown = format!("arn:aws:chime:us-east-1:111122223333:meeting/{NOBODY}");
    for got in [
        list(&unknown),
        tag(&unknown, json!([])),
        untag(&unknown, json!([])),
        list("arn:aws:s3:::bucket"),
        list(&arn.replace("us-east-1", "eu-west-1")),
    ] {
        refused(&got, 404, "ResourceNotFoundException");
        assert!(got.at("/ResourceName").starts_with("arn:"));
    }
    for bad in ["", "urn:x", &format!("arn:{}", text(1008))] {
        refused(&list(bad), 400, "BadRequestException");
    }
    refused(&caller.call("GET", "/tags", Value::Null), 400, "BadRequestException");
    refused(&tag("urn:x", json!([])), 400, "BadRequestException");
    assert_eq!(list(&format!("arn:{}", text(1007))).status, 404, "1011 characters are allowed");
}

#[test]
fn no_other_operations() {
    let caller = Caller::new();
    for (method, uri) in
        [("GET", "/"), ("GET", "/meetings"), ("PATCH", "/meetings"), ("POST", "/meetings?operation=x"), ("PUT", "/tags")]
    {
        let got = caller.call(method, uri, Value::Null);
        assert_eq!((got.status, got.kind.as_str()), (404, "UnknownOperationException"), "{method} {uri}");
    }
}
