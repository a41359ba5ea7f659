//! Requests signed by AWS's crate: let in as they are, refused with any part changed.

use super::caller::date;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use headcount::mock::keys::{DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, Key, KeyRing};
use headcount::mock::verify::Verifier;
use headcount::mock::verify::canonical::Received;
use http::HeaderMap;
use proptest::prelude::*;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

#[derive(Clone, Debug)]
pub struct Signed {
    pub method: String,
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Signs as a client would.
pub fn signed(method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8], token: Option<&str>, at: SystemTime) -> Signed {
    let identity = Credentials::new(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, token.map(str::to_owned), None, "test").into();
    let params = v4::SigningParams::builder().identity(&identity).region("us-east-1").name("chime").time(at);
    let params = params.settings(SigningSettings::default()).build().unwrap().into();
    let url = format!("http://mock.test{uri}");
    let request = SignableRequest::new(method, &url, headers.iter().copied(), SignableBody::Bytes(body)).unwrap();
    let (instructions, _) = sign(request, &params).unwrap().into_parts();
    let mut out = http::Request::builder().method(method).uri(uri).header("host", "mock.test");
    for (name, value) in headers {
        out = out.header(*name, *value);
    }
    let mut out = out.body(()).unwrap();
    instructions.apply_to_request_http1x(&mut out);
    Signed { method: method.into(), uri: out.uri().to_string(), headers: out.headers().clone(), body: body.to_vec() }
}

impl Signed {
    pub fn verify(&self, verifier: &Verifier, wall: SystemTime) -> Result<(), &'static str> {
        let (path, query) = self.uri.split_once('?').unwrap_or((&self.uri, ""));
        let received = Received { method: &self.method, path, query, headers: &self.headers, authority: None, body: &self.body };
        verifier.verify(&received, wall).map(drop).map_err(|fault| fault.kind)
    }
}

fn verifier(token: Option<&str>) -> Verifier {
    Verifier::new(KeyRing::new([Key { session_token: token.map(|t| Zeroizing::new(t.to_owned())), ..Key::default() }]))
}

const ODD: [&str; 8] = [
    "/meetings/11111111-2222-3333-4444-555555555555/attendees",
    "/meetings/a%20b/attendees?max-results=5&next-token=a%20b%2Bc%2F%3D%26",
    "/meetings//attendees",
    "/meetings/./x/../y/",
    "/meetings/%C3%A9%E2%82%AC/attendees",
    "/tags?arn=arn%3Aaws%3Achime%3Aus-east-1%3A1%3Ameeting%2Fx",
    "/meetings/~_-.!/attendees?b=2&a=2&a=1&empty=&flag",
    "/meetings/a%2Fb@c:d/attendees?operation=batch-create",
];

#[test]
fn odd_paths_queries_and_headers_are_let_in() {
    for token in [None, Some("a-token/with+signs==")] {
        let verifier = verifier(token);
        for uri in ODD {
            let headers = [("content-type", "application/json"), ("x-odd", "  two   spaces  "), ("x-amz-extra", "é")];
            let one = signed("POST", uri, &headers, "{\"ExternalUserId\":\"Zoë 🦀\"}".as_bytes(), token, date());
            assert_eq!(one.verify(&verifier, date()), Ok(()), "{uri}");
        }
    }
}

#[test]
fn a_change_in_any_part_is_refused() {
    let (verifier, body) = (verifier(Some("tok")), b"{\"ExternalUserId\":\"ada\"}");
    let uri = "/meetings/11111111-2222-3333-4444-555555555555/attendees?max-results=5";
    let good = signed("POST", uri, &[("content-type", "application/json"), ("x-amz-extra", "1")], body, Some("tok"), date());
    assert_eq!(good.verify(&verifier, date()), Ok(()));
    let change = |change: &dyn Fn(&mut Signed)| {
        let mut bad = good.clone();
        change(&mut bad);
        bad.verify(&verifier, date())
    };
    let set =
        |name: &'static str, value: &'static str| move |s: &mut Signed| drop(s.headers.insert(name, value.parse().unwrap()));
    let swap = |from: &'static str, to: &'static str| {
        move |s: &mut Signed| {
            let old = s.headers["authorization"].to_str().unwrap().to_owned();
            assert!(old.contains(from), "{from} is not in {old}");
            s.headers.insert("authorization", old.replace(from, to).parse().unwrap());
        }
    };
    let wrong = Err("InvalidSignatureException");
    assert_eq!(change(&|s| s.method = "PUT".into()), wrong);
    assert_eq!(change(&|s| s.uri = s.uri.replace("1111", "1112")), wrong);
    assert_eq!(change(&|s| s.uri = s.uri.replace("=5", "=6")), wrong);
    assert_eq!(change(&|s| s.uri += "&x=1"), wrong);
    let spaced = signed("GET", "/meetings?next-token=a%20b", &[], b"", Some("tok"), date());
    let plus = Signed { uri: spaced.uri.replace("%20", "+"), ..spaced.clone() };
    assert_eq!((spaced.verify(&verifier, date()), plus.verify(&verifier, date())), (Ok(()), wrong), "a plus is no space");
    assert_eq!(change(&|s| s.body[2] = b'e'), wrong);
    assert_eq!(change(&|s| s.body.clear()), wrong);
    assert_eq!(change(&set("host", "elsewhere")), wrong);
    assert_eq!(change(&set("content-type", "text/plain")), wrong);
    assert_eq!(change(&set("x-amz-extra", "2")), wrong);
    assert_eq!(change(&set("x-amz-more", "unsigned")), wrong);
    assert_eq!(change(&|s| drop(s.headers.remove("content-type"))), wrong);
    assert_eq!(change(&|s| assert!(s.headers.append("x-amz-extra", "2".parse().unwrap()))), wrong);
    assert_eq!(change(&set("x-amz-content-sha256", "UNSIGNED-PAYLOAD")), wrong);
    assert_eq!(change(&set("x-amz-security-token", "tok2")), Err("UnrecognizedClientException"));
    assert_eq!(change(&|s| drop(s.headers.remove("x-amz-security-token"))), Err("UnrecognizedClientException"));
    assert_eq!(change(&swap(DEFAULT_ACCESS_KEY, "AKIDNOBODY")), Err("UnrecognizedClientException"));
    assert_eq!(change(&swap("/us-east-1/", "/eu-west-1/")), wrong);
    assert_eq!(change(&swap("/chime/", "/s3/")), wrong);
    assert_eq!(change(&swap("/aws4_request", "/aws5_request")), wrong);
    assert_eq!(change(&swap("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5")), Err("IncompleteSignatureException"));
    assert_eq!(change(&swap("host;", "")), wrong);
    assert_eq!(change(&swap("Signature=", "Signed=")), Err("IncompleteSignatureException"));
    assert_eq!(change(&swap("SignedHeaders=", "Headers=")), Err("IncompleteSignatureException"));
    assert_eq!(change(&swap("Credential=", "Cred=")), Err("IncompleteSignatureException"));
    assert_eq!(change(&set("x-amz-date", "yesterday")), wrong);
    assert_eq!(change(&|s| drop(s.headers.remove("x-amz-date"))), Err("IncompleteSignatureException"));
    assert_eq!(change(&|s| drop(s.headers.remove("authorization"))), Err("MissingAuthenticationTokenException"));
    assert_eq!(change(&set("authorization", "Bearer abc")), Err("IncompleteSignatureException"));
}

#[test]
fn five_minutes_either_way_and_no_more() {
    let verifier = verifier(None);
    let one = signed("GET", "/meetings/x", &[], b"", None, date());
    let wrong = Err("InvalidSignatureException");
    assert_eq!(one.verify(&verifier, date() + Duration::from_secs(300)), Ok(()));
    assert_eq!(verifier.replays(), 0);
    assert_eq!(one.verify(&verifier, date() - Duration::from_secs(300)), Ok(()));
    assert_eq!(verifier.replays(), 1, "let in again, and counted");
    assert_eq!(one.verify(&verifier, date() + Duration::from_secs(301)), wrong);
    assert_eq!(one.verify(&verifier, date() - Duration::from_secs(301)), wrong);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the signer signs, the verifier believes; and with one bit of the body turned it does not.
    #[test]
    fn the_two_sides_agree(
        path in "(/[a-zA-Z0-9%._~!$&'()*+,;=:@-]{0,12}){1,5}",
        query in "([a-zA-Z0-9._~-]{1,6}=(%[2-7][0-9A-F]|[a-zA-Z0-9._~-]){0,8}){0,1}(&[a-z]{1,3}=[a-z0-9]{0,4}){0,3}",
        value in "[ -~]{0,30}", body in prop::collection::vec(any::<u8>(), 1..200), bit in 0usize..8,
    ) {
        // A percent sign must begin an escape, or the request is none.
        let path = path.replace('%', "%25");
        let uri = if query.is_empty() { path } else { format!("{path}?{query}") };
        let verifier = verifier(None);
        let one = signed("POST", &uri, &[("x-amz-meta", value.as_str())], &body, None, date());
        prop_assert_eq!(one.verify(&verifier, date()), Ok(()), "{}", uri);
        let mut other = one.clone();
        other.body[0] ^= 1 << bit;
        prop_assert!(other.verify(&verifier, date()).is_err());
    }
}
