//! The program as a person runs it: in a directory of its own, with no more of the environment than it is given.
//!
//! Holds [`headcount`] and [`told`]. Called by the tests of the verbs.

use assert_cmd::Command;
use std::path::Path;

/// The program, to be given arguments.
pub fn headcount(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("headcount").unwrap();
    command.env_clear().env("HOME", dir).env("AWS_EC2_METADATA_DISABLED", "true").current_dir(dir);
    command
}

/// Its exit code, its standard output and its standard error.
pub fn told(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
