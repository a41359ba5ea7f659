//! `--rate auto`, simulated against the very bucket that the mock's quotas are made of.
//!
//! Holds a service with a hidden quota and a way to it ([`Service`]), and what a run of the schedule comes to ([`Told`]). Time is a
//! number here: nothing waits. Judged as follows, for every quota from 3 to 200 a second and burst from 1 to 400, over two to five
//! minutes: from 30 s after the first call that the service throttled (only then is the burst spent) to the end, at least 95 % of
//! what its rate lets in was let in; and of all calls issued in the whole run at most 2 % and ten were throttled.
//!
//! One thing no client can do: where calls arrive out of step by more than the burst can take, some find the bucket empty at any
//! rate near the quota's. So a way that is jittered by `J` is judged where the burst holds `2 + 2 J` seconds' worth.

use headcount::bucket::{Bucket, Rate};
use headcount::client::pace::auto::{Auto, OPENING};
use headcount::client::pace::fit::Learned;
use headcount::seed::Seed;
use proptest::prelude::*;
use rand::RngExt;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// A service, and the way to it.
#[derive(Debug, Clone, Copy)]
struct Service {
    rate: f64,
    burst: f64,
    /// There and back: at least, and what chance adds at most (seconds).
    trip: f64,
    jitter: f64,
    /// Whether a throttled call empties the bucket.
    charges: bool,
    /// Calls that may be under way.
    slots: usize,
    /// The quota from 60 s on.
    later: f64,
    seconds: u64,
    seed: u64,
}

/// When something happens to a call, in what order, and when it was sent: it gets there, and will be back by then; or it is back,
/// let in or not.
type OnItsWay = (Duration, u32, Duration, Result<Duration, bool>);

/// What came of a run.
#[derive(Debug, Default)]
struct Told {
    issued: u32,
    /// When each was let in, or throttled, as the service saw it.
    let_in: Vec<f64>,
    throttled: Vec<f64>,
    most_under_way: usize,
    learned: Option<Learned>,
}

impl Service {
    fn new(rate: f64, burst: f64, trip: f64) -> Service {
        let (jitter, charges, slots, later, seconds, seed) = (0.0, false, 10_000, rate, 120, 7);
        Service { rate, burst, trip, jitter, charges, slots, later, seconds, seed }
    }

    fn run(self, mut pace: Auto) -> Told {
        let rate = |n| Rate::per_second(n).unwrap();
        let (mut bucket, mut rng) = (Bucket::new(rate(self.rate), self.burst), Seed(self.seed).stream("mock"));
        let (mut now, end) = (Duration::ZERO, Duration::from_secs(self.seconds));
        let mut wire: BinaryHeap<Reverse<OnItsWay>> = BinaryHeap::new();
        let (mut told, mut turn, mut under_way) = (Told::default(), 0, 0);
        loop {
            let go = (under_way < self.slots).then(|| pace.ready_at().max(now));
            let next = wire.peek().map(|Reverse((at, ..))| *at);
            now = go.into_iter().chain(next).min().unwrap();
            if now >= end {
                break;
            }
            turn += 1;
            if go.is_some_and(|go| next.is_none_or(|next| go <= next)) {
                pace.take(now).expect("a told wait is enough");
                (told.issued, under_way) = (told.issued + 1, under_way + 1);
                told.most_under_way = told.most_under_way.max(under_way);
                let trip = Duration::from_secs_f64(self.trip + self.jitter * rng.random::<f64>());
                wire.push(Reverse((now + trip / 2, turn, now, Ok(now + trip))));
                continue;
            }
            let Some(Reverse((_, _, sent, stage))) = wire.pop() else { unreachable!("something was to happen") };
            match stage {
                Ok(back) => {
                    if now >= Duration::from_secs(60) {
                        bucket.set_rate(now, rate(self.later));
                    }
                    let let_in = bucket.take(now).is_ok();
                    if let_in { &mut told.let_in } else { &mut told.throttled }.push(now.as_secs_f64());
                    if self.charges && !let_in {
                        bucket.drain(now);
                    }
                    wire.push(Reverse((back, turn, sent, Err(let_in))));
                }
                Err(let_in) => {
                    under_way -= 1;
                    if let_in { pace.let_in(now, sent) } else { pace.throttled(now, sent, None) }
                }
            }
        }
        told.learned = pace.learned();
        told
    }

    fn found(self) -> Told {
        self.run(Auto::new(Rate::per_second(500.0).unwrap(), None))
    }
}

impl Told {
    /// The share of what the rate lets in that was let in from `from` to `to`.
    fn share(&self, rate: f64, from: f64, to: u64) -> f64 {
        let to = to as f64;
        assert!(from + 10.0 <= to, "too short to judge: from {from} to {to}");
        self.let_in.iter().filter(|at| (from..to).contains(at)).count() as f64 / (rate * (to - from))
    }

    /// When the burst was spent.
    fn spent(&self) -> f64 {
        *self.throttled.first().expect("the burst is never spent")
    }

    /// Throttled calls beyond what is allowed.
    fn excess(&self) -> f64 {
        self.throttled.len() as f64 - 0.02 * f64::from(self.issued) - 10.0
    }

    fn check(&self, service: Service) {
        let (share, excess) = (self.share(service.rate, self.spent() + 30.0, service.seconds), self.excess());
        let words = format!("{share:.3} let in, {} of {} throttled, {:?}", self.throttled.len(), self.issued, self.learned);
        assert!(share >= 0.95 && excess <= 0.0, "{service:?}: {words}");
    }
}

const RATES: [f64; 9] = [3.0, 5.0, 7.3, 10.0, 25.0, 50.0, 100.0, 150.0, 200.0];
const BURSTS: [f64; 9] = [1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0, 200.0, 400.0];

#[test]
fn every_quota_is_found_and_kept_to_at_any_distance() {
    for rate in RATES {
        for burst in BURSTS {
            for trip in [0.001, 0.02, 0.1, 0.3] {
                let service = Service::new(rate, burst, trip);
                service.found().check(service);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The same for quotas and ways of any kind, spread over their orders of magnitude.
    #[test]
    fn any_quota_over_any_way(rate in 0f64..1.0, burst in 0f64..1.0, trip in 0f64..1.0, jitter in 0f64..0.3, seconds in 120u64..300, seed in any::<u64>()) {
        let between = |least: f64, most: f64, x: f64| least * (most / least).powf(x);
        let (rate, burst, trip) = (between(3.0, 200.0, rate), between(1.0, 400.0, burst).floor(), between(0.001, 0.4, trip));
        let jitter = if burst >= 2.0 + 2.0 * rate * jitter * trip { jitter * trip } else { 0.0 };
        let service = Service { jitter, seconds, seed, ..Service::new(rate, burst, trip) };
        service.found().check(service);
    }

    /// Never faster than it may, whatever there is to be had.
    #[test]
    fn the_most_is_never_exceeded(most in 1u32..300, rate in 3u32..200, trip in 1u32..300) {
        let service = Service { seconds: 60, ..Service::new(rate.into(), 50.0, f64::from(trip) / 1000.0) };
        let told = service.run(Auto::new(Rate::per_second(most.into()).unwrap(), None));
        let mut all = [told.let_in, told.throttled].concat();
        all.sort_by(f64::total_cmp);
        let second = all.iter().enumerate().map(|(i, at)| all[i..].iter().take_while(|next| **next < at + 1.0).count()).max();
        prop_assert!(second <= Some(most as usize + 1), "{second:?} calls in a second at {most}/s at most");
    }
}

/// Where throttled calls cost tokens, too, a flight that meets an empty bucket keeps it empty until it is over. Nearby that is
/// little; from afar it is a part of every cycle, and what is promised is that nothing gets worse with time.
#[test]
fn a_service_that_charges_for_throttled_calls_is_not_driven_into_the_ground() {
    for rate in [3.0, 10.0, 50.0, 200.0] {
        for burst in BURSTS {
            let service = Service { charges: true, seconds: 300, ..Service::new(rate, burst, 0.02) };
            service.found().check(service);
            let far = Service { charges: true, seconds: 300, ..Service::new(rate, burst, 0.2) };
            let told = far.found();
            assert!(told.share(rate, 150.0, 300) >= 0.75, "{far:?}: {}", told.share(rate, 150.0, 300));
            let late = told.throttled.iter().filter(|at| **at >= 150.0).count() as f64;
            assert!(late <= 0.05 * 150.0 * rate + 10.0, "{far:?}: {late} throttled late");
        }
    }
}

/// Half the quota is taken away, or it is doubled: found again, without a storm.
#[test]
fn a_quota_that_changes_is_found_again() {
    for (rate, later) in [(10.0, 5.0), (10.0, 20.0), (50.0, 25.0), (50.0, 100.0)] {
        let service = Service { later, seconds: 300, ..Service::new(rate, 20.0, 0.05) };
        let told = service.found();
        let share = told.share(later, 180.0, 300);
        assert!(
            share >= 0.95 && told.excess() <= 0.0,
            "{rate}/s, then {later}/s: {share:.3} let in, {} throttled",
            told.throttled.len()
        );
    }
}

/// What was learnt is a place to begin from: fewer throttles than at the first time, and as much let in from the start.
#[test]
fn what_was_learnt_saves_the_search() {
    for (rate, burst) in [(3.0, 6.0), (10.0, 20.0), (50.0, 100.0), (200.0, 20.0)] {
        let service = Service::new(rate, burst, 0.05);
        let first = service.found();
        let learned = first.learned.unwrap();
        assert!((learned.rate / rate - 1.0).abs() <= 0.03, "{rate}/s: {learned:?}");
        let again = service.run(Auto::new(Rate::per_second(500.0).unwrap(), Some(learned)));
        again.check(service);
        assert!(
            again.throttled.len() < first.throttled.len(),
            "{rate}/s: {} then {}",
            first.throttled.len(),
            again.throttled.len()
        );
        assert!(again.share(rate, 0.0, 120) >= 0.95, "{rate}/s: {}", again.share(rate, 0.0, 120));
    }
}

/// What was learnt is no more than that: of another account's quota, or of this one's before it was changed, it does little harm.
#[test]
fn what_was_learnt_may_be_wrong() {
    for (rate, learned) in [(10.0, 5.0), (10.0, 30.0), (10.0, 100.0), (50.0, 10.0), (3.0, 10.0), (200.0, 10.0)] {
        let service = Service { seconds: 300, ..Service::new(rate, 2.0 * rate, 0.05) };
        let known = Learned { rate: learned, burst: 2.0 * learned };
        service.run(Auto::new(Rate::per_second(500.0).unwrap(), Some(known))).check(service);
    }
}

/// The burst is learnt as well, where it is spent faster than it comes back.
#[test]
fn the_burst_is_learnt() {
    for (rate, burst) in [(3.0, 1.0), (3.0, 400.0), (10.0, 20.0), (50.0, 100.0)] {
        let learned = Service::new(rate, burst, 0.02).found().learned.unwrap();
        assert!((learned.burst - burst).abs() <= 2.0 + 0.1 * burst, "{rate}/s, {burst} at once: {learned:?}");
    }
}

/// Few slots and a slow service: the schedule does not run away from what is really sent.
#[test]
fn a_run_that_is_held_up_elsewhere_reaches_for_nothing() {
    let service = Service { slots: 4, ..Service::new(200.0, 400.0, 0.2) };
    let mut pace = Auto::new(Rate::per_second(500.0).unwrap(), None);
    assert!((pace.rate() - OPENING).abs() < 1e-9 && pace.learned().is_none());
    pace.quiet(Duration::ZERO, Duration::from_secs(3));
    assert!(pace.take(Duration::from_millis(2999)).is_err() && pace.take(Duration::from_secs(3)).is_ok());
    let told = service.found();
    assert!(told.throttled.is_empty() && told.most_under_way == 4 && told.learned.is_none());
    assert!(told.issued >= 19 * 120, "{}", told.issued);
}

/// A storm that has nothing to do with a rate is outlived, and costs few calls.
#[test]
fn a_total_storm_costs_few_calls() {
    let mut pace = Auto::new(Rate::per_second(500.0).unwrap(), None);
    let (mut now, mut asked) = (Duration::ZERO, 0);
    while now < Duration::from_secs(600) {
        now = now.max(pace.ready_at());
        pace.take(now).unwrap();
        asked += 1;
        pace.throttled(now + Duration::from_millis(5), now, None);
    }
    assert!(asked <= 1200, "{asked} calls in ten minutes of storm");
}
