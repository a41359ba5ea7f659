//! Merging of load runs: what is added, what is told of holes, what is refused, and the program.

mod holes;
mod made;
mod program;
mod sums;
