//! Ctrl-C and SIGTERM as values.
//!
//! Holds [`listen`]. Called by verbs that run long. The first signal asks to drain, the second to leave at once; which one came
//! last decides the exit code of leaving.

use super::failure::Exit;
use crate::drive::pump::Stop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The listening end.
#[derive(Debug)]
pub struct Signals {
    /// Rises with each signal.
    pub stop: watch::Receiver<Stop>,
    terminated: Arc<AtomicBool>,
}

/// Begins to listen; must be called within a runtime. From here on a signal ends nothing by itself.
pub fn listen() -> std::io::Result<Signals> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // A terminal that is closed, or a connection that drops, is a wish to stop in order.
    let mut hangup = signal(SignalKind::hangup())?;
    let (tell, stop) = watch::channel(Stop::No);
    let terminated = Arc::new(AtomicBool::new(false));
    let flag = terminated.clone();
    tokio::spawn(async move {
        for level in [Stop::Drain, Stop::Now] {
            tokio::select! {
                _ = interrupt.recv() => flag.store(false, Ordering::Relaxed),
                _ = terminate.recv() => flag.store(true, Ordering::Relaxed),
                _ = hangup.recv() => flag.store(true, Ordering::Relaxed),
            }
            tell.send_replace(level);
        }
        // The sender is kept, so that the receiver never takes silence for an end.
        tell.closed().await;
    });
    Ok(Signals { stop, terminated })
}

/// From here on a file that may not grow any further is an error of the write that tried, as a full disk is, and no longer the
/// end of the process. Must be called within a runtime.
pub fn survive_file_limits() {
    // Where the signal does not exist there is nothing to survive.
    drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())));
}

impl Signals {
    /// Does something to its end, unless a second signal comes first.
    pub async fn unless_left<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            _ = self.stop.wait_for(|level| *level == Stop::Now) => None,
        }
    }

    /// How to leave after a second signal.
    pub fn left(&self) -> Exit {
        if self.terminated.load(Ordering::Relaxed) { Exit::Terminated } else { Exit::Killed }
    }
}
