//! The wire of a load test: HTTP/1.1 on connections of its own, with everything counted.
//!
//! Holds [`Wire`], a [`Transport`] on hyper's connection API, and [`Traffic`], what it counts. Called through `attempt` by the load
//! engine, which must know what a pool hides: how many connections were opened and used again, how long connecting took, how many
//! bytes went each way, and whether this machine ran out of descriptors or ports. It costs about half of what reqwest does a call.
//! It knows no proxy. It never follows a redirect, never unpacks, and sends a request a second time only if hyper hands it back
//! unsent, from a connection that was closed while it rested.

use super::transport::{BODY_CAP, HttpOptions, Reply, Transport, WireFault, is_broken, is_of_tls, root_of};
use super::wire_io::{Counted, Traffic, tls_config};
use crate::chime::class::Class;
use bytes::{Bytes, BytesMut};
use http::header::{HeaderValue, USER_AGENT};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// Load balancers close idle connections after 60 s; leaving first avoids the race.
const IDLE: Duration = Duration::from_secs(20);
/// What hyper may hold of a head.
const HEAD_CAP: usize = 64 << 10;

type Sender = SendRequest<Full<Bytes>>;

/// Connections to one host.
pub struct Wire {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    connect_timeout: Duration,
    /// The last one used is the first to be used again, so that those not needed grow old and are let go.
    idle: Mutex<Vec<(Sender, Instant)>>,
    traffic: Arc<Traffic>,
}

/// This wire cannot be set up.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no connections can be made: {0}")]
pub struct WireError(pub String);

impl Wire {
    /// Connections to where this URL points; none is opened yet.
    ///
    /// # Errors
    /// A CA bundle that cannot be read, a host that is none.
    pub fn new(url: &str, options: &HttpOptions, traffic: Arc<Traffic>) -> Result<Wire, WireError> {
        let uri: Uri = url.parse().map_err(|_| WireError("the endpoint is no URL".to_owned()))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let https = uri.scheme_str() == Some("https");
        let tls = if https {
            let name = ServerName::try_from(host.clone()).map_err(|_| WireError(format!("{host} is no host name")))?;
            Some((TlsConnector::from(Arc::new(tls_config(options.ca_bundle.as_deref())?)), name))
        } else {
            None
        };
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Ok(Wire { host, port, tls, connect_timeout: options.connect_timeout, idle: Mutex::default(), traffic })
    }

    /// A connection that rests and still stands.
    fn rested(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((sender, since)) = idle.pop() {
            if since.elapsed() > IDLE {
                // Those below have rested longer.
                idle.clear();
                return None;
            }
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    fn rest(&self, sender: Sender) {
        if !sender.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((sender, Instant::now()));
        }
    }

    async fn connect(&self) -> Result<Sender, WireFault> {
        let began = Instant::now();
        let opened = tokio::time::timeout(self.connect_timeout, self.open()).await;
        let sender = opened.unwrap_or_else(|_| {
            let what = format!("no connection within {:?}", self.connect_timeout);
            Err(WireFault { class: Class::ConnectTimeout, perhaps_sent: false, what })
        })?;
        self.traffic.connected(began.elapsed());
        Ok(sender)
    }

    async fn open(&self) -> Result<Sender, WireFault> {
        let unsent = |class| move |error: io::Error| WireFault { class, perhaps_sent: false, what: what(&error) };
        let addresses: Vec<_> =
            tokio::net::lookup_host((self.host.as_str(), self.port)).await.map_err(unsent(Class::Dns))?.collect();
        let stream = TcpStream::connect(&*addresses).await.map_err(|error| {
            self.traffic.failed_to_connect(&error);
            unsent(Class::Refused)(error)
        })?;
        stream.set_nodelay(true).map_err(unsent(Class::Refused))?;
        let stream = Counted::new(stream, Arc::clone(&self.traffic));
        match &self.tls {
            None => shake_hands(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(unsent(Class::Tls))?;
                shake_hands(stream).await
            }
        }
    }

    async fn exchange(&self, sender: &mut Sender, request: Request<Full<Bytes>>) -> Result<Reply, Failed> {
        if sender.ready().await.is_err() {
            return Err(Failed::Unsent(Box::new(request)));
        }
        let response = match sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut error) => match error.take_message() {
                Some(request) => return Err(Failed::Unsent(Box::new(request))),
                None => return Err(Failed::Fault(fault(error.error()))),
            },
        };
        let (parts, body) = response.into_parts();
        let body = whole(body).await.map_err(Failed::Fault)?;
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }
}

/// Why a connection brought no reply.
enum Failed {
    /// The request never left, and is handed back.
    Unsent(Box<Request<Full<Bytes>>>),
    /// Anything else.
    Fault(WireFault),
}

impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<Reply, WireFault> {
        let (mut parts, body) = request.into_parts();
        // On the wire the target is the path alone; the host stands in its header.
        if let Some(path) = parts.uri.path_and_query().cloned() {
            parts.uri = Uri::from(path);
        }
        const AGENT: HeaderValue = HeaderValue::from_static(concat!("headcount/", env!("CARGO_PKG_VERSION")));
        parts.headers.insert(USER_AGENT, AGENT);
        let mut request = Request::from_parts(parts, Full::new(body));
        loop {
            let rested = self.rested();
            let fresh = rested.is_none();
            let mut sender = match rested {
                Some(sender) => {
                    self.traffic.reused();
                    sender
                }
                // Boxed, because it is rare and large: every call pays for the largest part of its future in bytes moved.
                None => Box::pin(self.connect()).await?,
            };
            match self.exchange(&mut sender, request).await {
                Ok(reply) => {
                    self.rest(sender);
                    return Ok(reply);
                }
                Err(Failed::Unsent(back)) if !fresh => request = *back,
                Err(Failed::Unsent(_)) => {
                    let what = "the connection was closed as soon as it was open".to_owned();
                    return Err(WireFault { class: Class::Reset, perhaps_sent: false, what });
                }
                Err(Failed::Fault(fault)) => return Err(fault),
            }
        }
    }
}

async fn shake_hands<S>(stream: S) -> Result<Sender, WireFault>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    // One write for head and body: gathering two pieces costs the kernel more than copying forty bytes costs us.
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_CAP)
        .writev(false)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| fault(&error))?;
    // It ends with its sender, or with its peer; what goes wrong on it is told to whoever waits for a reply.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// The whole body, within its cap.
async fn whole(mut body: Incoming) -> Result<Bytes, WireFault> {
    let too_large = || {
        let what = format!("the reply is larger than {} KiB", BODY_CAP >> 10);
        WireFault { class: Class::Protocol, perhaps_sent: true, what }
    };
    if body.size_hint().lower() > BODY_CAP as u64 {
        return Err(too_large());
    }
    // Nearly every body comes in one piece, which needs no copy.
    let (mut first, mut more) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|error| fault(&error))?.into_data() else { continue };
        if first.len() + more.len() + piece.len() > BODY_CAP {
            return Err(too_large());
        }
        if first.is_empty() && more.is_empty() {
            first = piece;
        } else {
            if more.is_empty() {
                more.extend_from_slice(&std::mem::take(&mut first));
            }
            more.extend_from_slice(&piece);
        }
    }
    Ok(if more.is_empty() { first } else { more.freeze() })
}

/// Sorts hyper's errors into classes.
fn fault(error: &hyper::Error) -> WireFault {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let (mut io, mut tls) = (None, false);
    while let Some(cause) = source {
        io = cause.downcast_ref::<io::Error>().map(io::Error::kind).or(io);
        tls |= is_of_tls(cause);
        source = cause.source();
    }
    let broken = error.is_incomplete_message() || error.is_canceled() || error.is_closed() || error.is_body_write_aborted();
    let class = match () {
        () if tls => Class::Tls,
        () if broken || io.is_some_and(is_broken) => Class::Reset,
        () => Class::Protocol,
    };
    WireFault { class, perhaps_sent: true, what: what(error) }
}

fn what(error: &dyn std::error::Error) -> String {
    crate::safe::line(&root_of(error), 200)
}
