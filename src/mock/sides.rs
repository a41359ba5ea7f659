//! The sides this mock takes where the service's behaviour is not documented.
//!
//! Holds [`Sides`]: every such decision, in this one place, each switchable by its name (`--side name=value`). Read by the
//! service and by whatever answers. docs/mock.md lists them with their sources; a test holds the list to this file.

use std::fmt;
use std::str::FromStr;

macro_rules! sides {
    ($($(#[$doc:meta])* $name:ident $key:literal: $kind:ident { $($(#[$vdoc:meta])* $value:ident $word:literal),* };)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
            pub enum $kind { $($(#[$vdoc])* $value),* }
        )*

        /// Every undocumented behaviour, and the side taken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Sides { $($(#[$doc])* pub $name: $kind),* }

        /// Every name with the values it may take, the default first.
        pub const SIDES: &[(&str, &[&str])] = &[$(($key, &[$($word),*])),*];

        impl Sides {
            /// Takes one side by name.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), BadSide> {
                match (name, value) {
                    $($(($key, $word) => self.$name = $kind::$value,)*)*
                    _ => return Err(BadSide(format!("{name}={value}"))),
                }
                Ok(())
            }
        }

        impl fmt::Display for Sides {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(write!(f, "{}={} ", $key, match self.$name { $($kind::$value => $word),* })?;)*
                Ok(())
            }
        }
    };
}

/// A side that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no side this mock can take; docs/mock.md lists them")]
pub struct BadSide(String);

sides! {
    /// Under which name bad input is answered. The docs say "ValidationError 400"; the model offers BadRequestException only.
    bad_input "bad-input": BadInput {
        /// 400 BadRequestException, which the model lists.
        #[default] Modelled "modelled",
        /// 400 ValidationException or SerializationException, as callers of the old namespace saw.
        FrontEnd "front-end"
    };
    /// Whether ids that differ only in letter case name one attendee ("Case insensitive" in the seed page).
    ids "ids": Ids {
        /// They do; the first spelling is kept.
        #[default] Fold "fold",
        /// They do not.
        Exact "exact"
    };
    /// A repetition with other capabilities.
    repeat "repeat": Repeat {
        /// The existing attendee comes back unchanged.
        #[default] Keep "keep",
        /// The existing attendee takes the new capabilities.
        Update "update"
    };
    /// FHD video or UHD content without Attendee.MaxCount.
    hd_count "hd-count": HdCount {
        /// Refused: "must then be given".
        #[default] Refuse "refuse",
        /// The maximum becomes 25.
        Default25 "25"
    };
    /// MediaRegion: a free text in the model, a list in prose.
    media_region "media-region": MediaRegion {
        /// Only the listed ones, and control regions.
        #[default] Listed "listed",
        /// Any text.
        Any "any"
    };
    /// DeleteAttendee for an attendee that is not there.
    delete_absent "delete-absent": DeleteAbsent {
        /// 404, which the model lists.
        #[default] NotFound "not-found",
        /// 204, as DeleteMeeting does.
        Succeed "succeed",
        /// 403, as callers of the old namespace saw.
        Forbidden "forbidden"
    };
    /// DeleteMeeting for a meeting that is not there ("treats non-existing meetings as already ended").
    delete_meeting "delete-meeting": DeleteMeeting {
        /// 204.
        #[default] Succeed "succeed",
        /// 404, which the model lists.
        NotFound "not-found"
    };
    /// StopMeetingTranscription when nothing is being transcribed.
    stop_idle "stop-idle": StopIdle {
        /// 422 UnprocessableEntityException.
        #[default] Refuse "refuse",
        /// 200.
        Succeed "succeed"
    };
    /// The name a rate limit is answered under.
    throttle "throttle": Throttle {
        /// ThrottlingException, the model's.
        #[default] Modelled "modelled",
        /// ThrottledClientException, the Developer Guide's.
        Guide "guide"
    };
    /// Whether "all requests together" binds on top of the quota of each operation.
    all_together "all-together": AllTogether {
        /// It does.
        #[default] Binds "binds",
        /// It does not.
        Free "free"
    };
    /// What a batch does with an item that breaks a semantic rule.
    batch_item "batch-item": BatchItem {
        /// The item fails, the others are made.
        #[default] Item "item",
        /// The whole request fails and makes nothing.
        Whole "whole"
    };
    /// What a batch does with items for which the meeting has no seat.
    batch_full "batch-full": BatchFull {
        /// They fail, the others are made.
        #[default] Item "item",
        /// The whole request fails and makes nothing.
        Whole "whole"
    };
    /// The same id twice in one batch.
    batch_twice "batch-twice": BatchTwice {
        /// Both are answered, with one attendee.
        #[default] Twice "twice",
        /// The attendee is answered once.
        Once "once",
        /// The second fails.
        Item "item",
        /// The whole request fails and makes nothing.
        Whole "whole"
    };
    /// A single attendee for whom the meeting has no seat.
    full "full": Full {
        /// 400 LimitExceededException, which the model lists.
        #[default] Limit "limit",
        /// 400 BadRequestException.
        BadRequest "bad-request"
    };
    /// The JoinToken that a repetition is answered with.
    repeat_token "repeat-token": RepeatToken {
        /// The first one.
        #[default] Same "same",
        /// Another one, each time.
        Fresh "fresh"
    };
    /// An id that is asked for again after its attendee was deleted.
    reborn "reborn": Reborn {
        /// Gets another AttendeeId and JoinToken.
        #[default] New "new",
        /// Gets those it had.
        Same "same"
    };
    /// A ClientRequestToken whose meeting lives.
    request_token "request-token": RequestToken {
        /// Finds that meeting.
        #[default] Find "find",
        /// 409 ConflictException.
        Conflict "conflict",
        /// Makes another meeting.
        New "new"
    };
    /// GetAttendee for an attendee that is not there.
    gone_attendee "gone-attendee": GoneAttendee {
        /// 404, which the model lists.
        #[default] NotFound "not-found",
        /// 403, as callers of the old namespace saw.
        Forbidden "forbidden"
    };
    /// GetMeeting for a meeting that is not there.
    gone_meeting "gone-meeting": GoneMeeting {
        /// 404, which the model lists.
        #[default] NotFound "not-found",
        /// 403, as callers of the old namespace saw.
        Forbidden "forbidden"
    };
}

/// `name=value`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side(pub String, pub String);

impl FromStr for Side {
    type Err = BadSide;

    fn from_str(text: &str) -> Result<Self, BadSide> {
        let (name, value) = text.split_once('=').ok_or_else(|| BadSide(text.to_owned()))?;
        Sides::default().set(name, value).map(|()| Side(name.to_owned(), value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_side_can_be_named_and_the_first_is_the_default() {
        for (name, values) in SIDES {
            assert!(Sides::default().to_string().contains(&format!("{name}={} ", values[0])), "{name}");
            for value in *values {
                let mut sides = Sides::default();
                sides.set(name, value).unwrap();
                assert!(sides.to_string().contains(&format!("{name}={value} ")));
            }
        }
        assert!("ids=upper".parse::<Side>().is_err());
    }
}
