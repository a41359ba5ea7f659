//! What a script is shown of a request, and what it can make of it.
//!
//! Holds [`Ask`], [`Act`] and the refusals and lies that acts are made of. Written by the tests, carried out by the wires.

use headcount::chime::class::Class;
use headcount::clock::Wall;
use headcount::seed::Seed;
use serde_json::Value;
use std::time::Duration;

/// A request, as a script sees it.
#[derive(Debug, Clone)]
pub struct Ask {
    pub meeting: String,
    /// Whom CreateAttendee is for; nobody for GetMeeting.
    pub user: Option<String>,
    /// Whom BatchCreateAttendee is for.
    pub batch: Vec<String>,
    /// Whose key it is signed with.
    pub signer: String,
    /// Which call for this very thing, from 1.
    pub nth: u32,
    /// Which call for seats of all, from 1; unchanged by GetMeeting.
    pub count: u32,
    /// Since the world began.
    pub at: Duration,
}

impl Ask {
    pub fn is_seat(&self) -> bool {
        self.user.is_some() || !self.batch.is_empty()
    }

    /// Everybody it asks for.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.user.iter().chain(&self.batch).map(String::as_str)
    }

    /// A number from 0 to 1 that depends on the seed, on who is asked for and how often, and on nothing else.
    pub fn chance(&self, seed: u64) -> f64 {
        let user = self.users().next().unwrap_or_default();
        let digest = Seed(seed).digest(&[self.meeting.as_bytes(), user.as_bytes(), &self.nth.to_le_bytes()]);
        f64::from(u32::from_le_bytes(digest[..4].try_into().unwrap())) / f64::from(u32::MAX)
    }
}

/// What becomes of a request.
pub enum Act {
    /// It is answered as the service would.
    Well,
    /// It is refused, and nothing is done.
    Refuse(u16, &'static str),
    /// The same, with a header.
    RefuseWith(u16, &'static str, &'static str, String),
    /// Nothing is done, and the wire fails.
    Break(Class),
    /// It is done, and then the wire fails.
    Lose(Class),
    /// It is done, and never answered.
    Hang,
    /// It is done, and answered with something else.
    Lie(Lie),
    /// It is done, and answered with these bytes as JSON.
    Say(u16, Vec<u8>),
    /// It is done; its answer goes on the wire as these bytes (sockets alone), which is then closed or not.
    Wrap(Wrap, Then),
    /// It is done, and its answer comes a byte at a time (sockets alone).
    Drip,
    /// It is done, and after this head a body comes that never ends (sockets alone).
    Flood(&'static str),
}

/// What happens to a connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Keep,
    Close,
}

/// An answer as bytes on the wire.
pub type Wrap = fn(&http::Response<bytes::Bytes>) -> Vec<u8>;
/// A change to the body of an answer.
pub type Lie = Box<dyn Fn(&mut Value) + Send + Sync>;

/// A lie about the attendee.
pub fn lie(member: &'static str, value: impl Into<Value>) -> Act {
    let value = value.into();
    Act::Lie(Box::new(move |body| body["Attendee"][member] = value.clone()))
}

/// A refusal as it stands on the wire.
pub fn refusal(status: u16, kind: &str, header: Option<(&str, &str)>, wall: Wall) -> http::Response<bytes::Bytes> {
    let body = serde_json::json!({ "Code": kind, "Message": format!("{kind}, says the script") });
    let mut response = http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("date", httpdate::fmt_http_date(wall.now()))
        .header("x-amzn-errortype", kind);
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    response.body(body.to_string().into()).unwrap()
}
