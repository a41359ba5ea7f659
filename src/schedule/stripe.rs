//! A share of a schedule, for several generators of one load.
//!
//! Holds [`Stripe`]. Called by whoever splits a run. Every *n*-th arrival of the whole belongs to one stripe, so that the
//! stripes of a schedule, taken together, are the schedule, and each has the shape of the whole.

use super::{Arrival, ScheduleError};
use std::fmt;
use std::str::FromStr;

/// The *k*-th of *n*; written `2/3`. The default is the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stripe {
    k: u32,
    of: u32,
}

impl Default for Stripe {
    fn default() -> Self {
        Stripe { k: 1, of: 1 }
    }
}

impl Stripe {
    /// The `k`-th of `of`, from 1.
    ///
    /// # Errors
    /// `k` is zero or more than `of`.
    pub fn new(k: u32, of: u32) -> Result<Stripe, ScheduleError> {
        if (1..=of).contains(&k) { Ok(Stripe { k, of }) } else { Err(ScheduleError::Stripe(format!("{k}/{of}"))) }
    }

    /// Whether this arrival is one of ours.
    pub fn holds(self, arrival: &Arrival) -> bool {
        (arrival.n - 1) % u64::from(self.of) == u64::from(self.k - 1)
    }
}

impl FromStr for Stripe {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let read = || {
            let (k, of) = text.split_once('/')?;
            Stripe::new(k.trim().parse().ok()?, of.trim().parse().ok()?).ok()
        };
        read().ok_or_else(|| ScheduleError::Stripe(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.k, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        #[test]
        fn stripes_partition_the_whole(of in 1u32..20, count in 0u64..200) {
            let whole: Vec<_> = (1..=count).map(|n| Arrival { n, at: Duration::from_millis(n), stage: 0 }).collect();
            let mut union = Vec::new();
            for k in 1..=of {
                let stripe = Stripe::new(k, of).unwrap();
                let ours: Vec<_> = whole.iter().filter(|a| stripe.holds(a)).copied().collect();
                prop_assert!(ours.len() as u64 >= count / u64::from(of) && ours.len() as u64 <= count.div_ceil(u64::from(of)));
                union.extend(ours);
            }
            union.sort_by_key(|a| a.n);
            prop_assert_eq!(union, whole);
        }
    }

    #[test]
    fn stripes_as_written() {
        assert_eq!("2/3".parse(), Stripe::new(2, 3));
        assert_eq!(Stripe::default().to_string(), "1/1");
        for bad in ["", "3", "0/3", "4/3", "1/0", "-1/2", "a/b"] {
            assert!(bad.parse::<Stripe>().is_err(), "{bad}");
        }
    }
}
