//! Who asks next.
//!
//! Holds [`People`]. Called by a lane for each seat that is to be asked for. It never sees a meeting being chosen, and keeps nobody.

use crate::chime::capability::Capabilities;
use crate::chime::id::{ExternalUserId, MeetingId};
use crate::scenario::file::Again;
use crate::scenario::template::Template;
use std::sync::Arc;

/// Somebody who wants a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: ExternalUserId,
    /// What they may do; `None` leaves it to the service.
    pub capabilities: Option<Capabilities>,
    /// Where, if their row says.
    pub meeting: Option<MeetingId>,
}

/// A source of people.
#[derive(Debug, Clone)]
pub enum Source {
    /// Made up, by number.
    Made(Template),
    /// The rows of a roster.
    Rows(Arc<[Person]>, Again),
}

/// One lane's share of a source: every n-th, so that all lanes together name everybody once.
#[derive(Debug, Clone)]
pub struct People {
    source: Source,
    run: String,
    next: u64,
    step: u64,
}

impl People {
    /// The share of lane `lane` (from 0) of `lanes`. `run` is the run's id.
    pub fn new(source: Source, run: String, lane: u64, lanes: u64) -> People {
        People { source, run, next: lane, step: lanes.max(1) }
    }

    /// The next one; `None` when a roster is used up.
    pub fn take(&mut self) -> Option<Person> {
        let person = self.peek()?;
        self.next += self.step;
        Some(person)
    }

    /// The same, who stays the next one.
    pub fn peek(&self) -> Option<Person> {
        let n = self.next;
        let person = match &self.source {
            Source::Made(template) => {
                let user = ExternalUserId::parse(&template.fill(&self.run, n + 1)).ok()?;
                Person { user, capabilities: None, meeting: None }
            }
            Source::Rows(rows, again) => {
                let count = rows.len() as u64;
                let at = if *again == Again::FromTheTop && count > 0 { n % count } else { n };
                rows.get(usize::try_from(at).ok()?)?.clone()
            }
        };
        Some(person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_share_a_source() {
        let names = |mut people: People, n: usize| -> Vec<String> {
            (0..n).map_while(|_| people.take()).map(|person| person.user.as_str().to_owned()).collect()
        };
        let made = Source::Made(Template::parse("u-{run}-{seq}").unwrap());
        assert_eq!(names(People::new(made.clone(), "r".into(), 0, 2), 3), ["u-r-1", "u-r-3", "u-r-5"]);
        assert_eq!(names(People::new(made, "r".into(), 1, 2), 2), ["u-r-2", "u-r-4"]);
        let person = |name: &str| Person { user: ExternalUserId::parse(name).unwrap(), capabilities: None, meeting: None };
        let rows: Arc<[Person]> = ["ann", "bob", "eve"].map(person).into();
        assert_eq!(names(People::new(Source::Rows(rows.clone(), Again::Never), "r".into(), 0, 2), 9), ["ann", "eve"]);
        assert_eq!(names(People::new(Source::Rows(rows, Again::FromTheTop), "r".into(), 0, 2), 4), ["ann", "eve", "bob", "ann"]);
    }
}
