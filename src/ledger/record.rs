//! An outcome as it stands in the ledger, and the checksum that makes damage show.
//!
//! Holds [`Record`]. Called by `store` on the way in and out. Each carries a sum over its seat's content and every column, so that a
//! damaged or misplaced record is asked again instead of believed.

use super::schema::LedgerError;
use super::store::{Settlement, State, Written};
use crate::call::Seat;
use crate::chime::capability::Capabilities;
use crate::chime::id::{ExternalUserId, MeetingId};
use rusqlite::Row;
use sha2::{Digest, Sha256};

/// An outcome as its columns hold it.
pub(super) struct Record<'a> {
    pub(super) state: i64,
    pub(super) asked: Option<u8>,
    pub(super) attendee: Option<&'a str>,
    pub(super) token: Option<&'a str>,
    pub(super) granted: Option<u8>,
    pub(super) class: Option<&'a str>,
    pub(super) code: Option<&'a str>,
    pub(super) message: Option<&'a str>,
    pub(super) request: Option<&'a str>,
}

impl<'a> Record<'a> {
    pub(super) fn of(item: &'a Settlement) -> Self {
        let asked = item.asked.capabilities.map(Capabilities::code);
        let blank = Record {
            state: 0,
            asked,
            attendee: None,
            token: None,
            granted: None,
            class: None,
            code: None,
            message: None,
            request: None,
        };
        match &item.end {
            Written::Settled(attendee) => Record {
                state: State::Settled as i64,
                attendee: Some(attendee.id.as_str()),
                token: Some(attendee.token.as_str()),
                granted: attendee.capabilities.map(Capabilities::code),
                ..blank
            },
            Written::Not(state, fault) => Record {
                state: *state as i64,
                class: Some(fault.class.name()),
                code: Some(&fault.code),
                message: Some(&fault.message),
                request: fault.request_id.as_deref(),
                ..blank
            },
        }
    }

    /// The first eight bytes of a SHA-256 over the seat's content and every column.
    pub(super) fn sum(&self, seat: &Seat) -> i64 {
        let mut hash = Sha256::new();
        let mut part = |text: Option<&str>| match text {
            Some(text) => {
                hash.update((text.len() as u64 + 1).to_le_bytes());
                hash.update(text);
            }
            None => hash.update(0u64.to_le_bytes()),
        };
        [
            Some(seat.meeting.as_str()),
            Some(seat.user.as_str()),
            self.attendee,
            self.token,
            self.class,
            self.code,
            self.message,
            self.request,
        ]
        .into_iter()
        .for_each(&mut part);
        hash.update(self.state.to_le_bytes());
        hash.update([self.asked.unwrap_or(u8::MAX), self.granted.unwrap_or(u8::MAX)]);
        i64::from_le_bytes(hash.finalize()[..8].try_into().expect("SHA-256 has 32 bytes"))
    }
}

/// The attendee of a settled record (`None` for the other states) and the seat, if the checksum holds.
pub(super) fn checked(r: &Row<'_>) -> Option<(Option<String>, Seat)> {
    let text = |i: usize| r.get_ref(i).ok()?.as_str_or_null().ok();
    let (attendee, token, class, code, message, request) = (text(5)?, text(6)?, text(8)?, text(9)?, text(10)?, text(11)?);
    let record = Record {
        state: r.get(3).ok()?,
        asked: r.get(4).ok()?,
        attendee,
        token,
        granted: r.get(7).ok()?,
        class,
        code,
        message,
        request,
    };
    let seat = Seat { meeting: MeetingId::parse(text(1)??)?, user: ExternalUserId::parse(text(2)??).ok()?, capabilities: None };
    let state = State::from_code(record.state)?;
    let sound = record.sum(&seat) == r.get::<_, i64>(12).ok()?;
    sound.then(|| ((state == State::Settled).then(|| attendee.unwrap_or_default().to_owned()), seat))
}

/// Reads a seat from columns of the roster. What is in there has been checked on its way in; damage since is an error.
pub(super) fn seat_of(r: &Row<'_>, meeting: usize, user: usize, caps: usize) -> Result<Seat, LedgerError> {
    let damaged = |_| LedgerError::Damaged("a seat".to_owned());
    let meeting = r.get_ref(meeting)?.as_str().ok().and_then(MeetingId::parse).ok_or(()).map_err(damaged)?;
    let user = r.get_ref(user)?.as_str().ok().and_then(|u| ExternalUserId::parse(u).ok()).ok_or(()).map_err(damaged)?;
    let capabilities = r.get::<_, Option<u8>>(caps)?.and_then(Capabilities::from_code);
    Ok(Seat { meeting, user, capabilities })
}
