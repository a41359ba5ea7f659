//! One attempt: sign, send, wait at most so long, judge.
//!
//! Holds [`Client`]. Called by the verbs, through `drive`, for each attempt. It never asks again by itself: an attempt is a
//! value with two instants, and whoever drives decides what follows.

use super::endpoint::Endpoint;
use super::judge;
use super::sign::{Signer, Unsigned, UnusableCredentials};
use super::transport::{Reply, Transport, WireFault};
use crate::call::{End, Fault};
use crate::chime::class::Class;
use crate::clock::Wall;
use aws_credential_types::Credentials;
use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use std::borrow::Cow;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Beyond this many seconds between the clocks, a refused signature is a matter of clocks. The window is five minutes.
const SKEW_SECONDS: i64 = 240;

/// Asks one service with one set of credentials at a time.
pub struct Client<T> {
    transport: T,
    endpoint: Endpoint,
    signer: RwLock<Arc<Signer>>,
    wall: Wall,
    timeout: Duration,
    /// Seconds to add to our clock when signing, learnt from the service's Date.
    skew: AtomicI64,
}

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted<R> {
    /// When it was handed to the transport, signed.
    pub sent: Instant,
    /// When its end was known.
    pub done: Instant,
    /// Whether the service may have seen it.
    pub perhaps_sent: bool,
    /// Whether anything at all answered as HTTP.
    pub answered: bool,
    /// How it ended.
    pub end: End<R>,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Asking {
    pub method: Method,
    pub path: String,
    pub query: Cow<'static, str>,
    pub body: Bytes,
}

/// Which attempt at a call this is; told to the service as the SDKs do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Try {
    /// From 1.
    pub number: u32,
    /// The most there will be in one pass.
    pub most: u32,
}

impl Try {
    fn told(self) -> HeaderValue {
        match self {
            Try { number: 1, most: 1 } => HeaderValue::from_static("attempt=1; max=1"),
            Try { number, most } => format!("attempt={number}; max={most}").parse().expect("two numbers fit a header"),
        }
    }
}

impl<T: Transport> Client<T> {
    /// A client; `timeout` bounds each attempt from the first byte sent to the last byte read.
    pub fn new(
        transport: T,
        endpoint: Endpoint,
        credentials: Credentials,
        wall: Wall,
        timeout: Duration,
    ) -> Result<Self, UnusableCredentials> {
        let signer = RwLock::new(Arc::new(Signer::new(credentials, endpoint.region())?));
        Ok(Client { transport, endpoint, signer, wall, timeout, skew: AtomicI64::new(0) })
    }

    /// Where it asks.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The wall clock's time.
    pub fn now(&self) -> SystemTime {
        self.wall.now()
    }

    /// Seconds by which our clock is behind the service's, where that was too much; else 0.
    pub fn skew_seconds(&self) -> i64 {
        self.skew.load(Ordering::Relaxed)
    }

    /// Whether these are the credentials already in use.
    pub fn uses(&self, credentials: &Credentials) -> bool {
        let signer = self.signer();
        let now = signer.credentials();
        now.access_key_id() == credentials.access_key_id() && now.session_token() == credentials.session_token()
    }

    /// Goes on with other credentials.
    pub fn renew(&self, credentials: Credentials) -> Result<(), UnusableCredentials> {
        let signer = Arc::new(Signer::new(credentials, self.endpoint.region())?);
        *self.signer.write().unwrap_or_else(std::sync::PoisonError::into_inner) = signer;
        Ok(())
    }

    /// Asks once. `path` is one of the API's, of characters that need no encoding; `query` is in canonical form.
    pub(super) async fn attempt<R>(
        &self,
        asking: Asking,
        attempt: Try,
        judge: impl FnOnce(&Reply, &[&str]) -> End<R>,
    ) -> Attempted<R> {
        let Asking { method, path, query, body } = asking;
        let path = self.endpoint.path(&path);
        let signer = self.signer();
        let at = self.signing_time();
        let unsigned = Unsigned { method: &method, host: self.endpoint.authority(), path: &path, query: &query, body: &body };
        let mut headers = signer.headers(unsigned, at);
        let what = method.clone();
        headers.insert("amz-sdk-request", attempt.told());
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = self.endpoint.uri(&path, &query);
        *request.headers_mut() = headers;

        let sent = Instant::now();
        let answer =
            tokio::time::timeout(self.timeout, self.transport.send(request)).await.unwrap_or_else(|_| Err(self.too_late()));
        let done = Instant::now();
        let (perhaps_sent, answered) = (answer.as_ref().map_or_else(|wire| wire.perhaps_sent, |_| true), answer.is_ok());
        let end = match answer {
            Ok(reply) => {
                let credentials = signer.credentials();
                let mut secrets = vec![credentials.access_key_id(), credentials.secret_access_key()];
                secrets.extend(credentials.session_token());
                self.mind_the_clock(judge(&reply, &secrets), &reply, at)
            }
            Err(wire) => End::Unknown(Fault::ours(wire.class, wire.class.name(), wire.what)),
        };
        let fault = end.fault();
        tracing::debug!(
            method = %what,
            path,
            attempt = attempt.number,
            ms = done.duration_since(sent).as_millis() as u64,
            class = %end.class(),
            code = fault.map(|f| f.code.as_str()),
            request_id = fault.and_then(|f| f.request_id.as_deref()),
            "asked"
        );
        Attempted { sent, done, perhaps_sent, answered, end }
    }

    fn signer(&self) -> Arc<Signer> {
        self.signer.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn signing_time(&self) -> SystemTime {
        let skew = self.skew.load(Ordering::Relaxed);
        let shift = Duration::from_secs(skew.unsigned_abs());
        if skew >= 0 { self.wall.now() + shift } else { self.wall.now() - shift }
    }

    fn too_late(&self) -> WireFault {
        let what = format!("no whole answer within {:?}", self.timeout);
        WireFault { class: Class::ReadTimeout, perhaps_sent: true, what }
    }

    /// A signature refused while the clocks are minutes apart is the clocks' doing: learn the difference, and say so.
    fn mind_the_clock<R>(&self, end: End<R>, reply: &Reply, signed_at: SystemTime) -> End<R> {
        let End::Refused(mut fault) = end else { return end };
        let about_auth = matches!(fault.class, Class::Unauthorized | Class::Forbidden | Class::Skew);
        let off = judge::server_date(&reply.headers).map(|date| seconds_between(signed_at, date));
        if let Some(off) = off.filter(|off| about_auth && off.abs() > SKEW_SECONDS) {
            fault.class = Class::Skew;
            // Relative to our own clock, not to the time signed with: several replies may arrive for one correction.
            let ours = seconds_between(self.wall.now(), signed_at);
            self.skew.store(ours + off, Ordering::Relaxed);
        }
        End::Refused(fault)
    }
}

/// `to − from` in seconds.
fn seconds_between(from: SystemTime, to: SystemTime) -> i64 {
    let seconds = |d: Duration| i64::try_from(d.as_secs()).unwrap_or(i64::MAX);
    to.duration_since(from).map_or_else(|e| -seconds(e.duration()), seconds)
}
