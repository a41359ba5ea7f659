//! The real program, in a directory of its own, against a server on a loopback port.
//!
//! Holds [`Here`] and [`Ended`]. Nothing of the machine's own settings reaches the program. Every run is watched over by a
//! bound far beyond what it should take, and held to the invariants when it has ended.

use super::outputs::{Outputs, Row, keys, rows};
use super::tcp::Server;
use super::world::{Key, World};
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_REGION, DEFAULT_SECRET_KEY};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

/// A run that takes longer hangs.
const WATCHDOG: Duration = Duration::from_secs(45);

/// A directory with a roster.
pub struct Here {
    dir: tempfile::TempDir,
    roster: Vec<Row>,
    ever: BTreeSet<Key>,
}

/// How a run has ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stderr: String,
    /// The most memory it held, in bytes, as far as was seen.
    pub memory: u64,
}

impl Ended {
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

impl Here {
    /// A fresh directory with this roster.
    pub fn new(roster: &str) -> Here {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("roster.csv"), roster).unwrap();
        let roster = rows(roster);
        Here { dir, ever: keys(&roster), roster }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The program with nothing of the machine about it, and without credentials.
    pub fn bare(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.path()).env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", DEFAULT_REGION);
        command.current_dir(self.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// `headcount provision` of the roster, to be asked of this URL, fast.
    pub fn provision(&self, url: &str, more: &[&str]) -> Command {
        let mut command = self.bare(env!("CARGO_BIN_EXE_headcount"));
        command.env("AWS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", DEFAULT_SECRET_KEY);
        command.args(arguments(url, more));
        command
    }

    /// A shell with credentials; in its script, `"$0" "$@"` is the program with the arguments that follow.
    pub fn shell(&self, script: &str) -> Command {
        let mut command = self.bare("/bin/sh");
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("AWS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", DEFAULT_SECRET_KEY);
        command.args(["-c", script, env!("CARGO_BIN_EXE_headcount")]);
        command
    }

    /// Runs to the end and checks what it left.
    pub fn run(&self, server: &Server, world: &World, more: &[&str]) -> Ended {
        let ended = finish(self.provision(&server.url(), more).spawn().unwrap());
        self.check(world, &ended);
        ended
    }

    /// Holds the outputs to the invariants.
    pub fn check(&self, world: &World, ended: &Ended) -> Outputs {
        assert!(self.path().join("tokens.csv").exists(), "{ended:?}");
        let outputs = Outputs::read(self.path());
        outputs.check(&self.roster, &self.ever, &world.issued(), ended.code() == Some(0));
        outputs
    }

    /// The outputs as they stand in the directory itself.
    pub fn outputs(&self) -> Outputs {
        Outputs::read(self.path())
    }

    /// Every file that a run has left, but for the ledger and the tokens.
    pub fn artefacts(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        for dir in [self.path().to_owned(), self.path().join("tokens.csv.run")] {
            for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
                let name = entry.file_name().into_string().unwrap();
                if entry.path().is_file() && !name.starts_with("ledger.sqlite") && name != "tokens.csv" && name != "roster.csv" {
                    found.push((name, std::fs::read(entry.path()).unwrap()));
                }
            }
        }
        found
    }
}

/// The arguments of [`Here::provision`]; those of `more` stand for the usual ones.
pub fn arguments(url: &str, more: &[&str]) -> Vec<String> {
    let usual = [
        ("-o", "tokens.csv"),
        ("--rate", "1000/s"),
        ("--concurrency", "8"),
        ("--timeout", "1s"),
        ("--connect-timeout", "1s"),
        ("--max-duration", "30s"),
        ("--endpoint-url", url),
    ];
    let usual = usual.iter().filter(|(name, _)| !more.contains(name)).flat_map(|(name, value)| [*name, *value]);
    ["provision", "roster.csv"].into_iter().chain(usual).chain(more.iter().copied()).map(str::to_owned).collect()
}

/// Waits for the end, sees how much memory it takes, and kills what hangs.
pub fn finish(mut child: Child) -> Ended {
    let status = format!("/proc/{}/status", child.id());
    let began = tokio::time::Instant::now();
    let mut memory = 0;
    let stderr = std::mem::take(&mut child.stderr).unwrap();
    let reader = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap());
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        memory = memory.max(high_water(&status).unwrap_or(0));
        if began.elapsed() > WATCHDOG {
            let _ = child.kill();
            let Output { status, .. } = child.wait_with_output().unwrap();
            panic!("it hangs ({status}): {}", reader.join().unwrap());
        }
        pause();
    };
    Ended { status, stderr: reader.join().unwrap(), memory }
}

/// The kernel's note of the most memory a process has held.
fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let kib: u64 = text.lines().find(|line| line.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

/// A moment, between two looks at another process.
#[expect(clippy::disallowed_methods, reason = "another process cannot be awaited on tokio's clock; nothing is asserted of it")]
pub fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}

/// Waits until the world has been asked so often; false if the child ended before.
pub fn reached(world: &World, calls: u32, child: &mut Child) -> bool {
    while world.calls() < calls {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        pause();
    }
    true
}

/// Sends a signal.
pub fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
