//! The closed list of ways a call can end.
//!
//! Holds [`Class`] and [`Tier`]. Called wherever an outcome is counted, shown or judged. A class is a label on a latency, never
//! a filter; free text is never a key.

use std::fmt;

/// Who is at the other end of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// It worked.
    Ok,
    /// The request itself is wrong, or its meeting is.
    Request,
    /// A limit was met.
    Limit,
    /// The service failed.
    Service,
    /// The wire between failed.
    Transport,
    /// We were not let in.
    Auth,
    /// The generator's own doing.
    Generator,
}

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident $text:literal $tier:ident $what:literal: $remedy:literal;)*) => {
        /// How a call ended. Stable: stored by name in ledgers and summaries.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Class { $($(#[$doc])* $name),* }

        impl Class {
            /// Every class, in the order they are shown.
            pub const ALL: &'static [Class] = &[$(Class::$name),*];

            /// The name in files and on screens.
            pub fn name(self) -> &'static str {
                match self { $(Class::$name => $text),* }
            }

            /// The tier it belongs to.
            pub fn tier(self) -> Tier {
                match self { $(Class::$name => Tier::$tier),* }
            }

            /// What it means and what to do, in one sentence.
            pub fn meaning(self) -> &'static str {
                // There is nothing to do about what went well.
                if self == Class::Ok {
                    return self.what();
                }
                match self { $(Class::$name => concat!($what, ": ", $remedy)),* }
            }

            /// What it means.
            pub fn what(self) -> &'static str {
                match self { $(Class::$name => $what),* }
            }

            /// What to do about it.
            pub fn remedy(self) -> &'static str {
                match self { $(Class::$name => $remedy),* }
            }
        }
    };
}

classes! {
    /// A believed answer.
    Ok "ok" Ok "answered as asked": "nothing to do";
    /// 400, and any other 4xx that no other class claims.
    BadRequest "bad-request" Request "the service refuses the request as it stands": "mend the row";
    /// 422.
    Unprocessable "unprocessable" Request "well-formed but impossible for the service": "mend the row or the meeting";
    /// 404: no such meeting, or it has ended.
    NotFound "not-found" Request "the meeting does not exist here or has ended": "make a new one";
    /// 409.
    Conflict "conflict" Request "several of the same request at once": "ask again";
    /// 429 and its many spellings.
    Throttled "throttled" Limit "over the account's request rate": "lower --rate or raise the quota";
    /// LimitExceeded: the meeting is full. HTTP 400; told from a bad request by its type alone.
    Capacity "capacity" Limit "the meeting has no free seat": "use another meeting";
    /// 500, and any other 5xx.
    ServiceFailure "service-failure" Service "the service failed": "ask again; tell AWS the request ids if it stays";
    /// 503.
    Unavailable "unavailable" Service "the service is unavailable": "ask again later";
    /// Name resolution failed.
    Dns "dns" Transport "the endpoint's name does not resolve": "check the region and the network";
    /// The connection was refused or unreachable.
    Refused "refused" Transport "nothing accepts connections at the endpoint": "check its address, and that it runs";
    /// TLS failed.
    Tls "tls" Transport "no trusted TLS connection": "check --ca-bundle, the clock and the proxy";
    /// No connection within the connect timeout.
    ConnectTimeout "connect-timeout" Transport "no connection in time": "check the network";
    /// The connection broke, perhaps after the work was done.
    Reset "reset" Transport "the connection broke, perhaps after the work was done": "ask again, which is safe: the same id is the same attendee";
    /// No whole answer within the timeout.
    ReadTimeout "read-timeout" Transport "no whole answer in time, perhaps after the work was done": "ask again, which is safe: the same id is the same attendee";
    /// An answer that cannot be believed.
    Protocol "protocol" Transport "an answer that cannot be believed, not the service's or changed on its way": "look for a proxy or a portal in between";
    /// 401, or a signature or key the front end does not know.
    Unauthorized "unauthorized" Auth "the credentials are not accepted": "check the profile, the key and the region";
    /// 403.
    Forbidden "forbidden" Auth "the credentials are not allowed to do this": "grant chime:CreateAttendee and chime:GetMeeting, and what else the run asks for";
    /// The security token has expired.
    Expired "expired" Auth "the credentials have expired": "refresh them";
    /// Our clock and the service's are too far apart.
    Skew "skew" Auth "the clock is off by minutes": "set this machine's clock";
    /// Never sent: the stated cap on waiting was reached.
    Dropped "dropped" Generator "not sent, because the stated cap was reached": "raise max_in_flight, or take it as the answer";
    /// Sent, and left unanswered when the run ended.
    Aborted "aborted" Generator "sent, and still unanswered when the run ended": "give the run a longer grace";
}

impl Class {
    /// The class of this name.
    pub fn from_name(name: &str) -> Option<Class> {
        Class::ALL.iter().copied().find(|c| c.name() == name)
    }

    /// Whether the same request may well succeed later, unchanged; after a refusal of the credentials, with others.
    pub fn is_passing(self) -> bool {
        matches!(self.tier(), Tier::Service | Tier::Transport | Tier::Auth | Tier::Generator)
            || matches!(self, Class::Throttled | Class::Conflict)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for class in Class::ALL {
            assert_eq!(Class::from_name(class.name()), Some(*class));
        }
    }
}
