//! Latency, its heat map, and traffic.
//!
//! Holds a function a section. Called by the page.

use super::section;
use crate::report::charts;
use crate::report::html::block::{Block, Section};
use crate::report::model::{Kind, Run};

pub fn latency(runs: &[Run]) -> Section {
    let blocks = vec![Block::Figure(charts::latency::spectrum(runs)), Block::Figure(charts::latency::over_time(runs))];
    let lead = "Response time runs from the instant a call was due, which is what somebody waiting in line feels. Service time runs from the \
                send, which is what the answered call shows. Where the two part, calls waited before they could be sent. Every call counts, \
                failed ones too.";
    section("latency", "Latency", lead, blocks)
}

pub fn heat(runs: &[Run]) -> Section {
    let place = |n: usize| if runs.len() == 1 { 0 } else { n + 1 };
    let mut blocks = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        if runs.len() > 1 {
            blocks.push(Block::Head(run.label.clone()));
        }
        blocks.push(Block::Figure(charts::heat::heat(run, place(n))));
    }
    let lead = "A column is a stretch of time, a row a band of latency, and the darker or brighter a field, the more calls lie in it. Two \
                stripes are two kinds of answers; a slope is a queue that grows or drains.";
    section("heat-map", "Heat map", lead, blocks)
}

pub fn traffic(runs: &[Run]) -> Section {
    let lead = match runs[0].kind {
        Kind::Load => {
            "What was wanted, what was sent and what came back. Where sent falls behind planned, calls waited for a free slot; where done \
             falls behind sent, the service was slower than it was asked."
        }
        Kind::Provision => "Requests that were sent, and answers that came, a second.",
    };
    section("traffic-section", "Traffic", lead, vec![Block::Figure(charts::load::traffic(runs))])
}
