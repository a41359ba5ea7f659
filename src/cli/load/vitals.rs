//! What the generator knows of itself: CPU, memory, descriptors.
//!
//! Holds plain questions to the kernel. Called by the verb, and (for CPU) by each lane once a second. Where the kernel does not tell,
//! the answer is `None`, never a guess.

use std::time::Duration;

/// What the calling thread has worked since it began.
pub fn thread_cpu() -> Option<Duration> {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(Duration::new(spent.tv_sec.try_into().ok()?, spent.tv_nsec.try_into().ok()?))
}

/// The most memory that this process has held, in bytes.
pub fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib: u64 = text.lines().find(|line| line.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

/// Makes room for so many connections; says how many descriptors there may be, if they are too few.
pub fn make_room(connections: u64) -> Result<(), u64> {
    // Logs, sockets of the runtime, standard streams.
    let wanted = connections + 64;
    let limit = rlimit::increase_nofile_limit(wanted).unwrap_or(u64::MAX);
    if limit >= wanted { Ok(()) } else { Err(limit) }
}
