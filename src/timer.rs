//! An alarm that rings to within a tenth of a millisecond.
//!
//! Holds [`Alarm`]. Called by the one loop that waits (`drive`), where a late start would be the generator's own lateness, and by
//! the mock, whose latencies a measurement is checked against. Tokio's own timer is a millisecond coarse by intent: its driver
//! waits in whole milliseconds. The kernel's timer descriptor has no such grain, and is waited for like any socket, so that the
//! thread that is to act is woken by the kernel itself, without another thread's help.

use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// How exact an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Tokio's timer: coarse, and paused when a test pauses the clock.
    Coarse,
    /// The kernel's; real time alone.
    Fine,
}

/// One deadline at a time, moved as often as wanted.
pub struct Alarm {
    deadline: Instant,
    clock: Clock,
}

enum Clock {
    Coarse(Pin<Box<Sleep>>),
    #[cfg(target_os = "linux")]
    Fine(fine::Descriptor),
}

impl Alarm {
    /// An alarm that has rung. Where the kernel has no timer to give, the coarse one stands in. Must be called within a runtime.
    pub fn new(grain: Grain) -> Alarm {
        let deadline = Instant::now();
        #[cfg(target_os = "linux")]
        if let (Grain::Fine, Ok(descriptor)) = (grain, fine::Descriptor::new()) {
            return Alarm { deadline, clock: Clock::Fine(descriptor) };
        }
        let _ = grain;
        Alarm { deadline, clock: Clock::Coarse(Box::pin(sleep_until(deadline))) }
    }

    /// Sets it to ring at this instant, and at no other.
    pub fn set(&mut self, deadline: Instant) {
        if deadline == self.deadline {
            return;
        }
        self.deadline = deadline;
        match &mut self.clock {
            Clock::Coarse(sleep) => sleep.as_mut().reset(deadline),
            #[cfg(target_os = "linux")]
            Clock::Fine(descriptor) => descriptor.set(deadline.saturating_duration_since(Instant::now())),
        }
    }

    /// Waits until it rings; at once if it has. Nothing is lost if this future is dropped.
    pub async fn rings(&mut self) {
        match &mut self.clock {
            Clock::Coarse(sleep) => sleep.as_mut().await,
            #[cfg(target_os = "linux")]
            Clock::Fine(descriptor) => loop {
                let left = self.deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return;
                }
                if descriptor.expires().await.is_err() {
                    // A descriptor that cannot be waited for is no reason to spin.
                    return tokio::time::sleep(left.max(Duration::from_millis(1))).await;
                }
                let left = self.deadline.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    descriptor.set(left);
                }
            },
        }
    }
}

#[cfg(target_os = "linux")]
mod fine {
    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
    use std::io;
    use std::os::fd::AsFd;
    use std::time::Duration;
    use tokio::net::unix::pipe::Receiver;

    /// The kernel's timer. Tokio waits for it as for a pipe: both are descriptors that become readable.
    pub struct Descriptor(Receiver);

    impl Descriptor {
        pub fn new() -> io::Result<Descriptor> {
            let descriptor = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            Receiver::from_owned_fd_unchecked(descriptor).map(Descriptor)
        }

        pub fn set(&self, after: Duration) {
            let none = Timespec { tv_sec: 0, tv_nsec: 0 };
            // Zero would disarm it.
            let after = after.max(Duration::from_nanos(1));
            let seconds = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
            let value = Timespec { tv_sec: seconds, tv_nsec: after.subsec_nanos().into() };
            let spec = Itimerspec { it_interval: none, it_value: value };
            // It can fail for a bad descriptor or a bad time alone, and has neither.
            let _ = timerfd_settime(self.0.as_fd(), TimerfdTimerFlags::empty(), &spec);
        }

        /// Waits until it has expired since it was last set.
        pub async fn expires(&self) -> io::Result<()> {
            loop {
                self.0.readable().await?;
                match self.0.try_read(&mut [0; 8]) {
                    Ok(_) => return Ok(()),
                    // An expiry before it was set anew.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_rings_when_it_is_set_to_and_not_before() {
        for grain in [Grain::Coarse, Grain::Fine] {
            let mut alarm = Alarm::new(grain);
            alarm.rings().await;
            let start = Instant::now();
            alarm.set(start + Duration::from_secs(3600));
            alarm.set(start + Duration::from_millis(3));
            alarm.rings().await;
            assert!(Instant::now() >= start + Duration::from_millis(3));
            // Set back to what has passed, it has rung.
            alarm.set(start);
            alarm.rings().await;
            alarm.set(start + Duration::from_millis(5));
            // A wait that is given up loses nothing.
            drop(tokio::time::timeout(Duration::ZERO, alarm.rings()).await);
            alarm.rings().await;
            assert!(Instant::now() >= start + Duration::from_millis(5));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_coarse_one_follows_a_paused_clock() {
        let start = Instant::now();
        let mut alarm = Alarm::new(Grain::Coarse);
        alarm.set(start + Duration::from_secs(3600));
        alarm.rings().await;
        assert_eq!(start.elapsed(), Duration::from_secs(3600));
    }
}
