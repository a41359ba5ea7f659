//! The wire: a signed request in, the bytes of a reply out.
//!
//! Holds the trait [`Transport`] and its one real implementation, on reqwest. Called by `attempt` alone; tests hand in wires of
//! their own. It never follows a redirect, never asks twice, never unpacks, and never reads more than [`BODY_CAP`].

use crate::chime::class::Class;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use std::future::Future;
use std::time::Duration;

/// The most that is read of a reply's body. The largest honest one (a batch of 100) is under 100 KiB.
pub const BODY_CAP: usize = 1 << 20;

/// A reply as it came.
#[derive(Debug)]
pub struct Reply {
    /// The status line.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole, at most [`BODY_CAP`].
    pub body: Bytes,
}

/// The wire failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireFault {
    /// One of the transport classes.
    pub class: Class,
    /// Whether the request may have reached the service.
    pub perhaps_sent: bool,
    /// What happened, in words that name no request.
    pub what: String,
}

/// Something that carries one request and brings back one reply.
pub trait Transport: Send + Sync {
    /// Sends once. The caller bounds the time.
    fn send(&self, request: Request<Bytes>) -> impl Future<Output = Result<Reply, WireFault>> + Send;
}

/// HTTP by reqwest.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

/// How to reach the endpoint.
#[derive(Debug, Clone, Default)]
pub struct HttpOptions {
    /// Time for name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// PEM certificates to trust beside the system's.
    pub ca_bundle: Option<Vec<u8>>,
    /// Whether proxies named by the environment are left aside; always so for this machine itself.
    pub direct: bool,
}

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The CA bundle is not PEM, or holds no certificate.
    #[error("the CA bundle cannot be read: {0}")]
    CaBundle(String),
    /// Anything else.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(String),
}

impl Http {
    /// A client with its own connections.
    pub fn new(options: &HttpOptions) -> Result<Self, HttpError> {
        let mut builder = reqwest::Client::builder()
            // A 307 would replay the POST, session token included, to wherever it points.
            .redirect(reqwest::redirect::Policy::none())
            // reqwest's own retries would hide attempts from the schedule and the counts.
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect_timeout)
            // Load balancers close idle connections after 60 s; leaving first avoids the race.
            .pool_idle_timeout(Duration::from_secs(20))
            .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")));
        if options.direct {
            builder = builder.no_proxy();
        }
        if let Some(pem) = &options.ca_bundle {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|e| HttpError::CaBundle(root_of(&e)))?;
            if certificates.is_empty() {
                return Err(HttpError::CaBundle("it holds no PEM certificate".to_owned()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        builder.build().map(Http).map_err(|e| HttpError::Setup(root_of(&e)))
    }
}

impl Transport for Http {
    async fn send(&self, request: Request<Bytes>) -> Result<Reply, WireFault> {
        let request = reqwest::Request::try_from(request).map_err(|e| fault(&e))?;
        let mut response = self.0.execute(request).await.map_err(|e| fault(&e))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let too_large = || WireFault {
            class: Class::Protocol,
            perhaps_sent: true,
            what: format!("the reply is larger than {} KiB", BODY_CAP >> 10),
        };
        if response.content_length().is_some_and(|n| n > BODY_CAP as u64) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| fault(&e))? {
            if body.len() + chunk.len() > BODY_CAP {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body: body.freeze() })
    }
}

/// Sorts reqwest's errors into classes. Their own text names the URL, so only the innermost cause is kept.
fn fault(error: &reqwest::Error) -> WireFault {
    let mut io = None;
    let mut tls = false;
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(io);
        tls |= is_of_tls(cause);
        source = cause.source();
    }
    let (class, perhaps_sent) = if tls {
        (Class::Tls, false)
    } else if error.is_connect() && error.is_timeout() {
        (Class::ConnectTimeout, false)
    } else if error.is_dns() {
        (Class::Dns, false)
    } else if error.is_connect() {
        (Class::Refused, false)
    } else if error.is_timeout() {
        (Class::ReadTimeout, true)
    } else if error.is_builder() {
        (Class::Protocol, false)
    } else if io.is_some_and(is_broken) || is_cut_short(error) {
        // reqwest calls every failure within a body a failure to decode; what broke it is further down.
        (Class::Reset, true)
    } else {
        (Class::Protocol, true)
    };
    WireFault { class, perhaps_sent, what: crate::safe::line(&root_of(error), 200) }
}

/// Whether rustls is at the bottom of it. It hides inside an `io::Error` inside another, and an `io::Error` shows as its source
/// not what it holds but the source of that.
pub(super) fn is_of_tls(cause: &(dyn std::error::Error + 'static)) -> bool {
    let mut held = Some(cause);
    while let Some(error) = held {
        if error.is::<tokio_rustls::rustls::Error>() {
            return true;
        }
        held = error.downcast_ref::<std::io::Error>().and_then(|e| e.get_ref()).map(|e| e as _);
    }
    false
}

/// Whether the connection broke, rather than said something odd.
pub(super) fn is_broken(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, TimedOut, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | TimedOut | UnexpectedEof)
}

/// A message that ended before it was whole, which the service may have meant or not.
fn is_cut_short(error: &reqwest::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
            return hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed() || hyper.is_body_write_aborted();
        }
        source = cause.source();
    }
    false
}

pub(super) fn root_of(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(next) = root.source() {
        root = next;
    }
    root.to_string()
}
