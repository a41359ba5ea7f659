//! Rates: how often an account may ask.
//!
//! Holds [`Limits`], one set of token buckets for each account and region. Called after a request has proved who it is from,
//! before any work. Seats, meetings and replicas are the service's to count, not here.

use super::fault::Fault;
use super::operation::Operation;
use super::service::meeting::Realm;
use super::sides::{AllTogether, Sides, Throttle};
use crate::behaviour::quota::Allowance;
use crate::behaviour::{BadBehaviour, Quota};
use crate::bucket::{Bucket, Rate};
use crate::chime::fault::Exception;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// Accounts times regions with buckets of their own; regions are the caller's to choose, so the number must have an end.
const REALMS_AT_MOST: usize = 1024;

/// The buckets of an account in a region.
struct Buckets {
    all: Option<Bucket>,
    operations: Vec<Option<Bucket>>,
}

/// The rate limits of a mock.
pub struct Limits {
    operations: Vec<Option<Allowance>>,
    all: Option<Allowance>,
    throttle: Throttle,
    /// Whether a 429 says how long to wait.
    hints: bool,
    realms: Mutex<HashMap<Realm, Buckets>>,
}

fn bucket(allowance: Allowance) -> Bucket {
    Bucket::new(Rate::per_second(allowance.rate).unwrap_or(Rate::UNLIMITED), allowance.burst)
}

impl Limits {
    /// Limits as the quota says. An operation that does not exist is refused by name.
    pub fn new(quota: &Quota, sides: Sides, hints: bool) -> Result<Limits, BadBehaviour> {
        let mut operations = vec![None; Operation::ALL.len()];
        for (name, allowance) in &quota.operations {
            let operation = Operation::from_name(name)
                .ok_or_else(|| BadBehaviour(format!("'{name}' is no operation of the service, nor meetings, replicas or all")))?;
            operations[operation.index()] = Some(*allowance);
        }
        let all = quota.all.filter(|_| sides.all_together == AllTogether::Binds);
        Ok(Limits { operations, all, throttle: sides.throttle, hints, realms: Mutex::default() })
    }

    /// Lets a request in, or answers 429. A request that is refused takes no token from either bucket.
    pub fn admit(&self, now: Duration, realm: &Realm, operation: Operation) -> Result<(), Fault> {
        if self.all.is_none() && self.operations[operation.index()].is_none() {
            return Ok(());
        }
        let mut realms = self.realms.lock().expect("nothing panics while it holds the buckets");
        if !realms.contains_key(realm) {
            if realms.len() >= REALMS_AT_MOST {
                realms.clear();
            }
            let fresh = Buckets {
                all: self.all.map(bucket),
                operations: self.operations.iter().map(|allowance| allowance.map(bucket)).collect(),
            };
            realms.insert(realm.clone(), fresh);
        }
        let Some(buckets) = realms.get_mut(realm) else { return Ok(()) };
        let own = &mut buckets.operations[operation.index()];
        let ready = [&buckets.all, own].into_iter().flatten().map(Bucket::ready_at).max().unwrap_or_default();
        if ready > now + Duration::from_nanos(1) {
            return Err(self.refusal(ready - now));
        }
        for bucket in [&mut buckets.all, own].into_iter().flatten() {
            // Both were just seen to be ready.
            let _ = bucket.take(now);
        }
        Ok(())
    }

    fn refusal(&self, wait: Duration) -> Fault {
        let fault = match self.throttle {
            Throttle::Modelled => Fault::of(Exception::Throttling, "Rate exceeded"),
            Throttle::Guide => Fault::front_end("ThrottledClientException", 429, "Rate exceeded"),
        };
        if self.hints { fault.hint(None, Some(wait.as_millis().saturating_add(1).to_string())) } else { fault }
    }

    /// Fills every bucket again.
    pub fn reset(&self) {
        self.realms.lock().expect("nothing panics while it holds the buckets").clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_and_twenty_at_once_for_each_account_and_region() {
        let limits = Limits::new(&Quota::published(), Sides::default(), true).unwrap();
        let realm = |region: &str| Realm { account: "1".into(), region: region.into() };
        let granted = |at: u64, realm: &Realm| {
            let now = Duration::from_millis(at);
            (0..100).filter(|_| limits.admit(now, realm, Operation::CreateAttendee).is_ok()).count()
        };
        assert_eq!((granted(0, &realm("a")), granted(0, &realm("b"))), (20, 20));
        assert_eq!((granted(99, &realm("a")), granted(1000, &realm("a"))), (0, 10));
        // What one operation has taken from the common bucket, another cannot have.
        assert!(limits.admit(Duration::from_secs(1), &realm("a"), Operation::GetAttendee).is_err());
        let fault = limits.admit(Duration::from_secs(1), &realm("a"), Operation::GetMeeting).unwrap_err();
        assert_eq!((fault.status, fault.extra.unwrap().retry_after_ms.as_deref()), (429, Some("101")));
    }
}
