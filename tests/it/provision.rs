//! Provisioning under every fault of the fault table: whole runs, in memory or over sockets, each checked afterwards.
//!
//! Holds the harness and a module a kind of fault. `world` is the service with a script of mischief; it is reached through
//! `memory` (paused clock, in this process: `job`) or through `tcp` (real sockets, real binary: `binary`). After every run
//! `outputs` holds the invariants I1 to I7, so a case is three lines: a roster, a script, and the figure it must keep to.

mod act;
pub mod binary;
mod job;
mod memory;
mod outputs;
mod tcp;
mod world;

mod batches;
mod beginnings;
mod disks;
mod endings;
mod kills;
mod knobs;
mod ledgers;
mod lies;
mod links;
mod lost;
mod made;
mod paced;
mod planned;
mod processes;
mod reconciled;
mod reconciled_program;
mod refusals;
mod reviewed;
mod reviewed_again;
mod reviewed_files;
mod reviewed_program;
mod rooms;
mod settings;
mod throttles;
mod wires;
