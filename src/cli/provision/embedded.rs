//! The mock in the same process: `--mock`.
//!
//! Holds [`Embedded`]. Called by the verb before the first request. The mock runs on a thread and a runtime of its own and is
//! asked over real TCP, so that nothing of the client is spared; it is given the meetings that the roster names.

use super::super::failure::{Exit, Failure};
use crate::clock::Wall;
use crate::ledger::schema::Ledger;
use crate::mock::{Mock, Options, server};
use crate::seed::Seed;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A mock that lives as long as this value.
pub struct Embedded {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts one that knows the ledger's meetings. The same seed gives the same ids and tokens, whatever the order of calls.
pub fn start(ledger: &Ledger, seed: u64) -> Result<Embedded, Failure> {
    let failed = |e: std::io::Error| Failure::new(Exit::Internal, format!("the embedded mock cannot be started: {e}"));
    let meetings = ledger.meetings(i64::MAX).map_err(super::failures::ledger_failure)?;
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (stop, stopped) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let thread = std::thread::Builder::new().name("mock".to_owned()).spawn(move || {
        runtime.block_on(async {
            let mock = Arc::new(Mock::new(Options { seed: Seed(seed), ..Options::default() }));
            meetings.iter().for_each(|meeting| mock.adopt(&meeting.id));
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            server::serve(listener, mock, Wall::System, async { drop(stopped.await) }).await;
        });
    });
    Ok(Embedded { address, stop: Some(stop), thread: Some(thread.map_err(failed)?) })
}

impl Embedded {
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
