//! Waiting for many deadlines at once, each to within a tenth of a millisecond.
//!
//! Holds [`Timer`]: one task waits for the next of all deadlines by `crate::timer`'s exact alarm. Called for each answer that is to
//! take a while. It never sees what is waited for.

use crate::timer::{Alarm, Grain};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Deadlines on their way to the task; beyond it, tokio's timer waits instead.
const QUEUE: usize = 1 << 16;

/// A precise timer.
#[derive(Debug)]
pub struct Timer {
    sender: mpsc::Sender<(Instant, oneshot::Sender<()>)>,
}

impl Timer {
    /// Starts the task, within a runtime; it ends with this value.
    pub fn start() -> Timer {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(wait(receiver));
        Timer { sender }
    }

    /// Waits until the deadline.
    pub async fn until(&self, deadline: Instant) {
        if deadline <= Instant::now() {
            return;
        }
        let (done, waiting) = oneshot::channel();
        let taken = self.sender.try_send((deadline, done)).is_ok();
        if !taken || waiting.await.is_err() {
            tokio::time::sleep_until(deadline).await;
        }
    }
}

/// A deadline and whom to wake; ordered by the deadline and, between equals, by arrival.
struct Entry(Instant, u64, oneshot::Sender<()>);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

async fn wait(mut receiver: mpsc::Receiver<(Instant, oneshot::Sender<()>)>) {
    let (mut heap, mut count, mut alarm) = (BinaryHeap::<Reverse<Entry>>::new(), 0u64, Alarm::new(Grain::Fine));
    loop {
        let now = Instant::now();
        while heap.peek().is_some_and(|Reverse(entry)| entry.0 <= now) {
            if let Some(Reverse(Entry(_, _, done))) = heap.pop() {
                // Whoever waited may be gone.
                let _ = done.send(());
            }
        }
        if let Some(Reverse(next)) = heap.peek() {
            alarm.set(next.0);
        }
        tokio::select! {
            more = receiver.recv() => match more {
                Some((deadline, done)) => {
                    count += 1;
                    heap.push(Reverse(Entry(deadline, count, done)));
                }
                None => return,
            },
            () = alarm.rings(), if !heap.is_empty() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn deadlines_pass_in_their_order() {
        let timer = Timer::start();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        futures::future::join_all([at(6), at(2), at(4)].map(|deadline| timer.until(deadline))).await;
        assert!(Instant::now() >= at(6));
    }
}
