//! Bytes on a real wire: odd but right, wrong, slow, endless, sent elsewhere. The real program against a server by hand.

use super::act::{Act, Ask, Then};
use super::binary::Here;
use super::tcp::{Server, head, plain};
use super::world::{World, roster};
use bytes::Bytes;
use headcount::chime::class::Class;
use http::Response;
use std::io::Write;
use std::sync::atomic::Ordering;

/// A name, and what becomes of a request.
type Answer = (&'static str, fn(&Ask) -> Act);
type Fault = (&'static str, fn() -> Act);

/// Answers that are unusual, and right.
const UNUSUAL: &[Answer] = &[
    ("HTTP/1.0", |_| Act::Wrap(|r| with_body("HTTP/1.0", r, ""), Then::Close)),
    ("connection: close", |_| Act::Wrap(|r| with_body("HTTP/1.1", r, "connection: close\r\n"), Then::Close)),
    ("no length, closed", |_| {
        Act::Wrap(|r| [head("HTTP/1.1", r).as_bytes(), b"connection: close\r\n\r\n", r.body()].concat(), Then::Close)
    }),
    ("chunks with extensions", |_| Act::Wrap(chunked, Then::Keep)),
    ("201", |ask| match ask.is_seat() {
        true => Act::Wrap(|r| String::from_utf8(plain(r)).unwrap().replacen("200 OK", "201 Created", 1).into(), Then::Keep),
        false => Act::Well,
    }),
    ("100 Continue first", |_| Act::Wrap(|r| [b"HTTP/1.1 100 Continue\r\n\r\n", &plain(r)[..]].concat(), Then::Keep)),
];

fn with_body(version: &str, response: &Response<Bytes>, more: &str) -> Vec<u8> {
    let length = format!("content-length: {}\r\n", response.body().len());
    [head(version, response).as_bytes(), length.as_bytes(), more.as_bytes(), b"\r\n", response.body()].concat()
}

fn chunked(response: &Response<Bytes>) -> Vec<u8> {
    let mut bytes = head("HTTP/1.1", response).into_bytes();
    bytes.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
    for piece in response.body().chunks(17) {
        bytes.extend_from_slice(format!("{:x};name=\"value\";x\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(&[piece, b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"0;last\r\nTrailer: x\r\n\r\n");
    bytes
}

#[test]
fn what_is_unusual_and_right_takes_one_call() {
    for (what, answer) in UNUSUAL {
        let world = World::real(answer);
        let ended = Here::new(&roster(2, 50)).run(&Server::new(&world), &world, &[]);
        assert_eq!(ended.code(), Some(0), "{what}: {}", ended.stderr);
        assert!(world.calls() <= 105, "{what}: {} calls for 100 rows", world.calls());
    }
}

/// Answers that never come whole, though the work is done.
const LOST: &[Fault] = &[
    ("reset", || Act::Lose(Class::Reset)),
    ("closed without a word", || Act::Lose(Class::ReadTimeout)),
    ("a body cut short", || {
        Act::Wrap(
            |r| {
                let all = plain(r);
                all[..all.len() - 9].to_vec()
            },
            Then::Close,
        )
    }),
    ("chunks cut short", || {
        Act::Wrap(
            |r| {
                let all = chunked(r);
                all[..all.len() - 40].to_vec()
            },
            Then::Close,
        )
    }),
    ("a head cut short", || Act::Wrap(|r| plain(r)[..60].to_vec(), Then::Close)),
    ("a body that never ends", || {
        Act::Wrap(
            |r| {
                let all = plain(r);
                all[..all.len() - 9].to_vec()
            },
            Then::Keep,
        )
    }),
    ("no HTTP", || Act::Wrap(|_| b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(), Then::Close)),
    ("a hang", || Act::Hang),
    ("a drip", || Act::Drip),
];

#[test]
fn what_is_lost_on_the_wire_is_asked_again() {
    for (what, fault) in LOST {
        let world = World::real(move |ask| match (ask.is_seat(), ask.nth) {
            (true, 1) if ask.chance(2) < 0.2 => fault(),
            _ => Act::Well,
        });
        let ended = Here::new(&roster(2, 50)).run(&Server::new(&world), &world, &["--timeout", "400ms"]);
        assert_eq!(ended.code(), Some(0), "{what}: {}", ended.stderr);
        assert!(world.most_calls() <= 3, "{what}: {} calls for one key", world.most_calls());
        assert!((101..=150).contains(&world.calls()), "{what}: {} calls for 100 rows", world.calls());
    }
}

/// Connections that are said to be kept, and are not.
#[test]
fn keep_alive_lies_lose_nothing() {
    let world = World::real(|ask| match ask.chance(4) < 0.3 {
        true => Act::Wrap(plain, Then::Close),
        false => Act::Well,
    });
    let ended = Here::new(&roster(4, 100)).run(&Server::new(&world), &world, &[]);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    assert!(world.calls() <= 680, "{} calls for 400 rows", world.calls());
}

fn gzip_bomb(_: &Response<Bytes>) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    (0..256).for_each(|_| packed.write_all(&[b' '; 1 << 18]).unwrap());
    let packed = packed.finish().unwrap();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n";
    [head.as_bytes(), format!("content-length: {}\r\n\r\n", packed.len()).as_bytes(), &packed].concat()
}

fn many_headers(_: &Response<Bytes>) -> Vec<u8> {
    let many: String = (0..100_000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n").into_bytes()
}

fn one_header(_: &Response<Bytes>) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nx-big: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(64 << 20)).into_bytes()
}

/// Bombs: for a few rows once, and for one row always. Little of them is taken, and nobody else is hurt.
#[test]
fn bombs_are_neither_taken_nor_unpacked() {
    let bombs: &[Fault] = &[
        ("256 MiB announced", || {
            Act::Flood("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 268435456\r\n\r\n")
        }),
        ("endless chunks", || {
            Act::Flood("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        }),
        ("an endless body", || Act::Flood("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")),
        ("an endless error", || Act::Flood("HTTP/1.1 500 No\r\nconnection: close\r\n\r\n")),
        ("an endless header", || Act::Flood("HTTP/1.1 200 OK\r\nx: ")),
        ("a gzip bomb", || Act::Wrap(gzip_bomb, Then::Keep)),
        ("100,000 headers", || Act::Wrap(many_headers, Then::Keep)),
        ("a header of 64 MiB", || Act::Wrap(one_header, Then::Keep)),
    ];
    for (what, bomb) in bombs {
        let world = World::real(move |ask| match ask.user.as_deref() {
            Some(user) if user.ends_with('7') && ask.nth == 1 => bomb(),
            _ => Act::Well,
        });
        let server = Server::new(&world);
        let ended = Here::new(&roster(2, 50)).run(&server, &world, &[]);
        assert_eq!(ended.code(), Some(0), "{what}: {}", ended.stderr);
        assert!(world.most_calls() <= 3, "{what}: {} calls for one key", world.most_calls());
        let taken = server.flooded.load(Ordering::Relaxed);
        assert!(taken <= 16 << 20, "{what}: {taken} bytes taken, socket buffers included");
        assert!(ended.memory <= 200 << 20, "{what}: {} MiB held", ended.memory >> 20);
    }
}

#[test]
fn redirects_are_never_followed() {
    let trap = Server::new(&World::real(|_| Act::Well));
    let to = trap.url();
    for (status, header) in
        [(301, "location"), (302, "location"), (303, "location"), (307, "location"), (308, "location"), (307, "Location")]
    {
        let to = to.clone();
        let world = World::real(move |ask| match ask.user.as_deref() {
            Some("user-00003") => Act::RefuseWith(status, "Moved", header, format!("{to}/meetings/x/attendees")),
            _ => Act::Well,
        });
        let ended = Here::new(&roster(1, 20)).run(&Server::new(&world), &world, &[]);
        assert_eq!(ended.code(), Some(3), "{status}: {}", ended.stderr);
        assert_eq!(trap.connections.load(Ordering::Relaxed), 0, "{status}: the trap was hit");
    }
}
