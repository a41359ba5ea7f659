//! Wire names: the JSON bodies that both sides must spell alike.
//!
//! Holds the requests and replies of the operations headcount speaks as a client. Called by the client (to write requests and
//! read replies) and by the mock's tests. Unknown members are ignored and `null` counts as absent, as is usual for rest-json.

use super::capability::Capabilities;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Body of `POST /meetings/{MeetingId}/attendees`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateAttendeeRequest<'a> {
    /// Who the seat is for.
    pub external_user_id: &'a str,
    /// Left out to get the service's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
}

/// Body of `POST /meetings/{MeetingId}/attendees?operation=batch-create`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BatchCreateAttendeeRequest<'a> {
    /// 1 to 100 of them.
    pub attendees: Vec<CreateAttendeeRequest<'a>>,
}

/// Body of `PUT /meetings/{MeetingId}/attendees/{AttendeeId}/capabilities`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateCapabilitiesRequest {
    /// What the attendee may do from now on.
    pub capabilities: Capabilities,
}

/// Body of `POST /meetings`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateMeetingRequest<'a> {
    /// The idempotency token: the same one finds the same meeting while it lives.
    pub client_request_token: &'a str,
    /// Where the media go.
    pub media_region: &'a str,
    /// A label of ours.
    pub external_meeting_id: &'a str,
    /// The primary, for a replica.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_meeting_id: Option<&'a str>,
    /// Everything else.
    #[serde(flatten)]
    pub template: &'a super::template::MeetingTemplate,
}

/// Reply of BatchCreateAttendee, and of ListAttendees (which has no errors).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttendeesReply<'a> {
    /// Those that exist now.
    #[serde(default, borrow)]
    pub attendees: Option<Vec<AttendeeBody<'a>>>,
    /// Those that were refused.
    #[serde(default)]
    pub errors: Option<Vec<ItemError>>,
    /// Where the next page begins.
    #[serde(default)]
    pub next_token: Option<String>,
}

/// Why one of a batch was refused.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ItemError {
    /// Who.
    #[serde(default)]
    pub external_user_id: Option<String>,
    /// The short code.
    #[serde(default)]
    pub error_code: Option<String>,
    /// The message.
    #[serde(default)]
    pub error_message: Option<String>,
}

impl std::fmt::Debug for ItemError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemError").field("error_code", &self.error_code).finish_non_exhaustive()
    }
}

/// Reply of CreateAttendee and GetAttendee.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttendeeReply<'a> {
    /// The attendee.
    #[serde(borrow)]
    pub attendee: AttendeeBody<'a>,
}

/// An attendee as the service writes it. Everything is optional here: what is missing is a fault to name, not a parse error.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttendeeBody<'a> {
    /// The id asked for.
    pub external_user_id: Option<String>,
    /// The service's id.
    pub attendee_id: Option<String>,
    /// The join token.
    pub join_token: Option<String>,
    /// See [`AttendeeBody::capabilities`].
    #[serde(borrow)]
    capabilities: Option<&'a RawValue>,
}

impl AttendeeBody<'_> {
    /// The capabilities granted; absent if they are not three known words, which is no reason to disbelieve the token.
    pub fn capabilities(&self) -> Option<Capabilities> {
        serde_json::from_str(self.capabilities?.get()).ok()
    }
}

impl std::fmt::Debug for AttendeeBody<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttendeeBody").field("attendee_id", &self.attendee_id).finish_non_exhaustive()
    }
}

/// Reply of CreateMeeting, whose meeting is kept as it is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewMeetingReply<'a> {
    /// The meeting.
    #[serde(borrow)]
    pub meeting: &'a RawValue,
}

/// Reply of GetMeeting.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MeetingReply {
    /// The meeting.
    pub meeting: MeetingBody,
}

/// A meeting as the service writes it, as far as provisioning needs it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MeetingBody {
    /// The meeting's id.
    pub meeting_id: String,
    /// What was asked for when it was made.
    #[serde(default)]
    pub meeting_features: Option<MeetingFeatures>,
}

/// MeetingFeatures, as far as they bound what an attendee may have.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MeetingFeatures {
    /// `None`, `HD` or `FHD`.
    #[serde(default)]
    pub video: Option<Resolution>,
    /// `None`, `FHD` or `UHD`.
    #[serde(default)]
    pub content: Option<Resolution>,
    /// The cap on attendees.
    #[serde(default)]
    pub attendee: Option<AttendeeFeature>,
}

/// A channel's `MaxResolution`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resolution {
    /// The word itself.
    #[serde(default)]
    pub max_resolution: Option<String>,
}

/// The cap on attendees.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttendeeFeature {
    /// 1 to 250.
    #[serde(default)]
    pub max_count: Option<u32>,
}

impl MeetingFeatures {
    /// Whether attendees may have video, and content.
    pub fn channels(&self) -> (bool, bool) {
        let on = |r: &Option<Resolution>| r.as_ref().and_then(|r| r.max_resolution.as_deref()) != Some("None");
        (on(&self.video), on(&self.content))
    }
}

/// An error body. The type header outranks it.
#[derive(Debug, Default, Deserialize)]
pub struct ErrorBody {
    /// The type in some answers.
    #[serde(default, rename = "__type")]
    pub kind: Option<String>,
    /// The short code.
    #[serde(default, rename = "Code", alias = "code")]
    pub code: Option<String>,
    /// The message, in either spelling.
    #[serde(default, rename = "Message", alias = "message")]
    pub message: Option<String>,
}
