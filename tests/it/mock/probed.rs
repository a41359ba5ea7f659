//! `headcount probe` and `headcount mock --like-probe`: what is found out about a mock makes another one like it.
//!
//! Holds the course against mocks that take every side, over a wire in memory that may lose answers; and the program itself. Under
//! the paused clock but for the program.

use super::program::{Running, start};
use aws_credential_types::Credentials;
use bytes::Bytes;
use headcount::behaviour::Quota;
use headcount::chime::class::Class;
use headcount::client::attempt::Client;
use headcount::client::endpoint::Endpoint;
use headcount::client::transport::{Reply, Transport, WireFault};
use headcount::clock::Wall;
use headcount::drive::pump::Stop;
use headcount::mock::sides::{SIDES, Sides};
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_REGION, DEFAULT_SECRET_KEY, Mock, Options};
use headcount::probe::course::{CALLS, Halt, Probed, probe};
use headcount::probe::{Findings, QUESTIONS};
use http::Request;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

const NOW: Wall = Wall::System;

/// A wire to a mock that does something to the n-th request.
#[derive(Clone)]
struct Wire {
    mock: Arc<Mock>,
    asked: Arc<AtomicU32>,
    stop: watch::Sender<Stop>,
    /// At which request, from 1; and what.
    at: u32,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Nothing,
    /// Ctrl-C comes while it is under way.
    Interrupt,
    /// It is done, and its answer is lost.
    Lose,
    /// Nobody can be reached from here on.
    Down,
}

impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<Reply, WireFault> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let n = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let reset = |perhaps_sent| Err(WireFault { class: Class::Reset, perhaps_sent, what: "says the test".to_owned() });
        match self.what {
            What::Interrupt if n == self.at => drop(self.stop.send_replace(Stop::Drain)),
            What::Down if n >= self.at => return reset(false),
            _ => {}
        }
        let (parts, body) = request.into_parts();
        let (parts, body) = self.mock.answer(Instant::now(), NOW.now(), &parts, &body).response.into_parts();
        if self.what == What::Lose && n == self.at {
            return reset(true);
        }
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }
}

/// A mock with these options, and a probe of it.
async fn probed(options: Options, at: u32, what: What) -> (Arc<Mock>, Probed) {
    let mock = Arc::new(Mock::new(options));
    let (stop, mut stopped) = watch::channel(Stop::No);
    let wire = Wire { mock: mock.clone(), asked: Arc::default(), stop, at, what };
    let credentials = Credentials::new(DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY, None, None, "test");
    let endpoint = Endpoint::custom("http://127.0.0.1:1", DEFAULT_REGION).unwrap();
    let client = Client::new(wire.clone(), endpoint, credentials, NOW, Duration::from_secs(5)).unwrap();
    let probed = probe(&client, "headcount-probe-1", Duration::from_millis(150), &mut stopped).await;
    assert_eq!(probed.calls, wire.asked.load(Ordering::Relaxed), "{probed:?}");
    assert_eq!(probed.findings.len(), QUESTIONS.len());
    (mock, probed)
}

fn options(sides: &[(&str, &str)]) -> Options {
    let mut taken = Sides::default();
    sides.iter().for_each(|(name, value)| taken.set(name, value).unwrap());
    Options { sides: taken, ..Options::default() }
}

fn file(probed: &Probed) -> Findings {
    let text = |text: &str| text.to_owned();
    Findings {
        version: 1,
        kind: text("probe"),
        headcount: text("0"),
        time: text("2026-01-01T00:00:00Z"),
        endpoint: text("http://127.0.0.1:1"),
        region: text(DEFAULT_REGION),
        calls: probed.calls,
        findings: probed.findings.clone(),
    }
}

fn answers(probed: &Probed) -> BTreeMap<&str, Option<&str>> {
    probed.findings.iter().map(|(name, finding)| (name.as_str(), finding.answer.as_deref())).collect()
}

/// Every question with the words that answer it, which are those of the mock's side of that name.
#[test]
fn the_words_are_those_of_the_mock() {
    for (name, _, words) in QUESTIONS {
        let side = SIDES.iter().find(|(side, _)| *side == name).unwrap_or_else(|| panic!("{name} is no side"));
        assert_eq!(side.1, words, "{name}");
    }
}

/// Probe, file, mock, probe: with every side taken either way, the same findings; and nothing is left.
async fn comes_back(sides: &[(&str, &str)]) {
    let (mock, first) = probed(options(sides), 0, What::Nothing).await;
    assert!(first.halt.is_none() && first.left.is_empty() && first.calls <= CALLS, "{sides:?}: {first:?}");
    assert_eq!(mock.service().counts(), (0, 0), "{sides:?}: something is left");
    for (name, _, words) in QUESTIONS {
        let taken = sides.iter().rfind(|(side, _)| *side == name).map_or(words[0], |(_, value)| value);
        assert_eq!(answers(&first)[name], Some(taken), "{name} of {sides:?}: {:?}", first.findings[name]);
    }
    let written = serde_json::to_string(&file(&first)).unwrap();
    let read = Findings::read(&written).unwrap();
    let like: Vec<(&str, &str)> = read.sides().collect();
    let (_, again) = probed(options(&like), 0, What::Nothing).await;
    assert_eq!(file(&again), file(&first), "{sides:?}");
}

#[tokio::test(start_paused = true)]
async fn every_side_is_found_out_and_comes_back() {
    for (name, _, words) in QUESTIONS {
        for word in words {
            comes_back(&[(name, word)]).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Sides do not hide each other.
    #[test]
    fn any_mixture_of_sides_is_found_out(picks in prop::collection::vec(0usize..12, QUESTIONS.len())) {
        let sides: Vec<(&str, &str)> = QUESTIONS.iter().zip(picks).map(|((name, _, words), pick)| (*name, words[pick % words.len()])).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(comes_back(&sides));
    }
}

/// Whenever Ctrl-C comes, what was made is deleted.
#[tokio::test(start_paused = true)]
async fn nothing_is_left_whenever_it_is_interrupted() {
    for sides in [&[][..], &[("request-token", "new")], &[("batch-full", "whole")]] {
        let (_, whole) = probed(options(sides), 0, What::Nothing).await;
        // The last call of the meeting's own end has nothing behind it that could be stopped.
        for at in 1..whole.calls {
            let (mock, probed) = probed(options(sides), at, What::Interrupt).await;
            assert_eq!(mock.service().counts(), (0, 0), "{sides:?}, at {at}: {probed:?}");
            assert!(probed.halt == Some(Halt::Stopped) || probed.halt.is_none() && at + 1 >= whole.calls, "{at}: {probed:?}");
            assert!(probed.left.is_empty() && probed.calls <= CALLS);
        }
    }
}

/// A lost answer is asked for again; nothing is left, and no answer is a wrong one.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_wrong_finding() {
    let (_, whole) = probed(Options::default(), 0, What::Nothing).await;
    for at in 1..=whole.calls {
        let (mock, probed) = probed(Options::default(), at, What::Lose).await;
        assert_eq!(mock.service().counts(), (0, 0), "at {at}: {probed:?}");
        assert!(probed.left.is_empty() && probed.calls <= CALLS, "at {at}: {probed:?}");
        assert_eq!((answers(&probed), &probed.halt), (answers(&whole), &None), "at {at}");
    }
}

/// A meeting that cannot be deleted is named.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_deleted_is_named() {
    let (mock, probed) = probed(Options::default(), 4, What::Down).await;
    assert!(matches!(&probed.halt, Some(Halt::Failed(fault)) if fault.class == Class::Reset), "{probed:?}");
    assert_eq!((probed.left.len(), mock.service().counts().0), (1, 1));
}

/// A quota is waited for, within the calls there are.
#[tokio::test(start_paused = true)]
async fn a_throttle_is_waited_for_and_the_calls_are_bounded() {
    let quota: Quota = "all=1/1".parse().unwrap();
    let (mock, probed) = probed(Options { quota, ..Options::default() }, 0, What::Nothing).await;
    assert!(probed.calls <= CALLS + 2 && probed.left.is_empty(), "{probed:?}");
    assert_eq!(mock.service().counts(), (0, 0));
}

#[test]
fn files_of_other_kinds_are_refused() {
    for (text, says) in
        [("", "not what headcount probe writes"), ("{}", "not what"), (r#"{"version":2}"#, "version 2"), ("[1]", "not what")]
    {
        let why = Findings::read(text).unwrap_err().to_string();
        assert!(why.contains(says), "{text}: {why}");
    }
}

fn run(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("headcount"));
    command.env_clear().env("HOME", dir).env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", DEFAULT_REGION);
    command.env("AWS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", DEFAULT_SECRET_KEY).current_dir(dir);
    command.args(args).output().unwrap()
}

fn findings(path: &Path) -> Findings {
    Findings::read(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_program_writes_what_the_mock_obeys() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let probe_of = |mock: Running, file: &str| {
        let url = format!("http://127.0.0.1:{}", mock.port);
        let ended = run(dir, &["probe", "-o", file, "--endpoint-url", &url]);
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(0), "{said}");
        mock.stop(rustix::process::Signal::INT);
        said
    };
    let sides = ["--side", "ids=exact", "--side", "batch-full=whole", "--side", "gone-meeting=forbidden"];
    let said = probe_of(start(dir, &sides), "one.json");
    assert!(said.contains("ids            exact") && said.contains("one.json: 13 of 13"), "{said}");
    probe_of(start(dir, &["--like-probe", "one.json"]), "two.json");
    let (one, two) = (findings(&dir.join("one.json")), findings(&dir.join("two.json")));
    assert_eq!((one.findings.clone(), one.calls), (two.findings, two.calls));
    assert_eq!(one.findings["gone-meeting"].seen.as_deref(), Some("403 ForbiddenException"));
    // Again into the same file; and a flag outranks it.
    probe_of(start(dir, &["--like-probe", "one.json", "--side", "ids=fold"]), "two.json");
    assert_eq!(findings(&dir.join("two.json")).findings["ids"].answer.as_deref(), Some("fold"));
}

#[test]
fn the_program_refuses_what_it_must_not_touch() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    std::fs::write(dir.join("mine.json"), "{}").unwrap();
    let refused = |args: &[&str], says: &str| {
        let ended = run(dir, args);
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code() == Some(2) && said.contains(says), "{args:?}: {said}");
    };
    refused(&["probe", "-o", "mine.json", "--endpoint-url", "http://127.0.0.1:9"], "holds no findings");
    refused(&["probe", "-o", "no/where.json", "--endpoint-url", "http://127.0.0.1:9"], "cannot be written");
    // A real service, and nobody has allowed its account: nothing is asked.
    refused(&["probe", "--endpoint-url", "https://192.0.2.1"], "nobody has allowed that");
    assert!(!dir.join("probe.json").exists() && std::fs::read_to_string(dir.join("mine.json")).unwrap() == "{}");
    std::fs::write(dir.join("odd.json"), r#"{"version":1,"kind":"probe","headcount":"0","time":"","endpoint":"","region":"","calls":1,"findings":{"ids":{"answer":"upper","seen":"200"}}}"#).unwrap();
    let ended = run(dir, &["mock", "--listen", "127.0.0.1:0", "--like-probe", "odd.json"]);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(104) && said.contains("odd.json: 'ids=upper' is no side"), "{said}");
}
