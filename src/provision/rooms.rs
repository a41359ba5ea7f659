//! The meetings file: what was made, with all that a join page needs.
//!
//! Holds [`write()`]. Called by `publish`. It never sees a token.

use super::table::{Cells, Form, Guard, Table};
use crate::ledger::rooms::RoomEnd;
use serde_json::{Value, json};
use std::io;

/// The members of `MediaPlacement`, in the order of the API reference.
const PLACEMENT: [&str; 8] = [
    "AudioHostUrl",
    "AudioFallbackUrl",
    "SignalingUrl",
    "TurnControlUrl",
    "ScreenDataUrl",
    "ScreenViewingUrl",
    "ScreenSharingUrl",
    "EventIngestionUrl",
];
/// What stands before them.
const OURS: [&str; 12] = [
    "Session",
    "Part",
    "Role",
    "Status",
    "Generation",
    "MadeAt",
    "Seats",
    "MeetingId",
    "PrimaryMeetingId",
    "ExternalMeetingId",
    "MediaRegion",
    "MeetingArn",
];

/// Writes the rooms as CSV, or as JSON with each `Meeting` as the service told it.
pub(super) fn write(out: &mut dyn io::Write, form: Form, rooms: &[RoomEnd]) -> io::Result<()> {
    if form != Form::Csv {
        let all: Vec<Value> = rooms.iter().map(object).collect();
        serde_json::to_writer_pretty(&mut *out, &all)?;
        return out.write_all(b"\n");
    }
    let mut table = Table::new(out, form, Guard::Raw);
    table.begin(&OURS.iter().chain(&PLACEMENT).map(|name| (*name).to_owned()).collect::<Vec<_>>(), 0)?;
    rooms.iter().try_for_each(|room| table.row(&cells(room)))?;
    table.end()
}

fn role(room: &RoomEnd) -> &'static str {
    match (room.room.replica_of, room.has_replicas) {
        (Some(_), _) => "replica",
        (None, true) => "primary",
        (None, false) => "meeting",
    }
}

fn facts(room: &RoomEnd) -> (Value, [Value; 8]) {
    let meeting = room.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or(Value::Null);
    let status = match (&room.id, room.ended) {
        (None, _) => "not-made",
        (_, true) => "ended",
        _ => "made",
    };
    let made = room.room.made.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).map(|at| at.to_string());
    let ours = [
        json!(room.room.session),
        json!(room.room.part + 1),
        json!(role(room)),
        json!(status),
        json!(room.room.generation),
        json!(made),
        json!(room.settled),
        json!(room.id),
    ];
    (meeting, ours)
}

fn cells(room: &RoomEnd) -> Cells {
    let (meeting, ours) = facts(room);
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let theirs = ["PrimaryMeetingId", "ExternalMeetingId", "MediaRegion", "MeetingArn"].map(|name| text(&meeting[name]));
    let placement = PLACEMENT.map(|name| text(&meeting["MediaPlacement"][name]));
    ours.iter().map(text).chain(theirs).chain(placement).collect()
}

fn object(room: &RoomEnd) -> Value {
    let (meeting, ours) = facts(room);
    let mut object: serde_json::Map<String, Value> = OURS.iter().map(|name| (*name).to_owned()).zip(ours).collect();
    object.insert("Meeting".to_owned(), meeting);
    Value::Object(object)
}
