//! A queueing server of known capacity.
//!
//! Holds [`Workers`]. Called once a request. Nothing here waits: the time until a request is done goes with its answer.

use crate::behaviour::draw::Draw;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;
use std::time::Duration;

/// A server of k workers with one queue in front, first come, first served: its capacity is k / service time, and beyond it
/// waiting grows without end, as in life.
#[derive(Debug)]
pub struct Workers {
    service: Draw,
    /// When each worker is free again.
    free_at: Mutex<BinaryHeap<Reverse<Duration>>>,
}

impl Workers {
    /// A server with so many workers, each busy with a request for as long as drawn.
    pub fn new(count: usize, service: Draw) -> Workers {
        Workers { service, free_at: Mutex::new((0..count.max(1)).map(|_| Reverse(Duration::ZERO)).collect()) }
    }

    /// How long after `now` the n-th request is done: its wait in line, and its service.
    pub fn done_after(&self, now: Duration, n: u64) -> Duration {
        let mut free_at = self.free_at.lock().expect("nothing panics while it holds the workers");
        let start = free_at.pop().map_or(now, |Reverse(free)| free.max(now));
        let done = start + self.service.at(n);
        free_at.push(Reverse(done));
        done - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn a_queue_forms_behind_the_workers() {
        let service = Draw::new("20ms".parse().unwrap(), Seed(1), "service").unwrap();
        let workers = Workers::new(2, service);
        let ms = |n| Duration::from_millis(n);
        let waits: Vec<Duration> = (0..5).map(|n| workers.done_after(ms(0), n)).collect();
        assert_eq!(waits, [ms(20), ms(20), ms(40), ms(40), ms(60)]);
        assert_eq!(workers.done_after(ms(1000), 5), ms(20));
    }
}
