//! What has been settled, for ever: one SQLite file beside the output.
//!
//! Holds the roster as last read, the seats it names, and how each seat's asking ended. Called by `provision` and by everything
//! that reads a run afterwards. It never asks the service and never reads a clock. A seat is known by its content (meeting and
//! exact ExternalUserId), so an edited or re-ordered roster finds its seats again; an outcome is written by the seat's number,
//! in one transaction a batch, and told to nobody before it is committed.

pub mod audit;
pub mod export;
pub mod load;
mod record;
pub mod rooms;
pub mod schema;
pub mod seating;
pub mod store;
