//! `headcount mock` as a program: it starts, says where it is, serves, stops when asked, and leaves with the right code.

use assert_cmd::cargo::cargo_bin;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub struct Running {
    pub child: Child,
    pub port: u16,
}

pub fn start(folder: &Path, flags: &[&str]) -> Running {
    let port_file = folder.join("port");
    let _ = std::fs::remove_file(&port_file);
    let mut command = Command::new(cargo_bin("headcount"));
    command.env_clear().env("SECRET", "a-secret").current_dir(folder);
    command.args(["mock", "--listen", "127.0.0.1:0", "--port-file", "port"]).args(flags);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    loop {
        if let Ok(text) = std::fs::read_to_string(&port_file) {
            return Running { child, port: text.trim().parse().unwrap() };
        }
        if let Some(status) = child.try_wait().unwrap() {
            panic!("it ended with {status}");
        }
        std::thread::yield_now();
    }
}

impl Running {
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut out = String::new();
        stream.read_to_string(&mut out).unwrap();
        out
    }

    /// Asks it to stop, and says its code and what it said on stdout and stderr.
    pub fn stop(self, signal: rustix::process::Signal) -> (i32, String, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        let output = self.child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n")
}

#[test]
fn it_serves_and_stops_cleanly_on_either_signal() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let folder = tempfile::tempdir().unwrap();
        let mock = start(folder.path(), &["--auth", "off", "--log", "log", "--state", "state", "--latency", "1ms"]);
        assert!(mock.ask(&super::served::create_meeting("m")).starts_with("HTTP/1.1 200"));
        let port = mock.port;
        let (code, out, said) = mock.stop(signal);
        assert_eq!((code, out.as_str()), (0, ""));
        assert_eq!(said, format!("mock: http://127.0.0.1:{port} (Ctrl-C ends it)\n"));
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        let line: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
        assert_eq!((log.lines().count(), &line["operation"], &line["latency_us"]), (1, &"CreateMeeting".into(), &1000.into()));
        assert!(!log.contains("JoinToken"));
        let again = start(folder.path(), &["--auth", "off", "--state", "state"]);
        assert!(again.ask(&get("/_mock/state")).contains("\"meetings\":1"));
        assert_eq!(again.stop(signal).0, 0);
        for private in ["log", "state"] {
            let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(folder.path().join(private)).unwrap());
            assert_eq!(mode & 0o777, 0o600, "{private} names users");
        }
    }
}

#[test]
fn a_state_that_cannot_be_written_is_told_while_the_mock_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mock = start(folder.path(), &["--auth", "off", "--state", "state"]);
    // As a full disk would, but in any place: what is to be written to has gone.
    rusqlite::Connection::open(folder.path().join("state")).unwrap().execute_batch("DROP TABLE meeting").unwrap();
    mock.ask(&super::served::create_meeting("m"));
    while mock.ask(&get("/_mock/health")).starts_with("HTTP/1.1 200") {
        std::thread::yield_now();
    }
    mock.ask(&super::served::create_meeting("n"));
    let (code, _, said) = mock.stop(rustix::process::Signal::TERM);
    let told = "mock: the state is not whole any more: ";
    assert_eq!((code, said.matches(told).count()), (75, 1), "{said}");
}

#[test]
fn a_mock_whose_address_is_taken_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = assert_cmd::Command::cargo_bin("headcount").unwrap();
    command.env_clear().current_dir(folder.path()).args(["mock", "--log", "log", "--state", "state", "--port-file", "port"]);
    let output = command.args(["--listen", &taken.local_addr().unwrap().to_string()]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn lifetimes_follow_a_published_quota_also_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for (text, meetings) in
        [("# as published, but for replicas\npublished\nreplicas=40 # asked for, granted\n", 0), ("replicas=40", 1)]
    {
        std::fs::write(folder.path().join("quota"), text).unwrap();
        // So much faster than in life that a meeting is over before anybody can ask for it.
        let mock = start(folder.path(), &["--auth", "off", "--quota", "quota", "--time-scale", "1000000000000x"]);
        assert!(mock.ask(&super::served::create_meeting("m")).starts_with("HTTP/1.1 200"));
        let state = mock.ask(&get("/_mock/state"));
        assert!(state.contains(&format!("\"meetings\":{meetings}")), "{text}: {state}");
        mock.stop(rustix::process::Signal::TERM);
    }
}

#[test]
fn a_running_mock_can_be_asked_for_its_health() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |port: u16| {
        let mut command = assert_cmd::Command::cargo_bin("headcount").unwrap();
        command.env_clear().args(["mock", "--health", &format!("127.0.0.1:{port}")]);
        command.output().unwrap().status.code()
    };
    let mock = start(folder.path(), &[]);
    let port = mock.port;
    assert_eq!(ask(port), Some(0));
    mock.stop(rustix::process::Signal::TERM);
    assert_eq!(ask(port), Some(1));
}

#[test]
fn keys_of_ones_own_replace_the_documented_pair() {
    let folder = tempfile::tempdir().unwrap();
    let mock = start(folder.path(), &["--access-key", "AKIDMINE", "--secret-key-env", "SECRET"]);
    assert!(mock.ask(&get("/meetings/x")).contains("MissingAuthenticationTokenException"));
    assert_eq!(mock.stop(rustix::process::Signal::TERM).0, 0);
}

#[test]
fn mistakes_are_told_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("there", "");
    file("bad.yaml", "version: 1\nmischief:\n  - name: x\n    does: close\n");
    file("old.yaml", "version: 9\nkeys: []\n");
    file("none.yaml", "version: 1\nkeys: []\n");
    file("twice.yaml", "version: 1\nkeys:\n  - { access_key: AKID, secret_key: a }\n  - { access_key: AKID, secret_key: b }\n");
    file("empty.yaml", "version: 1\nkeys:\n  - { access_key: AKID, secret_key: \"\" }\n");
    let (usage, input) = (2, 104);
    let mistakes: [(&[&str], i32, &str); 24] = [
        (&["--listen", "0.0.0.0:0", "--auth", "off"], usage, "can be reached by other machines"),
        (&["--listen", "nowhere"], usage, "invalid"),
        (&["--quota", "publisht=1"], usage, "not a quota"),
        (&["--quota", "create_attendees=1/1"], usage, "no operation"),
        (&["--quota", "no-such-file"], input, "no-such-file"),
        (&["--latency", "fast"], usage, "not a latency"),
        (&["--latency", "recorded:no-such-file"], usage, "no-such-file"),
        (&["--time-scale", "-1x"], usage, ""),
        (&["--side", "ids=upper"], usage, "no side"),
        (&["--adopt", "zz"], usage, "meeting id"),
        (&["--access-key", "AKID"], usage, "secret-key-env"),
        (&["--access-key", "AKID", "--secret-key-env", "UNSET"], usage, "UNSET is not set"),
        (&["--access-key", "AKID", "--secret-key-env", "EMPTY"], usage, "the secret is empty"),
        (&["--access-key", "AK/ID", "--secret-key-env", "SECRET"], usage, "neither blanks"),
        (&["--credentials", "old.yaml"], input, "version"),
        (&["--credentials", "none.yaml"], input, "no keys"),
        (&["--credentials", "twice.yaml"], input, "AKID is given twice"),
        (&["--credentials", "empty.yaml"], input, "the secret is empty"),
        (&["--max-connections", "18446744073709551615"], usage, "max-connections"),
        (&["--max-connections", "0"], usage, "max-connections"),
        (&["--threads", "1000000"], usage, "threads"),
        (&["--mischief", "bad.yaml"], input, "bad.yaml:4:"),
        (&["--log", "there"], usage, "there"),
        (&["--state", "nowhere/at/all"], input, "nowhere"),
    ];
    for (flags, code, said) in mistakes {
        let mut command = assert_cmd::Command::cargo_bin("headcount").unwrap();
        command.env_clear().env("SECRET", "a-secret").env("EMPTY", "");
        command.current_dir(folder.path()).arg("mock").args(flags);
        if !flags.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        // Should one of them be no mistake after all, the mock must not run for ever.
        let output = command.timeout(std::time::Duration::from_secs(20)).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{flags:?}: {text}");
        assert!(text.contains(said), "{flags:?}: {text}");
    }
}
