//! The signer against somebody else's: requests of every shape headcount sends, signed by botocore.
//!
//! Holds the test over tests/it/vectors/botocore.json, which tests/peers/sign_vectors.py makes.

use aws_credential_types::Credentials;
use headcount::client::sign::{Signer, Unsigned};
use http::Method;
use std::time::SystemTime;

#[derive(serde::Deserialize)]
struct Vector {
    time: jiff::Timestamp,
    token: Option<String>,
    host: String,
    region: String,
    method: String,
    path: String,
    query: String,
    body: String,
    authorization: String,
}

#[test]
fn every_request_is_signed_as_botocore_signs_it() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors/botocore.json")).unwrap();
    assert_eq!(vectors.len(), 60);
    for v in vectors {
        let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", v.token, None, "test");
        let signer = Signer::new(credentials, &v.region).unwrap();
        let method: Method = v.method.parse().unwrap();
        let request = Unsigned { method: &method, host: &v.host, path: &v.path, query: &v.query, body: v.body.as_bytes() };
        let headers = signer.headers(request, SystemTime::try_from(v.time).unwrap());
        assert_eq!(headers["authorization"].to_str().unwrap(), v.authorization, "{method} {} at {}", v.path, v.time);
    }
}
