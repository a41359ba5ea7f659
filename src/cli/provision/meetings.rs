//! Meetings made for the roster, as arguments, and what they mean.
//!
//! Holds [`MeetingArgs`]. Read by clap; asked by the verb for how people sit, what meetings are made with, and what is said of them
//! afterwards. It never sees a row.

use super::super::failure::{Exit, Failure};
use super::super::input::RosterArgs;
use super::super::values::{Span, counted};
use crate::chime::quota;
use crate::chime::template::{MeetingTemplate, Tag};
use crate::ledger::rooms::RoomEnd;
use crate::ledger::seating::{Audience, Seating};
use crate::roster::options::{Sessions, parse_session};
use clap::ValueEnum;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Meetings for rows that name none.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Meetings")]
pub struct MeetingArgs {
    /// The session of rows that name none
    #[arg(long, value_name = "NAME", default_value = "main", requires = "create_meetings", value_parser = parse_session)]
    pub session: String,

    /// Seats of one meeting; full ones are followed by the next of their session [default: 250, or MaxCount of the template]
    #[arg(long, value_name = "N", requires = "create_meetings", value_parser = clap::value_parser!(u32).range(1..=250))]
    pub per_meeting: Option<u32>,

    /// Seats left free in every meeting, for whoever comes unannounced
    #[arg(long, value_name = "N", default_value_t = 0, requires = "create_meetings", value_parser = clap::value_parser!(u32).range(..250))]
    pub reserve: u32,

    /// Meetings of their own, or a primary for those who present and replicas for those who watch
    #[arg(long, value_name = "KIND", default_value = "meetings", requires = "create_meetings")]
    pub audience: Kind,

    /// Who presents: rows with one of these values in this column, such as Role=host,speaker
    #[arg(long, value_name = "COLUMN=VALUE,…", requires = "create_meetings", value_parser = parse_presenters)]
    pub presenters: Option<(String, Vec<String>)>,

    /// Keep rows together that have the same value in this column
    #[arg(long, value_name = "COLUMN", requires = "create_meetings")]
    pub group_by: Option<String>,

    /// Make each meeting just before it is filled, not all at the beginning: those whose doors open first come first
    #[arg(long, requires = "create_meetings")]
    pub waves: bool,

    /// When a session's doors open, by a column such as StartsAt: its meetings are made --lead before
    #[arg(long, value_name = "COLUMN", requires = "waves")]
    pub doors_column: Option<String>,

    /// How long before its doors a session's meetings are made and filled; they end after five minutes if nobody joins
    #[arg(long, value_name = "TIME", default_value = "2m", requires = "doors_column")]
    pub lead: Span,

    /// What meetings are made with: members of CreateMeeting in YAML, such as MeetingFeatures and Tags
    #[arg(long, value_name = "FILE", requires = "create_meetings")]
    pub meeting_template: Option<PathBuf>,

    /// Where the media go [default: the template's, else the region asked]
    #[arg(long, value_name = "REGION", requires = "create_meetings")]
    pub media_region: Option<String>,

    /// A tag of every meeting
    #[arg(long = "tag", value_name = "KEY=VALUE", requires = "create_meetings", value_parser = parse_tag)]
    pub tags: Vec<Tag>,

    /// Where the meetings go, with all that a join page needs: .csv or .json [default: meetings.csv beside the output]
    #[arg(long, value_name = "FILE", requires = "create_meetings")]
    pub meetings: Option<PathBuf>,

    /// What the meetings are found by again; runs of one key and session share them [default: this run's own]
    #[arg(long, value_name = "TEXT", requires = "create_meetings")]
    pub meeting_key: Option<String>,
}

/// See [`Audience`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Meetings of their own
    Meetings,
    /// A primary and its replicas
    Replicas,
}

fn parse_presenters(text: &str) -> Result<(String, Vec<String>), &'static str> {
    let (column, values) = text.split_once('=').ok_or("expected COLUMN=VALUE, or COLUMN=VALUE,VALUE")?;
    let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect();
    if column.trim().is_empty() || values.is_empty() {
        Err("expected COLUMN=VALUE, or COLUMN=VALUE,VALUE")
    } else {
        Ok((column.trim().to_owned(), values))
    }
}

fn parse_tag(text: &str) -> Result<Tag, &'static str> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("expected KEY=VALUE")?;
    Ok(Tag { key: key.to_owned(), value: value.to_owned() })
}

impl MeetingArgs {
    /// What a roster may say of sessions; `None` where meetings are not made.
    pub fn sessions(&self, input: &RosterArgs) -> Option<Sessions> {
        input.create_meetings.then(|| Sessions {
            default: self.session.clone(),
            group_by: self.group_by.clone(),
            presenters: self.presenters.clone(),
            doors: self.doors_column.clone(),
        })
    }

    /// What meetings are made with, and how people sit in them; `None` where none are made.
    ///
    /// # Errors
    /// A template that cannot be read, or that cannot be had with these seats.
    pub fn meant(&self, input: &RosterArgs) -> Result<Option<(MeetingTemplate, Seating)>, Failure> {
        if !input.create_meetings {
            return Ok(None);
        }
        let mut template = self.template()?;
        if let Some(region) = &self.media_region {
            template.media_region = Some(region.clone());
        }
        template.tags.get_or_insert_default().extend(self.tags.iter().cloned());
        template.tags = template.tags.filter(|tags| !tags.is_empty());
        let most = if template.is_high_definition() { quota::ATTENDEES_PER_HD_MEETING } else { quota::ATTENDEES_PER_MEETING };
        let per_meeting = self.per_meeting.or(template.max_count()).unwrap_or(most);
        if per_meeting > most {
            return Err(Failure::new(
                Exit::Usage,
                format!("a meeting with FHD video or UHD content holds {most} at most, and {per_meeting} are asked for"),
            )
            .hint("lower --per-meeting, or the resolutions of the template"));
        }
        if self.lead.0.as_secs() >= quota::IDLE_MEETING_SECONDS {
            return Err(Failure::new(
                Exit::Usage,
                "--lead is five minutes or more: the meetings would end before their doors open",
            ));
        }
        if self.reserve >= per_meeting {
            return Err(Failure::new(Exit::Usage, format!("--reserve {} leaves no seat of {per_meeting}", self.reserve)));
        }
        // The service's own default needs no saying, and a high-definition meeting must say its count.
        if per_meeting != quota::ATTENDEES_PER_MEETING || template.max_count().is_some() {
            template.cap(per_meeting);
        }
        let audience = if self.audience == Kind::Replicas { Audience::Replicas } else { Audience::Meetings };
        if self.presenters.is_some() && audience == Audience::Meetings {
            return Err(Failure::new(Exit::Usage, "--presenters means something with --audience replicas alone"));
        }
        Ok(Some((template, Seating { per_meeting, reserve: self.reserve, audience })))
    }

    fn template(&self) -> Result<MeetingTemplate, Failure> {
        let Some(path) = &self.meeting_template else { return Ok(MeetingTemplate::default()) };
        let name = crate::safe::line(&path.to_string_lossy(), 200);
        let text =
            std::fs::read_to_string(path).map_err(|e| Failure::new(Exit::BadInput, format!("{name} cannot be read: {e}")))?;
        crate::yaml::parse(&name, &text).map_err(|e| {
            Failure::new(Exit::BadInput, e)
                .hint("a template holds optional members of CreateMeeting, spelt as in the API reference")
        })
    }

    /// Where the meetings are told of.
    pub fn file(&self, input: &RosterArgs, output: &std::path::Path) -> Option<PathBuf> {
        input.create_meetings.then(|| self.meetings.clone().unwrap_or_else(|| output.with_file_name("meetings.csv")))
    }
}

/// By when somebody must have joined, or the meetings made here end: a sentence for each of the first few.
pub fn deadlines(rooms: &[RoomEnd], now: SystemTime) -> String {
    const SHOWN: usize = 5;
    let idle = Duration::from_secs(quota::IDLE_MEETING_SECONDS);
    let alive = |room: &&RoomEnd| !room.ended && room.id.is_some() && room.room.replica_of.is_none();
    let mut text = String::new();
    let all: Vec<&RoomEnd> = rooms.iter().filter(alive).collect();
    for room in all.iter().take(SHOWN) {
        let made = SystemTime::UNIX_EPOCH + Duration::from_millis(room.room.made.unwrap_or(0).unsigned_abs());
        let until = made + idle;
        let replicas =
            rooms.iter().filter(|other| other.room.session == room.room.session && other.room.replica_of.is_some()).count();
        let all = if replicas > 0 {
            format!("or it ends, and its {} with it", counted(replicas as u64, "replica"))
        } else {
            "or it ends".to_owned()
        };
        let (id, session) = (room.id.as_deref().unwrap_or_default(), crate::safe::quoted(&room.room.session, 40));
        let line = if until > now {
            format!("somebody must join {id} ({session}) by {}, {all}", clock(until))
        } else {
            format!("{id} ({session}) has ended at {}, unless somebody joined before", clock(until))
        };
        let _ = writeln!(text, "{line}");
    }
    if all.len() > SHOWN {
        let _ = writeln!(text, "and so for {} more; `MadeAt` in the meetings file says when each was made", all.len() - SHOWN);
    }
    text.trim_end().to_owned()
}

fn clock(at: SystemTime) -> String {
    let at = jiff::Timestamp::try_from(at).unwrap_or_default();
    at.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%H:%M:%S %Z").to_string()
}
