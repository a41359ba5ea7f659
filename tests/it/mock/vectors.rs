//! AWS's own signing vectors, all of them, read from the sources of the aws-sigv4 crate: requests signed in the header and in
//! the query, with paths normalised and as they are.

use headcount::mock::keys::{Key, KeyRing};
use headcount::mock::verify::Verifier;
use headcount::mock::verify::authorization::parse_basic;
use headcount::mock::verify::canonical::{PathForm, QueryForm, Received, Terms, canonical_request};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where cargo keeps the crate's sources.
fn suite() -> PathBuf {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let version = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Of this platform alone: on a fresh machine, the sources of the others' crates have never been fetched.
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", host, "--manifest-path", manifest])
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let package = metadata["packages"].as_array().unwrap().iter().find(|p| p["name"] == "aws-sigv4").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("aws-signing-test-suite").join("v4")
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
}

/// Reads a request file. A header that is continued on further lines is joined by a space, as RFC 7230 has it.
fn read(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap();
    let (method, rest) = first.split_once(' ').unwrap();
    let target = rest.strip_suffix(" HTTP/1.1").unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match (line.starts_with(' '), headers.last_mut()) {
            (true, Some(last)) => last.1 += &format!(" {}", line.trim()),
            _ => {
                let (name, value) = line.split_once(':').unwrap();
                headers.push((name.to_lowercase(), value.to_owned()));
            }
        }
    }
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    Request { method: method.into(), path: path.into(), query: query.into(), headers: map, body: body.into() }
}

impl Request {
    fn received(&self) -> Received<'_> {
        Received {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            authority: None,
            body: self.body.as_bytes(),
        }
    }
}

#[test]
fn every_vector_is_verified_and_none_with_a_byte_changed() {
    let (suite, mut verified) = (suite(), 0);
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&suite).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    assert_eq!(folders.len(), 40, "the suite has changed: look at what is new");
    for folder in folders {
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let Ok(context) = std::fs::read_to_string(folder.join("context.json")) else {
            canonical_only(&folder);
            continue;
        };
        let context: Value = serde_json::from_str(&context).unwrap();
        let credentials = &context["credentials"];
        let mut key =
            Key::new(credentials["access_key_id"].as_str().unwrap(), credentials["secret_access_key"].as_str().unwrap());
        let bare = key.clone();
        key.session_token = credentials["token"].as_str().map(|t| Zeroizing::new(t.to_owned()));
        let path = if context["normalize"] == true { PathForm::Normalised } else { PathForm::AsIs };
        let verifier = Verifier::scoped(KeyRing::new([key]), context["service"].as_str().unwrap(), path);
        let wall = parse_basic("20150830T123600Z").unwrap();
        // One vector adds the session token behind the signature. A strict front end refuses that; without the token, the
        // signature must be right.
        let token_behind = context["omit_session_token"] == true;
        for kind in ["header", "query"] {
            let name = format!("{} ({kind})", folder.file_name().unwrap().display());
            let mut signed = text(&format!("{kind}-signed-request.txt"));
            if token_behind {
                assert!(verifier.verify(&read(&signed).received(), wall).is_err(), "{name}");
                signed = without_token(&signed);
            }
            let verifier =
                if token_behind { &Verifier::scoped(KeyRing::new([bare.clone()]), "service", path) } else { &verifier };
            let request = read(&signed);
            let result = verifier.verify(&request.received(), wall);
            assert!(result.is_ok(), "{name}: {}", result.unwrap_err().message);
            assert_canonical(&request, &text(&format!("{kind}-canonical-request.txt")), path, &name);
            verified += 1;
            let mut other = read(&signed);
            other.path += "x";
            assert!(verifier.verify(&other.received(), wall).is_err(), "{name}");
            let mut other = read(&signed);
            other.body += "x";
            assert!(verifier.verify(&other.received(), wall).is_err(), "{name}");
        }
    }
    assert_eq!(verified, 76, "38 folders with both kinds");
}

/// The request without its session token, header or parameter.
fn without_token(signed: &str) -> String {
    let keep = |line: &&str| !line.to_lowercase().starts_with("x-amz-security-token:");
    let text: String = signed.split_inclusive('\n').filter(keep).collect();
    match text.split_once("&X-Amz-Security-Token=") {
        Some((head, rest)) => format!("{head}{}", &rest[rest.find('&').unwrap()..]),
        None => text,
    }
}

/// Two folders have no signature, only what the canonical request must be: paths that are encoded already are encoded again.
fn canonical_only(folder: &Path) {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (request, canonical) = (read(&text("request.txt")), text("header-canonical-request.txt"));
    let ours = canonical_request(&request.received(), terms(&canonical, PathForm::Normalised));
    let ours = String::from_utf8(ours).unwrap();
    // The dates of these two files differ from each other, so the path alone is compared.
    assert_eq!(ours.lines().nth(1), canonical.lines().nth(1), "{}", folder.display());
}

fn terms(canonical: &str, path: PathForm) -> Terms<'_> {
    let lines: Vec<&str> = canonical.lines().collect();
    Terms { signed_headers: lines[lines.len() - 2], payload: lines[lines.len() - 1], path, query: QueryForm::Recoded }
}

fn assert_canonical(request: &Request, canonical: &str, path: PathForm, name: &str) {
    let ours = canonical_request(&request.received(), terms(canonical, path));
    assert_eq!(String::from_utf8(ours).unwrap(), canonical.trim_end_matches('\n'), "{name}");
}
