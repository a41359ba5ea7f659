//! Whether a request is signed by somebody this mock knows.
//!
//! Holds [`Verifier`]: Signature Version 4, checked over what arrived, with the front end's errors each for its cause
//! (SERVICE.md 4.3). Called once a request. It never sees what the request wants. Written for this mock alone: the client signs
//! with AWS's crate, and a mistake shared by both sides would never show.

pub mod authorization;
pub mod canonical;

use super::fault::Fault;
use super::keys::{Key, KeyRing};
use super::service::meeting::Realm;
use crate::chime::fault::Exception;
use authorization::{ALGORITHM, Claim, basic_date, incomplete, parse_basic};
use canonical::{PathForm, QueryForm, Received, Terms, canonical_request};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use subtle::ConstantTimeEq;

/// How far the clocks may be apart.
pub const SKEW: Duration = Duration::from_secs(300);
/// The signing name of the service.
pub const SERVICE: &str = "chime";
/// Derived keys kept: one a key, day and region.
const DERIVED_AT_MOST: usize = 256;
/// Signatures remembered, each in the one place that its own bits name; a newer one takes the place of an older.
const RECENT: usize = 8192;

/// A key derived for a day, a region and the service, ready to sign; and whose it is.
#[derive(Clone)]
struct Derived {
    mac: Hmac<Sha256>,
    key: Arc<Key>,
    realm: Arc<Realm>,
}

/// Who is calling.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Account and control region.
    pub realm: Arc<Realm>,
    /// The key that signed; none if signatures are off.
    pub key: Option<Arc<Key>>,
}

/// Checks signatures.
pub struct Verifier {
    keys: KeyRing,
    service: String,
    path: PathForm,
    derived: Mutex<HashMap<String, Arc<Derived>>>,
    recent: Box<[AtomicU64]>,
    replays: AtomicU64,
}

impl Verifier {
    /// A verifier for the service, knowing these keys.
    pub fn new(keys: KeyRing) -> Verifier {
        Verifier::scoped(keys, SERVICE, PathForm::Normalised)
    }

    /// A verifier for another service or reading of paths: AWS's test vectors are for neither ours.
    pub fn scoped(keys: KeyRing, service: &str, path: PathForm) -> Verifier {
        let recent = (0..RECENT).map(|_| AtomicU64::new(0)).collect();
        Verifier { keys, service: service.to_owned(), path, derived: Mutex::default(), recent, replays: AtomicU64::new(0) }
    }

    /// How often, at the least, a signature came again. It is let in all the same: a retry within the second signs alike.
    pub fn replays(&self) -> u64 {
        self.replays.load(Ordering::Relaxed)
    }

    fn remember(&self, signature: &str) {
        let number = signature.get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or_default();
        if self.recent[(number % RECENT as u64) as usize].swap(number, Ordering::Relaxed) == number {
            self.replays.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Who signed this, or what to answer instead. `wall` is the mock's own date.
    pub fn verify(&self, request: &Received<'_>, wall: SystemTime) -> Result<Caller, Fault> {
        let claim = Claim::read(request)?;
        let derived = self.derive(&claim)?;
        self.check_session(&claim, &derived.key)?;
        check_date(&claim, wall)?;
        check_headers(request, &claim)?;
        let body_hash = hex(&Sha256::digest(request.body));
        let payload = match request.header("x-amz-content-sha256") {
            // What was signed is what is claimed; what was claimed must be what arrived.
            Some(claimed) if claim.good_for.is_none() && claimed.as_bytes().ct_ne(body_hash.as_bytes()).into() => {
                return Err(mismatch("The x-amz-content-sha256 header does not match the body that was received."));
            }
            _ => &body_hash,
        };
        let terms = |query| Terms { signed_headers: &claim.signed_headers, payload, path: self.path, query };
        let first = canonical_request(request, terms(QueryForm::AsIs));
        if !self.matches(&claim, &derived, &first) {
            let second = canonical_request(request, terms(QueryForm::Recoded));
            if request.query.is_empty() || !self.matches(&claim, &derived, &second) {
                return Err(unequal(&claim, &second));
            }
        }
        if derived.key.expires.is_some_and(|at| at <= wall) {
            let message = "The security token included in the request is expired";
            return Err(Fault::front_end("ExpiredTokenException", 403, message));
        }
        if !derived.key.subscribed {
            return Err(Fault::of(Exception::Forbidden, "Subscription check failed"));
        }
        self.keep(&claim, &derived);
        self.remember(&claim.signature);
        Ok(Caller { realm: Arc::clone(&derived.realm), key: Some(Arc::clone(&derived.key)) })
    }

    /// The derived key of a scope that makes sense, from the cache or anew.
    fn derive(&self, claim: &Claim<'_>) -> Result<Arc<Derived>, Fault> {
        let scope = claim.credential.as_ref();
        if claim.date.get(..8) == scope.rsplit('/').nth(3)
            && let Some(known) = self.derived.lock().expect("nothing panics while it holds the cache").get(scope)
        {
            return Ok(Arc::clone(known));
        }
        let parts: Vec<&str> = scope.split('/').collect();
        let [id, date, region, service, terminator] = parts[..] else {
            return Err(incomplete("Credential must have exactly 5 slash-delimited elements."));
        };
        if terminator != "aws4_request" {
            return Err(mismatch("Credential should be scoped with a valid terminator: 'aws4_request'."));
        }
        if service != self.service {
            return Err(mismatch(format!("Credential should be scoped to correct service: '{}'.", self.service)));
        }
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if region.is_empty() || region.len() > 32 || !plain(region) {
            return Err(mismatch("Credential should be scoped to a valid region."));
        }
        if claim.date.get(..8) != Some(date) {
            let message = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.";
            return Err(mismatch(message));
        }
        let Some(key) = self.keys.get(id) else {
            let message = "The security token included in the request is invalid.";
            return Err(Fault::front_end("UnrecognizedClientException", 403, message));
        };
        let seed = zeroize::Zeroizing::new(format!("AWS4{}", key.secret.as_str()));
        let signing =
            [date, region, service, terminator].iter().fold(seed.as_bytes().to_vec(), |k, part| hmac(&k, part.as_bytes()));
        let mac = Hmac::new_from_slice(&signing).expect("HMAC takes keys of any length");
        let realm = Arc::new(Realm { account: key.account.clone(), region: region.to_owned() });
        Ok(Arc::new(Derived { mac, key: Arc::clone(key), realm }))
    }

    /// Keeps a derived key that has proved good, so that strangers cannot fill the cache.
    fn keep(&self, claim: &Claim<'_>, derived: &Arc<Derived>) {
        let mut cache = self.derived.lock().expect("nothing panics while it holds the cache");
        if cache.contains_key(claim.credential.as_ref()) {
            return;
        }
        if cache.len() >= DERIVED_AT_MOST {
            cache.clear();
        }
        cache.insert(claim.credential.to_string(), Arc::clone(derived));
    }

    fn check_session(&self, claim: &Claim<'_>, key: &Key) -> Result<(), Fault> {
        let same = match (&claim.session_token, &key.session_token) {
            (None, None) => true,
            (Some(sent), Some(known)) => sent.as_bytes().ct_eq(known.as_bytes()).into(),
            _ => false,
        };
        let message = "The security token included in the request is invalid.";
        if same { Ok(()) } else { Err(Fault::front_end("UnrecognizedClientException", 403, message)) }
    }

    fn matches(&self, claim: &Claim<'_>, derived: &Derived, canonical: &[u8]) -> bool {
        let mut mac = derived.mac.clone();
        mac.update(string_to_sign(claim, canonical).as_bytes());
        let ours = mac.finalize().into_bytes();
        let theirs = unhex(&claim.signature);
        theirs.is_some_and(|theirs| ours.as_slice().ct_eq(&theirs).into())
    }
}

fn string_to_sign(claim: &Claim<'_>, canonical: &[u8]) -> String {
    let scope = claim.credential.split_once('/').map_or("", |(_, scope)| scope);
    let mut out = String::with_capacity(160);
    let hash = hex(&Sha256::digest(canonical));
    write!(out, "{ALGORITHM}\n{}\n{scope}\n{hash}", claim.date).expect("writing to a string cannot fail");
    out
}

fn check_date(claim: &Claim<'_>, wall: SystemTime) -> Result<(), Fault> {
    let date = parse_basic(&claim.date).ok_or_else(|| incomplete("Date must be in ISO-8601 'basic format'."))?;
    let now = basic_date(wall);
    if date > wall + SKEW {
        let (latest, at) = (basic_date(wall + SKEW), &claim.date);
        return Err(mismatch(format!("Signature not yet current: {at} is still later than {latest} ({now} + 5 min.)")));
    }
    let (good_for, why) = claim.good_for.map_or((SKEW, "5 min."), |span| (span, "X-Amz-Expires"));
    if date + good_for < wall {
        let (earliest, at) = (basic_date(wall - good_for), &claim.date);
        return Err(mismatch(format!("Signature expired: {at} is now earlier than {earliest} ({now} - {why})")));
    }
    Ok(())
}

/// `host` and every `x-amz-*` header must be signed; what is signed must be there.
fn check_headers(request: &Received<'_>, claim: &Claim<'_>) -> Result<(), Fault> {
    let signed = |name: &str| claim.signed_headers.split(';').any(|s| s == name);
    if !signed("host") {
        return Err(mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization."));
    }
    for name in claim.signed_headers.split(';') {
        let there = request.headers.contains_key(name) || (name == "host" && request.authority.is_some());
        if !there || name.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(mismatch("SignedHeaders names a header that is not in the request, or not in lower case."));
        }
    }
    // Presigned requests carry theirs in the query, which is signed as a whole.
    if let Some(name) = request.headers.keys().map(|n| n.as_str()).find(|n| n.starts_with("x-amz-") && !signed(n)) {
        return Err(mismatch(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
    }
    Ok(())
}

/// InvalidSignatureException.
fn mismatch(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::front_end("InvalidSignatureException", 403, message)
}

/// The mismatch proper, with what the canonical string should have been, as AWS tells it: the request echoed, never a secret.
fn unequal(claim: &Claim<'_>, canonical: &[u8]) -> Fault {
    let told = |text: &str| -> String {
        let line = |line: &str| {
            let secret = line.starts_with("x-amz-security-token:") || line.contains("X-Amz-Security-Token=");
            if secret { "(a line with a security token, not shown)".to_owned() } else { line.to_owned() }
        };
        let text: Vec<String> = text.lines().map(line).collect();
        text.join("\n").chars().take(4096).collect()
    };
    mismatch(format!(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
         signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have \
         been\n'{}'\n\nThe String-to-Sign should have been\n'{}'\n",
        told(&String::from_utf8_lossy(canonical)),
        told(&string_to_sign(claim, canonical)),
    ))
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(2 * bytes.len());
    for b in bytes {
        out.push(HEX[usize::from(b >> 4)] as char);
        out.push(HEX[usize::from(b & 15)] as char);
    }
    out
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    // Lower case only: it is a text that is compared, and every signer writes it so.
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut out = [0; 32];
    for (slot, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        *slot = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}
