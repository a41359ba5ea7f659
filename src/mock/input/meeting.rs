//! What CreateMeeting and CreateMeetingWithAttendees are asked.
//!
//! Holds [`NewMeeting`] and [`Features`]. What is undocumented about features is decided in the service, by its sides.

use super::attendee::{Wanted, batch};
use super::{ANY, Form};
use crate::mock::input::tag::{Tag, tags};
use serde_json::{Map, Value, json};

/// A meeting that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMeeting {
    /// ClientRequestToken, under which a repetition finds the same meeting.
    pub request_token: String,
    /// ExternalMeetingId; characters not yet judged.
    pub external_id: String,
    /// MediaRegion; any text of 2 to 64 characters so far.
    pub media_region: String,
    /// MeetingHostId.
    pub host: Option<String>,
    /// PrimaryMeetingId.
    pub primary: Option<String>,
    /// TenantIds.
    pub tenants: Vec<String>,
    /// MeetingFeatures.
    pub features: Features,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// MeetingFeatures, as far as they have a meaning here, and as they are echoed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    /// Video.MaxResolution.
    pub video: Option<&'static str>,
    /// Content.MaxResolution.
    pub content: Option<&'static str>,
    /// Attendee.MaxCount.
    pub max_count: Option<u32>,
    /// What is sent back: the known members as they were sent, or null.
    pub echo: Value,
}

impl NewMeeting {
    /// The body that asks for this meeting again: how a state file keeps it. What was never echoed is not in it.
    pub fn body(&self) -> Value {
        json!({
            "ClientRequestToken": self.request_token,
            "ExternalMeetingId": self.external_id,
            "MediaRegion": self.media_region,
            "MeetingHostId": self.host,
            "PrimaryMeetingId": self.primary,
            "TenantIds": if self.tenants.is_empty() { Value::Null } else { json!(self.tenants) },
            "MeetingFeatures": self.features.echo,
            "Tags": self.tags,
        })
    }
}

impl Features {
    /// Whether attendees may have video.
    pub fn has_video(&self) -> bool {
        self.video != Some("None")
    }

    /// Whether attendees may have content.
    pub fn has_content(&self) -> bool {
        self.content != Some("None")
    }

    /// Whether the meeting is a high-definition one.
    pub fn is_high_definition(&self) -> bool {
        self.video == Some("FHD") || self.content == Some("UHD")
    }
}

const TOKEN: (&str, fn(&str) -> bool) =
    ("[-_a-zA-Z0-9]*", |text| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
const ARN: (&str, fn(&str) -> bool) = (r"^arn[\/\:\-\_\.a-zA-Z0-9]+$", |text| {
    text.strip_prefix("arn").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b':' | b'-' | b'_' | b'.'))
    })
});
const TENANT: (&str, fn(&str) -> bool) = (r"^(?!.*?(.)\1{3})[-_!@#$a-zA-Z0-9]*$", |text| {
    let bytes = text.as_bytes();
    bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_!@#$".contains(b))
        && !bytes.windows(4).any(|four| four.iter().all(|b| *b == four[0]))
});

/// Body of CreateMeeting.
pub fn meeting(form: Form<'_>) -> Option<NewMeeting> {
    let request_token = form.require("ClientRequestToken", form.text("ClientRequestToken", 2..=64, TOKEN));
    let media_region = form.require("MediaRegion", form.text("MediaRegion", 2..=64, ANY));
    let external_id = form.require("ExternalMeetingId", form.text("ExternalMeetingId", 2..=64, ANY));
    let host = form.text("MeetingHostId", 2..=64, ANY).map(str::to_owned);
    let primary = form.text("PrimaryMeetingId", 2..=64, ANY).map(str::to_owned);
    let tenants = form.texts("TenantIds", 1..=5, 2..=256, TENANT).unwrap_or_default();
    let features = form.object("MeetingFeatures", features).unwrap_or_default();
    let tags = tags(form).unwrap_or_default();
    form.choice("MediaPlacementNetworkType", &["Ipv4Only", "DualStack"]);
    form.object("NotificationsConfiguration", |inner| {
        for name in ["LambdaFunctionArn", "SnsTopicArn", "SqsQueueArn"] {
            inner.text(name, 1..=1024, ARN);
        }
    });
    Some(NewMeeting {
        request_token: request_token?.to_owned(),
        external_id: external_id?.to_owned(),
        media_region: media_region?.to_owned(),
        host,
        primary,
        tenants,
        features,
        tags,
    })
}

/// Body of CreateMeetingWithAttendees: the same, and 1 to 20 attendees.
pub fn meeting_with_attendees(form: Form<'_>) -> Option<(NewMeeting, Vec<Wanted>)> {
    let (meeting, attendees) = (meeting(form), batch(form, 20));
    Some((meeting?, attendees?))
}

fn features(form: Form<'_>) -> Features {
    let mut echo = Map::new();
    // A channel is echoed as it was sent, also when it says nothing.
    let mut put = |channel: &str, member: &str, sent: Option<Option<Value>>| {
        if let Some(value) = sent {
            echo.insert(channel.to_owned(), value.map_or(json!({}), |value| json!({ member: value })));
        }
    };
    let word = |channel: &str, member: &str, set: &[&'static str]| form.object(channel, |inner| inner.choice(member, set));
    let audio = word("Audio", "EchoReduction", &["AVAILABLE", "UNAVAILABLE"]);
    let video = word("Video", "MaxResolution", &["None", "HD", "FHD"]);
    let content = word("Content", "MaxResolution", &["None", "FHD", "UHD"]);
    let max_count = form.object("Attendee", |inner| inner.integer("MaxCount", 1..=250));
    put("Audio", "EchoReduction", audio.map(|sent| sent.map(Value::from)));
    put("Video", "MaxResolution", video.map(|sent| sent.map(Value::from)));
    put("Content", "MaxResolution", content.map(|sent| sent.map(Value::from)));
    put("Attendee", "MaxCount", max_count.map(|sent| sent.map(Value::from)));
    let max_count = max_count.flatten().and_then(|n| u32::try_from(n).ok());
    Features { video: video.flatten(), content: content.flatten(), max_count, echo: Value::Object(echo) }
}
