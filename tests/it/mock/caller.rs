//! Somebody who calls a mock in memory, unsigned, and reads the answer apart.

use headcount::mock::{Answer, Auth, Mock, Options};
use serde_json::Value;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The date on which every test takes place.
pub fn date() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

/// An answer, read apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Got {
    pub status: u16,
    /// `x-amzn-errortype`, or nothing.
    pub kind: String,
    pub body: Value,
}

impl Got {
    pub fn of(answer: &Answer) -> Got {
        let headers = answer.response.headers();
        assert!(headers.contains_key("x-amzn-requestid") && headers.contains_key("date"), "{headers:?}");
        let body = answer.response.body();
        Got {
            status: answer.response.status().as_u16(),
            kind: headers.get("x-amzn-errortype").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default(),
            body: if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap() },
        }
    }

    /// A text of the body, by JSON pointer.
    pub fn at(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {self:?}")).to_owned()
    }
}

pub struct Caller {
    pub mock: Mock,
    pub start: Instant,
}

impl Caller {
    /// A mock that wants no signatures, with these options otherwise.
    pub fn with(options: Options) -> Caller {
        let mock = Mock::new(Options { auth: Auth::Off, ..options });
        Caller { start: mock.started(), mock }
    }

    pub fn new() -> Caller {
        Caller::with(Options::default())
    }

    /// The raw answer to a request that arrives so long after the start.
    pub fn answer(&self, after: Duration, method: &str, uri: &str, body: &str) -> Answer {
        let request = http::Request::builder().method(method).uri(uri).header("host", "mock").body(()).unwrap();
        self.mock.answer(self.start + after, date(), &request.into_parts().0, body.as_bytes())
    }

    pub fn later(&self, after: Duration, method: &str, uri: &str, body: Value) -> Got {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        Got::of(&self.answer(after, method, uri, &text))
    }

    pub fn call(&self, method: &str, uri: &str, body: Value) -> Got {
        self.later(Duration::ZERO, method, uri, body)
    }

    /// Makes a meeting with these members beside the required ones, and says its id.
    pub fn meeting(&self, token: &str, more: Value) -> String {
        let got = self.call("POST", "/meetings", meeting_body(token, more));
        assert_eq!(got.status, 200, "{got:?}");
        got.at("/Meeting/MeetingId")
    }

    pub fn attendee(&self, meeting: &str, body: Value) -> Got {
        self.call("POST", &format!("/meetings/{meeting}/attendees"), body)
    }
}

/// A CreateMeeting body with these members beside, or instead of, the required ones.
pub fn meeting_body(token: &str, more: Value) -> Value {
    // A token has two characters at least; tests name theirs by one.
    let token = if token.len() == 1 { format!("token-{token}") } else { token.to_owned() };
    let mut body = serde_json::json!({ "ClientRequestToken": token, "MediaRegion": "us-east-1", "ExternalMeetingId": "room" });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}
