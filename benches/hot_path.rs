//! What one call costs before and after the wire: sign, encode, decode, schedule.
//!
//! `cargo bench --bench hot_path`. The peer of `sign` is aws-sigv4's own general path, in the same run.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use divan::{Bencher, black_box};
use headcount::bucket::Rate;
use headcount::call::Seat;
use headcount::chime::capability::Capabilities;
use headcount::chime::id::{ExternalUserId, MeetingId};
use headcount::chime::message::CreateAttendeeRequest;
use headcount::client::judge;
use headcount::client::pace::held::Held;
use headcount::client::sign::{SIGNING_NAME, Signer, Unsigned};
use headcount::client::transport::Reply;
use http::{HeaderMap, Method, StatusCode};
use std::time::{Duration, SystemTime};

fn main() {
    divan::main();
}

const PATH: &str = "/meetings/11111111-2222-3333-4444-555555555555/attendees";
const BODY: &[u8] =
    br#"{"ExternalUserId":"user-000042","Capabilities":{"Audio":"Receive","Video":"Receive","Content":"Receive"}}"#;
const AT: SystemTime = SystemTime::UNIX_EPOCH;

fn credentials() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None, None, "bench")
}

fn seat() -> Seat {
    Seat {
        meeting: MeetingId::parse("11111111-2222-3333-4444-555555555555").expect("a GUID"),
        user: ExternalUserId::parse("user-000042").expect("an id"),
        capabilities: Some(Capabilities::DEFAULT),
    }
}

#[divan::bench]
fn sign_ours(bencher: Bencher<'_, '_>) {
    let signer = Signer::new(credentials(), "us-east-1").expect("usable");
    let request = Unsigned { method: &Method::POST, host: "127.0.0.1:8787", path: PATH, query: "", body: BODY };
    bencher.bench_local(|| signer.headers(black_box(request), AT));
}

#[divan::bench]
fn sign_aws_sigv4(bencher: Bencher<'_, '_>) {
    let identity = credentials().into();
    bencher.bench_local(|| {
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(SIGNING_NAME)
            .time(AT)
            .settings(SigningSettings::default())
            .build();
        let url = format!("http://127.0.0.1:8787{PATH}");
        let headers = [("content-type", "application/json")];
        let request =
            SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(black_box(BODY))).expect("signable");
        sign(request, &params.expect("complete").into()).expect("signed").into_parts()
    });
}

#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let seat = seat();
    bencher.bench_local(|| {
        serde_json::to_vec(&CreateAttendeeRequest {
            external_user_id: black_box(seat.user.as_str()),
            capabilities: seat.capabilities,
        })
    });
}

#[divan::bench]
fn decode_and_check(bencher: Bencher<'_, '_>) {
    let seat = seat();
    let token = "A".repeat(98);
    let body = format!(
        r#"{{"Attendee":{{"ExternalUserId":"user-000042","AttendeeId":"aaaaaaaa-bbbb-8024-dddd-eeeeeeeeeeee","JoinToken":"{token}","Capabilities":{{"Audio":"SendReceive","Video":"SendReceive","Content":"SendReceive"}}}}}}"#
    );
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().expect("a header"));
    let reply = Reply { status: StatusCode::OK, headers, body: body.into() };
    bencher.bench_local(|| judge::attendee(black_box(&reply), &seat, &[]));
}

#[divan::bench]
fn schedule(bencher: Bencher<'_, '_>) {
    let mut pace = Held::new(Rate::per_second(1000.0).expect("a rate"), 20.0);
    let mut now = Duration::ZERO;
    bencher.bench_local(|| {
        now += Duration::from_millis(1);
        pace.take(black_box(now))
    });
}
