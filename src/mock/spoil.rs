//! An answer, spoilt.
//!
//! Holds [`Wire`], what the wire is to do with an answer, and [`spoil`], which changes one. Called after the work, so that the
//! attendee exists whatever the caller gets to see. The honest path never comes here.

use crate::behaviour::mischief::Trick;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// What the wire does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    /// Sends it.
    #[default]
    Send,
    /// Resets the connection instead.
    Reset,
    /// Sends nothing and keeps the connection open.
    Hang,
    /// Sends the body in pieces of `bytes`, `every` so often.
    Drip {
        /// Between two pieces.
        every: Duration,
        /// Bytes of a piece.
        bytes: usize,
    },
    /// Announces the whole body, sends so many bytes of it and breaks off.
    Cut(usize),
    /// Sends the body and then spaces, up to so many bytes in all.
    Fill(u64),
}

const PAGE: &str = "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Something is wrong</h1></body></html>";
/// What would break out of a cell, a line and a terminal.
const HOSTILE: &str = "=cmd|' /C calc'!A0\",\n\u{1b}]0;owned\u{7}";

/// Changes an answer as a trick has it, or says that there is nothing in it to spoil: no attendee to lie about, no body to cut.
/// `other` is the id and token of somebody else in the meeting, if there is anybody.
pub fn spoil(trick: &Trick, other: Option<(String, String)>, response: &Response<Bytes>) -> Option<(Response<Bytes>, Wire)> {
    let (mut parts, body) = response.clone().into_parts();
    let header = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("text/html"));
    let (mut out, mut wire) = (body.clone(), Wire::Send);
    match trick {
        // Whose body is empty has none to drip; a 204 may not even announce one.
        Trick::Drip(_) if body.is_empty() => return None,
        Trick::Truncate(_) | Trick::Oversize(_) if parts.status == StatusCode::NO_CONTENT => return None,
        Trick::Drip(drip) => wire = Wire::Drip { every: drip.every.0, bytes: drip.bytes },
        Trick::Truncate(kept) => wire = Wire::Cut((body.len() as f64 * kept) as usize),
        Trick::Oversize(bytes) if *bytes <= body.len() as u64 => return None,
        Trick::Oversize(bytes) => wire = Wire::Fill(*bytes),
        Trick::Html(status) | Trick::Status(status) => {
            parts.status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            parts.headers.clear();
            out = Bytes::new();
            if matches!(trick, Trick::Html(_)) {
                parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
                out = Bytes::from_static(PAGE.as_bytes());
            }
        }
        Trick::Redirect(to) => {
            parts.status = StatusCode::TEMPORARY_REDIRECT;
            parts.headers.clear();
            parts.headers.insert(LOCATION, header(to));
            out = Bytes::new();
        }
        Trick::Mislabel(kind) => drop(parts.headers.insert(CONTENT_TYPE, header(kind))),
        Trick::Encoding(coding) => drop(parts.headers.insert(CONTENT_ENCODING, header(coding))),
        Trick::Close => drop(parts.headers.insert(CONNECTION, HeaderValue::from_static("close"))),
        Trick::NotJson => {
            parts.status = StatusCode::OK;
            out = Bytes::from_static(b"{\"Attendee\": {\"AttendeeId\": ");
        }
        Trick::WrongUser => out = attendees(&body, |a| set(a, "ExternalUserId", "somebody-else"))?,
        Trick::WithoutToken => out = attendees(&body, |a| set(a, "JoinToken", Value::Null))?,
        Trick::HostileToken => out = attendees(&body, |a| set(a, "JoinToken", HOSTILE))?,
        Trick::SharedAttendee => {
            let (id, token) = other?;
            out = attendees(&body, |a| {
                set(a, "AttendeeId", id.clone());
                set(a, "JoinToken", token.clone());
            })?;
        }
        _ => {}
    }
    Some((Response::from_parts(parts, out), wire))
}

fn set(attendee: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(member) = attendee.get_mut(name) {
        *member = value.into();
    }
}

/// Changes every attendee of a body, if that makes it another one.
fn attendees(body: &Bytes, mut change: impl FnMut(&mut Value)) -> Option<Bytes> {
    let mut value = serde_json::from_slice::<Value>(body).ok()?;
    let honest = value.clone();
    if let Some(one) = value.get_mut("Attendee") {
        change(one);
    }
    if let Some(many) = value.get_mut("Attendees").and_then(Value::as_array_mut) {
        many.iter_mut().for_each(change);
    }
    (value != honest).then(|| serde_json::to_vec(&value).ok()).flatten().map(Bytes::from)
}
