//! Fuzz targets over raw bytes: the request parser and the signature verifier.
//!
//! Under `cargo test` each runs a bounded number of inputs. With cargo-bolero installed they are coverage-guided:
//! `cargo bolero test --test it mock::targets::the_parser_answers_any_bytes -T 60s`.

use super::caller::{Caller, date};
use bolero::check;
use headcount::mock::keys::KeyRing;
use headcount::mock::operation::Route;
use headcount::mock::verify::Verifier;
use headcount::mock::verify::canonical::Received;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// A request as far as HTTP lets it be one: `METHOD target`, header lines, an empty line, the body.
fn request(bytes: &[u8]) -> Option<(http::request::Parts, &[u8])> {
    let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap_or(bytes.len());
    let body = bytes.get(end + 2..).unwrap_or_default();
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.lines();
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut request = http::Request::builder().method(method).uri(target);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        request = request.header(name, value.trim());
    }
    Some((request.body(()).ok()?.into_parts().0, body))
}

#[test]
fn the_parser_answers_any_bytes() {
    // A panic is a finding either way; what it leaves of the mock is looked at by nobody.
    let caller = AssertUnwindSafe(Caller::new());
    check!().with_iterations(20_000).for_each(|bytes: &[u8]| {
        let caller = &*caller;
        if let Some((parts, body)) = request(bytes) {
            let _ = Route::find(parts.method.as_str(), parts.uri.path(), parts.uri.query().unwrap_or_default());
            let answer = caller.mock.answer(caller.start + Duration::ZERO, date(), &parts, body);
            assert!(answer.response.status().as_u16() >= 200);
        }
        // The same bytes as the body of a request that is one.
        let (parts, ()) = http::Request::post("/meetings").body(()).unwrap().into_parts();
        let status = caller.mock.answer(caller.start + Duration::ZERO, date(), &parts, bytes).response.status();
        assert!(status.is_success() || status.is_client_error(), "{status}");
    });
}

#[test]
fn the_verifier_lets_no_bytes_in() {
    let verifier = AssertUnwindSafe(Verifier::new(KeyRing::default()));
    check!().with_iterations(20_000).for_each(|bytes: &[u8]| {
        let verifier = &*verifier;
        let (head, body) = bytes.split_at(bytes.len() / 2);
        let mut headers = http::HeaderMap::new();
        headers.insert("host", "mock".parse().unwrap());
        for (name, part) in ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"]
            .iter()
            .zip(head.split(|b| *b == b'\n'))
        {
            http::HeaderValue::from_bytes(part).into_iter().for_each(|value| drop(headers.insert(*name, value)));
        }
        let query = String::from_utf8_lossy(body);
        let received = Received { method: "POST", path: "/meetings", query: &query, headers: &headers, authority: None, body };
        assert!(verifier.verify(&received, date()).is_err());
    });
}
