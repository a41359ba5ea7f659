//! A run as programs watch it: `/status.json` and `/metrics`.
//!
//! Holds [`serve`]. Called by the verb when `--status-addr` is given. It reads the board and nothing else.

use crate::load::board::Board;
use crate::stats::recorder::Classes;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Connections at once; whoever watches needs one.
const AT_ONCE: usize = 16;

/// Serves the board until it is dropped.
pub async fn serve(listener: TcpListener, board: watch::Receiver<Board>) {
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = std::sync::Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely; the run needs them more.
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let board = board.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let response = answer(request.uri().path(), &board.borrow());
                async move { Ok::<_, Infallible>(response) }
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10)).max_buf_size(16 << 10);
            // What goes wrong on the way to a watcher is the watcher's to see.
            drop(builder.serve_connection(TokioIo::new(stream), answer).await);
            drop(place);
        });
    }
}

fn answer(path: &str, board: &Board) -> Response<Full<Bytes>> {
    let (status, kind, body) = match path {
        "/status.json" => (StatusCode::OK, "application/json", status_json(board)),
        "/metrics" => (StatusCode::OK, "text/plain; version=0.0.4", metrics(board)),
        _ => (StatusCode::NOT_FOUND, "text/plain", "there is /status.json, and /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response
}

fn by_name(classes: &Classes) -> BTreeMap<&'static str, u64> {
    classes.iter().map(|(class, n)| (class.name(), n)).collect()
}

fn status_json(board: &Board) -> String {
    let ms = |span: Option<Duration>| span.map(|span| span.as_micros() as f64 / 1e3);
    let value = serde_json::json!({
        "version": 1, "doing": board.doing.name(), "stage": board.stage, "second": board.at, "seconds": board.lasts.as_secs_f64(),
        "rate": { "planned": board.planned_rate, "achieved": board.achieved_rate },
        "in_flight": board.in_flight, "waiting": board.waiting, "planned": board.planned,
        "response_ms": { "p50": ms(board.p50), "p99": ms(board.p99) },
        "classes": by_name(&board.classes), "failing": board.failing,
    });
    format!("{value}\n")
}

fn metrics(board: &Board) -> String {
    let mut out = String::new();
    let mut gauge = |name: &str, help: &str, value: f64| {
        let _ = writeln!(
            out,
            "# HELP headcount_load_{name} {help}\n# TYPE headcount_load_{name} gauge\nheadcount_load_{name} {value}"
        );
    };
    gauge("second", "Seconds of the load that are over.", board.at as f64);
    gauge("planned_rate", "Calls that became due, a second, over the last ten.", board.planned_rate);
    gauge("achieved_rate", "Calls that ended, a second, over the last ten.", board.achieved_rate);
    gauge("in_flight", "Calls in flight.", board.in_flight as f64);
    gauge("waiting", "Arrivals that wait for a slot.", board.waiting as f64);
    let _ = writeln!(
        out,
        "# HELP headcount_load_response_seconds From due to done, of calls of the last ten seconds.\n# TYPE headcount_load_response_seconds gauge"
    );
    for (quantile, value) in [("0.5", board.p50), ("0.99", board.p99)] {
        if let Some(value) = value {
            let _ = writeln!(out, "headcount_load_response_seconds{{quantile=\"{quantile}\"}} {}", value.as_secs_f64());
        }
    }
    let _ =
        writeln!(out, "# HELP headcount_load_planned_total Calls that became due.\n# TYPE headcount_load_planned_total counter");
    let _ = writeln!(out, "headcount_load_planned_total {}", board.planned);
    let _ =
        writeln!(out, "# HELP headcount_load_calls_total Calls that ended, by class.\n# TYPE headcount_load_calls_total counter");
    for (class, n) in by_name(&board.classes) {
        let _ = writeln!(out, "headcount_load_calls_total{{class=\"{class}\"}} {n}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chime::class::Class;

    #[test]
    fn both_forms_tell_the_board() {
        let mut board = Board { at: 7, planned: 70, in_flight: 3, p99: Some(Duration::from_millis(12)), ..Board::default() };
        board.classes.add(Class::Ok, 60);
        let status: serde_json::Value = serde_json::from_str(&status_json(&board)).unwrap();
        assert_eq!((status["second"].as_u64(), status["classes"]["ok"].as_u64()), (Some(7), Some(60)));
        assert_eq!(status["response_ms"]["p50"], serde_json::Value::Null);
        let metrics = metrics(&board);
        assert!(metrics.contains("headcount_load_calls_total{class=\"ok\"} 60\n"), "{metrics}");
        assert!(
            metrics.contains("headcount_load_response_seconds{quantile=\"0.99\"} 0.012\n")
                && !metrics.contains("quantile=\"0.5\""),
            "{metrics}"
        );
    }
}
