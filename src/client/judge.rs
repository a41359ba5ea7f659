//! What a reply means: a 200 is not believed until everything about it fits.
//!
//! Holds the pure judgement of replies. Called by `attempt` with the bytes that came. It never sees the network or a clock, and
//! what it lets through as text has been made safe to print and rid of ids and secrets.

use super::transport::Reply;
use crate::call::{Attendee, End, Fault, Hint, Seat};
use crate::chime::capability::Capabilities;
use crate::chime::class::Class;
use crate::chime::fault::{bare_type, classify};
use crate::chime::id::{AttendeeId, ExternalUserId, JoinToken, MeetingId, fold};
use crate::chime::message::{AttendeeBody, AttendeeReply, ErrorBody, MeetingBody, MeetingReply};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// The longest wait that a server may impose on us at once.
const LONGEST_HINT: Duration = Duration::from_secs(60);

/// What GetMeeting tells about a living meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeetingFacts {
    /// Whether attendees may have video.
    pub video: bool,
    /// Whether attendees may have content.
    pub content: bool,
    /// The meeting's own cap on attendees, if it has one.
    pub max_attendees: Option<u32>,
}

/// Judges the reply to CreateAttendee.
pub fn attendee(reply: &Reply, seat: &Seat, secrets: &[&str]) -> End<Attendee> {
    if let Some(fault) = refusal(reply, secrets, Some(seat.user.as_str())) {
        return End::Refused(fault);
    }
    match believed::<AttendeeReply>(reply).and_then(|body| attendee_of(body.attendee, seat)) {
        Ok(attendee) => End::Settled(attendee),
        Err(why) => End::Unknown(protocol(reply, why)),
    }
}

/// Judges the reply to GetMeeting.
pub fn meeting(reply: &Reply, asked: &MeetingId, secrets: &[&str]) -> End<MeetingFacts> {
    if let Some(fault) = refusal(reply, secrets, None) {
        return End::Refused(fault);
    }
    match believed::<MeetingReply>(reply) {
        Ok(body) if MeetingId::parse(&body.meeting.meeting_id).as_ref() == Some(asked) => End::Settled(facts_of(body.meeting)),
        Ok(_) => End::Unknown(protocol(reply, "the reply names another meeting")),
        Err(why) => End::Unknown(protocol(reply, why)),
    }
}

/// What bounds the attendees of a meeting.
pub(super) fn facts_of(meeting: MeetingBody) -> MeetingFacts {
    let features = meeting.meeting_features.unwrap_or_default();
    let (video, content) = features.channels();
    MeetingFacts { video, content, max_attendees: features.attendee.and_then(|a| a.max_count) }
}

/// The server's own date, for telling how far apart the clocks are.
pub fn server_date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// The attendee of a reply, if it is one for this seat.
pub(super) fn attendee_of(body: AttendeeBody<'_>, seat: &Seat) -> Result<Attendee, &'static str> {
    let capabilities = body.capabilities();
    let echoed = body.external_user_id.ok_or("the reply names no ExternalUserId")?;
    // Whether ids are compared without case is not documented, so an echo in another case is not held against the service.
    if echoed != seat.user.as_str() && fold(&echoed) != seat.user.folded() {
        return Err("the reply is for another ExternalUserId");
    }
    let user = ExternalUserId::parse(&echoed).map_err(|_| "the reply's ExternalUserId breaks the service's own rules")?;
    let id = body.attendee_id.as_deref().and_then(AttendeeId::parse).ok_or("the reply's AttendeeId is missing or malformed")?;
    let token = body.join_token.as_deref().ok_or("the reply holds no JoinToken")?;
    let token = JoinToken::parse(token).ok_or("the reply's JoinToken is no printable token of 2 to 2048 characters")?;
    Ok(Attendee { id, user, token, capabilities })
}

/// Whether what was granted is what was asked for. Nothing asked, or nothing told, is no difference.
pub fn granted_as_asked(asked: Option<Capabilities>, granted: Option<Capabilities>) -> bool {
    asked.is_none() || granted.is_none() || asked == granted
}

pub(super) fn believed<'a, T: serde::Deserialize<'a>>(reply: &'a Reply) -> Result<T, &'static str> {
    if reply.headers.get(CONTENT_ENCODING).is_some_and(|v| v != "identity") {
        return Err("the reply is compressed, which was not asked for");
    }
    let kind = reply.headers.get(CONTENT_TYPE).map(|v| v.to_str().unwrap_or_default());
    if kind.is_some_and(|k| !k.to_ascii_lowercase().contains("json")) {
        return Err("the reply is not JSON by its content type");
    }
    serde_json::from_slice(&reply.body).map_err(|_| "the reply's body is not the JSON it should be")
}

pub(super) fn protocol(reply: &Reply, why: &str) -> Fault {
    Fault { request_id: request_id(reply), ..Fault::ours(Class::Protocol, "UnbelievableReply", why) }
}

/// The fault of a reply that is no success; `None` for a success.
pub(super) fn refusal(reply: &Reply, secrets: &[&str], user: Option<&str>) -> Option<Fault> {
    let status = reply.status.as_u16();
    if reply.status.is_success() {
        return None;
    }
    if reply.status.is_redirection() || reply.status.is_informational() {
        let why = format!("status {status}: redirects are never followed");
        return Some(Fault { request_id: request_id(reply), ..Fault::ours(Class::Protocol, "Redirect", why) });
    }
    let json = serde_json::from_slice::<ErrorBody>(&reply.body);
    let is_json = json.is_ok();
    let body = json.unwrap_or_default();
    let header = reply.headers.get("x-amzn-errortype").and_then(|v| v.to_str().ok());
    let code = header.or(body.kind.as_deref()).or(body.code.as_deref()).map(bare_type).filter(|c| is_name(c));
    // The service names its errors. A 404 or a bad request without a name is some gateway's: no verdict on a meeting or a row.
    let nameless = code.is_none() && (status == 404 || !is_json);
    if nameless && reply.status.is_client_error() && !matches!(status, 401 | 403 | 408 | 429) {
        return Some(protocol(reply, &format!("status {status} without the service's error type")));
    }
    let message = body.message.unwrap_or_default();
    Some(Fault {
        class: classify(code, status),
        code: code.map_or_else(|| status.to_string(), str::to_owned),
        message: scrub(&message, secrets, user),
        request_id: request_id(reply),
        hint: hint(&reply.headers),
    })
}

pub(super) fn is_name(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn request_id(reply: &Reply) -> Option<String> {
    let text = reply.headers.get("x-amzn-requestid")?.to_str().ok()?;
    (text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then(|| text.to_owned())
}

/// What the service asks to wait, within reason. Nonsense is no hint.
fn hint(headers: &HeaderMap) -> Option<Hint> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    if let Some(millis) = text("x-amz-retry-after").and_then(|t| t.parse::<u64>().ok()) {
        return Some(Hint::Millis(Duration::from_millis(millis).min(LONGEST_HINT)));
    }
    let standard = text(RETRY_AFTER.as_str())?;
    let wait = match standard.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        // A date is meant against the server's own clock.
        Err(_) => httpdate::parse_http_date(standard).ok()?.duration_since(server_date(headers)?).ok()?,
    };
    Some(Hint::Standard(wait.min(LONGEST_HINT)))
}

/// A server's message as it may be shown: one safe line, without the id asked for, without secrets, and without the canonical
/// request that signature errors repeat (it holds the session token).
pub(super) fn scrub(message: &str, secrets: &[&str], user: Option<&str>) -> String {
    let mut text = message.split("The Canonical String").next().unwrap_or_default().to_owned();
    for secret in secrets.iter().filter(|s| s.len() >= 4) {
        text = text.replace(secret, "(hidden)");
    }
    if let Some(user) = user.filter(|u| text.contains(u)) {
        text = text.replace(user, "(ExternalUserId)");
    }
    crate::safe::line(text.trim(), 300)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::StatusCode;

    fn reply(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Reply {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Reply { status: StatusCode::from_u16(status).unwrap(), headers: map, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    fn seat() -> Seat {
        let meeting = MeetingId::parse("11111111-2222-3333-4444-555555555555").unwrap();
        Seat { meeting, user: ExternalUserId::parse("Carol").unwrap(), capabilities: None }
    }

    fn told(user: &str, id: &str, token: &str) -> String {
        format!(r#"{{"Attendee":{{"ExternalUserId":"{user}","AttendeeId":"{id}","JoinToken":"{token}","New":[1]}},"More":null}}"#)
    }

    const ID: &str = "aaaaaaaa-bbbb-8024-dddd-eeeeeeeeeeee";

    #[test]
    fn a_good_answer_is_believed_in_any_letter_case_and_with_unknown_members() {
        for (status, user) in [(200, "Carol"), (201, "Carol"), (200, "cAROL")] {
            let end = attendee(&reply(status, &[("content-type", "application/json")], &told(user, ID, "tok")), &seat(), &[]);
            assert!(matches!(end, End::Settled(_)), "{end:?}");
        }
        assert!(matches!(attendee(&reply(200, &[], &told("Carol", ID, "tok")), &seat(), &[]), End::Settled(_)));
    }

    #[test]
    fn anything_odd_about_a_200_is_not_believed() {
        let json = ("content-type", "application/json");
        let odd = [
            reply(200, &[json], &told("Dave", ID, "tok")),
            reply(200, &[json], &told("Carol", "not-a-guid", "tok")),
            reply(200, &[json], &told("Carol", ID, "t")),
            reply(200, &[json], &told("Carol", ID, "=cmd|x, y")),
            reply(200, &[json], r#"{"Attendee":{"ExternalUserId":"Carol","AttendeeId":"aaaaaaaa-bbbb-8024-dddd-eeeeeeeeeeee"}}"#),
            reply(200, &[json], "{\"Attendee\":{\"External"),
            reply(200, &[json], ""),
            reply(204, &[], ""),
            reply(200, &[("content-type", "text/html")], &told("Carol", ID, "tok")),
            reply(200, &[json, ("content-encoding", "gzip")], &told("Carol", ID, "tok")),
        ];
        for reply in odd {
            let end = attendee(&reply, &seat(), &[]);
            assert!(matches!(&end, End::Unknown(f) if f.class == Class::Protocol), "{end:?}");
        }
    }

    #[test]
    fn errors_are_told_by_their_type() {
        let class = |status, headers: &[(&'static str, &'static str)], body: &str| {
            attendee(&reply(status, headers, body), &seat(), &[]).class()
        };
        assert_eq!(
            class(400, &[("x-amzn-errortype", "LimitExceededException:http://x/")], r#"{"Code":"BadRequest"}"#),
            Class::Capacity
        );
        assert_eq!(class(404, &[], r#"{"Code":"NotFound","Message":"gone"}"#), Class::NotFound);
        assert_eq!(class(400, &[], r#"{"__type":"com.amazonaws.chime#ThrottledClientException"}"#), Class::Throttled);
        assert_eq!(class(502, &[], "<html>"), Class::ServiceFailure);
        assert_eq!(class(400, &[], "{}"), Class::BadRequest);
        assert_eq!(class(404, &[], "{}"), Class::Protocol);
        assert_eq!(class(404, &[], "<html>"), Class::Protocol);
        assert_eq!(class(400, &[], "<html>"), Class::Protocol);
        assert_eq!(class(403, &[], "<html>"), Class::Forbidden);
        assert_eq!(class(429, &[], ""), Class::Throttled);
        assert_eq!(class(307, &[("location", "http://elsewhere/")], ""), Class::Protocol);
    }

    #[test]
    fn hints_are_read_within_reason() {
        let hint = |name, value| attendee(&reply(503, &[(name, value)], "{}"), &seat(), &[]).fault().unwrap().hint;
        assert_eq!(hint("retry-after", "7"), Some(Hint::Standard(Duration::from_secs(7))));
        assert_eq!(hint("retry-after", "86400000"), Some(Hint::Standard(Duration::from_secs(60))));
        assert_eq!(hint("x-amz-retry-after", "1500"), Some(Hint::Millis(Duration::from_millis(1500))));
        for nonsense in ["-1", "soon", "1e9", "99999999999999999999999"] {
            assert_eq!(hint("retry-after", nonsense), None);
        }
    }

    #[test]
    fn messages_lose_ids_secrets_and_escape_sequences() {
        let body = r#"{"Message":"no \u001b[31mCarol, s3ssion-token! The Canonical String was: x-amz-security-token:…"}"#;
        let end = attendee(&reply(403, &[], body), &seat(), &["s3ssion-token"]);
        let message = &end.fault().unwrap().message;
        assert_eq!(message, r"no \u{1b}[31m(ExternalUserId), (hidden)!");
    }
}
