//! The body of an answer, whole or as mischief has it.
//!
//! Holds [`Reply`], the body type that hyper sends. Made by the server from an answer and its [`Wire`].

use crate::mock::spoil::Wire;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// Bytes of one filling piece.
const PIECE: usize = 64 << 10;
/// Long enough for the first part of a body to be sent.
const FLUSHED: Duration = Duration::from_millis(20);

/// A body on its way out.
pub enum Reply {
    /// All at once.
    Whole(Option<Bytes>),
    /// A piece at a time.
    Drip {
        /// What is left.
        rest: Bytes,
        /// Bytes of a piece.
        bytes: usize,
        /// Between two pieces.
        every: Duration,
        /// Until the next.
        pause: Pin<Box<Sleep>>,
    },
    /// The first part; then the connection breaks. The whole length was announced.
    Cut {
        /// The first part.
        part: Option<Bytes>,
        /// The length that was announced.
        announced: u64,
        /// Until it breaks: hyper sends what it has while it waits for more, and would discard it if the break came at once.
        pause: Pin<Box<Sleep>>,
    },
    /// The body, then spaces: so many bytes are left in all.
    Fill(Option<Bytes>, u64),
}

impl Reply {
    /// The body as the wire is to send it.
    pub fn new(body: Bytes, wire: Wire) -> Reply {
        let length = body.len() as u64;
        match wire {
            Wire::Drip { every, bytes } => {
                Reply::Drip { rest: body, bytes, every, pause: Box::pin(tokio::time::sleep(Duration::ZERO)) }
            }
            // A body of nothing cannot be cut short; one byte too few is announced instead.
            Wire::Cut(kept) => Reply::Cut {
                part: Some(body.slice(..kept.min(body.len()))),
                announced: length.max(1),
                pause: Box::pin(tokio::time::sleep(FLUSHED)),
            },
            Wire::Fill(total) => Reply::Fill(Some(body), total.max(length)),
            Wire::Send | Wire::Reset | Wire::Hang => Reply::Whole(Some(body).filter(|b| !b.is_empty())),
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = match &mut *self {
            Reply::Whole(body) => body.take(),
            Reply::Drip { rest, .. } if rest.is_empty() => None,
            Reply::Drip { rest, bytes, every, pause } => {
                ready!(pause.as_mut().poll(cx));
                let next = pause.deadline() + *every;
                pause.as_mut().reset(next);
                Some(rest.split_to((*bytes).min(rest.len())))
            }
            Reply::Cut { part, pause, .. } => match part.take().filter(|part| !part.is_empty()) {
                Some(part) => Some(part),
                None => {
                    ready!(pause.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
                }
            },
            Reply::Fill(first, left) => {
                let piece = first.take().unwrap_or_else(|| Bytes::from(vec![b' '; PIECE.min(*left as usize)]));
                *left = left.saturating_sub(piece.len() as u64);
                Some(piece).filter(|piece| !piece.is_empty())
            }
        };
        Poll::Ready(frame.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Reply::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Reply::Whole(body) => body.as_ref().map_or(0, |b| b.len() as u64),
            Reply::Drip { rest, .. } => rest.len() as u64,
            Reply::Cut { announced, .. } => *announced,
            Reply::Fill(_, left) => *left,
        })
    }
}
