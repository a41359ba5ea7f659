//! A connection's socket, watched.
//!
//! Holds [`Watched`], the stream that hyper reads from, and [`Pulse`], what is known about the connection: is a request being
//! answered, since when has a head been coming in, is it to be reset. Called by the server. It changes no byte.

use super::sniff::Sniffer;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// What is known about a connection.
#[derive(Debug)]
pub struct Pulse {
    opened: Instant,
    /// The peer is this machine.
    pub local: bool,
    /// To be reset rather than closed.
    pub kill: AtomicBool,
    /// A request said in two ways where its body ends.
    pub smuggled: AtomicBool,
    /// A chunked body has come: the next answer is the last.
    pub chunked: AtomicBool,
    /// Requests being answered.
    pub busy: AtomicU32,
    /// Whether any request has ever come.
    pub spoke: AtomicBool,
    /// Milliseconds after the opening at which something whole last happened.
    last: AtomicU64,
    /// When the head that is coming in began, plus one; zero when none is.
    head: AtomicU64,
}

impl Pulse {
    /// A connection that has just been opened.
    pub fn new(local: bool) -> Arc<Pulse> {
        Arc::new(Pulse {
            opened: Instant::now(),
            local,
            kill: AtomicBool::new(false),
            smuggled: AtomicBool::new(false),
            chunked: AtomicBool::new(false),
            busy: AtomicU32::new(0),
            spoke: AtomicBool::new(false),
            last: AtomicU64::new(0),
            head: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Something whole has happened: a request came, an answer went.
    pub fn beat(&self) {
        self.last.store(self.now(), Ordering::Relaxed);
    }

    /// Milliseconds since the last such thing.
    pub fn quiet_ms(&self) -> u64 {
        self.now().saturating_sub(self.last.load(Ordering::Relaxed))
    }

    /// Milliseconds for which a head has been coming in.
    pub fn head_ms(&self) -> u64 {
        match self.head.load(Ordering::Relaxed) {
            0 => 0,
            since => self.now().saturating_sub(since - 1),
        }
    }

    fn saw(&self, sniffer: &mut Sniffer, bytes: &[u8]) {
        let found = sniffer.read(bytes);
        if found.smuggled {
            self.smuggled.store(true, Ordering::Relaxed);
        }
        if found.chunked {
            self.chunked.store(true, Ordering::Relaxed);
        }
        match (found.within_head, self.head.load(Ordering::Relaxed)) {
            (true, 0) => self.head.store(self.now() + 1, Ordering::Relaxed),
            (false, since) if since > 0 => self.head.store(0, Ordering::Relaxed),
            _ => {}
        }
    }
}

/// The TCP stream itself, which is reset instead of closed when the pulse says so.
pub struct Lever {
    stream: TcpStream,
    pulse: Arc<Pulse>,
}

impl Lever {
    /// Takes hold of a stream.
    pub fn new(stream: TcpStream, pulse: Arc<Pulse>) -> Lever {
        Lever { stream, pulse }
    }

    fn killed(&self) -> io::Result<()> {
        if self.pulse.kill.load(Ordering::Relaxed) { Err(ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Drop for Lever {
    fn drop(&mut self) {
        if self.pulse.kill.load(Ordering::Relaxed) {
            // Closing with nothing to linger for sends a reset. Should it fail, the peer sees an end instead of a reset.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Lever {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.killed()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Lever {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.killed()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.killed()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.killed()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.killed()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A stream of plain HTTP, with somebody reading along.
pub struct Watched<S> {
    stream: S,
    sniffer: Sniffer,
    pulse: Arc<Pulse>,
}

impl<S> Watched<S> {
    /// Reads along with a stream.
    pub fn new(stream: S, pulse: Arc<Pulse>) -> Watched<S> {
        Watched { stream, sniffer: Sniffer::default(), pulse }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        this.pulse.saw(&mut this.sniffer, &buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
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
