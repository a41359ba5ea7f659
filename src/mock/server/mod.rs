//! The mock on a socket.
//!
//! Holds [`Server`] and the plain [`serve`]. Called by the command line, by `provision --mock` and by tests, each of which
//! brings its own listener (port 0 in tests) and its own sign to stop. It never sees what a request means. What it promises:
//! heads, bodies and connections are bounded in size, number and time, and stopping lets open calls finish.

pub mod account;
pub mod admin;
pub mod audit;
pub mod body;
pub mod connection;
pub mod metrics;
pub mod sniff;
pub mod socket;
pub mod timer;
pub mod tls;

use super::Mock;
use super::trouble::Trouble;
use crate::clock::Wall;
use audit::Audit;
use connection::Shared;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use metrics::Metrics;
use socket::Pulse;
use std::sync::Arc;
use std::time::Duration;
use timer::Timer;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// Bounds on what a caller may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a body.
    pub body: usize,
    /// Bytes of a head.
    pub head: usize,
    /// Connections at once; others wait in the kernel's queue.
    pub connections: usize,
    /// For a TLS handshake, a first request, a head once begun, and a body.
    pub read_within: Duration,
    /// Until a connection on which nothing happens is closed.
    pub idle: Duration,
    /// For open calls once asked to stop.
    pub stop_within: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            body: 1 << 20,
            head: 64 << 10,
            connections: 4096,
            read_within: Duration::from_secs(15),
            idle: Duration::from_secs(120),
            stop_within: Duration::from_secs(5),
        }
    }
}

/// A mock, and how it is to be served.
pub struct Server {
    /// Who answers.
    pub mock: Arc<Mock>,
    /// What the date is.
    pub wall: Wall,
    /// TLS, if wanted.
    pub tls: Option<TlsAcceptor>,
    /// The log, if wanted.
    pub audit: Option<Arc<Audit>>,
    /// Where the log and the state note what they could not write.
    pub trouble: Arc<Trouble>,
    /// Bounds.
    pub bounds: Bounds,
}

impl Server {
    /// A plain server with the usual bounds.
    pub fn new(mock: Arc<Mock>, wall: Wall) -> Server {
        Server { mock, wall, tls: None, audit: None, trouble: Arc::default(), bounds: Bounds::default() }
    }

    /// Serves until `stop` is done, then lets open calls finish for a while.
    pub async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let bounds = self.bounds;
        let mut builder = auto::Builder::new(TokioExecutor::new());
        // Heads are timed by the connection's pulse: hyper's own timer would also close connections that merely rest.
        builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(bounds.head).half_close(true);
        builder.http2().timer(TokioTimer::new()).max_header_list_size(bounds.head as u32).max_concurrent_streams(256);
        let shared = Arc::new(Shared {
            mock: self.mock,
            wall: self.wall,
            audit: self.audit,
            metrics: Metrics::with(self.trouble),
            timer: Timer::start(),
            bounds,
        });
        let (builder, tls) = (Arc::new(builder), self.tls);
        let (open, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(bounds.connections.min(Semaphore::MAX_PERMITS))));
        tokio::pin!(stop);
        loop {
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place,
                () = &mut stop => break,
            };
            let (stream, peer) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    // Out of file descriptors, most likely: others must close first.
                    Err(_) => { tokio::time::sleep(Duration::from_millis(50)).await; continue }
                },
                () = &mut stop => break,
            };
            let pulse = Pulse::new(peer.ip().to_canonical().is_loopback());
            let task = connection::run(Arc::clone(&shared), Arc::clone(&builder), tls.clone(), stream, pulse, open.watcher());
            tokio::spawn(async move {
                task.await;
                drop(place);
            });
        }
        drop(listener);
        let _ = tokio::time::timeout(bounds.stop_within, open.shutdown()).await;
    }
}

/// Serves a mock plainly, with the usual bounds, until `stop` is done.
pub async fn serve(listener: TcpListener, mock: Arc<Mock>, wall: Wall, stop: impl Future<Output = ()>) {
    Server::new(mock, wall).run(listener, stop).await;
}
