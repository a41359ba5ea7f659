//! How fast a run is to go: what `--rate`, `--rate-max` and earlier runs make of it, and what is said of it.
//!
//! Holds [`Paced`]. Called by the verb, before it asks and after. It decides no rate itself.

use super::super::failure::{Exit, Failure};
use super::super::kept::{Kept, Whose};
use super::super::say::Voice;
use super::super::service::{MOCK, Service};
use super::super::values::AskedRate;
use super::args::Args;
use crate::bucket::Rate;
use crate::chime::quota;
use crate::client::pace::Pacing;
use crate::client::pace::fit::Learned;
use crate::clock::Wall;

/// The default share of the published 10 requests a second: others who use the account still can.
const DEFAULT_RATE: f64 = 8.0;
/// With the mock alone: short, but watchable.
const MOCK_RATE: f64 = 500.0;
/// How far `--rate auto` goes unless it is told.
const MOST: f64 = 100.0;

/// How fast a run is to go.
#[derive(Debug, Clone, Copy)]
pub struct Paced {
    /// Never faster.
    pub ceiling: Rate,
    /// A rate to keep, or one to be found.
    pub pacing: Pacing,
}

impl Paced {
    /// What the arguments say; an automatic rate is not known yet.
    ///
    /// # Errors
    /// They contradict each other.
    pub fn asked(args: &Args) -> Result<Paced, Failure> {
        let per_second = |n| Rate::per_second(n).expect("a positive rate");
        let default = per_second(match &args.mock_quota {
            Some(quota) => quota.all.map_or(MOCK_RATE, |all| all.rate),
            // A rehearsal goes as fast as the real thing would.
            None if args.mock && args.mock_like.is_none() => MOCK_RATE,
            None => DEFAULT_RATE,
        });
        match (args.calls.rate.unwrap_or(AskedRate::At(default)), args.calls.rate_max) {
            (AskedRate::Auto, most) => {
                Ok(Paced { ceiling: most.unwrap_or(per_second(MOST)), pacing: Pacing::Auto { known: None } })
            }
            (AskedRate::At(ceiling), None) => Ok(Paced { ceiling, pacing: Pacing::Held { burst: args.calls.burst.into() } }),
            (AskedRate::At(_), Some(_)) => Err(Failure::new(Exit::Usage, "--rate-max bounds a rate that is to be found")
                .hint("give it with --rate auto; a rate that is given is never exceeded anyway")),
        }
    }

    /// The same, with what earlier runs have learnt of the account.
    pub fn remembered(self, service: &Service, voice: Voice) -> Paced {
        let Pacing::Auto { .. } = self.pacing else { return self };
        let Some((kept, whose)) = place(service) else { return self };
        let known = kept.rate_of(&whose).unwrap_or_else(|why| {
            voice.warn(format_args!("{} cannot be used: {why}; the rate is found anew", kept.shown()));
            None
        });
        Paced { pacing: Pacing::Auto { known }, ..self }
    }

    /// The rate by which a run's length is told, and how many may go at once.
    pub fn likely(&self) -> (Rate, f64) {
        match self.pacing {
            Pacing::Held { burst } => (self.ceiling, burst),
            Pacing::Auto { known } => {
                let rate = known.map_or(quota::RATE_PER_SECOND, |known| known.rate).min(self.ceiling.get());
                (Rate::per_second(rate).unwrap_or(self.ceiling), known.map_or(quota::BURST, |known| known.burst))
            }
        }
    }

    /// As it is told before the run: `8/s`.
    pub fn said(&self) -> String {
        let (likely, _) = self.likely();
        match self.pacing {
            Pacing::Held { .. } => likely.to_string(),
            Pacing::Auto { known: None } => {
                format!("a rate to be found, at most {}; at the published {likely}", self.ceiling)
            }
            Pacing::Auto { known: Some(_) } => {
                format!("a rate to be found, at most {}; at {likely}, as an earlier run found it", self.ceiling)
            }
        }
    }

    /// As it is written down: `8/s`, `auto`.
    pub fn name(&self) -> String {
        if let Pacing::Auto { .. } = self.pacing { "auto".to_owned() } else { self.ceiling.to_string() }
    }

    /// Says what was learnt, and keeps it for the next run.
    pub fn conclude(&self, learned: Option<Learned>, service: &Service, wall: Wall, voice: Voice) {
        let Pacing::Auto { .. } = self.pacing else { return };
        let Some(learned) = learned else {
            return voice
                .say(format_args!("the service throttled too seldom to tell the account's rate (at most {})", self.ceiling));
        };
        let words = format!("the account's rate: about {:.1}/s, {:.0} at once", learned.rate, learned.burst);
        let Some((kept, whose)) = place(service) else { return voice.say(words) };
        let now = jiff::Timestamp::try_from(wall.now()).unwrap_or_default();
        match kept.keep(whose, learned, now) {
            Ok(()) => voice.say(format_args!("{words}; kept for the next run in {}", kept.shown())),
            Err(error) => voice.warn(format_args!("{words}; it cannot be kept in {}: {error}", kept.shown())),
        }
    }
}

/// Where an account's rate is kept. The embedded mock ends with the run, and so does what is known of it.
fn place(service: &Service) -> Option<(Kept, Whose)> {
    let whose =
        Whose { endpoint: service.place.clone(), account: service.account(), region: service.endpoint.region().to_string() };
    if whose.endpoint.starts_with(MOCK) { None } else { Some((Kept::place()?, whose)) }
}
