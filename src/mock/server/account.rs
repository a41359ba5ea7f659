//! What is told of one request, once and whatever becomes of it.
//!
//! Holds [`Account`]. Opened by the connection when the work is done, settled when the answer is handed over. A caller may leave
//! before that (a stream is dropped, a connection reset, the server stopped), and then the task that answers is dropped where it
//! waits: what was done is told all the same, as lost. It never sees an answer's body.

use super::audit::Entry;
use super::connection::Shared;
use crate::mock::answer::Told;
use crate::mock::spoil::Wire;
use std::time::Duration;
use tokio::time::Instant;

/// An account that is still open.
pub struct Account<'a> {
    shared: &'a Shared,
    arrived: Instant,
    latency: Duration,
    told: Told,
    body: &'a [u8],
    /// What the wire was given to do; nothing yet.
    wire: Option<Wire>,
}

impl<'a> Account<'a> {
    /// Opens the account of a request that arrived then, with the latency it was given and the body it came with.
    pub fn open(shared: &'a Shared, arrived: Instant, latency: Duration, told: Told, body: &'a [u8]) -> Account<'a> {
        Account { shared, arrived, latency, told, body, wire: None }
    }

    /// The answer goes to the connection now, which does this with it.
    pub fn settle(mut self, wire: Wire) {
        self.wire = Some(wire);
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        let replied = Instant::now();
        self.shared.metrics.tell(&self.told, replied - self.arrived, self.wire);
        if let Some(audit) = &self.shared.audit {
            let since = |at: Instant| at.saturating_duration_since(self.shared.mock.started());
            audit.tell(&Entry {
                told: &self.told,
                arrived: since(self.arrived),
                replied: since(replied),
                latency: self.latency,
                wire: self.wire,
                body: self.body,
            });
        }
    }
}
