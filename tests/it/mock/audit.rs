//! The log against what was done: nothing done is missing from it, and nothing in it is said to be what it was not.

use super::caller::meeting_body;
use super::served::{Served, create_meeting, post};
use headcount::behaviour::Rule;
use headcount::mock::server::audit::Audit;
use headcount::mock::server::{Bounds, Server};
use headcount::mock::trouble::Trouble;
use headcount::mock::{Auth, Options};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// A mock whose log is written to a file of this folder.
pub async fn logged(folder: &Path, options: Options, adjust: impl FnOnce(&mut Server)) -> (Served, PathBuf) {
    let path = folder.join("log");
    let audit = Arc::new(Audit::create(&path, Arc::default()).unwrap());
    let options = Options { auth: Auth::Off, ..options };
    let served = Served::start(options, |server| {
        server.audit = Some(audit);
        adjust(server);
    });
    (served.await, path)
}

/// The log once it has so many lines.
pub async fn lines(path: &Path, n: usize) -> Vec<Value> {
    loop {
        let text = std::fs::read_to_string(path).unwrap();
        if text.ends_with('\n') && text.lines().count() >= n {
            return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        }
        tokio::task::yield_now().await;
    }
}

fn slow() -> Options {
    Options { latency: "1h".parse().unwrap(), ..Options::default() }
}

/// Waits until the work of a first CreateMeeting is done.
async fn done(served: &Served) {
    while served.mock.service().counts().0 == 0 {
        tokio::task::yield_now().await;
    }
}

fn assert_lost(lines: &[Value]) {
    let [line] = lines else { panic!("{lines:?}") };
    assert_eq!((&line["operation"], &line["outcome"]), (&"CreateMeeting".into(), &"ok".into()));
    assert_eq!((&line["wire"], &line["status"]), (&"lost".into(), &Value::Null));
}

#[tokio::test]
async fn work_is_told_when_a_stream_is_dropped_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (served, log) = logged(folder.path(), slow(), |_| {}).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let body = meeting_body("m", Value::Null).to_string();
    let asked = tokio::spawn(client.post(format!("http://{}/meetings", served.address)).body(body).send());
    done(&served).await;
    asked.abort();
    assert_lost(&lines(&log, 1).await);
    let counts = client.get(format!("http://{}/_mock/counts", served.address)).send().await.unwrap().text().await.unwrap();
    assert_eq!(counts, "{\"CreateMeeting\":{\"ok\":1}}");
    let metrics = client.get(format!("http://{}/_mock/metrics", served.address)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("headcount_mock_lost_replies_total 1\n"), "{metrics}");
    drop(client);
    served.stop().await;
}

#[test]
fn work_is_told_when_the_server_stops_before_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (served, log) = runtime.block_on(async {
        let bounds = Bounds { stop_within: Duration::ZERO, ..Bounds::default() };
        let (served, log) = logged(folder.path(), slow(), |server| server.bounds = bounds).await;
        let mut stream = served.connect().await;
        stream.write_all(create_meeting("m").as_bytes()).await.unwrap();
        done(&served).await;
        served.stop().await;
        (stream, log)
    });
    // As the program does: what still runs is dropped with the runtime.
    drop(runtime);
    drop(served);
    let reading = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_lost(&reading.block_on(lines(&log, 1)));
}

fn rule(text: &str) -> Rule {
    headcount::yaml::parse("rule", &format!("name: r\n{text}")).unwrap()
}

/// What the log says of a CreateMeeting, a DeleteMeeting and a GetMeeting of what is gone, under this mischief; and how often
/// the rule says that it has struck.
async fn under(mischief: &str) -> (Vec<Value>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { mischief: vec![rule(mischief)], ..Options::default() };
    let (served, log) = logged(folder.path(), options, |_| {}).await;
    served.exchange(create_meeting("m")).await;
    let id = lines(&log, 1).await[0]["meeting"].as_str().map_or("zz".to_owned(), str::to_owned);
    for method in ["DELETE", "GET"] {
        served.exchange(format!("{method} /meetings/{id} HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n")).await;
    }
    let (lines, struck) = (lines(&log, 3).await, served.mock.mischief().list()[0].2);
    served.stop().await;
    (lines, struck)
}

fn column(lines: &[Value], name: &str) -> Value {
    lines.iter().map(|line| line[name].clone()).collect()
}

#[tokio::test]
async fn mischief_that_finds_nothing_to_spoil_has_not_struck() {
    // A 204 has no body to cut, an error is one already.
    let (told, struck) = under("do: { truncate: 0.5 }").await;
    assert_eq!(column(&told, "wire"), serde_json::json!(["cut", "send", "send"]));
    assert_eq!((column(&told, "mischief"), struck), (serde_json::json!(["r", null, null]), 1));
    let (told, struck) = under("do: { error: { type: ServiceFailureException, at: after_work } }").await;
    assert_eq!(column(&told, "status"), serde_json::json!([500, 500, 404]));
    assert_eq!((column(&told, "mischief"), struck), (serde_json::json!(["r", "r", null]), 2));
    let (told, struck) = under("do: without_token").await;
    assert_eq!((column(&told, "mischief"), struck), (serde_json::json!([null, null, null]), 0));
    let (told, struck) = under("operations: [CreateMeeting, GetMeeting]\ndo: end_meeting").await;
    assert_eq!((column(&told, "mischief"), struck), (serde_json::json!([null, null, null]), 0));
}

#[tokio::test]
async fn what_was_never_done_and_never_shown_is_told_as_such() {
    let (told, _) = under("operations: [CreateMeeting]\ndo: { reset: before_work }").await;
    assert_eq!((&told[0]["outcome"], &told[0]["status"], &told[0]["wire"]), (&"none".into(), &Value::Null, &"reset".into()));
    let (told, _) = under("operations: [CreateMeeting]\ndo: { reset: after_work }").await;
    assert_eq!((&told[0]["outcome"], &told[0]["status"], &told[0]["wire"]), (&"ok".into(), &Value::Null, &"reset".into()));
    let (told, _) = under("operations: [CreateMeeting]\ndo: { html: 502 }").await;
    assert_eq!((&told[0]["outcome"], &told[0]["status"], &told[0]["wire"]), (&"none".into(), &502.into(), &"send".into()));
}

#[tokio::test]
async fn lines_name_the_meeting_and_the_attendee_and_tell_of_refusals() {
    let folder = tempfile::tempdir().unwrap();
    let (served, log) = logged(folder.path(), Options::default(), |_| {}).await;
    let answer = served.exchange(create_meeting("m")).await;
    let told = lines(&log, 1).await;
    let meeting = told[0]["meeting"].as_str().unwrap();
    assert!(answer.contains(meeting), "{answer}");
    let attendee = "0123abcd-4567-89ab-cdef-0123456789ab";
    let gone = format!("DELETE /meetings/{meeting}/attendees/{attendee} HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n");
    served.exchange(gone).await;
    assert_eq!(lines(&log, 2).await[1]["attendee"], attendee);
    let answer = served.exchange(post("/meetings", "Content-Length: 99999999\r\n", "")).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    served.exchange(post("/meetings", "Content-Length: 2\r\nContent-Length: 2\r\n", "{}")).await;
    let told = lines(&log, 4).await;
    assert_eq!(column(&told[2..], "status"), serde_json::json!([413, 400]));
    assert_eq!(column(&told[2..], "outcome"), serde_json::json!(["none", "none"]));
    assert_eq!(told[2]["operation"], "CreateMeeting");
    assert!(answer.contains(told[2]["request_id"].as_str().unwrap()), "{answer}");
    served.stop().await;
}

/// A disk that is full.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_told_at_once_and_once() {
    let (tell, told) = std::sync::mpsc::sync_channel(8);
    let trouble = Arc::new(Trouble::told_to(move |news| tell.send(news.to_owned()).unwrap()));
    let audit = Arc::new(Audit::to(Full, Arc::clone(&trouble)).unwrap());
    let served = Served::start(Options { auth: Auth::Off, ..Options::default() }, |server| {
        (server.audit, server.trouble) = (Some(audit), trouble);
    })
    .await;
    let get = |path: &str| format!("GET /_mock/{path} HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n");
    assert!(served.exchange(get("health")).await.starts_with("HTTP/1.1 200"));
    assert!(served.exchange(create_meeting("m")).await.starts_with("HTTP/1.1 200"));
    assert!(told.recv().unwrap().starts_with("the log is not whole any more: "));
    assert!(served.exchange(create_meeting("n")).await.starts_with("HTTP/1.1 200"), "the mock goes on");
    let health = served.exchange(get("health")).await;
    assert!(health.starts_with("HTTP/1.1 503") && health.contains("\"broken\":{\"log\":"), "{health}");
    let metrics = served.exchange(get("metrics")).await;
    assert!(metrics.contains("headcount_mock_broken_files{file=\"log\"} 1\n"), "{metrics}");
    assert!(told.try_recv().is_err(), "once, not per line");
    served.stop().await;
}
