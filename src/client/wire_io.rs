//! What lies under the wire: a stream that counts its bytes, the counters, and how TLS is trusted.
//!
//! Holds [`Traffic`], [`Counted`] and [`tls_config`]. Called by `wire`. It never sees a request.

use super::wire::WireError;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{self, ClientConfig};

/// What went over the connections of a lane. Bytes are those of the sockets, TLS included. Each lane counts for itself: counters that
/// two cores write cost more than the calls they count.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Traffic {
    opened: AtomicU64,
    reused: AtomicU64,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
    connect_us: AtomicU64,
    connect_us_most: AtomicU64,
    exhausted: AtomicU64,
}

/// The same at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct TrafficNow {
    /// Connections opened.
    pub connections_opened: u64,
    /// Requests sent on one that had carried another before.
    pub connections_reused: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Microseconds that connecting took, name, TCP and TLS together: the mean.
    pub connect_us_mean: u64,
    /// The longest.
    pub connect_us_max: u64,
    /// Times that this machine had no descriptor or no port left.
    pub out_of_descriptors: u64,
}

impl TrafficNow {
    /// Adds another generator's.
    pub fn merge(&mut self, other: &TrafficNow) {
        let opened = self.connections_opened + other.connections_opened;
        let took = |of: &TrafficNow| of.connect_us_mean * of.connections_opened;
        self.connect_us_mean = (took(self) + took(other)) / opened.max(1);
        self.connect_us_max = self.connect_us_max.max(other.connect_us_max);
        self.connections_opened = opened;
        self.connections_reused += other.connections_reused;
        self.bytes_out += other.bytes_out;
        self.bytes_in += other.bytes_in;
        self.out_of_descriptors += other.out_of_descriptors;
    }
}

impl Traffic {
    /// The counters of all lanes as they stand.
    pub fn now(lanes: &[Arc<Traffic>]) -> TrafficNow {
        let sum = |counter: fn(&Traffic) -> &AtomicU64| lanes.iter().map(|t| counter(t).load(Ordering::Relaxed)).sum::<u64>();
        let opened = sum(|t| &t.opened);
        TrafficNow {
            connections_opened: opened,
            connections_reused: sum(|t| &t.reused),
            bytes_out: sum(|t| &t.bytes_out),
            bytes_in: sum(|t| &t.bytes_in),
            connect_us_mean: sum(|t| &t.connect_us) / opened.max(1),
            connect_us_max: lanes.iter().map(|t| t.connect_us_most.load(Ordering::Relaxed)).max().unwrap_or(0),
            out_of_descriptors: sum(|t| &t.exhausted),
        }
    }

    pub(super) fn connected(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.connect_us.fetch_add(us, Ordering::Relaxed);
        self.connect_us_most.fetch_max(us, Ordering::Relaxed);
    }

    pub(super) fn reused(&self) {
        self.reused.fetch_add(1, Ordering::Relaxed);
    }

    /// No descriptor or no port left is this machine's fault, and not the service's.
    pub(super) fn failed_to_connect(&self, error: &io::Error) {
        const OURS: [rustix::io::Errno; 3] =
            [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE, rustix::io::Errno::ADDRNOTAVAIL];
        if OURS.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error())) {
            self.exhausted.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A stream whose bytes are counted.
pub struct Counted<S> {
    stream: S,
    traffic: Arc<Traffic>,
}

impl<S> Counted<S> {
    /// Counts what goes over this one.
    pub fn new(stream: S, traffic: Arc<Traffic>) -> Counted<S> {
        Counted { stream, traffic }
    }

    fn sent(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(n)) = &result {
            self.traffic.bytes_out.fetch_add(*n as u64, Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.traffic.bytes_in.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.sent(result)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.sent(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// TLS that trusts what the system trusts, and the certificates of a bundle.
///
/// # Errors
/// The bundle is not PEM or holds no certificate, or the system has none to trust.
pub fn tls_config(ca_bundle: Option<&[u8]>) -> Result<ClientConfig, WireError> {
    let extra = match ca_bundle {
        None => Vec::new(),
        Some(pem) => {
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
            read.map_err(|e| WireError(format!("the CA bundle cannot be read: {e}")))?
        }
    };
    if ca_bundle.is_some() && extra.is_empty() {
        return Err(WireError("the CA bundle holds no PEM certificate".to_owned()));
    }
    let setup = |error: rustls::Error| WireError(error.to_string());
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, Arc::clone(&provider)).map_err(setup)?;
    // "dangerous" is rustls's word for any verifier of one's own; this one is the platform's, and strict.
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
