//! Answers of the service, as JSON.
//!
//! Holds [`Reply`] and the shapes it is written from, apart from the client's (`chime::message`): the two sides share words,
//! never structs, or a wrong name would pass every round trip. Called by the operations. Where real answers carry an explicit
//! null or an empty list, so do these.

use super::meeting::{Meeting, Realm};
use super::roll::Seat;
use crate::chime::capability::Capabilities;
use crate::mock::fault::Fault;
use crate::mock::ids::{AttendeeKeys, Guid, cell};
use crate::mock::input::tag::Tag;
use crate::seed::Seed;
use serde::Serialize;
use serde_json::Value;

/// What happened to the attendees a request named: for the log and the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Newly made.
    pub made: u32,
    /// Asked for again, and found.
    pub found: u32,
    /// Refused, each by itself.
    pub failed: u32,
}

/// A success. Its body may hold JoinTokens, so it is never shown whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 or 204.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Vec<u8>,
    /// What happened to attendees.
    pub tally: Tally,
    /// The meeting that was made or found, where the request could not name it.
    pub meeting: Option<Guid>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).field("tally", &self.tally).finish_non_exhaustive()
    }
}

impl Reply {
    /// 200 with a body.
    pub fn json(body: &impl Serialize) -> Reply {
        let body = serde_json::to_vec(body).expect("the shapes below hold texts, numbers and lists only");
        Reply { status: 200, body, tally: Tally::default(), meeting: None }
    }

    /// 200 or 204 without one.
    pub fn empty(status: u16) -> Reply {
        Reply { status, body: Vec::new(), tally: Tally::default(), meeting: None }
    }

    /// The same, with what happened to attendees.
    pub fn with(self, tally: Tally) -> Reply {
        Reply { tally, ..self }
    }

    /// The same, about this meeting.
    pub fn about(self, meeting: Guid) -> Reply {
        Reply { meeting: Some(meeting), ..self }
    }
}

/// An attendee, as every operation shows it; the JoinToken can always be read again.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttendeeView {
    external_user_id: String,
    attendee_id: String,
    join_token: String,
    capabilities: Capabilities,
}

impl AttendeeView {
    /// Shows a seat. `key` is the seat's user, folded or not as the service matches.
    pub fn of(seed: Seed, meeting: Guid, key: &str, seat: &Seat) -> AttendeeView {
        AttendeeView::keyed(AttendeeKeys::derive(seed, meeting, key, seat.generation), seat)
    }

    /// Shows a seat whose keys are known.
    pub fn keyed(keys: AttendeeKeys, seat: &Seat) -> AttendeeView {
        AttendeeView {
            external_user_id: seat.user.to_string(),
            attendee_id: seat.id.to_string(),
            join_token: keys.join_token(),
            capabilities: seat.capabilities,
        }
    }
}

/// An item of a batch that failed.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ItemError {
    external_user_id: String,
    error_code: String,
    error_message: String,
}

impl ItemError {
    /// Shows why an item failed.
    pub fn of(user: &str, fault: &Fault) -> ItemError {
        ItemError {
            external_user_id: user.to_owned(),
            error_code: fault.code.to_string(),
            error_message: fault.message.to_string(),
        }
    }
}

/// `{Attendee}`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OneAttendee {
    /// The attendee.
    pub attendee: AttendeeView,
}

/// `{Attendees, Errors}`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Batch {
    /// Those that exist now.
    pub attendees: Vec<AttendeeView>,
    /// Those that do not.
    pub errors: Vec<ItemError>,
}

/// `{Attendees, NextToken}`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttendeePage {
    /// In the order they were made.
    pub attendees: Vec<AttendeeView>,
    /// Where to go on, or null.
    pub next_token: Option<String>,
}

/// `{Tags}`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagList {
    /// In the order they were first set.
    pub tags: Vec<Tag>,
}

/// `{Meeting}` and `{Meeting, Attendees, Errors}`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OneMeeting<'a> {
    /// The meeting.
    pub meeting: MeetingView<'a>,
    /// Attendees and Errors, of the operation that has them.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
}

/// A meeting.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MeetingView<'a> {
    meeting_id: String,
    meeting_host_id: Option<&'a str>,
    external_meeting_id: &'a str,
    media_region: &'a str,
    media_placement: MediaPlacement,
    meeting_features: &'a Value,
    primary_meeting_id: Option<String>,
    tenant_ids: &'a [String],
    meeting_arn: String,
}

impl<'a> MeetingView<'a> {
    /// Shows a meeting to a caller.
    pub fn of(seed: Seed, meeting: &'a Meeting, caller: &Realm) -> MeetingView<'a> {
        MeetingView {
            meeting_id: meeting.id.to_string(),
            meeting_host_id: meeting.asked.host.as_deref(),
            external_meeting_id: &meeting.asked.external_id,
            media_region: &meeting.asked.media_region,
            media_placement: MediaPlacement::of(seed, meeting),
            meeting_features: &meeting.asked.features.echo,
            primary_meeting_id: meeting.primary.map(|id| id.to_string()),
            tenant_ids: &meeting.asked.tenants,
            meeting_arn: meeting.arn(caller),
        }
    }
}

/// Where a client would connect; shaped as in real answers, leading nowhere.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MediaPlacement {
    audio_host_url: String,
    audio_fallback_url: String,
    signaling_url: String,
    turn_control_url: String,
    screen_data_url: String,
    screen_viewing_url: String,
    screen_sharing_url: String,
    event_ingestion_url: String,
}

impl MediaPlacement {
    fn of(seed: Seed, meeting: &Meeting) -> MediaPlacement {
        let (id, region) = (meeting.id, meeting.asked.media_region.as_str());
        let short = region_code(region);
        let group = format!("m{}.{short}", id.0 % 3 + 1);
        let digest = seed.digest(&[b"media", &id.0.to_be_bytes()]);
        let host: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        let screen = format!("wss://bitpw.{group}.app.chime.aws:443/v2/screen/{id}");
        MediaPlacement {
            audio_host_url: format!("{host}.k.{group}.app.chime.aws:3478"),
            audio_fallback_url: format!("wss://wss.k.{group}.app.chime.aws:443/calls/{id}"),
            signaling_url: format!("wss://signal.{group}.app.chime.aws/control/{id}"),
            turn_control_url: format!("https://{:04x}.cell.{region}.meetings.chime.aws/v2/turn_sessions", cell(region)),
            screen_data_url: screen.clone(),
            screen_viewing_url: format!(
                "wss://bitpw.{group}.app.chime.aws:443/ws/connect?passcode=null&viewer_uuid=null&X-BitHub-Call-Id={id}"
            ),
            screen_sharing_url: screen,
            event_ingestion_url: format!("https://data.svc.{short}.ingest.chime.aws/v1/client-events"),
        }
    }
}

/// `us-east-1` is `ue1`. Two-part compass words keep both letters (`ap-southeast-1` is `ase1`), or two regions would share a code.
fn region_code(region: &str) -> String {
    let word = |word: &str| match word {
        "northeast" => "ne".to_owned(),
        "southeast" => "se".to_owned(),
        "northwest" => "nw".to_owned(),
        "southwest" => "sw".to_owned(),
        other => other.chars().take(1).filter(char::is_ascii_alphanumeric).collect(),
    };
    region.split('-').map(word).collect()
}
