//! Whatever arrives, the parsers and the verifier answer and do not fall over. Bounded here; `tests/fuzz` runs longer,
//! by `HEADCOUNT_FUZZ_CASES`. The targets over raw bytes are in `targets`.

use super::caller::{Caller, date};
use headcount::mock::keys::KeyRing;
use headcount::mock::operation::Route;
use headcount::mock::server::sniff::Sniffer;
use headcount::mock::verify::Verifier;
use headcount::mock::verify::canonical::Received;
use proptest::prelude::*;
use serde_json::Value;
use std::time::Duration;

fn cases() -> ProptestConfig {
    let cases = option_env!("HEADCOUNT_FUZZ_CASES").and_then(|n| n.parse().ok()).unwrap_or(400);
    ProptestConfig::with_cases(cases)
}

/// JSON that looks like what the service is asked, with anything in it.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,70}".prop_map(Value::from),
        prop::sample::select(vec!["SendReceive", "None", "FHD", "us-east-1", "aws:x", "00000000-0000-0000-0000-000000000000"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let name = prop::sample::select(vec![
            "ExternalUserId",
            "Capabilities",
            "Audio",
            "Video",
            "Content",
            "Attendees",
            "ClientRequestToken",
            "MediaRegion",
            "ExternalMeetingId",
            "MeetingFeatures",
            "MaxResolution",
            "Attendee",
            "MaxCount",
            "Tags",
            "Key",
            "Value",
            "TenantIds",
            "ResourceARN",
            "TagKeys",
            "TranscriptionConfiguration",
            "EngineTranscribeSettings",
            "ExcludedAttendeeIds",
            "AttendeeId",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(name.prop_map(str::to_owned), inner, 0..8).prop_map(|m| m.into_iter().collect()),
        ]
    })
}

const ROUTES: [(&str, &str); 12] = [
    ("POST", "/meetings"),
    ("POST", "/meetings?operation=create-attendees"),
    ("POST", "/meetings/M/attendees"),
    ("POST", "/meetings/M/attendees?operation=batch-create"),
    ("GET", "/meetings/M/attendees?max-results=9999999999999999999999&next-token=%ff"),
    ("PUT", "/meetings/M/attendees/M/capabilities"),
    ("PUT", "/meetings/M/attendees/capabilities?operation=batch-update-except"),
    ("POST", "/meetings/M/transcription?operation=start"),
    ("POST", "/tags?operation=tag-resource"),
    ("POST", "/tags?operation=untag-resource"),
    ("GET", "/tags?arn=%00"),
    ("DELETE", "/meetings/M/attendees/M"),
];

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_body_gets_an_answer(which in 0..ROUTES.len(), value in json(), spoilt in any::<Option<(usize, u8)>>()) {
        let caller = Caller::new();
        let meeting = caller.meeting("m", Value::Null);
        let mut body = value.to_string().into_bytes();
        if let (Some((at, byte)), false) = (spoilt, body.is_empty()) {
            let at = at % body.len();
            body[at] = byte;
        }
        let (method, uri) = ROUTES[which];
        let request = http::Request::builder().method(method).uri(uri.replace('M', &meeting)).body(()).unwrap();
        let answer = caller.mock.answer(caller.start + Duration::ZERO, date(), &request.into_parts().0, &body);
        let status = answer.response.status().as_u16();
        prop_assert!(matches!(status, 200 | 204 | 400 | 404 | 422), "{status}");
        // Nothing that the service could not have said is reflected.
        let text = answer.response.body();
        prop_assert!(text.iter().all(|b| *b >= 0x20), "control bytes in {text:?}");
    }

    #[test]
    fn any_target_is_a_route_or_none(method in "[A-Z]{1,7}", path in "[ -~]{0,60}|(/[a-z%]{0,12}){0,9}", query in "[ -~]{0,60}") {
        if let Some(route) = Route::find(&method, &path, &query) {
            prop_assert!(path.starts_with('/') && !route.operation.name().is_empty());
        }
    }

    #[test]
    fn any_signature_is_refused(
        authorization in "(AWS4-HMAC-SHA256 )?[ -~]{0,80}|AWS4-HMAC-SHA256 Credential=[A-Z0-9/_a-z-]{0,60}, ?SignedHeaders=[a-z;-]{0,30}, ?Signature=[0-9a-g]{0,70}",
        date_header in "[0-9TZ]{0,18}|20260921T142640Z", query in "(X-Amz-Algorithm=AWS4-HMAC-SHA256&)?[!-~]{0,80}", body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut headers = http::HeaderMap::new();
        headers.insert("host", "mock".parse().unwrap());
        authorization.parse().into_iter().for_each(|v| drop(headers.insert("authorization", v)));
        headers.insert("x-amz-date", date_header.parse().unwrap());
        let received = Received { method: "POST", path: "/meetings", query: &query, headers: &headers, authority: None, body: &body };
        prop_assert!(Verifier::new(KeyRing::default()).verify(&received, date()).is_err());
    }

    #[test]
    fn reading_along_never_falls_over(bytes in prop::collection::vec(any::<u8>(), 0..600), cut in 1usize..40) {
        let (mut whole, mut pieces) = (Sniffer::default(), Sniffer::default());
        let first = whole.read(&bytes);
        let mut last = Default::default();
        for piece in bytes.chunks(cut) {
            last = pieces.read(piece);
        }
        prop_assert_eq!(first, last);
    }
}
