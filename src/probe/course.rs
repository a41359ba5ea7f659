//! The course of a probe: a handful of calls, one after the other, each settling something, and everything made deleted again.
//!
//! Holds [`probe`]. Called by the command line with the service found and its account allowed. It judges answers only as far as the
//! mock has words for them; it never shows an id or a token.

use super::{Finding, QUESTIONS};
use crate::call::{End, Fault};
use crate::chime::class::{Class, Tier};
use crate::client::attempt::Client;
use crate::client::raw::Seen;
use crate::client::transport::Transport;
use crate::drive::pump::Stop;
use http::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use tokio::sync::watch;

/// Calls at the most, deletions included.
pub const CALLS: u32 = 19;
/// Seats of the meeting: more than the questions before the last two can take.
const SEATS: usize = 7;
/// Attempts at one call, where an attempt says nothing of the question; and the wait between them.
const ATTEMPTS: u32 = 3;
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a probe has come to.
#[derive(Debug)]
pub struct Probed {
    /// By question; every one of them is there.
    pub findings: BTreeMap<String, Finding>,
    /// Calls that it took.
    pub calls: u32,
    /// Meetings that are left because deleting them failed.
    pub left: Vec<String>,
    /// Why it did not come to its end, if it did not.
    pub halt: Option<Halt>,
}

/// Why a probe did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// It was told to stop.
    Stopped,
    /// The credentials are let into nothing.
    NotLetIn(String),
    /// A call that said nothing of its question, again and again.
    Failed(Box<Fault>),
    /// What must work before anything can be asked was refused.
    Refused(&'static str, String),
    /// All calls are used up.
    Spent,
}

/// Asks everything, and deletes what it made whatever comes. `name` tells this probe's meeting and ids from all others: 2 to 40
/// characters of `[-a-z0-9]`. `pause` lies between two calls.
pub async fn probe<T: Transport>(client: &Client<T>, name: &str, pause: Duration, stop: &mut watch::Receiver<Stop>) -> Probed {
    let findings = QUESTIONS.iter().map(|(question, ..)| ((*question).to_owned(), Finding::default())).collect();
    let mut course = Course { client, name, pause, stop, calls: 0, meetings: Vec::new(), seated: HashSet::new(), findings };
    let halt = course.ask().await.err();
    let left = course.tidy().await;
    Probed { findings: course.findings, calls: course.calls, left, halt }
}

struct Course<'a, T> {
    client: &'a Client<T>,
    name: &'a str,
    pause: Duration,
    stop: &'a mut watch::Receiver<Stop>,
    calls: u32,
    /// Meetings made and not deleted yet.
    meetings: Vec<String>,
    /// AttendeeIds that exist in the meeting.
    seated: HashSet<String>,
    findings: BTreeMap<String, Finding>,
}

impl<T: Transport> Course<'_, T> {
    async fn ask(&mut self) -> Result<(), Halt> {
        let meeting = self.meeting().await?;
        let first = self.repetitions(&meeting).await?;
        self.deletion(&meeting, &first).await?;
        self.batches(&meeting).await?;
        self.capacity(&meeting).await?;
        self.ending(&meeting).await
    }

    /// Makes the meeting, twice with the same token.
    async fn meeting(&mut self) -> Result<String, Halt> {
        let wish = json!({
            "ClientRequestToken": self.name, "ExternalMeetingId": self.name, "MediaRegion": self.client.endpoint().region(),
            "MeetingFeatures": { "Attendee": { "MaxCount": SEATS } },
        });
        let made = self.call(Method::POST, "/meetings".to_owned(), "", Some(&wish)).await?;
        let id = made.text("/Meeting/MeetingId").filter(|_| made.is_ok()).map(str::to_owned);
        let Some(id) = id else {
            return Err(match made.class {
                Class::Forbidden => Halt::NotLetIn(made.told()),
                _ => Halt::Refused("a meeting", made.told()),
            });
        };
        self.meetings.push(id.clone());
        let again = self.call(Method::POST, "/meetings".to_owned(), "", Some(&wish)).await?;
        let answer = match again.text("/Meeting/MeetingId").filter(|_| again.is_ok()) {
            Some(same) if same == id => Some("find"),
            Some(other) => {
                self.meetings.push(other.to_owned());
                Some("new")
            }
            None => (again.class == Class::Conflict).then_some("conflict"),
        };
        self.note("request-token", answer, &again);
        Ok(id)
    }

    /// Asks for one attendee four times. Answers its id.
    async fn repetitions(&mut self, meeting: &str) -> Result<String, Halt> {
        let user = self.user("a");
        let seat = json!({ "ExternalUserId": user });
        let first = self.seat(meeting, &seat).await?;
        let Some((id, token)) = attendee(&first) else { return Err(Halt::Refused("an attendee", first.told())) };

        let again = self.seat(meeting, &seat).await?;
        let same = attendee(&again).filter(|(same, _)| *same == id).map(|(_, again)| again == token);
        self.note("repeat-token", same.map(|same| if same { "same" } else { "fresh" }), &again);

        let receive = json!({ "Audio": "Receive", "Video": "Receive", "Content": "Receive" });
        let other = self.seat(meeting, &json!({ "ExternalUserId": user, "Capabilities": receive })).await?;
        let granted = other.body.pointer("/Attendee/Capabilities").filter(|_| other.is_ok());
        self.note("repeat", granted.map(|granted| if *granted == receive { "update" } else { "keep" }), &other);

        let upper = self.seat(meeting, &json!({ "ExternalUserId": user.to_uppercase() })).await?;
        self.note("ids", attendee(&upper).map(|(other, _)| if other == id { "fold" } else { "exact" }), &upper);
        Ok(id)
    }

    /// Deletes it, looks for it, deletes it again, and asks for it again.
    async fn deletion(&mut self, meeting: &str, id: &str) -> Result<(), Halt> {
        let path = format!("/meetings/{meeting}/attendees/{id}");
        let gone = self.call(Method::DELETE, path.clone(), "", None).await?;
        // Not there: the answer to an earlier attempt was lost.
        if !gone.is_ok() && gone.class != Class::NotFound {
            return Err(Halt::Refused("deleting an attendee", gone.told()));
        }
        self.seated.remove(id);
        let looked = self.call(Method::GET, path.clone(), "", None).await?;
        self.note("gone-attendee", absent(&looked), &looked);
        let again = self.call(Method::DELETE, path, "", None).await?;
        self.note("delete-absent", if again.is_ok() { Some("succeed") } else { absent(&again) }, &again);
        let reborn = self.seat(meeting, &json!({ "ExternalUserId": self.user("a") })).await?;
        self.note("reborn", attendee(&reborn).map(|(new, _)| if new == id { "same" } else { "new" }), &reborn);
        Ok(())
    }

    async fn batches(&mut self, meeting: &str) -> Result<(), Halt> {
        // The prefix is reserved, and documented to be refused.
        let mixed = self.batch(meeting, &[self.user("b"), format!("aws:{}", self.name)]).await?;
        let answer = match told_of(&mixed) {
            Some((1, _, 1)) => Some("item"),
            Some(_) => None,
            None => Some("whole"),
        };
        self.note("batch-item", answer, &mixed);
        let twins = self.batch(meeting, &[self.user("c"), self.user("c")]).await?;
        let answer = match told_of(&twins) {
            Some((2, 1, 0)) => Some("twice"),
            Some((1, 1, 0)) => Some("once"),
            Some((1, 1, 1)) => Some("item"),
            Some(_) => None,
            None => Some("whole"),
        };
        self.note("batch-twice", answer, &twins);
        Ok(())
    }

    /// Asks for more seats than there are, at once and one by one.
    async fn capacity(&mut self, meeting: &str) -> Result<(), Halt> {
        let many = |course: &Self, n: usize| (0..n).map(|i| course.user(&format!("d{i}"))).collect::<Vec<_>>();
        let over = self.batch(meeting, &many(self, SEATS)).await?;
        let answer = match told_of(&over) {
            Some((made, _, failed)) if made > 0 && failed > 0 => Some("item"),
            Some(_) => None,
            None => Some("whole"),
        };
        self.note("batch-full", answer, &over);
        let free = SEATS.saturating_sub(self.seated.len());
        if free > 0 {
            self.batch(meeting, &many(self, free)).await?;
        }
        let single = self.seat(meeting, &json!({ "ExternalUserId": self.user("e") })).await?;
        let answer = match single.class {
            Class::Capacity => Some("limit"),
            Class::BadRequest => Some("bad-request"),
            _ => None,
        };
        self.note("full", answer, &single);
        Ok(())
    }

    /// Deletes the meeting, looks for it, and deletes it again.
    async fn ending(&mut self, meeting: &str) -> Result<(), Halt> {
        let path = format!("/meetings/{meeting}");
        let gone = self.call(Method::DELETE, path.clone(), "", None).await?;
        if !gone.is_ok() && gone.class != Class::NotFound {
            return Err(Halt::Refused("deleting a meeting", gone.told()));
        }
        self.meetings.retain(|id| id != meeting);
        let looked = self.call(Method::GET, path.clone(), "", None).await?;
        self.note("gone-meeting", absent(&looked), &looked);
        let again = self.call(Method::DELETE, path, "", None).await?;
        let answer = if again.is_ok() { Some("succeed") } else { absent(&again).filter(|word| *word == "not-found") };
        self.note("delete-meeting", answer, &again);
        Ok(())
    }

    /// Deletes what is still there, whatever has happened. Answers what could not be deleted.
    async fn tidy(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        for meeting in std::mem::take(&mut self.meetings) {
            let mut gone = false;
            for attempt in 0..ATTEMPTS {
                tokio::time::sleep(if attempt > 0 { AGAIN_AFTER } else { self.pause }).await;
                self.calls += 1;
                let end = self.client.look(Method::DELETE, format!("/meetings/{meeting}"), "", None).await.end;
                gone = matches!(end, End::Settled(seen) if seen.is_ok() || seen.class == Class::NotFound);
                if gone || *self.stop.borrow() == Stop::Now {
                    break;
                }
            }
            if !gone {
                left.push(meeting);
            }
        }
        left
    }

    /// Asks until the answer says something of the question.
    async fn call(&mut self, method: Method, path: String, query: &'static str, body: Option<&Value>) -> Result<Seen, Halt> {
        let mut failed = 0;
        loop {
            if self.calls > 0 {
                tokio::time::sleep(if failed > 0 { AGAIN_AFTER } else { self.pause }).await;
            }
            if *self.stop.borrow() > Stop::No {
                return Err(Halt::Stopped);
            }
            // What has been made must be deleted within the same bound.
            if self.calls as usize + self.meetings.len() >= CALLS as usize && method != Method::DELETE {
                return Err(Halt::Spent);
            }
            self.calls += 1;
            match self.client.look(method.clone(), path.clone(), query, body).await.end {
                End::Settled(seen) => return Ok(seen),
                End::Refused(fault) | End::Unknown(fault) => {
                    failed += 1;
                    if fault.class.tier() == Tier::Auth && fault.class != Class::Skew {
                        return Err(Halt::NotLetIn(format!("{}: {}", fault.code, fault.message)));
                    }
                    if failed >= ATTEMPTS {
                        return Err(Halt::Failed(Box::new(fault)));
                    }
                }
            }
        }
    }

    async fn seat(&mut self, meeting: &str, wish: &Value) -> Result<Seen, Halt> {
        let seen = self.call(Method::POST, format!("/meetings/{meeting}/attendees"), "", Some(wish)).await?;
        self.seated.extend(attendee(&seen).map(|(id, _)| id));
        Ok(seen)
    }

    async fn batch(&mut self, meeting: &str, users: &[String]) -> Result<Seen, Halt> {
        let wishes: Vec<Value> = users.iter().map(|user| json!({ "ExternalUserId": user })).collect();
        let body = json!({ "Attendees": wishes });
        let path = format!("/meetings/{meeting}/attendees");
        let seen = self.call(Method::POST, path, "operation=batch-create", Some(&body)).await?;
        self.seated.extend(ids(&seen).map(str::to_owned));
        Ok(seen)
    }

    fn user(&self, which: &str) -> String {
        format!("{}-{which}", self.name)
    }

    fn note(&mut self, question: &str, answer: Option<&str>, seen: &Seen) {
        let finding = Finding { answer: answer.map(str::to_owned), seen: Some(seen.told()) };
        self.findings.insert(question.to_owned(), finding);
    }
}

/// AttendeeId and JoinToken of a success.
fn attendee(seen: &Seen) -> Option<(String, String)> {
    let text = |pointer| seen.text(pointer).filter(|_| seen.is_ok()).map(str::to_owned);
    Some((text("/Attendee/AttendeeId")?, text("/Attendee/JoinToken")?))
}

/// AttendeeIds of a batch.
fn ids(seen: &Seen) -> impl Iterator<Item = &str> {
    let listed = seen.body.get("Attendees").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(|one| one["AttendeeId"].as_str())
}

/// How many attendees a batch has answered with, how many of them differ, and how many items it refused; none if it was refused
/// itself.
fn told_of(seen: &Seen) -> Option<(usize, usize, usize)> {
    let errors = seen.body.get("Errors").and_then(Value::as_array).map_or(0, Vec::len);
    let distinct: HashSet<&str> = ids(seen).collect();
    seen.is_ok().then(|| (ids(seen).count(), distinct.len(), errors))
}

/// The word for something that is not there.
fn absent(seen: &Seen) -> Option<&'static str> {
    match seen.class {
        Class::NotFound => Some("not-found"),
        Class::Forbidden => Some("forbidden"),
        _ => None,
    }
}
