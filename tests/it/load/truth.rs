//! What is measured is what was: the stall against its analytic truth, exactly, under a paused clock.

use super::line::{load, shipped};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The stall, worked out without the engine: arrivals on a grid of 5 ms, ten slots, first come first served, answers after 2 ms, and
/// none between the fifth and the seventh second. Milliseconds: response and service of every arrival.
fn worked_out() -> (Vec<f64>, Vec<f64>) {
    let mut slots: BinaryHeap<Reverse<u64>> = (0..10).map(|_| Reverse(0)).collect();
    let (mut response, mut service) = (Vec::new(), Vec::new());
    for n in 1..=3000u64 {
        let due = n * 5;
        let Reverse(free) = slots.pop().unwrap();
        let sent = free.max(due);
        let done = if (5000..7000).contains(&sent) { 7002 } else { sent + 2 };
        slots.push(Reverse(done));
        response.push((done - due) as f64);
        service.push((done - sent) as f64);
    }
    response.sort_by(f64::total_cmp);
    service.sort_by(f64::total_cmp);
    (response, service)
}

fn percentile(sorted: &[f64], q: f64) -> f64 {
    sorted[((sorted.len() as f64 * q).ceil() as usize).clamp(1, sorted.len()) - 1]
}

#[tokio::test(start_paused = true)]
async fn the_stall_is_measured_as_it_was() {
    let loaded = load("stall", &shipped("stall")).await;
    let (response, service) = worked_out();
    // The figures by which tools are told apart: with the truth at 1.8 s, those who look at answered calls alone say 3 ms.
    assert!(percentile(&response, 0.99) > 1_800.0 && percentile(&service, 0.99) < 3.0);
    for (metric, truth) in [("response", &response), ("service", &service)] {
        for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99_9", 0.999), ("max", 1.0)] {
            let (said, was) = (loaded.number(&format!("latency_ms.{metric}.{name}")), percentile(truth, q));
            // Three digits, upwards: a histogram says the highest value that counts as the same.
            assert!(said >= was - 1e-6 && said <= was * 1.001 + 0.002, "{metric} {name}: {said} said, {was} in truth");
        }
    }
    // Ten calls met the stall, all others took 2 ms.
    assert_eq!(service.iter().filter(|ms| **ms > 2.0).count(), 10);
    assert_eq!(loaded.number("latency_ms.lag.max"), 0.001);
}

/// What the mock was told to take is what service time says, for every distribution.
#[tokio::test(start_paused = true)]
async fn injected_distributions_come_back() {
    for (latency, p50, p99) in [
        ("20ms", 20.0, 20.0),
        ("uniform:10ms..50ms", 30.0, 49.6),
        ("lognormal:35ms/180ms", 35.0, 180.0),
        ("bimodal:20ms/900ms@0.02", 20.0, 900.0),
    ] {
        let text = format!(
            "version: 1\nmock: {{ latency: \"{latency}\" }}\nthresholds: [errors.rate <= 0%]\n\
             load: {{ open: {{ stages: [{{ rate: 100/s, duration: 100s }}] }} }}\n"
        );
        let loaded = load("injected", &text).await;
        let service = |q: &str| loaded.number(&format!("latency_ms.service.{q}"));
        // Ten thousand draws: their own scatter is what is allowed for.
        assert!((service("p50") - p50).abs() < p50 * 0.04 + 1.0, "{latency}: {}", service("p50"));
        assert!((service("p99") - p99).abs() < p99 * 0.08 + 1.0, "{latency}: {}", service("p99"));
    }
}
