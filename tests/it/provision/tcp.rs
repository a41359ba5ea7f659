//! The wire that is one: a server on a loopback port that does to connections what a script says.
//!
//! Holds [`Server`]. It runs on a thread of its own, speaks HTTP/1.1 by hand so that it can speak it wrongly, and hands requests
//! to a [`World`]. What it answers beside the world's own bytes is written here, and nowhere else.

use super::act::{Act, Then, refusal};
use super::world::World;
use bytes::Bytes;
use headcount::chime::class::Class;
use http::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// A server; it stops when dropped.
pub struct Server {
    pub address: SocketAddr,
    /// Connections accepted.
    pub connections: Arc<AtomicU64>,
    /// The most bytes that any one flood could press into a client.
    pub flooded: Arc<AtomicU64>,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Serves a world on a free port.
    pub fn new(world: &World) -> Server {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, flooded): (Arc<AtomicU64>, Arc<AtomicU64>) = Default::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let shared = (world.clone(), connections.clone(), flooded.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let (world, connections, flooded) = shared;
                let accept = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        connections.fetch_add(1, Ordering::Relaxed);
                        tokio::spawn(connection(stream, world.clone(), flooded.clone()));
                    }
                };
                tokio::select! { () = accept => {}, _ = stopped => {} }
            });
        });
        Server { address, connections, flooded, _stop: stop }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn connection(mut stream: TcpStream, world: World, flooded: Arc<AtomicU64>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Some((parts, body)) = request(&mut stream, &mut buffer).await {
        let (act, done) = world.meet(&parts, &body);
        tokio::time::sleep(world.latency).await;
        let (bytes, then) = match act {
            Act::Well => (plain(&done.unwrap()), Then::Keep),
            Act::Refuse(status, kind) => (plain(&refusal(status, kind, None, world.wall())), Then::Keep),
            Act::RefuseWith(status, kind, name, value) => {
                (plain(&refusal(status, kind, Some((name, &value)), world.wall())), Then::Keep)
            }
            Act::Lie(change) => {
                let (parts, body) = done.unwrap().into_parts();
                let mut body = serde_json::from_slice(&body).unwrap();
                change(&mut body);
                (plain(&Response::from_parts(parts, body.to_string().into())), Then::Keep)
            }
            Act::Say(status, body) => (plain(&json(status, body)), Then::Keep),
            Act::Wrap(wrap, then) => (wrap(&done.unwrap()), then),
            Act::Break(Class::Reset) | Act::Lose(Class::Reset) => {
                let _ = stream.set_zero_linger();
                return;
            }
            Act::Break(_) | Act::Lose(_) => return,
            Act::Hang => std::future::pending().await,
            Act::Drip => return drip(&mut stream, &plain(&done.unwrap())).await,
            Act::Flood(head) => return flood(&mut stream, head, &flooded).await,
        };
        if stream.write_all(&bytes).await.is_err() || then == Then::Close {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

/// A byte every now and then.
async fn drip(stream: &mut TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn flood(stream: &mut TcpStream, head: &str, flooded: &AtomicU64) {
    let mut sent = 0;
    // In chunks, should the head have said so; to any other reader it is a body like another.
    let piece = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    if stream.write_all(head.as_bytes()).await.is_ok() {
        while sent < 256 << 20 && stream.write_all(piece.as_bytes()).await.is_ok() {
            sent += piece.len() as u64;
        }
    }
    flooded.fetch_max(sent, Ordering::Relaxed);
}

fn json(status: u16, body: Vec<u8>) -> Response<Bytes> {
    Response::builder().status(status).header("content-type", "application/json").body(body.into()).unwrap()
}

/// The head of a response, without the empty line at its end.
pub fn head(version: &str, response: &Response<Bytes>) -> String {
    let mut text = format!("{version} {}\r\n", response.status());
    for (name, value) in response.headers() {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    text
}

/// A response as it should be.
pub fn plain(response: &Response<Bytes>) -> Vec<u8> {
    let mut bytes = head("HTTP/1.1", response).into_bytes();
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", response.body().len()).as_bytes());
    bytes.extend_from_slice(response.body());
    bytes
}

/// Reads a request; `None` when there are no more.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(http::request::Parts, Vec<u8>)> {
    let end = loop {
        match buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            Some(at) => break at + 4,
            None => (stream.read_buf(buffer).await.ok()? > 0).then_some(())?,
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let mut request = http::Request::builder().method(first.next()?).uri(first.next()?);
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
    }
    while buffer.len() < end + length {
        (stream.read_buf(buffer).await.ok()? > 0).then_some(())?;
    }
    let body = buffer[end..end + length].to_vec();
    buffer.drain(..end + length);
    Some((request.body(()).ok()?.into_parts().0, body))
}
