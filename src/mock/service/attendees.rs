//! Making, showing, changing and deleting attendees.
//!
//! Holds the operations on attendees. Called by [`Service::answer`]. Each works under its meeting's lock from the first look to
//! the last change, so that no two requests can make one attendee twice or take one seat both.

use super::Service;
use super::change::Change;
use super::meeting::{Inside, Meeting, Realm};
use super::reply::{AttendeePage, AttendeeView, Batch, ItemError, OneAttendee, Reply, Tally};
use super::roll::Seat;
use crate::chime::capability::Capabilities;
use crate::chime::fault::Exception;
use crate::chime::id::fold;
use crate::mock::fault::Fault;
use crate::mock::ids::{AttendeeKeys, Guid};
use crate::mock::input::attendee::{Wanted, semantic};
use crate::mock::sides::{BatchFull, BatchItem, BatchTwice, DeleteAbsent, Full, GoneAttendee, Ids, Repeat, RepeatToken};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Attendees of a page when the request names no size; the model says only that 100 is the most.
const PAGE: usize = 100;

/// The words for an id that stands twice in a batch, and for a meeting without a free seat.
const TWICE: &str = "An ExternalUserId stands in the request twice";
const FULL: &str = "The maximum number of attendees for this meeting has been reached";

impl Service {
    /// The name under which an id is looked up.
    pub(super) fn key(&self, user: &str) -> String {
        match self.rules.sides.ids {
            Ids::Fold => fold(user),
            Ids::Exact => user.to_owned(),
        }
    }

    fn view(&self, meeting: &Meeting, seat: &Seat) -> AttendeeView {
        AttendeeView::of(self.rules.seed, meeting.id, &self.key(&seat.user), seat)
    }

    /// AttendeeId and JoinToken of whoever was the first in a meeting and still is in it.
    pub fn first_attendee(&self, meeting: Guid) -> Option<(String, String)> {
        let meeting = Arc::clone(self.read().get(meeting)?);
        let inside = meeting.lock();
        let (seats, _) = inside.roll.page(None, 1);
        let seat = seats.first()?;
        let keys = AttendeeKeys::derive(self.rules.seed, meeting.id, &self.key(&seat.user), seat.generation);
        Some((seat.id.to_string(), keys.join_token()))
    }

    /// 400 for a meeting without a free seat.
    fn full(&self) -> Fault {
        match self.rules.sides.full {
            Full::Limit => Fault::of(Exception::LimitExceeded, FULL),
            Full::BadRequest => Fault::bad_request(FULL),
        }
    }

    /// Finds or makes one attendee. Says whether it was made.
    fn seat(&self, meeting: &Meeting, inside: &mut Inside, wanted: &Wanted) -> Result<(AttendeeView, bool), Fault> {
        semantic("ExternalUserId", &wanted.user)?;
        let capabilities = wanted.capabilities.map(|c| meeting.permit(c).map(|()| c)).transpose()?;
        let key = self.key(&wanted.user);
        if let Some(seat) = inside.roll.of_key(&key) {
            if let (Some(new), Repeat::Update) = (capabilities, self.rules.sides.repeat) {
                seat.capabilities = new;
                self.note(|| Change::Allowed(meeting.id, seat.id, new));
            }
            let keys = AttendeeKeys::derive(self.rules.seed, meeting.id, &key, seat.generation);
            let keys = match self.rules.sides.repeat_token {
                RepeatToken::Same => keys,
                RepeatToken::Fresh => keys.renewed(self.rules.seed, self.tokens.fetch_add(1, Ordering::Relaxed)),
            };
            return Ok((AttendeeView::keyed(keys, seat), false));
        }
        if inside.roll.count() >= meeting.seats() as usize {
            return Err(self.full());
        }
        let capabilities = capabilities.unwrap_or_else(|| meeting.default_capabilities());
        let (seat, keys) = inside.roll.add(self.rules.seed, meeting.id, &key, &wanted.user, capabilities);
        self.seats.fetch_add(1, Ordering::Relaxed);
        self.note(|| Change::Seated(meeting.id, seat.clone()));
        Ok((AttendeeView::keyed(keys, seat), true))
    }

    pub(super) fn create_attendee(&self, realm: &Realm, id: Guid, wanted: Wanted) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id)?;
        let (attendee, made) = self.seat(&meeting, &mut *meeting.open()?, &wanted)?;
        let tally = Tally { made: made.into(), found: (!made).into(), failed: 0 };
        Ok(Reply::json(&OneAttendee { attendee }).with(tally))
    }

    pub(super) fn batch_create(&self, realm: &Realm, id: Guid, wanted: Vec<Wanted>) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id)?;
        let (batch, tally) = self.seat_all(&meeting, wanted)?;
        Ok(Reply::json(&batch).with(tally))
    }

    /// With `whole` for the side `batch-item`, `batch-full` or `batch-twice`: refuses a batch of which one item would fail for that
    /// reason, before any of it is done.
    pub(super) fn refuse_whole(&self, meeting: &Meeting, inside: &mut Inside, wanted: &[Wanted]) -> Result<(), Fault> {
        let sides = self.rules.sides;
        let (mut all, mut new) = (HashSet::new(), 0);
        for item in wanted {
            let sound =
                semantic("ExternalUserId", &item.user).and_then(|()| item.capabilities.map_or(Ok(()), |c| meeting.permit(c)));
            if sides.batch_item == BatchItem::Whole {
                sound.clone()?;
            }
            let key = self.key(&item.user);
            new += usize::from(sound.is_ok() && inside.roll.of_key(&key).is_none() && !all.contains(&key));
            if !all.insert(key) && sides.batch_twice == BatchTwice::Whole {
                return Err(Fault::bad_request(TWICE));
            }
        }
        let seats = meeting.seats() as usize;
        let overflows = new > 0 && inside.roll.count() + new > seats;
        if overflows && sides.batch_full == BatchFull::Whole { Err(self.full()) } else { Ok(()) }
    }

    /// Finds or makes each of several attendees; those that cannot be are listed with why.
    pub(super) fn seat_all(&self, meeting: &Meeting, wanted: Vec<Wanted>) -> Result<(Batch, Tally), Fault> {
        let mut inside = meeting.open()?;
        self.refuse_whole(meeting, &mut inside, &wanted)?;
        let (mut batch, mut tally) =
            (Batch { attendees: Vec::with_capacity(wanted.len()), errors: Vec::new() }, Tally::default());
        let mut before = HashSet::new();
        for item in wanted {
            let again = self.rules.sides.batch_twice != BatchTwice::Twice && !before.insert(self.key(&item.user));
            if again && self.rules.sides.batch_twice == BatchTwice::Once {
                continue;
            }
            let seat = if again { Err(Fault::bad_request(TWICE)) } else { self.seat(meeting, &mut inside, &item) };
            match seat {
                Ok((view, made)) => {
                    batch.attendees.push(view);
                    *(if made { &mut tally.made } else { &mut tally.found }) += 1;
                }
                Err(fault) => {
                    batch.errors.push(ItemError::of(&item.user, &fault));
                    tally.failed += 1;
                }
            }
        }
        Ok((batch, tally))
    }

    pub(super) fn get_attendee(&self, realm: &Realm, id: Guid, attendee: Guid) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id)?;
        let mut inside = meeting.open()?;
        let seat = inside.roll.of_id(attendee).ok_or_else(|| match self.rules.sides.gone_attendee {
            GoneAttendee::NotFound => Fault::no_attendee(attendee),
            GoneAttendee::Forbidden => Fault::forbidden(),
        })?;
        Ok(Reply::json(&OneAttendee { attendee: self.view(&meeting, seat) }))
    }

    pub(super) fn delete_attendee(&self, realm: &Realm, id: Guid, attendee: Guid) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id)?;
        let mut inside = meeting.open()?;
        match inside.roll.remove(attendee, self.rules.sides.reborn, |user| self.key(user)) {
            Some(seat) => {
                self.seats.fetch_sub(1, Ordering::Relaxed);
                self.note(|| Change::Left(id, seat));
                Ok(Reply::empty(204))
            }
            None => match self.rules.sides.delete_absent {
                DeleteAbsent::Succeed => Ok(Reply::empty(204)),
                DeleteAbsent::NotFound => Err(Fault::no_attendee(attendee)),
                DeleteAbsent::Forbidden => Err(Fault::forbidden()),
            },
        }
    }

    pub(super) fn list_attendees(
        &self,
        realm: &Realm,
        id: Guid,
        size: Option<usize>,
        token: Option<&str>,
    ) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id)?;
        let after = token.map(|token| self.place(id, token)).transpose()?;
        let inside = meeting.open()?;
        let (seats, next) = inside.roll.page(after, size.unwrap_or(PAGE));
        let attendees = seats.into_iter().map(|seat| self.view(&meeting, seat)).collect();
        Ok(Reply::json(&AttendeePage { attendees, next_token: next.map(|place| self.page_token(id, place)) }))
    }

    /// An opaque token: a place in the roll, bound to the meeting so that it means nothing elsewhere.
    fn page_token(&self, meeting: Guid, place: u64) -> String {
        let place = place.to_be_bytes();
        let seal = self.rules.seed.digest(&[b"page", &meeting.0.to_be_bytes(), &place]);
        URL_SAFE_NO_PAD.encode([&place[..], &seal[..16]].concat())
    }

    fn place(&self, meeting: Guid, token: &str) -> Result<u64, Fault> {
        let place = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| bytes.get(..8)?.try_into().ok()).map(u64::from_be_bytes);
        place
            .filter(|place| self.page_token(meeting, *place) == token)
            .ok_or_else(|| Fault::bad_request("NextToken is not one that this meeting has given"))
    }

    pub(super) fn update(&self, realm: &Realm, id: Guid, attendee: Guid, capabilities: Capabilities) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id)?;
        let mut inside = meeting.open()?;
        meeting.permit(capabilities)?;
        let seat = inside.roll.of_id(attendee).ok_or_else(|| Fault::no_attendee(attendee))?;
        seat.capabilities = capabilities;
        self.note(|| Change::Allowed(id, attendee, capabilities));
        Ok(Reply::json(&OneAttendee { attendee: self.view(&meeting, seat) }))
    }

    pub(super) fn update_except(&self, realm: &Realm, id: Guid, excluded: &[Guid], new: Capabilities) -> Result<Reply, Fault> {
        let meeting = self.find(realm, id)?;
        let mut inside = meeting.open()?;
        meeting.permit(new)?;
        for seat in inside.roll.iter_mut().filter(|seat| !excluded.contains(&seat.id)) {
            seat.capabilities = new;
            self.note(|| Change::Allowed(id, seat.id, new));
        }
        Ok(Reply::empty(200))
    }
}
