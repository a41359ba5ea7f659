//! What a service may do wrong, and when.
//!
//! Holds [`Rule`] and [`Trick`]. Acted on by the mock. A rule says when it applies (a stretch of time, operations, a share of
//! requests) and what it does; chance is drawn from the mock's seed, the rule's name and the request, never from the order in
//! which requests arrive.

use super::{BadBehaviour, Latency, Span};
use serde::Deserialize;

/// One kind of mischief and its occasions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// A name: for the log, for switching it on and off, and for its stream of chance.
    pub name: String,
    /// Start, from the mock's own start (or its last reset).
    #[serde(default)]
    pub from: Span,
    /// End; none means never.
    #[serde(default)]
    pub until: Option<Span>,
    /// Operations it applies to, by the service's names; none named means all.
    #[serde(default)]
    pub operations: Vec<String>,
    /// The share of matching requests, 0 to 1.
    #[serde(default = "whole")]
    pub share: f64,
    /// Only the first so many times that the same request is seen: what fails at first comes right when asked again.
    #[serde(default)]
    pub first_per_key: Option<u32>,
    /// The same requests are struck every time they come, instead of chance being tried anew.
    #[serde(default)]
    pub sticky: bool,
    /// Only after so many matching requests.
    #[serde(default)]
    pub after: u64,
    /// Only so many times in all.
    #[serde(default)]
    pub at_most: Option<u64>,
    /// Only requests that the quota has let in: what is throttled stays throttled. For rules that answer.
    #[serde(default)]
    pub behind_quota: bool,
    /// Whether it is switched on to begin with.
    #[serde(default = "yes")]
    pub active: bool,
    /// What it does.
    #[serde(rename = "do")]
    pub trick: Trick,
}

fn whole() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

/// When, seen from the work: the answer is lost either way, but the attendee exists only after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Nothing has been done.
    #[default]
    BeforeWork,
    /// It has been done.
    AfterWork,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trick {
    /// An error answer.
    Error(ErrorAnswer),
    /// The connection is reset.
    Reset(Moment),
    /// No answer, and the connection stays open.
    Hang(Moment),
    /// The body comes in small pieces.
    Drip(Drip),
    /// The body ends early and the connection with it; so much of it is sent, 0 to 1.
    Truncate(f64),
    /// The body is filled up to so many bytes.
    Oversize(u64),
    /// A page for people, with this status.
    Html(u16),
    /// Nothing but a status.
    Status(u16),
    /// The right body under another content type.
    Mislabel(String),
    /// The right body said to be compressed in this way, which it is not.
    Encoding(String),
    /// 200 with a body that is no JSON.
    NotJson,
    /// The answer names another ExternalUserId.
    WrongUser,
    /// The answer carries an AttendeeId and token that somebody else has got.
    SharedAttendee,
    /// The answer has no JoinToken.
    WithoutToken,
    /// The JoinToken would break out of a CSV cell or a terminal.
    HostileToken,
    /// The meeting of the request ends before the work.
    EndMeeting,
    /// The mock's clock is ahead.
    ClockAhead(Span),
    /// The mock's clock is behind.
    ClockBehind(Span),
    /// Nothing is answered until the rule's stretch of time is over.
    Stall,
    /// Answers take so many times as long.
    Slow(f64),
    /// Answers take this long instead.
    Latency(Latency),
    /// The connection is closed behind the answer, unannounced.
    Close,
    /// A redirection to this address.
    Redirect(String),
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorAnswer {
    /// The exception's name, modelled or the front end's (`ExpiredTokenException`).
    #[serde(rename = "type")]
    pub kind: String,
    /// Before or after the work.
    #[serde(default)]
    pub at: Moment,
    /// The message; a usual one if none is given.
    #[serde(default)]
    pub message: Option<String>,
    /// The standard `Retry-After` header, as text.
    #[serde(default)]
    pub retry_after: Option<String>,
    /// The SDKs' `x-amz-retry-after` header in milliseconds, as text.
    #[serde(default)]
    pub retry_after_ms: Option<String>,
}

/// A body in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drip {
    /// Between two pieces.
    pub every: Span,
    /// Bytes of a piece.
    pub bytes: usize,
}

/// Whether a text can be the value of a header: an empty one says nothing.
fn fits_a_header(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b' '..=b'~'))
}

/// Whether a client could go there.
fn is_address(text: &str) -> bool {
    let address = text.parse::<http::Uri>().ok();
    address.is_some_and(|a| matches!(a.scheme_str(), Some("http" | "https")) && a.host().is_some_and(|host| !host.is_empty()))
}

impl Trick {
    /// Whether it decides what the caller gets to see; of these, one a request is enough.
    pub fn answers(&self) -> bool {
        use Trick::{ClockAhead, ClockBehind, EndMeeting, Latency, Slow, Stall};
        !matches!(self, ClockAhead(_) | ClockBehind(_) | Stall | Slow(_) | Latency(_) | EndMeeting)
    }
}

impl Rule {
    /// Checks what types alone cannot.
    pub fn check(&self) -> Result<(), BadBehaviour> {
        let bad = |what: &str| Err(BadBehaviour(format!("mischief '{}': {what}", self.name)));
        let share = |x: f64| (0.0..=1.0).contains(&x);
        if self.name.is_empty() || !self.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return bad("a name has letters, digits, - and _ only");
        }
        if self.until.is_some_and(|until| until <= self.from) {
            return bad("until must lie after from");
        }
        match &self.trick {
            trick if self.behind_quota && !trick.answers() => bad("behind_quota is for what answers, not for time and clocks"),
            _ if !share(self.share) => bad("share must lie between 0 and 1"),
            Trick::Truncate(kept) if !share(*kept) => bad("truncate keeps a share between 0 and 1"),
            Trick::Slow(times) if !(*times >= 0.0 && times.is_finite()) => bad("slow is a number of times"),
            Trick::Html(status) | Trick::Status(status) if !(200..600).contains(status) => bad("a status lies in 200 to 599"),
            Trick::Drip(drip) if drip.bytes == 0 => bad("a piece has at least one byte"),
            Trick::Stall if self.until.is_none() => bad("a stall needs an until, or nothing is ever answered"),
            Trick::Latency(latency) => latency.check(),
            Trick::Redirect(to) if !is_address(to) => bad("a redirection leads to an http or https URL"),
            Trick::Mislabel(text) | Trick::Encoding(text) if !fits_a_header(text) => bad("a header holds visible ASCII only"),
            Trick::Error(error)
                if ![&error.retry_after, &error.retry_after_ms].into_iter().flatten().all(|t| fits_a_header(t)) =>
            {
                bad("a header holds visible ASCII only")
            }
            _ => Ok(()),
        }
    }
}
