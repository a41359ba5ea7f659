//! Two runs compared: what chance does is called the same, what was injected is found.

mod chance;
mod program;
mod whole;
