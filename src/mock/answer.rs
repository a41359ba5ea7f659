//! An answer on its way out.
//!
//! Holds [`Answer`] and [`Told`], and writes replies and faults as HTTP. Called by [`super::Mock::answer`]; read by the server,
//! the audit log and the metrics.

use super::fault::Fault;
use super::ids::Guid;
use super::operation::{Operation, Route};
use super::service::reply::{Reply, Tally};
use super::spoil::Wire;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue, RETRY_AFTER};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `x-amzn-requestid`.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// `x-amzn-errortype`: the type of an error, which outranks everything in the body.
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// `x-amz-retry-after`, in milliseconds.
pub const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("x-amz-retry-after");

/// An answer, and what is to be done with it.
pub struct Answer {
    /// The answer itself.
    pub response: http::Response<Bytes>,
    /// How long after the request's arrival it is to be sent.
    pub after: Duration,
    /// What the wire does with it.
    pub wire: Wire,
    /// What the request was and how it ended, for the log and the metrics.
    pub told: Told,
}

/// Without the body: it holds JoinTokens.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Answer");
        shown.field("after", &self.after).field("wire", &self.wire).field("told", &self.told).finish_non_exhaustive()
    }
}

/// The outcome of a request that was never worked on: mischief or the server itself had the word.
pub const NOTHING: &str = "none";

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Told {
    /// Which operation, if any.
    pub operation: Option<Operation>,
    /// The meeting of the path, as far as it is one, or the one that was made or found.
    pub meeting: Option<Guid>,
    /// The attendee of the path, as far as it is one.
    pub attendee: Option<Guid>,
    /// `x-amzn-requestid`.
    pub request_id: Guid,
    /// Which attempt the caller says it is (`amz-sdk-request`).
    pub attempt: Option<u32>,
    /// `ok`, the type of the error, or [`NOTHING`]; what was done, not what was shown.
    pub outcome: &'static str,
    /// The status that the answer carries.
    pub status: u16,
    /// What happened to attendees.
    pub tally: Tally,
    /// The first rule of mischief that had an effect.
    pub mischief: Option<String>,
}

impl Told {
    /// What a request says of itself; of its end no more than that it is good.
    pub fn of(route: Option<&Route>, request_id: Guid, request: &http::request::Parts) -> Told {
        let id = |text: fn(&Route) -> Option<&str>| route.and_then(text).and_then(Guid::parse);
        Told {
            operation: route.map(|route| route.operation),
            meeting: id(|route| route.meeting.as_deref()),
            attendee: id(|route| route.attendee.as_deref()),
            request_id,
            attempt: request.headers.get("amz-sdk-request").and_then(attempt),
            outcome: "ok",
            status: 0,
            tally: Tally::default(),
            mischief: None,
        }
    }
}

/// `attempt=2; max=3`.
fn attempt(value: &HeaderValue) -> Option<u32> {
    value.to_str().ok()?.split(';').find_map(|part| part.trim().strip_prefix("attempt=")?.parse().ok())
}

/// The `Date` header, written once a second.
#[derive(Debug, Default)]
pub struct Dates(Mutex<Option<(u64, HeaderValue)>>);

impl Dates {
    fn at(&self, wall: SystemTime) -> HeaderValue {
        let second = wall.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut last = self.0.lock().expect("nothing panics while it holds the date");
        match &*last {
            Some((at, value)) if *at == second => value.clone(),
            _ => {
                let text = httpdate::fmt_http_date(wall.max(UNIX_EPOCH));
                let value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
                *last = Some((second, value.clone()));
                value
            }
        }
    }

    /// The response to a request of this id, at this time.
    pub fn respond(&self, request_id: Guid, wall: SystemTime, result: Result<Reply, Fault>) -> http::Response<Bytes> {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        let text = |text: &str| HeaderValue::from_str(text).ok();
        let (status, body, fault) = match result {
            Ok(reply) => (reply.status, reply.body, None),
            Err(fault) => (fault.status, fault.body(request_id), Some(fault)),
        };
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.extend(HeaderValue::from_bytes(&request_id.text()).map(|v| (REQUEST_ID, v)).ok());
        headers.insert(DATE, self.at(wall));
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        if let Some(fault) = fault {
            headers.insert(ERROR_TYPE, HeaderValue::from_static(fault.kind));
            if let Some(extra) = &fault.extra {
                headers.extend(extra.retry_after.as_deref().and_then(text).map(|v| (RETRY_AFTER, v)));
                headers.extend(extra.retry_after_ms.as_deref().and_then(text).map(|v| (RETRY_AFTER_MS, v)));
            }
        }
        *response.body_mut() = Bytes::from(body);
        response
    }
}
