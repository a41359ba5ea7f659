//! A mock on a free port of the loopback interface, and plain sockets to talk to it.

use headcount::clock::Wall;
use headcount::mock::server::{Bounds, Server};
use headcount::mock::{Auth, Mock, Options};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub struct Served {
    pub mock: Arc<Mock>,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Served {
    pub async fn start(options: Options, adjust: impl FnOnce(&mut Server)) -> Served {
        let mock = Arc::new(Mock::new(options));
        let mut server = Server::new(Arc::clone(&mock), Wall::System);
        adjust(&mut server);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(listener, async { drop(stopped.await) }));
        Served { mock, address, stop: Some(stop), task }
    }

    /// Without signatures, with these bounds.
    pub async fn open(bounds: Bounds) -> Served {
        Served::start(Options { auth: Auth::Off, ..Options::default() }, |server| server.bounds = bounds).await
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends these bytes on a new connection and reads until the server closes it.
    pub async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        let mut out = Vec::new();
        // A reset ends what was read as well as an end does.
        let _ = stream.read_to_end(&mut out).await;
        String::from_utf8_lossy(&out).into_owned()
    }

    pub fn ask_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    pub async fn stop(mut self) {
        self.ask_to_stop();
        self.task.await.unwrap();
    }
}

/// An unsigned POST whose connection closes behind the answer, with these headers.
pub fn post(uri: &str, headers: &str, body: &str) -> String {
    format!("POST {uri} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n{headers}\r\n{body}")
}

/// CreateMeeting, unsigned.
pub fn create_meeting(token: &str) -> String {
    let body = super::caller::meeting_body(token, serde_json::Value::Null).to_string();
    post("/meetings", &format!("Content-Length: {}\r\n", body.len()), &body)
}
