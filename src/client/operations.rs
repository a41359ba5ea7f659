//! The calls, each in one attempt.
//!
//! Holds what each operation sends. Called by the verbs through `drive`. What a reply means is in `judge` and `replies`; nothing
//! here asks twice.

use super::attempt::{Asking, Attempted, Client, Try};
use super::judge::{self, MeetingFacts};
use super::replies::{self, Batch, Made, Page};
use super::transport::Transport;
use crate::call::{Attendee, Seat};
use crate::chime::capability::Capabilities;
use crate::chime::id::{AttendeeId, MeetingId};
use crate::chime::message::{BatchCreateAttendeeRequest, CreateAttendeeRequest, CreateMeetingRequest, UpdateCapabilitiesRequest};
use crate::chime::template::MeetingTemplate;
use bytes::Bytes;
use http::Method;
use serde::Serialize;
use std::borrow::Cow;
use std::sync::Arc;

/// A meeting that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeetingWish {
    /// The idempotency token, of the characters `[-_a-zA-Z0-9]`, 2 to 64.
    pub token: String,
    /// A label of ours, 2 to 64 characters.
    pub label: String,
    /// The primary it is to be a replica of.
    pub primary: Option<MeetingId>,
    /// Everything else that can be said of it; media go to the region that is asked, unless it says another.
    pub template: Arc<MeetingTemplate>,
}

impl<T: Transport> Client<T> {
    /// CreateAttendee.
    pub async fn create_attendee(&self, seat: &Seat, attempt: Try) -> Attempted<Attendee> {
        let asking = post(format!("/meetings/{}/attendees", seat.meeting), "", &wish(seat));
        self.attempt(asking, attempt, |reply, secrets| judge::attendee(reply, seat, secrets)).await
    }

    /// BatchCreateAttendee, for 1 to 100 seats of one meeting.
    pub async fn batch_create_attendee(&self, meeting: &MeetingId, seats: &[Seat], attempt: Try) -> Attempted<Batch> {
        let body = BatchCreateAttendeeRequest { attendees: seats.iter().map(wish).collect() };
        let asking = post(format!("/meetings/{meeting}/attendees"), "operation=batch-create", &body);
        self.attempt(asking, attempt, |reply, secrets| replies::batch(reply, seats, secrets)).await
    }

    /// GetAttendee.
    pub async fn get_attendee(&self, seat: &Seat, id: &AttendeeId, attempt: Try) -> Attempted<Attendee> {
        let asking = bare(Method::GET, format!("/meetings/{}/attendees/{id}", seat.meeting));
        self.attempt(asking, attempt, |reply, secrets| replies::same_attendee(reply, seat, id, secrets)).await
    }

    /// ListAttendees: one page, of as many as the service gives at once. `after` is the token that the page before ended with.
    pub async fn list_attendees(&self, meeting: &MeetingId, after: Option<&str>, attempt: Try) -> Attempted<Page> {
        let query = after.map_or(Cow::Borrowed(""), |token| format!("next-token={}", encoded(token)).into());
        let asking = Asking { query, ..bare(Method::GET, format!("/meetings/{meeting}/attendees")) };
        self.attempt(asking, attempt, replies::page).await
    }

    /// UpdateAttendeeCapabilities. It takes effect at once for whoever is in the call.
    pub async fn update_attendee_capabilities(
        &self,
        seat: &Seat,
        id: &AttendeeId,
        new: Capabilities,
        attempt: Try,
    ) -> Attempted<Attendee> {
        let body = UpdateCapabilitiesRequest { capabilities: new };
        let path = format!("/meetings/{}/attendees/{id}/capabilities", seat.meeting);
        let asking = Asking { method: Method::PUT, ..post(path, "", &body) };
        self.attempt(asking, attempt, |reply, secrets| replies::same_attendee(reply, seat, id, secrets)).await
    }

    /// DeleteAttendee.
    pub async fn delete_attendee(&self, meeting: &MeetingId, id: &AttendeeId, attempt: Try) -> Attempted<()> {
        let asking = bare(Method::DELETE, format!("/meetings/{meeting}/attendees/{id}"));
        self.attempt(asking, attempt, replies::gone).await
    }

    /// CreateMeeting.
    pub async fn create_meeting(&self, wish: &MeetingWish, attempt: Try) -> Attempted<Made> {
        let body = CreateMeetingRequest {
            client_request_token: &wish.token,
            media_region: wish.template.media_region.as_deref().unwrap_or(self.endpoint().region()),
            external_meeting_id: &wish.label,
            primary_meeting_id: wish.primary.as_ref().map(MeetingId::as_str),
            template: &wish.template,
        };
        let primary = wish.primary.as_ref();
        self.attempt(post("/meetings".to_owned(), "", &body), attempt, |reply, secrets| replies::made(reply, primary, secrets))
            .await
    }

    /// GetMeeting.
    pub async fn get_meeting(&self, meeting: &MeetingId, attempt: Try) -> Attempted<MeetingFacts> {
        let asking = bare(Method::GET, format!("/meetings/{meeting}"));
        self.attempt(asking, attempt, |reply, secrets| judge::meeting(reply, meeting, secrets)).await
    }

    /// DeleteMeeting, which succeeds for a meeting that is gone already.
    pub async fn delete_meeting(&self, meeting: &MeetingId, attempt: Try) -> Attempted<()> {
        let asking = bare(Method::DELETE, format!("/meetings/{meeting}"));
        self.attempt(asking, attempt, replies::gone).await
    }
}

fn wish(seat: &Seat) -> CreateAttendeeRequest<'_> {
    CreateAttendeeRequest { external_user_id: seat.user.as_str(), capabilities: seat.capabilities }
}

fn post(path: String, query: &'static str, body: &impl Serialize) -> Asking {
    let body = serde_json::to_vec(body).expect("strings and lists of them are always JSON").into();
    Asking { method: Method::POST, path, query: query.into(), body }
}

fn bare(method: Method, path: String) -> Asking {
    Asking { method, path, query: "".into(), body: Bytes::new() }
}

/// A query's value as signatures want it: everything but the unreserved characters of RFC 3986 in percent.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
