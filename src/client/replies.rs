//! What the replies mean that name more, or less, than one new attendee.
//!
//! Holds the judgement of every reply but those of CreateAttendee and GetMeeting, which `judge` has with the rules all share. Called
//! by `operations`. It never sees the network.

use super::judge::{MeetingFacts, attendee_of, believed, facts_of, is_name, protocol, refusal, scrub};
use super::transport::Reply;
use crate::call::{Attendee, End, Fault, Seat};
use crate::chime::capability::Capabilities;
use crate::chime::class::Class;
use crate::chime::fault::classify;
use crate::chime::id::{AttendeeId, ExternalUserId, JoinToken, MeetingId, fold};
use crate::chime::message::{AttendeeBody, AttendeeReply, AttendeesReply, ItemError, MeetingBody, NewMeetingReply};

/// How the seats of a batch ended; as many as were asked for, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch(pub Vec<Result<Attendee, Fault>>);

impl Batch {
    /// The first refusal among them.
    pub fn fault(&self) -> Option<&Fault> {
        self.0.iter().find_map(|end| end.as_ref().err())
    }
}

/// Judges the reply to BatchCreateAttendee: every seat has its attendee or its refusal, and nobody else is named.
pub fn batch(reply: &Reply, seats: &[Seat], secrets: &[&str]) -> End<Batch> {
    if let Some(fault) = refusal(reply, secrets, None) {
        return End::Refused(fault);
    }
    let sorted = believed::<AttendeesReply>(reply).and_then(|body| sort(reply, body, seats, secrets));
    match sorted {
        Ok(batch) => End::Settled(batch),
        Err(why) => End::Unknown(protocol(reply, why)),
    }
}

fn sort(reply: &Reply, body: AttendeesReply<'_>, seats: &[Seat], secrets: &[&str]) -> Result<Batch, &'static str> {
    let mut ends: Vec<Option<Result<Attendee, Fault>>> = vec![None; seats.len()];
    // Exactly as asked first; an echo in another letter case is not held against the service.
    let place = |ends: &[Option<_>], user: &str| {
        let open = |i: &usize| ends[*i].is_none();
        let exact = (0..seats.len()).filter(open).find(|i| seats[*i].user.as_str() == user);
        exact.or_else(|| (0..seats.len()).filter(open).find(|i| seats[*i].user.folded() == fold(user)))
    };
    for attendee in body.attendees.unwrap_or_default() {
        let user = attendee.external_user_id.as_deref().ok_or("an attendee of the reply has no ExternalUserId")?;
        let at = place(&ends, user).ok_or("the reply names somebody who was not asked for")?;
        ends[at] = Some(Ok(attendee_of(attendee, &seats[at])?));
    }
    for error in body.errors.unwrap_or_default() {
        let user = error.external_user_id.as_deref().ok_or("an error of the reply has no ExternalUserId")?;
        let at = place(&ends, user).ok_or("the reply names somebody who was not asked for")?;
        let fault = item_fault(reply, &error, &seats[at], secrets);
        ends[at] = Some(Err(fault));
    }
    ends.into_iter().collect::<Option<_>>().map(Batch).ok_or("the reply says nothing of somebody who was asked for")
}

fn item_fault(reply: &Reply, error: &ItemError, seat: &Seat, secrets: &[&str]) -> Fault {
    let code = error.error_code.as_deref().filter(|code| is_name(code));
    let message = error.error_message.as_deref().unwrap_or_default();
    Fault {
        // An item has no status of its own; without a code that says more, it is its request that is wrong.
        class: classify(code, 400),
        code: code.unwrap_or("400").to_owned(),
        message: scrub(message, secrets, Some(seat.user.as_str())),
        ..protocol(reply, "")
    }
}

/// Judges the reply to GetAttendee: the attendee that was asked for, and no other.
pub fn same_attendee(reply: &Reply, seat: &Seat, id: &AttendeeId, secrets: &[&str]) -> End<Attendee> {
    if let Some(fault) = refusal(reply, secrets, Some(seat.user.as_str())) {
        return End::Refused(fault);
    }
    match believed::<AttendeeReply>(reply).and_then(|body| attendee_of(body.attendee, seat)) {
        Ok(attendee) if attendee.id == *id => End::Settled(attendee),
        Ok(_) => End::Unknown(protocol(reply, "the reply names another AttendeeId")),
        Err(why) => End::Unknown(protocol(reply, why)),
    }
}

/// Somebody whom the service lists in a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The service's id.
    pub id: AttendeeId,
    /// Who.
    pub user: ExternalUserId,
    /// The token, where the list has one that is one.
    pub token: Option<JoinToken>,
    /// What they may do, where the list says.
    pub capabilities: Option<Capabilities>,
}

/// A page of a meeting's attendees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Those on it.
    pub listed: Vec<Listed>,
    /// Where the next one begins, if there is one.
    pub next: Option<String>,
}

/// Judges the reply to ListAttendees.
pub fn page(reply: &Reply, secrets: &[&str]) -> End<Page> {
    if let Some(fault) = refusal(reply, secrets, None) {
        return End::Refused(fault);
    }
    let read = || {
        let body = believed::<AttendeesReply>(reply)?;
        let attendees = body.attendees.ok_or("the reply has no list of attendees")?;
        let listed = attendees.into_iter().map(listed).collect::<Result<_, _>>()?;
        // An empty token would begin at the first page again.
        Ok(Page { listed, next: body.next_token.filter(|token| !token.is_empty()) })
    };
    match read() {
        Ok(page) => End::Settled(page),
        Err(why) => End::Unknown(protocol(reply, why)),
    }
}

fn listed(body: AttendeeBody<'_>) -> Result<Listed, &'static str> {
    let capabilities = body.capabilities();
    let id =
        body.attendee_id.as_deref().and_then(AttendeeId::parse).ok_or("an AttendeeId of the list is missing or malformed")?;
    let user = body.external_user_id.as_deref().map(ExternalUserId::parse);
    let user = user.and_then(Result::ok).ok_or("an ExternalUserId of the list is missing or breaks the service's own rules")?;
    Ok(Listed { id, user, token: body.join_token.as_deref().and_then(JoinToken::parse), capabilities })
}

/// A meeting that exists now.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: MeetingId,
    /// What bounds its attendees.
    pub facts: MeetingFacts,
    /// The service's `Meeting`, as JSON: a join page needs all of it.
    pub body: String,
}

// The body holds the ExternalMeetingId, which is not for logs.
impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("id", &self.id).field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// Judges the reply to CreateMeeting; a replica is a meeting of its own, not its primary.
pub fn made(reply: &Reply, primary: Option<&MeetingId>, secrets: &[&str]) -> End<Made> {
    if let Some(fault) = refusal(reply, secrets, None) {
        return End::Refused(fault);
    }
    let read = || {
        let body = believed::<NewMeetingReply>(reply)?.meeting.get();
        let meeting: MeetingBody = serde_json::from_str(body).map_err(|_| "the reply's meeting is not as it should be")?;
        let id = MeetingId::parse(&meeting.meeting_id).ok_or("the reply's MeetingId is malformed")?;
        if primary == Some(&id) {
            return Err("the replica is answered with its primary's MeetingId");
        }
        Ok(Made { id, facts: facts_of(meeting), body: body.to_owned() })
    };
    match read() {
        Ok(made) => End::Settled(made),
        Err(why) => End::Unknown(protocol(reply, why)),
    }
}

/// Judges a reply that says by its status alone that something is gone.
pub fn gone(reply: &Reply, secrets: &[&str]) -> End<()> {
    match refusal(reply, secrets, None) {
        Some(fault) if fault.class == Class::Protocol => End::Unknown(fault),
        Some(fault) => End::Refused(fault),
        None => End::Settled(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    fn reply(body: &str) -> Reply {
        Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    fn seats(users: &[&str]) -> Vec<Seat> {
        let meeting = MeetingId::parse("11111111-2222-3333-4444-555555555555").unwrap();
        let seat =
            |user: &&str| Seat { meeting: meeting.clone(), user: ExternalUserId::parse(user).unwrap(), capabilities: None };
        users.iter().map(seat).collect()
    }

    fn attendee(user: &str, n: u32) -> String {
        format!(r#"{{"ExternalUserId":"{user}","AttendeeId":"aaaaaaaa-bbbb-8024-dddd-{n:012}","JoinToken":"token-{n}"}}"#)
    }

    #[test]
    fn a_batch_is_settled_seat_by_seat() {
        let body = format!(
            r#"{{"Attendees":[{},{}],"Errors":[{{"ExternalUserId":"eve","ErrorCode":"LimitExceeded","ErrorMessage":"no seat for eve"}}]}}"#,
            attendee("BOB", 2),
            attendee("ann", 1)
        );
        let End::Settled(batch) = batch(&reply(&body), &seats(&["ann", "bob", "eve"]), &[]) else { panic!() };
        let users: Vec<_> = batch.0.iter().map(|end| end.as_ref().map(|a| a.user.as_str().to_owned())).collect();
        assert_eq!((users[0].as_deref(), users[1].as_deref()), (Ok("ann"), Ok("BOB")));
        let fault = batch.fault().unwrap();
        assert_eq!((fault.class, fault.message.as_str()), (Class::Capacity, "no seat for (ExternalUserId)"));
    }

    #[test]
    fn a_page_is_believed_with_or_without_tokens_and_with_nobody_on_it() {
        let body = format!(
            r#"{{"Attendees":[{},{{"ExternalUserId":"bob","AttendeeId":"aaaaaaaa-bbbb-8024-dddd-000000000002"}}],"NextToken":"x/+ ="}}"#,
            attendee("ann", 1)
        );
        let End::Settled(page) = page(&reply(&body), &[]) else { panic!() };
        assert_eq!(
            page.listed.iter().map(|l| (l.user.as_str(), l.token.is_some())).collect::<Vec<_>>(),
            [("ann", true), ("bob", false)]
        );
        assert_eq!(page.next.as_deref(), Some("x/+ ="));
        let end = super::page(&reply(r#"{"Attendees":[],"NextToken":""}"#), &[]);
        assert_eq!(end, End::Settled(Page { listed: vec![], next: None }));
        for bad in [
            "{}",
            r#"{"Attendees":[{"ExternalUserId":"ann"}]}"#,
            r#"{"Attendees":[{"AttendeeId":"aaaaaaaa-bbbb-8024-dddd-000000000002"}]}"#,
        ] {
            assert!(matches!(super::page(&reply(bad), &[]), End::Unknown(_)), "{bad}");
        }
    }

    #[test]
    fn a_batch_that_leaves_somebody_out_or_brings_somebody_in_is_not_believed() {
        let one = format!(r#"{{"Attendees":[{}],"Errors":[]}}"#, attendee("ann", 1));
        let other = format!(r#"{{"Attendees":[{},{}]}}"#, attendee("ann", 1), attendee("joe", 2));
        let twice = format!(r#"{{"Attendees":[{},{}]}}"#, attendee("ann", 1), attendee("ann", 2));
        for body in [one, other, twice, "{}".to_owned()] {
            let end = batch(&reply(&body), &seats(&["ann", "bob"]), &[]);
            assert!(matches!(&end, End::Unknown(f) if f.class == Class::Protocol), "{body}: {end:?}");
        }
    }
}
