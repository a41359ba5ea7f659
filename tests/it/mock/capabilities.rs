//! All 64 capability sets in each of the four kinds of meeting, by every way in: created, batched, updated.

use super::caller::Caller;
use serde_json::{Value, json};

const DIRECTIONS: [&str; 4] = ["SendReceive", "Send", "Receive", "None"];

/// The documented rules, written anew from the page: not by the code under test.
fn allowed(video_off: bool, content_off: bool, video: &str, content: &str) -> bool {
    let receives = |d: &str| d == "SendReceive" || d == "Receive";
    let (no_video, no_content) = (video == "None", content == "None");
    (no_video || !video_off) && (no_content || !content_off) && (receives(video) || !receives(content))
}

fn features(video_off: bool, content_off: bool) -> Value {
    let mut features = json!({});
    if video_off {
        features["Video"] = json!({ "MaxResolution": "None" });
    }
    if content_off {
        features["Content"] = json!({ "MaxResolution": "None" });
    }
    json!({ "MeetingFeatures": features })
}

#[test]
fn sixty_four_sets_in_four_kinds_of_meeting_by_three_ways_in() {
    let (caller, mut valid) = (Caller::new(), Vec::new());
    for (kind, (video_off, content_off)) in [(false, false), (true, false), (false, true), (true, true)].into_iter().enumerate() {
        let meeting = caller.meeting(&format!("kind-{kind}"), features(video_off, content_off));
        let plain = caller.attendee(&meeting, json!({ "ExternalUserId": "plain" })).at("/Attendee/AttendeeId");
        let mut count = 0;
        for (n, (audio, video, content)) in sets().enumerate() {
            let capabilities = json!({ "Audio": audio, "Video": video, "Content": content });
            let want = allowed(video_off, content_off, video, content);
            count += usize::from(want);
            let status = if want { 200 } else { 400 };
            let told = format!("kind {kind}: {capabilities}");

            let got = caller.attendee(&meeting, json!({ "ExternalUserId": format!("u{n}"), "Capabilities": capabilities }));
            assert_eq!(got.status, status, "{told}");
            if want {
                assert_eq!(got.body["Attendee"]["Capabilities"], capabilities, "{told}");
            } else {
                assert_eq!(got.kind, "BadRequestException", "{told}");
            }

            let uri = format!("/meetings/{meeting}/attendees?operation=batch-create");
            let item = json!({ "ExternalUserId": format!("b{n}"), "Capabilities": capabilities });
            let got = caller.call("POST", &uri, json!({ "Attendees": [item] }));
            let (made, failed) = (&got.body["Attendees"], &got.body["Errors"]);
            assert_eq!((got.status, made.as_array().unwrap().len()), (200, usize::from(want)), "{told}");
            assert_eq!(failed.as_array().unwrap().len(), usize::from(!want), "{told}");

            let uri = format!("/meetings/{meeting}/attendees/{plain}/capabilities");
            assert_eq!(caller.call("PUT", &uri, json!({ "Capabilities": capabilities })).status, status, "{told}");

            let uri = format!("/meetings/{meeting}/attendees/capabilities?operation=batch-update-except");
            let except = json!({ "ExcludedAttendeeIds": [{ "AttendeeId": plain }], "Capabilities": capabilities });
            assert_eq!(caller.call("PUT", &uri, except).status, status, "{told}");
        }
        valid.push(count);
    }
    assert_eq!(valid, [48, 8, 16, 4]);
}

fn sets() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    DIRECTIONS.into_iter().flat_map(|a| DIRECTIONS.into_iter().flat_map(move |v| DIRECTIONS.into_iter().map(move |c| (a, v, c))))
}

#[test]
fn who_asks_for_nothing_gets_what_the_meeting_has() {
    let caller = Caller::new();
    let default = |video_off, content_off| {
        let meeting = caller.meeting(&format!("d-{video_off}-{content_off}"), features(video_off, content_off));
        let got = caller.attendee(&meeting, json!({ "ExternalUserId": "ada", "Capabilities": null }));
        let capability = |name: &str| got.at(&format!("/Attendee/Capabilities/{name}"));
        [capability("Audio"), capability("Video"), capability("Content")].join(" ")
    };
    assert_eq!(default(false, false), "SendReceive SendReceive SendReceive"); // R0
    assert_eq!(default(true, false), "SendReceive Receive SendReceive"); // R4
    assert_eq!(default(false, true), "SendReceive SendReceive None"); // R5
    assert_eq!(default(true, true), "SendReceive None None"); // R5
}
