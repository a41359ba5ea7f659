//! The sixteen operations, and which one a request is.
//!
//! Holds [`Operation`] and [`Route`]. Called first for every request. It never sees a body: a route is method, path and the
//! `operation` selector in the query, nothing else.

use percent_encoding::percent_decode_str;

macro_rules! operations {
    ($($name:ident $ok:literal;)*) => {
        /// An operation of the service (botocore 1.44.5, chime-sdk-meetings 2021-07-15).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names are the service's; its API reference says what they do")]
        pub enum Operation { $($name),* }

        impl Operation {
            /// All of them, in the order of the API reference.
            pub const ALL: &'static [Operation] = &[$(Operation::$name),*];

            /// The service's name for it.
            pub fn name(self) -> &'static str {
                match self { $(Operation::$name => stringify!($name)),* }
            }

            /// The HTTP status of success.
            pub fn ok_status(self) -> u16 {
                match self { $(Operation::$name => $ok),* }
            }
        }
    };
}

operations! {
    BatchCreateAttendee 200;
    BatchUpdateAttendeeCapabilitiesExcept 200;
    CreateAttendee 200;
    CreateMeeting 200;
    CreateMeetingWithAttendees 200;
    DeleteAttendee 204;
    DeleteMeeting 204;
    GetAttendee 200;
    GetMeeting 200;
    ListAttendees 200;
    ListTagsForResource 200;
    StartMeetingTranscription 200;
    StopMeetingTranscription 200;
    TagResource 204;
    UntagResource 204;
    UpdateAttendeeCapabilities 200;
}

impl Operation {
    /// The operation of this name, in the service's spelling or in snake case (`create_attendee`), as quota settings write it.
    pub fn from_name(name: &str) -> Option<Operation> {
        let bare: String = name.chars().filter(|c| *c != '_').collect();
        Operation::ALL.iter().copied().find(|o| o.name().eq_ignore_ascii_case(&bare))
    }

    /// Its place in [`Operation::ALL`], for tables.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// What a request asks for, before its body is looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// Which operation.
    pub operation: Operation,
    /// `{MeetingId}` of the path, percent-decoded and not yet checked.
    pub meeting: Option<String>,
    /// `{AttendeeId}` of the path, the same way.
    pub attendee: Option<String>,
    /// Query parameters, percent-decoded, in order. `+` stays a plus: no SDK writes a space that way here.
    pub query: Vec<(String, String)>,
}

impl Route {
    /// Finds the operation, or nothing if the service has none like it.
    pub fn find(method: &str, path: &str, query: &str) -> Option<Route> {
        use Operation::*;
        let query = pairs(query);
        let selector = query.iter().find(|(name, _)| name == "operation").map(|(_, value)| value.as_str());
        let path = path.strip_prefix('/')?;
        let mut segments = [""; 6];
        let mut count = 0;
        for segment in path.split('/') {
            *segments.get_mut(count)? = segment;
            count += 1;
        }
        let (operation, ids) = match (method, &segments[..count], selector) {
            ("POST", ["meetings"], None) => (CreateMeeting, 0),
            ("POST", ["meetings"], Some("create-attendees")) => (CreateMeetingWithAttendees, 0),
            ("GET", ["meetings", _], None) => (GetMeeting, 1),
            ("DELETE", ["meetings", _], None) => (DeleteMeeting, 1),
            ("POST", ["meetings", _, "attendees"], None) => (CreateAttendee, 1),
            ("POST", ["meetings", _, "attendees"], Some("batch-create")) => (BatchCreateAttendee, 1),
            ("GET", ["meetings", _, "attendees"], None) => (ListAttendees, 1),
            ("PUT", ["meetings", _, "attendees", "capabilities"], Some("batch-update-except")) => {
                (BatchUpdateAttendeeCapabilitiesExcept, 1)
            }
            ("GET", ["meetings", _, "attendees", _], None) => (GetAttendee, 2),
            ("DELETE", ["meetings", _, "attendees", _], None) => (DeleteAttendee, 2),
            ("PUT", ["meetings", _, "attendees", _, "capabilities"], None) => (UpdateAttendeeCapabilities, 2),
            ("POST", ["meetings", _, "transcription"], Some("start")) => (StartMeetingTranscription, 1),
            ("POST", ["meetings", _, "transcription"], Some("stop")) => (StopMeetingTranscription, 1),
            ("POST", ["tags"], Some("tag-resource")) => (TagResource, 0),
            ("POST", ["tags"], Some("untag-resource")) => (UntagResource, 0),
            ("GET", ["tags"], None) => (ListTagsForResource, 0),
            _ => return None,
        };
        let id = |at: usize, wanted: usize| (ids >= wanted).then(|| decoded(segments[at]));
        Some(Route { operation, meeting: id(1, 1), attendee: id(3, 2), query })
    }

    /// The first value of this query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_and_ids_decide() {
        let find = |method, path, query| Route::find(method, path, query).map(|r| r.operation);
        assert_eq!(find("POST", "/meetings/x/attendees", ""), Some(Operation::CreateAttendee));
        assert_eq!(find("POST", "/meetings/x/attendees", "operation=batch-create"), Some(Operation::BatchCreateAttendee));
        assert_eq!(find("POST", "/meetings/x/attendees", "operation=nonsense"), None);
        assert_eq!(find("PATCH", "/meetings", ""), None);
        assert_eq!(find("GET", "/", ""), None);
        let route = Route::find("DELETE", "/meetings/a%20b/attendees/%C3%A9", "").unwrap();
        assert_eq!((route.meeting.as_deref(), route.attendee.as_deref()), (Some("a b"), Some("é")));
    }

    #[test]
    fn names_read_back_in_both_spellings() {
        assert_eq!(Operation::from_name("create_attendee"), Some(Operation::CreateAttendee));
        for operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.name()), Some(*operation));
        }
    }
}
