//! The mock's own endpoints, beside the service's: `/_mock/…`, for this machine alone.
//!
//! Holds [`answer`]. Called by the server for paths under [`PREFIX`]. A request that a web page has made (it carries an
//! `Origin`) is refused, or any page in a developer's browser could reset the mock.

use super::metrics::Metrics;
use crate::behaviour::Behaviour;
use crate::chime::id::MeetingId;
use crate::mock::Mock;
use crate::mock::ids::Guid;
use crate::mock::operation::Operation;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, ORIGIN};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// Where these endpoints live; no path of the service begins so.
pub const PREFIX: &str = "/_mock/";

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// This machine.
    Local,
    /// Another.
    Remote,
}

/// Answers an admin request.
pub fn answer(mock: &Mock, metrics: &Metrics, peer: Peer, request: &http::request::Parts, body: &[u8]) -> Response<Bytes> {
    if peer == Peer::Remote || request.headers.contains_key(ORIGIN) {
        return text(StatusCode::FORBIDDEN, "the mock's own endpoints are for programs on its own machine");
    }
    // A meeting whose time is up is over, whether or not somebody has asked since.
    mock.catch_up();
    let path = request.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    match (request.method.as_str(), &parts[..]) {
        ("GET", ["health"]) => health(metrics),
        ("GET", ["state"]) => json_of(&state(mock, metrics)),
        ("GET", ["counts"]) => json_of(&json!(metrics.by_operation())),
        ("GET", ["metrics"]) => {
            let (meetings, attendees) = mock.service().counts();
            let mut response = text(StatusCode::OK, &metrics.prometheus(meetings, attendees, mock.replays()));
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        ("POST", ["reset"]) => {
            mock.reset();
            metrics.reset();
            nothing()
        }
        ("GET", ["mischief"]) => json_of(&rules(mock)),
        ("PUT", ["mischief"]) => replace(mock, body),
        ("POST", ["mischief", name, switch @ ("on" | "off")]) => found(mock.mischief().switch(name, *switch == "on")),
        ("POST", ["meetings", id, "adopt"]) => found(MeetingId::parse(id).map(|id| mock.adopt(&id)).is_some()),
        ("POST", ["meetings", id, "connect"]) => found(Guid::parse(id).is_some_and(|id| mock.service().connect(id))),
        ("POST", ["meetings", id, "end"]) => found(Guid::parse(id).is_some_and(|id| mock.service().end(id))),
        _ => text(StatusCode::NOT_FOUND, "no such endpoint of the mock; docs/mock.md lists them"),
    }
}

/// Well, or which files are no longer whole: whoever relies on them must hear it from the status alone.
fn health(metrics: &Metrics) -> Response<Bytes> {
    let broken = metrics.trouble.list();
    if broken.is_empty() {
        return json_of(&json!({ "status": "ok" }));
    }
    let mut response = json_of(&json!({ "status": "failing", "broken": broken }));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

fn state(mock: &Mock, metrics: &Metrics) -> Value {
    let (meetings, attendees) = mock.service().counts();
    json!({
        "meetings": meetings,
        "attendees": attendees,
        "seed": mock.options().seed,
        "sides": mock.options().sides.to_string().trim_end(),
        "clock_seconds": mock.clock(tokio::time::Instant::now()).as_secs_f64(),
        "connections": metrics.connections.load(Ordering::Relaxed),
        "operations": Operation::ALL.len(),
    })
}

fn rules(mock: &Mock) -> Value {
    let row = |(name, on, struck)| json!({ "name": name, "on": on, "struck": struck });
    Value::Array(mock.mischief().list().into_iter().map(row).collect())
}

/// Other rules, and another latency, from a behaviour file; nothing changes if it is no good.
fn replace(mock: &Mock, body: &[u8]) -> Response<Bytes> {
    let Ok(body) = std::str::from_utf8(body) else { return text(StatusCode::BAD_REQUEST, "not UTF-8") };
    let read = crate::yaml::parse::<Behaviour>("mischief", body).map_err(|e| e.to_string());
    match read.and_then(|file| mock.behave(&file).map_err(|e| e.to_string())) {
        Ok(()) => nothing(),
        Err(what) => text(StatusCode::BAD_REQUEST, &what),
    }
}

fn found(done: bool) -> Response<Bytes> {
    if done { nothing() } else { text(StatusCode::NOT_FOUND, "nothing of that name") }
}

fn nothing() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn json_of(value: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(value.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn text(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
