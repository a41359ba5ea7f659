//! The front end's errors, each for its cause, as a caller of the whole mock gets them.

use super::caller::{Got, date};
use super::signatures::signed;
use headcount::mock::keys::{Key, KeyRing};
use headcount::mock::operation::Operation;
use headcount::mock::{Mock, Options};
use std::time::Duration;
use tokio::time::Instant;

fn ask(key: Key) -> Got {
    let mock = Mock::new(Options { keys: KeyRing::new([key]), ..Options::default() });
    let body = br#"{"ClientRequestToken":"tok","MediaRegion":"us-east-1","ExternalMeetingId":"room"}"#;
    let one = signed("POST", "/meetings", &[], body, None, date());
    let mut request = http::Request::builder().method("POST").uri("/meetings").body(()).unwrap();
    *request.headers_mut() = one.headers;
    Got::of(&mock.answer(Instant::now(), date(), &request.into_parts().0, body))
}

#[test]
fn what_a_key_may_do() {
    assert_eq!(ask(Key::default()).status, 200);
    let kind = |key: Key| {
        let got = ask(key);
        (got.status, got.kind)
    };
    let expired = |seconds| Key { expires: Some(date() + Duration::from_secs(seconds)), ..Key::default() };
    assert_eq!(kind(expired(1)).0, 200);
    assert_eq!(kind(expired(0)), (403, "ExpiredTokenException".into()));
    let allowed = |operation| Key { allow: Some(vec![operation]), ..Key::default() };
    assert_eq!(kind(allowed(Operation::CreateMeeting)).0, 200);
    assert_eq!(kind(allowed(Operation::GetMeeting)), (403, "AccessDeniedException".into()));
    assert_eq!(kind(Key { subscribed: false, ..Key::default() }), (403, "ForbiddenException".into()));
    assert_eq!(kind(Key { id: "AKIDOTHER".into(), ..Key::default() }), (403, "UnrecognizedClientException".into()));
    let other = ask(Key { secret: zeroize::Zeroizing::new("another".into()), ..Key::default() });
    assert_eq!((other.status, other.kind.as_str()), (403, "InvalidSignatureException"));
    let hint = other.at("/Message");
    assert!(hint.contains("The Canonical String") && hint.contains("String-to-Sign") && !hint.contains("another"), "{hint}");
}

#[test]
fn accounts_and_control_regions_do_not_see_each_other() {
    let other = Key { id: "AKIDOTHER".into(), account: "222233334444".into(), ..Key::default() };
    let mock = Mock::new(Options { keys: KeyRing::new([Key::default(), other]), ..Options::default() });
    let ask = |id: &str, region: &str, method: &str, uri: &str, body: &[u8]| {
        let identity = aws_credential_types::Credentials::new(id, headcount::mock::DEFAULT_SECRET_KEY, None, None, "t").into();
        let params = aws_sigv4::sign::v4::SigningParams::builder().identity(&identity).region(region).name("chime").time(date());
        let params = params.settings(Default::default()).build().unwrap().into();
        let url = format!("http://mock{uri}");
        let signable = aws_sigv4::http_request::SignableRequest::new(
            method,
            &url,
            std::iter::empty(),
            aws_sigv4::http_request::SignableBody::Bytes(body),
        )
        .unwrap();
        let (instructions, _) = aws_sigv4::http_request::sign(signable, &params).unwrap().into_parts();
        let mut request = http::Request::builder().method(method).uri(uri).header("host", "mock").body(()).unwrap();
        instructions.apply_to_request_http1x(&mut request);
        Got::of(&mock.answer(Instant::now(), date(), &request.into_parts().0, body))
    };
    let body = br#"{"ClientRequestToken":"tok","MediaRegion":"us-east-1","ExternalMeetingId":"room"}"#;
    let mine = ask(headcount::mock::DEFAULT_ACCESS_KEY, "us-east-1", "POST", "/meetings", body).at("/Meeting/MeetingId");
    let uri = format!("/meetings/{mine}");
    assert_eq!(ask(headcount::mock::DEFAULT_ACCESS_KEY, "us-east-1", "GET", &uri, b"").status, 200);
    assert_eq!(ask(headcount::mock::DEFAULT_ACCESS_KEY, "eu-central-1", "GET", &uri, b"").kind, "NotFoundException");
    assert_eq!(ask("AKIDOTHER", "us-east-1", "GET", &uri, b"").kind, "NotFoundException");
    assert_ne!(ask("AKIDOTHER", "us-east-1", "POST", "/meetings", body).at("/Meeting/MeetingId"), mine);
    mock.adopt(&headcount::chime::id::MeetingId::parse("00000000-0000-0000-0000-00000000abcd").unwrap());
    for (key, region) in [("AKIDOTHER", "us-east-1"), (headcount::mock::DEFAULT_ACCESS_KEY, "eu-central-1")] {
        assert_eq!(ask(key, region, "GET", "/meetings/00000000-0000-0000-0000-00000000ABCD", b"").status, 200);
    }
}
