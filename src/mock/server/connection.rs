//! One connection, from its handshake to its end, and one request at a time on it.
//!
//! Holds [`Shared`], what all connections share, and [`run`]. Called by the accept loop. It bounds what a caller can take and
//! plays what the mock says the wire should do; it never sees what a request means.

use super::Bounds;
use super::account::Account;
use super::admin::{self, Peer};
use super::audit::Audit;
use super::body::Reply;
use super::metrics::Metrics;
use super::socket::{Lever, Pulse, Watched};
use super::timer::Timer;
use crate::clock::Wall;
use crate::mock::answer::REQUEST_ID;
use crate::mock::spoil::Wire;
use crate::mock::{Answer, Mock, Told};
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// How often a connection's pulse is felt.
const FEEL: Duration = Duration::from_secs(5);
/// The longest that mischief hangs before the connection is given up after all.
const HANG: Duration = Duration::from_secs(120);

/// What all connections share.
pub struct Shared {
    /// Who answers.
    pub mock: Arc<Mock>,
    /// What the date is.
    pub wall: Wall,
    /// The log.
    pub audit: Option<Arc<Audit>>,
    /// The numbers.
    pub metrics: Metrics,
    /// What waits.
    pub timer: Timer,
    /// Bounds.
    pub bounds: Bounds,
}

/// Serves a connection until it ends, rests too long or is to be killed.
pub async fn run(
    shared: Arc<Shared>,
    builder: Arc<Builder<TokioExecutor>>,
    tls: Option<TlsAcceptor>,
    stream: TcpStream,
    pulse: Arc<Pulse>,
    watcher: Watcher,
) {
    shared.metrics.connections.fetch_add(1, Ordering::Relaxed);
    shared.metrics.accepted.fetch_add(1, Ordering::Relaxed);
    // Answers are single small writes; waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    let lever = Lever::new(stream, Arc::clone(&pulse));
    match tls {
        None => serve(&shared, &builder, lever, &pulse, watcher).await,
        Some(acceptor) => {
            // Garbage instead of a handshake is the caller's business.
            if let Ok(Ok(stream)) = tokio::time::timeout(shared.bounds.read_within, acceptor.accept(lever)).await {
                serve(&shared, &builder, stream, &pulse, watcher).await;
            }
        }
    }
    shared.metrics.connections.fetch_sub(1, Ordering::Relaxed);
}

async fn serve<S>(shared: &Arc<Shared>, builder: &Builder<TokioExecutor>, stream: S, pulse: &Arc<Pulse>, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = {
        let (shared, pulse) = (Arc::clone(shared), Arc::clone(pulse));
        service_fn(move |request| {
            let (shared, pulse) = (Arc::clone(&shared), Arc::clone(&pulse));
            async move { request_in(&shared, &pulse, request).await }
        })
    };
    let io = TokioIo::new(Watched::new(stream, Arc::clone(pulse)));
    let connection = builder.serve_connection(io, service).into_owned();
    tokio::select! {
        // How a connection ends is the caller's business.
        _ = watcher.watch(connection) => {}
        () = dead(pulse, &shared.bounds) => {}
    }
}

/// Done when the connection deserves to be dropped: nothing whole has come for too long, or a head never ends.
async fn dead(pulse: &Pulse, bounds: &Bounds) {
    loop {
        tokio::time::sleep(FEEL.min(bounds.read_within)).await;
        let within = u64::try_from(bounds.read_within.as_millis()).unwrap_or(u64::MAX);
        let idle = u64::try_from(bounds.idle.as_millis()).unwrap_or(u64::MAX);
        let allowed = if pulse.spoke.load(Ordering::Relaxed) { idle } else { within };
        let resting = pulse.busy.load(Ordering::Relaxed) == 0;
        if resting && (pulse.quiet_ms() >= allowed || pulse.head_ms() >= within) {
            return;
        }
    }
}

/// Counts a request as being answered for as long as it lives, also when hyper drops it.
struct Busy<'a>(&'a Pulse);

impl<'a> Busy<'a> {
    fn new(pulse: &'a Pulse) -> Busy<'a> {
        pulse.busy.fetch_add(1, Ordering::Relaxed);
        pulse.spoke.store(true, Ordering::Relaxed);
        pulse.beat();
        Busy(pulse)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.beat();
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn request_in(shared: &Shared, pulse: &Pulse, request: http::Request<Incoming>) -> io::Result<Response<Reply>> {
    let arrived = Instant::now();
    let _busy = Busy::new(pulse);
    let (parts, body) = request.into_parts();
    let http_1 = parts.version <= http::Version::HTTP_11;
    let body = match whole(shared, pulse, http_1, body).await {
        Ok(body) => body,
        Err((status, why)) => {
            let told = shared.mock.turn_away(&parts, status);
            let response = refusal(&told, status, why);
            Account::open(shared, arrived, Duration::ZERO, told, b"").settle(Wire::Send);
            return Ok(response);
        }
    };
    let mut response = if parts.uri.path().starts_with(admin::PREFIX) {
        let peer = if pulse.local { Peer::Local } else { Peer::Remote };
        admin::answer(&shared.mock, &shared.metrics, peer, &parts, &body).map(|body| Reply::new(body, Wire::Send))
    } else {
        operation(shared, pulse, arrived, &parts, &body).await?
    };
    if http_1 && pulse.chunked.load(Ordering::Relaxed) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// The body, all of it, or why it is not read.
async fn whole(shared: &Shared, pulse: &Pulse, http_1: bool, body: Incoming) -> Result<Bytes, (StatusCode, &'static str)> {
    if http_1 && pulse.smuggled.load(Ordering::Relaxed) {
        return Err((StatusCode::BAD_REQUEST, "the request says in two ways where its body ends"));
    }
    // A body that announces itself too large need not be read; `Expect: 100-continue` then never gets its 100.
    if body.size_hint().lower() > shared.bounds.body as u64 {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
    }
    let limited = Limited::new(body, shared.bounds.body);
    match tokio::time::timeout(shared.bounds.read_within, limited.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err((StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or broken off")),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
    }
}

async fn operation(
    shared: &Shared,
    pulse: &Pulse,
    arrived: Instant,
    parts: &http::request::Parts,
    body: &Bytes,
) -> io::Result<Response<Reply>> {
    let Answer { response, after, wire, told } = shared.mock.answer(arrived, shared.wall.now(), parts, body);
    let account = Account::open(shared, arrived, after, told, body);
    if !after.is_zero() {
        shared.timer.until(arrived + after).await;
    }
    account.settle(wire);
    match wire {
        Wire::Reset => {
            pulse.kill.store(true, Ordering::Relaxed);
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Wire::Hang => {
            tokio::time::sleep(HANG).await;
            Err(io::ErrorKind::TimedOut.into())
        }
        wire => Ok(response.map(|body| Reply::new(body, wire))),
    }
}

/// A refusal of the server itself, before any operation; the connection does not outlive it.
fn refusal(told: &Told, status: StatusCode, why: &str) -> Response<Reply> {
    let body = serde_json::json!({ "message": why }).to_string();
    let mut response = Response::new(Reply::new(Bytes::from(body), Wire::Send));
    *response.status_mut() = status;
    response.headers_mut().extend(HeaderValue::from_bytes(&told.request_id.text()).map(|id| (REQUEST_ID, id)).ok());
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
