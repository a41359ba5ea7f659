//! The canonical form of a request, rebuilt from what arrived.
//!
//! Holds [`Received`] and the canonical request of Signature Version 4, written from its published description and from the
//! test vectors; no signer's code is used, or a shared mistake would never show. It knows no keys.

use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode;

/// A request as it came over the wire: nothing decoded, nothing put in order.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Method.
    pub method: &'a str,
    /// Path, still percent-encoded.
    pub path: &'a str,
    /// Query, without the question mark.
    pub query: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// What stands in for a missing `Host` header: HTTP/2 sends an authority instead.
    pub authority: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

impl Received<'_> {
    /// A header as text, if it is there once at least and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Whether a path is normalised before it is signed: every service but S3 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathForm {
    /// Dot segments resolved, slashes collapsed.
    Normalised,
    /// As it is.
    AsIs,
}

/// How a query is read. Signers differ on what they take to be already encoded; both readings bind every byte that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryForm {
    /// Names and values as they stand.
    AsIs,
    /// Decoded and encoded again. A plus is a plus, as it is where the query is read: were it a space too, a signed space could
    /// be made one on the way.
    Recoded,
}

/// The query parameter that carries the signature of a presigned request; it cannot sign itself.
pub const QUERY_SIGNATURE: &str = "X-Amz-Signature";

/// What the canonical request is built of, beside the request.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// `SignedHeaders`, as sent.
    pub signed_headers: &'a str,
    /// Hexadecimal hash of the payload, or what stands in for it.
    pub payload: &'a str,
    /// How the path is read.
    pub path: PathForm,
    /// How the query is read.
    pub query: QueryForm,
}

/// The canonical request.
pub fn canonical_request(request: &Received<'_>, terms: Terms<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    match terms.path {
        PathForm::AsIs if request.path.is_empty() => out.push(b'/'),
        PathForm::AsIs => encode(request.path.as_bytes(), Keep::Slash, &mut out),
        PathForm::Normalised => encode(normalised(request.path).as_bytes(), Keep::Slash, &mut out),
    }
    out.push(b'\n');
    canonical_query(request.query, terms.query, &mut out);
    out.push(b'\n');
    for name in terms.signed_headers.split(';') {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        header_values(request, name, &mut out);
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(terms.signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(terms.payload.as_bytes());
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Slash,
    Nothing,
}

/// Percent-encodes every byte that is not unreserved (RFC 3986), in upper case.
fn encode(bytes: &[u8], keep: Keep, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &b in bytes {
        let plain = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') || (b == b'/' && keep == Keep::Slash);
        if plain {
            out.push(b);
        } else {
            out.extend_from_slice(&[b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
        }
    }
}

/// Resolves `.` and `..` and collapses repeated slashes; a closing slash stays.
fn normalised(path: &str) -> std::borrow::Cow<'_, str> {
    if !path.contains("//") && !path.contains("/.") && path.starts_with('/') {
        return path.into();
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    let mut out = format!("/{}", segments.join("/"));
    let closing = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    if closing && !segments.is_empty() {
        out.push('/');
    }
    out.into()
}

fn canonical_query(query: &str, form: QueryForm, out: &mut Vec<u8>) {
    if query.is_empty() {
        return;
    }
    let recoded = |part: &str| {
        let plain: Vec<u8> = percent_decode(part.as_bytes()).collect();
        let mut encoded = Vec::with_capacity(part.len());
        encode(&plain, Keep::Nothing, &mut encoded);
        encoded
    };
    let read = |part: &str| match form {
        QueryForm::AsIs => part.as_bytes().to_vec(),
        QueryForm::Recoded => recoded(part),
    };
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .filter(|(name, _)| *name != QUERY_SIGNATURE)
        .map(|(name, value)| (read(name), read(value)))
        .collect();
    pairs.sort();
    for (i, (name, value)) in pairs.iter().enumerate() {
        if i > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

/// All values of a header, joined by commas; runs of spaces are one space, and none stand at the ends.
fn header_values(request: &Received<'_>, name: &str, out: &mut Vec<u8>) {
    let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else { return };
    let mut any = false;
    for value in request.headers.get_all(&header) {
        if any {
            out.push(b',');
        }
        any = true;
        squeezed(value.as_bytes(), out);
    }
    if !any && name == "host" {
        squeezed(request.authority.unwrap_or_default().as_bytes(), out);
    }
}

fn squeezed(value: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    for &b in value {
        let space = b == b' ' || b == b'\t';
        if space && (out.len() == start || out.last() == Some(&b' ')) {
            continue;
        }
        out.push(if space { b' ' } else { b });
    }
    if out.len() > start && out.last() == Some(&b' ') {
        out.pop();
    }
}
