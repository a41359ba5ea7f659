//! `plan --live`: seven calls that show whether a run would be let in.
//!
//! Holds [`run`]. Called by the verb after it has told its figures. Whatever it makes it deletes; a meeting that it could not delete
//! ends by itself five minutes later.

use super::super::End;
use super::super::failure::{Exit, Failure};
use super::super::provision::agreed::agreed;
use super::super::service::Service;
use super::Args;
use crate::call::{End as CallEnd, Seat};
use crate::chime::class::Tier;
use crate::chime::id::ExternalUserId;
use crate::client::attempt::{Attempted, Client, Try};
use crate::client::operations::MeetingWish;
use crate::client::transport::{Http, HttpOptions};
use crate::clock::Wall;
use std::sync::Arc;
use std::time::Duration;

/// Attempts at nothing but the truth: a preflight that retried would hide what it is there to show.
const ONCE: Try = Try { number: 1, most: 1 };

pub(super) fn run(args: &Args) -> End {
    super::super::alone(preflight(args))?
}

async fn preflight(args: &Args) -> End {
    let service = Service::configured(&args.whom).await?;
    let voice = args.shown.voice();
    agreed(&service, "a preflight of seven calls: one meeting is made and deleted again", 0, args.yes, voice)?;
    let options = HttpOptions {
        connect_timeout: Duration::from_secs(3),
        ca_bundle: service.configured.ca_bundle()?,
        direct: service.endpoint.is_loopback(),
    };
    let http = Http::new(&options).map_err(|e| Failure::new(Exit::Usage, e))?;
    let client = Client::new(http, service.endpoint.clone(), service.credentials.clone(), Wall::System, Duration::from_secs(10))
        .map_err(|e| Failure::new(Exit::Credentials, e))?;
    voice.say(format_args!(
        "{}, region {}, account {}",
        service.shown(),
        service.endpoint.region(),
        service.account().unwrap_or_else(|| "unknown (the credentials do not tell)".to_owned())
    ));
    let mut seen = Seen::default();
    let stamp = jiff::Timestamp::try_from(Wall::System.now()).unwrap_or_default().as_millisecond();
    let wish = MeetingWish {
        token: format!("headcount-plan-{stamp}"),
        label: "headcount-plan".to_owned(),
        primary: None,
        template: Arc::default(),
    };
    let Some(made) = seen.note("CreateMeeting", client.create_meeting(&wish, ONCE).await, voice) else {
        return seen.end(&client);
    };
    let seat = |n: u32| Seat {
        meeting: made.id.clone(),
        user: ExternalUserId::parse(&format!("headcount-plan-{n}")).expect("letters, digits and hyphens"),
        capabilities: None,
    };
    seen.note("GetMeeting", client.get_meeting(&made.id, ONCE).await, voice);
    let attendee = seen.note("CreateAttendee", client.create_attendee(&seat(0), ONCE).await, voice);
    seen.note("BatchCreateAttendee", client.batch_create_attendee(&made.id, &[seat(1), seat(2)], ONCE).await, voice);
    seen.note("ListAttendees", client.list_attendees(&made.id, None, ONCE).await, voice);
    if let Some(attendee) = attendee {
        seen.note("DeleteAttendee", client.delete_attendee(&made.id, &attendee.id, ONCE).await, voice);
    }
    if seen.note("DeleteMeeting", client.delete_meeting(&made.id, ONCE).await, voice).is_none() {
        voice.warn(format_args!("meeting {} could not be deleted; it ends by itself five minutes after it was made", made.id));
    }
    seen.end(&client)
}

#[derive(Default)]
struct Seen {
    faults: u32,
    auth: bool,
}

impl Seen {
    fn note<R>(&mut self, what: &str, attempted: Attempted<R>, voice: super::super::say::Voice) -> Option<R> {
        let ms = attempted.done.duration_since(attempted.sent).as_secs_f64() * 1000.0;
        match attempted.end {
            CallEnd::Settled(reply) => {
                voice.say(format_args!("  {what:20} ok, {ms:.0} ms"));
                Some(reply)
            }
            CallEnd::Refused(fault) | CallEnd::Unknown(fault) => {
                (self.faults, self.auth) = (self.faults + 1, self.auth || fault.class.tier() == Tier::Auth);
                voice.warn(format_args!(
                    "{what}: {} ({}): {}; {}",
                    fault.class,
                    fault.code,
                    fault.message,
                    fault.class.meaning()
                ));
                None
            }
        }
    }

    fn end<T: crate::client::transport::Transport>(&self, client: &Client<T>) -> End {
        let skew = client.skew_seconds();
        if skew != 0 {
            return Err(Failure::new(Exit::Incomplete, format!("this machine's clock is {} s off the service's", skew.abs()))
                .hint("set the clock"));
        }
        match (self.faults, self.auth) {
            (0, _) => Ok(Exit::Done),
            (n, true) => Err(Failure::new(Exit::Credentials, format!("{n} of the calls failed: the credentials are not let in everywhere"))
                .hint("the policy must allow chime:CreateMeeting, GetMeeting, DeleteMeeting, CreateAttendee, BatchCreateAttendee, ListAttendees and DeleteAttendee")),
            (n, false) => Err(Failure::new(Exit::Incomplete, format!("{n} of the calls failed"))),
        }
    }
}
