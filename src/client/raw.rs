//! A call whose answer is not judged: whatever came is told.
//!
//! Holds [`Seen`] and [`Client::look`]. Called by the probe, which asks what nobody has documented and must not have an opinion.
//! It asks once and decides nothing.

use super::attempt::{Asking, Attempted, Client, Try};
use super::judge::refusal;
use super::transport::{Reply, Transport};
use crate::call::{End, Fault};
use crate::chime::class::Class;
use bytes::Bytes;
use http::Method;
use serde_json::Value;

/// An answer as it came.
pub struct Seen {
    /// The HTTP status.
    pub status: u16,
    /// The error's type, if it is one: `NotFoundException`.
    pub kind: Option<String>,
    /// What it is classed as.
    pub class: Class,
    /// The body; null if it is no JSON. It may hold tokens and ids.
    pub body: Value,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("status", &self.status).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Seen {
    /// Whether it is a success.
    pub fn is_ok(&self) -> bool {
        self.class == Class::Ok
    }

    /// A text of the body, by its JSON pointer.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }

    /// As it may be shown and kept: `200`, `404 NotFoundException`.
    pub fn told(&self) -> String {
        self.kind.as_ref().map_or_else(|| self.status.to_string(), |kind| format!("{} {kind}", self.status))
    }
}

impl<T: Transport> Client<T> {
    /// Asks once, and tells the answer whatever it says. Refused is what says nothing of the question: a throttle, a failure of the
    /// service's own, a refused signature; unknown is what never came.
    pub async fn look(&self, method: Method, path: String, query: &'static str, body: Option<&Value>) -> Attempted<Seen> {
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let asking = Asking { method, path, query: query.into(), body };
        self.attempt(asking, Try { number: 1, most: 1 }, seen).await
    }
}

fn seen(reply: &Reply, secrets: &[&str]) -> End<Seen> {
    let refusal = refusal(reply, secrets, None);
    match refusal {
        Some(fault) if !says_something(&fault) => End::Refused(fault),
        fault => End::Settled(Seen {
            status: reply.status.as_u16(),
            class: fault.as_ref().map_or(Class::Ok, |fault| fault.class),
            kind: fault.map(|fault| fault.code),
            body: serde_json::from_slice(&reply.body).unwrap_or_default(),
        }),
    }
}

/// Whether a refusal is about what was asked. A 403 may be either; whoever asks knows what came before it.
fn says_something(fault: &Fault) -> bool {
    matches!(
        fault.class,
        Class::BadRequest | Class::Unprocessable | Class::NotFound | Class::Conflict | Class::Capacity | Class::Forbidden
    )
}
