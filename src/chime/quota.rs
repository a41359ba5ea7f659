//! Published limits of the service.
//!
//! Holds numbers from the model and from the Service Quotas console (defaults, per account and region). Called by the roster
//! check, the planner and the mock. It never sees what an account was granted beyond the defaults.

/// Seats of one meeting, taken at creation and given back by DeleteAttendee alone. Not adjustable (L-B1CE561B).
pub const ATTENDEES_PER_MEETING: u32 = 250;
/// Seats of a high-definition meeting.
pub const ATTENDEES_PER_HD_MEETING: u32 = 25;
/// Concurrent meetings of an account in a region (L-9F286451).
pub const CONCURRENT_MEETINGS: u32 = 250;
/// Replica meetings of one primary (L-154D84D0).
pub const REPLICAS_PER_PRIMARY: u32 = 4;
/// Requests a second of each operation, and of all together (L-F147F728).
pub const RATE_PER_SECOND: f64 = 10.0;
/// The burst that goes with [`RATE_PER_SECOND`] (L-63907FE3).
pub const BURST: f64 = 20.0;
/// Items of one BatchCreateAttendee (model).
pub const BATCH_MAX: usize = 100;
/// Seconds after which a meeting that nobody has connected to ends (Developer Guide).
pub const IDLE_MEETING_SECONDS: u64 = 300;
/// Characters of an ExternalUserId (model).
pub const EXTERNAL_USER_ID_CHARS: std::ops::RangeInclusive<usize> = 2..=64;
/// Characters of a JoinToken (model).
pub const JOIN_TOKEN_CHARS: std::ops::RangeInclusive<usize> = 2..=2048;
