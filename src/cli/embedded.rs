//! The mock in the same process: `provision --mock`, and a scenario's `mock:`.
//!
//! Holds [`Embedded`]. Called by the verbs before the first request. The mock runs on a thread and a runtime of its own and is
//! asked over real TCP, so that nothing of the client is spared; it is given the meetings that the roster names.

use super::failure::{Exit, Failure};
use crate::chime::id::MeetingId;
use crate::clock::Wall;
use crate::mock::options::{Capacity, Hints, Lifetime};
use crate::mock::{Mock, Options, server};
use crate::scenario;
use crate::seed::Seed;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A mock that lives as long as this value.
pub struct Embedded {
    address: SocketAddr,
    mock: Arc<Mock>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts one that knows these meetings. The same seed gives the same ids and tokens, whatever the order of calls.
///
/// # Errors
/// No socket or thread is to be had; or its options cannot be.
pub fn start(options: Options, meetings: Vec<MeetingId>) -> Result<Embedded, Failure> {
    let failed = |e: std::io::Error| Failure::new(Exit::Internal, format!("the embedded mock cannot be started: {e}"));
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (stop, stopped) = oneshot::channel();
    let mock = Arc::new(Mock::open(options, None, std::time::Duration::ZERO).map_err(|e| Failure::new(Exit::BadInput, e))?);
    meetings.iter().for_each(|meeting| mock.adopt(meeting));
    let served = Arc::clone(&mock);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let thread = std::thread::Builder::new().name("mock".to_owned()).spawn(move || {
        runtime.block_on(async {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            server::serve(listener, served, Wall::System, async { drop(stopped.await) }).await;
        });
    });
    Ok(Embedded { address, mock, stop: Some(stop), thread: Some(thread.map_err(failed)?) })
}

/// What a scenario's mock means to the mock itself.
pub fn options(mock: &scenario::mock::Mock, seed: Seed) -> Options {
    let mut options = Options {
        seed,
        hints: if mock.hints == scenario::mock::Hints::On { Hints::On } else { Hints::Off },
        lifetime: mock.lifetime.map_or(Lifetime::Off, |scale| Lifetime::On { scale }),
        quota: mock.quota.clone(),
        latency: mock.latency.clone(),
        times: mock.times.clone(),
        capacity: mock.workers.clone().map(|(workers, service)| Capacity { workers, service }),
        mischief: mock.mischief.clone(),
        ..Options::default()
    };
    let ids = if mock.ids == scenario::mock::Ids::Fold { "fold" } else { "exact" };
    // Both are sides that the mock knows.
    let _ = options.sides.set("ids", ids);
    options
}

impl Embedded {
    /// The mock itself.
    pub fn mock(&self) -> Arc<Mock> {
        Arc::clone(&self.mock)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // Told, but not waited for: a second Ctrl-C must not hang on connections that are still open.
        drop(self.stop.take());
        drop(self.thread.take());
    }
}
