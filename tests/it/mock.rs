//! The mock, from outside: in memory where time or chance matter, on a socket where the wire does.

mod audit;
mod behaviour;
mod caller;
mod capabilities;
mod concurrency;
mod conformance;
mod documents;
mod fuzz;
mod keys;
mod lives;
mod model;
mod probed;
pub mod program;
mod robust;
mod sdk;
pub mod served;
mod signatures;
mod state;
mod targets;
mod vectors;
