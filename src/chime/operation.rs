//! The calls that headcount makes.
//!
//! Holds [`Operation`]. Called by whoever makes a call, counts one, or reads its name in a file. It never sees a request. The mock,
//! which answers all of the API, has a list of its own: the two sides share words, never decisions.

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
        /// A call.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation { $($(#[$doc])* $name),* }

        impl Operation {
            /// All of them; those that a scenario can ask for come first.
            pub const ALL: &'static [Operation] = &[$(Operation::$name),*];

            /// The name in files and on screens.
            pub fn name(self) -> &'static str {
                match self { $(Operation::$name => $text),* }
            }
        }
    };
}

operations! {
    /// CreateAttendee.
    CreateAttendee "create-attendee";
    /// BatchCreateAttendee.
    BatchCreateAttendee "batch-create-attendee";
    /// CreateMeeting.
    CreateMeeting "create-meeting";
    /// GetAttendee.
    GetAttendee "get-attendee";
    /// ListAttendees.
    ListAttendees "list-attendees";
    /// DeleteAttendee.
    DeleteAttendee "delete-attendee";
    /// GetMeeting.
    GetMeeting "get-meeting";
    /// DeleteMeeting.
    DeleteMeeting "delete-meeting";
}

impl Operation {
    /// The call of this name.
    pub fn from_name(name: &str) -> Option<Operation> {
        Operation::ALL.iter().copied().find(|operation| operation.name() == name)
    }

    /// Whether it makes attendees.
    pub fn makes_attendees(self) -> bool {
        matches!(self, Operation::CreateAttendee | Operation::BatchCreateAttendee)
    }

    /// Whether it is about an attendee that must have been made before.
    pub fn needs_attendee(self) -> bool {
        matches!(self, Operation::GetAttendee | Operation::DeleteAttendee)
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.name()), Some(*operation));
        }
    }
}
