//! Asks once: one signed request, one judged end.
//!
//! Holds the transport, signing, credentials, the endpoint, and the pure rules for asking again. Called by the verbs through
//! `drive`. It never waits between attempts, never sees a roster or a ledger, and never imports the mock.

pub mod attempt;
pub mod credentials;
pub mod endpoint;
pub mod judge;
pub mod operations;
pub mod pace;
pub mod raw;
pub mod replies;
pub mod retry;
pub mod sign;
pub mod transport;
pub mod wire;
pub mod wire_io;
