//! The wire in memory, for whole runs under a paused clock.
//!
//! Holds [`Wire`], a `Transport` to a [`World`]. Called by the client of a `job`.

use super::act::{Act, refusal};
use super::world::World;
use bytes::Bytes;
use headcount::chime::class::Class;
use headcount::client::transport::{Reply, Transport, WireFault};
use http::Request;

/// Carries requests to a world and back.
pub struct Wire(pub World);

impl Transport for Wire {
    async fn send(&self, request: Request<Bytes>) -> Result<Reply, WireFault> {
        let World { latency, .. } = self.0;
        // Half the way there, half the way back: a run that is dropped on the way leaves the work done or undone.
        tokio::time::sleep(latency / 2).await;
        let (parts, body) = request.into_parts();
        let (act, done) = self.0.meet(&parts, &body);
        tokio::time::sleep(latency / 2).await;
        let response = match act {
            Act::Well => done.unwrap(),
            Act::Refuse(status, kind) => refusal(status, kind, None, self.0.wall()),
            Act::RefuseWith(status, kind, name, value) => refusal(status, kind, Some((name, &value)), self.0.wall()),
            Act::Break(class) | Act::Lose(class) => {
                let perhaps_sent = !matches!(class, Class::Dns | Class::Refused | Class::ConnectTimeout | Class::Tls);
                return Err(WireFault { class, perhaps_sent, what: "says the script".to_owned() });
            }
            Act::Hang => std::future::pending().await,
            Act::Lie(change) => {
                let (parts, body) = done.unwrap().into_parts();
                let mut body = serde_json::from_slice(&body).unwrap();
                change(&mut body);
                http::Response::from_parts(parts, body.to_string().into())
            }
            Act::Say(status, body) => {
                http::Response::builder().status(status).header("content-type", "application/json").body(body.into()).unwrap()
            }
            Act::Wrap(..) | Act::Drip | Act::Flood(_) => unreachable!("bytes go on sockets"),
        };
        let (parts, body) = response.into_parts();
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }
}
