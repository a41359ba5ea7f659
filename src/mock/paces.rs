//! How long each answer takes.
//!
//! Holds [`Paces`]. Asked once a request, after the work: a latency may depend on the operation and on how it ended for the caller.
//! Nothing here waits.

use super::operation::Operation;
use crate::behaviour::draw::Draw;
use crate::behaviour::{BadBehaviour, Latency, Times};
use crate::chime::class::Class;
use crate::seed::Seed;
use std::time::Duration;

/// Latencies, ready to be drawn from.
#[derive(Debug)]
pub struct Paces {
    kinds: Vec<(Option<Operation>, Option<Class>, Draw)>,
    usual: Draw,
}

impl Paces {
    /// The kinds of answers whose latency is known by itself, and what all others take.
    ///
    /// # Errors
    /// A latency that cannot be, or of no operation.
    pub fn new(times: &[Times], usual: &Latency, seed: Seed) -> Result<Paces, BadBehaviour> {
        let draw = |latency: &Latency| Draw::new(latency.clone(), seed, "latency");
        let kind = |times: &Times| {
            let operation = match &times.operation {
                Some(name) => Some(
                    Operation::from_name(name)
                        .ok_or_else(|| BadBehaviour(format!("latency: '{name}' is no operation of the service")))?,
                ),
                None => None,
            };
            Ok((operation, times.class, draw(&times.latency)?))
        };
        Ok(Paces { kinds: times.iter().map(kind).collect::<Result<_, BadBehaviour>>()?, usual: draw(usual)? })
    }

    /// The latency of the n-th request: that of the first kind it is of.
    pub fn at(&self, n: u64, operation: Option<Operation>, class: impl FnOnce() -> Class) -> Duration {
        if self.kinds.is_empty() {
            return self.usual.at(n);
        }
        let class = class();
        let same = |(of, how, _): &&(Option<Operation>, Option<Class>, Draw)| {
            of.is_none_or(|of| Some(of) == operation) && how.is_none_or(|how| how == class)
        };
        self.kinds.iter().find(same).map_or(&self.usual, |(_, _, draw)| draw).at(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_kind_that_fits_has_the_word() {
        let times = |operation: Option<&str>, class, latency: &str| Times {
            operation: operation.map(str::to_owned),
            class,
            latency: latency.parse().unwrap(),
        };
        let create = Some("create_attendee");
        let all =
            [times(create, Some(Class::Throttled), "1ms"), times(create, None, "20ms"), times(None, Some(Class::Reset), "3ms")];
        let paces = Paces::new(&all, &"50ms".parse().unwrap(), Seed(1)).unwrap();
        for (operation, class, ms) in [
            (Some(Operation::CreateAttendee), Class::Throttled, 1),
            (Some(Operation::CreateAttendee), Class::Ok, 20),
            (Some(Operation::GetMeeting), Class::Reset, 3),
            (Some(Operation::GetMeeting), Class::Ok, 50),
            (None, Class::NotFound, 50),
        ] {
            assert_eq!(paces.at(7, operation, || class), Duration::from_millis(ms), "{operation:?} {class}");
        }
        assert!(Paces::new(&[times(Some("make_tea"), None, "1ms")], &Latency::default(), Seed(1)).is_err());
    }
}
