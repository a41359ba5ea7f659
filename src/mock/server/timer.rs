//! Waiting to within a tenth of a millisecond.
//!
//! Holds [`Timer`]: tokio's own is a millisecond coarse by intent, too coarse for a latency of 5 ms that a measurement is to be
//! checked against. One thread waits for the next deadline on a condition variable, which the kernel wakes within some 60 µs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Deadlines on their way to the thread; beyond it, tokio's timer waits instead.
const QUEUE: usize = 1 << 16;

/// A precise timer.
#[derive(Debug)]
pub struct Timer {
    sender: Option<SyncSender<(Instant, oneshot::Sender<()>)>>,
}

impl Timer {
    /// Starts the thread. Should there be none to be had, tokio's timer stands in.
    pub fn start() -> Timer {
        let (sender, receiver) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("mock-timer".into()).spawn(move || wait(&receiver));
        Timer { sender: thread.ok().map(|_| sender) }
    }

    /// Waits until the deadline.
    pub async fn until(&self, deadline: Instant) {
        if deadline <= Instant::now() {
            return;
        }
        let (done, waiting) = oneshot::channel();
        let taken = self.sender.as_ref().is_some_and(|sender| sender.try_send((deadline, done)).is_ok());
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

fn wait(receiver: &Receiver<(Instant, oneshot::Sender<()>)>) {
    let (mut heap, mut count) = (BinaryHeap::<Reverse<Entry>>::new(), 0u64);
    loop {
        let now = Instant::now();
        while heap.peek().is_some_and(|Reverse(entry)| entry.0 <= now) {
            if let Some(Reverse(Entry(_, _, done))) = heap.pop() {
                // Whoever waited may be gone.
                let _ = done.send(());
            }
        }
        let next = heap.peek().map_or(Duration::from_secs(3600), |Reverse(entry)| entry.0 - now);
        match receiver.recv_timeout(next) {
            Ok((deadline, done)) => {
                count += 1;
                heap.push(Reverse(Entry(deadline, count, done)));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn deadlines_pass_in_their_order() {
        let timer = Timer::start();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        futures::future::join_all([at(6), at(2), at(4)].map(|deadline| timer.until(deadline))).await;
        assert!(Instant::now() >= at(6));
    }
}
