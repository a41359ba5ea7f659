//! Callers who are broken, slow, rude or many. Nothing here asserts a time: a bound is seen to exist because the test ends.

use super::caller::meeting_body;
use super::served::{Served, create_meeting, post};
use headcount::behaviour::Rule;
use headcount::mock::server::{Bounds, tls};
use headcount::mock::{Auth, Options};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn hasty() -> Bounds {
    Bounds { read_within: Duration::from_millis(150), idle: Duration::from_millis(400), ..Bounds::default() }
}

#[tokio::test]
async fn what_says_in_two_ways_where_it_ends_is_refused() {
    let served = Served::open(Bounds::default()).await;
    let refused = [
        post("/meetings", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("/meetings", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        post("/meetings", "Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
        post("/meetings", "Content-Length: 2\r\nContent-Length: 3\r\n", "{} "),
        post("/meetings", "Content-Length: 2, 2\r\n", "{}"),
        post("/meetings", "Content-Length: -2\r\n", "{}"),
        post("/meetings", "Transfer-Encoding: gzip\r\n", "{}"),
        "GARBAGE\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
    ];
    for request in refused {
        let answer = served.exchange(&request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{request:?} got {answer:?}");
    }
    let chunked =
        post("/meetings", "Transfer-Encoding: chunked\r\n", "2;x=y\r\n{}\r\n0\r\n\r\n").replace("Connection: close\r\n", "");
    let answer = served.exchange(chunked).await;
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("BadRequestException") && answer.contains("connection: close"),
        "{answer}"
    );
    served.stop().await;
}

#[tokio::test]
async fn heads_and_bodies_have_bounds() {
    let served = Served::open(Bounds::default()).await;
    let mebibyte = 1 << 20;
    let huge = post("/meetings", &format!("Content-Length: {}\r\nExpect: 100-continue\r\n", mebibyte + 1), "");
    let answer = served.exchange(huge).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "no 100 for what is too large: {answer}");
    let chunk = format!("{:x}\r\n{}\r\n", mebibyte, " ".repeat(mebibyte)).repeat(2);
    let answer = served.exchange(post("/meetings", "Transfer-Encoding: chunked\r\n", &(chunk + "0\r\n\r\n"))).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
    let answer = served.exchange(post("/meetings", &format!("X-Long: {}\r\n", "x".repeat(70 << 10)), "")).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = served.exchange(post("/meetings", &"X-A: b\r\n".repeat(200), "")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let body = meeting_body("m", Value::Null).to_string();
    let padded = format!("{body}{}", " ".repeat(mebibyte - body.len()));
    let answer =
        served.exchange(post("/meetings", &format!("Content-Length: {mebibyte}\r\nExpect: 100-continue\r\n"), &padded)).await;
    assert!(answer.starts_with("HTTP/1.1 100") && answer.contains("HTTP/1.1 200"), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn those_who_never_finish_are_let_go() {
    let served = Served::open(hasty()).await;
    for begun in ["", "P", "POST /meetings HTTP/1.1\r\nHost: mo", "PRI * HTTP/2.0\r\n"] {
        let answer = served.exchange(begun).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{begun:?} got {answer:?}");
    }
    let mut loris = served.connect().await;
    // A byte at a time, for ever: the head as a whole has a bound, not each byte.
    let endless = async {
        for byte in b"POST /meetings HTTP/1.1\r\nX-Slow: ".iter().chain(std::iter::repeat(&b'x')) {
            if loris.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    endless.await;
    let answer = served.exchange(post("/meetings", "Content-Length: 100\r\n", "{")).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    // A connection that has spoken and rests is let go too, later.
    let mut resting = served.connect().await;
    resting.write_all(create_meeting("m").replace("Connection: close\r\n", "").as_bytes()).await.unwrap();
    let mut out = Vec::new();
    resting.read_to_end(&mut out).await.unwrap();
    assert!(out.starts_with(b"HTTP/1.1 200"));
    served.stop().await;
}

#[tokio::test]
async fn pipelined_and_half_closed_connections_are_served() {
    let served = Served::open(Bounds::default()).await;
    let open = create_meeting("one").replace("Connection: close\r\n", "");
    let answer = served.exchange(format!("{open}{open}{}", create_meeting("two"))).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 3, "{answer}");
    let mut half = served.connect().await;
    half.write_all(open.as_bytes()).await.unwrap();
    half.shutdown().await.unwrap();
    let mut out = String::new();
    half.read_to_string(&mut out).await.unwrap();
    assert!(out.starts_with("HTTP/1.1 200"), "{out}");
    let answer = served.exchange("GET /_mock/health HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    served.stop().await;
}

#[tokio::test]
async fn a_thousand_idle_connections_keep_nobody_out() {
    rlimit::increase_nofile_limit(4096).unwrap();
    let served = Served::open(Bounds::default()).await;
    let mut idle = Vec::new();
    for _ in 0..1000 {
        idle.push(served.connect().await);
    }
    assert!(served.exchange(create_meeting("m")).await.starts_with("HTTP/1.1 200"));
    drop(idle);
    served.stop().await;
}

#[tokio::test]
async fn beyond_the_cap_callers_wait_their_turn() {
    let served = Served::open(Bounds { connections: 1, ..Bounds::default() }).await;
    let first = served.connect().await;
    {
        let mut second = std::pin::pin!(served.exchange(create_meeting("m")));
        assert!(futures::poll!(second.as_mut()).is_pending());
        drop(first);
        assert!(second.await.starts_with("HTTP/1.1 200"));
    }
    served.stop().await;
}

#[tokio::test]
async fn stopping_lets_open_calls_finish() {
    let options = Options { auth: Auth::Off, latency: "100ms".parse().unwrap(), ..Options::default() };
    let mut served = Served::start(options, |_| {}).await;
    let mut stream = served.connect().await;
    stream.write_all(create_meeting("m").as_bytes()).await.unwrap();
    while served.mock.service().counts().0 == 0 {
        tokio::task::yield_now().await;
    }
    served.ask_to_stop();
    let mut out = String::new();
    stream.read_to_string(&mut out).await.unwrap();
    assert!(out.starts_with("HTTP/1.1 200"), "{out}");
    served.stop().await;
}

fn rule(text: &str) -> Rule {
    headcount::yaml::parse("rule", &format!("name: r\n{text}")).unwrap()
}

#[tokio::test]
async fn mischief_on_the_wire() {
    let with = |text: &str| {
        let options = Options { auth: Auth::Off, mischief: vec![rule(text)], ..Options::default() };
        async { Served::start(options, |_| {}).await }
    };
    let served = with("do: { reset: after_work }").await;
    let mut stream = served.connect().await;
    stream.write_all(create_meeting("m").as_bytes()).await.unwrap();
    let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!((error.kind(), served.mock.service().counts().0), (std::io::ErrorKind::ConnectionReset, 1));
    served.stop().await;

    let length = |answer: &str| {
        let line = answer.lines().find_map(|l| l.strip_prefix("content-length: ")).map(|n| n.trim().parse::<usize>().unwrap());
        (line, answer.split_once("\r\n\r\n").map(|(_, body)| body.len()).unwrap())
    };
    let served = with("do: { truncate: 0.5 }").await;
    let (announced, came) = length(&served.exchange(create_meeting("m")).await);
    assert!(announced.unwrap() > came && came > 0);
    served.stop().await;

    let served = with("do: { oversize: 3000000 }").await;
    assert_eq!(length(&served.exchange(create_meeting("m")).await), (Some(3_000_000), 3_000_000));
    served.stop().await;

    let served = with("do: { drip: { every: 1ms, bytes: 50 } }").await;
    let (announced, came) = length(&served.exchange(create_meeting("m")).await);
    assert_eq!(announced, Some(came));
    served.stop().await;

    let served = with("do: { hang: after_work }").await;
    let mut stream = served.connect().await;
    stream.write_all(create_meeting("m").as_bytes()).await.unwrap();
    while served.mock.service().counts().0 == 0 {
        tokio::task::yield_now().await;
    }
    assert!(stream.try_read(&mut [0]).is_err(), "nothing has come");
    drop(stream);
}

#[tokio::test]
async fn garbage_before_tls_and_then_http_2_over_it() {
    let (acceptor, authority) = tls::acceptor(&["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let options = Options { auth: Auth::Off, ..Options::default() };
    let served = Served::start(options, |server| (server.tls, server.bounds) = (Some(acceptor), hasty())).await;
    for garbage in ["", "GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}garbage", "\u{0}\u{0}\u{0}\u{0}"] {
        let answer = served.exchange(garbage).await;
        assert!(!answer.contains("HTTP"), "{answer:?}");
    }
    let authority = reqwest::Certificate::from_pem(authority.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
    let answer = client.get(format!("https://localhost:{}/_mock/health", served.address.port())).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
    let stranger = reqwest::Client::builder().build().unwrap();
    assert!(stranger.get(format!("https://localhost:{}/_mock/health", served.address.port())).send().await.is_err());
    served.stop().await;
}

#[tokio::test]
async fn the_mocks_own_endpoints() {
    let options = Options { auth: Auth::Off, mischief: vec![rule("active: false\ndo: { status: 418 }")], ..Options::default() };
    let served = Served::start(options, |_| {}).await;
    let ask = |method: &str, path: &str, headers: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "{method} /_mock/{path} HTTP/1.1\r\nHost: m\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        let served = &served;
        async move {
            let answer = served.exchange(request).await;
            (answer[9..12].parse::<u16>().unwrap(), answer.split_once("\r\n\r\n").unwrap().1.to_owned())
        }
    };
    assert_eq!(ask("GET", "health", "", "").await, (200, "{\"status\":\"ok\"}".to_owned()));
    assert_eq!(ask("POST", "reset", "Origin: http://evil.test\r\n", "").await.0, 403);
    let made = served.exchange(create_meeting("m")).await;
    let id = made.split("\"MeetingId\":\"").nth(1).unwrap()[..36].to_owned();
    assert_eq!(ask("POST", &format!("meetings/{id}/connect"), "", "").await.0, 204);
    assert!(ask("GET", "state", "", "").await.1.contains("\"meetings\":1"));
    assert_eq!(ask("GET", "counts", "", "").await.1, "{\"CreateMeeting\":{\"ok\":1}}");
    let metrics = ask("GET", "metrics", "", "").await.1;
    assert!(metrics.contains("headcount_mock_requests_total{operation=\"CreateMeeting\",outcome=\"ok\"} 1\n"), "{metrics}");
    assert!(metrics.contains("headcount_mock_request_seconds_bucket{le=\"+Inf\"} 1\n"), "{metrics}");
    assert_eq!(ask("POST", "mischief/r/on", "", "").await.0, 204);
    assert!(served.exchange(create_meeting("m")).await.starts_with("HTTP/1.1 418"));
    assert_eq!(ask("GET", "mischief", "", "").await.1, "[{\"name\":\"r\",\"on\":true,\"struck\":1}]");
    let file = "version: 1\nmischief:\n  - name: other\n    do: { status: 503 }\n";
    assert_eq!(ask("PUT", "mischief", "", file).await.0, 204);
    assert!(served.exchange(create_meeting("m")).await.starts_with("HTTP/1.1 503"));
    let (status, why) = ask("PUT", "mischief", "", "version: 1\nmischief:\n  - name: x\n    do: dance\n").await;
    assert!(status == 400 && why.contains("4:"), "{why}");
    assert_eq!(ask("POST", &format!("meetings/{id}/end"), "", "").await.0, 204);
    assert_eq!(ask("POST", &format!("meetings/{id}/end"), "", "").await.0, 404);
    let adopted = "00000000-0000-0000-0000-00000000000a";
    assert_eq!(ask("POST", &format!("meetings/{adopted}/adopt"), "", "").await.0, 204);
    assert_eq!(ask("POST", "meetings/zz/adopt", "", "").await.0, 404);
    assert_eq!(ask("POST", "mischief/nope/on", "", "").await.0, 404);
    assert_eq!(ask("GET", "nope", "", "").await.0, 404);
    assert_eq!(ask("POST", "reset", "", "").await.0, 204);
    assert!(ask("GET", "counts", "", "").await.1.starts_with("{}"));
    served.stop().await;
}
