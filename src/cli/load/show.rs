//! A load test as a person watches it: a bar on a terminal, a line every few seconds elsewhere.
//!
//! Holds [`show`]. Called by the verb. It reads the board when it has time, and slows nothing down.

use super::super::progress::{Draw, LINE_EVERY, bar};
use super::super::say::Voice;
use super::super::values::{grouped, said};
use crate::chime::class::Class;
use crate::drive::pump::Stop;
use crate::load::board::{Board, Doing};
use indicatif::ProgressBar;
use std::time::Duration;
use tokio::sync::watch;

/// Shows the board until nobody writes on it any more.
pub async fn show(mut board: watch::Receiver<Board>, mut stop: watch::Receiver<Stop>, draw: Draw, voice: Voice) {
    let bar = if draw == Draw::Bar { bar() } else { ProgressBar::hidden() };
    let mut tick = tokio::time::interval(if draw == Draw::Lines { LINE_EVERY } else { Duration::from_millis(200) });
    tick.tick().await;
    let mut stopping = false;
    loop {
        tokio::select! {
            _ = stop.wait_for(|level| *level > Stop::No), if !stopping => {
                stopping = true;
                bar.suspend(|| voice.warn("stopping: calls in flight are waited for, meetings deleted; a second signal leaves at once"));
            }
            _ = tick.tick() => {
                if board.has_changed().is_err() {
                    break;
                }
                let now = board.borrow_and_update().clone();
                match draw {
                    Draw::Bar => {
                        bar.set_length(now.lasts.as_secs().max(1));
                        bar.set_position(now.at.min(now.lasts.as_secs()));
                        bar.set_message(line(&now));
                    }
                    Draw::Lines => voice.say(format_args!("{} of {} s, {}", now.at, now.lasts.as_secs(), line(&now))),
                    Draw::Nothing => {}
                }
            }
        }
    }
    bar.finish_and_clear();
}

fn line(board: &Board) -> String {
    match board.doing {
        Doing::Setup => return "making meetings".to_owned(),
        Doing::Cleanup => return "deleting meetings".to_owned(),
        Doing::Load => {}
    }
    // What is told first is what a narrow terminal shows.
    let mut line = format!("{}: {:.1}/s of {:.1}/s", board.stage, board.achieved_rate, board.planned_rate);
    if let (Some(p50), Some(p99)) = (board.p50, board.p99) {
        line.push_str(&format!(", p50 {}, p99 {}", short(p50), short(p99)));
    }
    for (class, n) in board.classes.iter().filter(|(class, _)| *class != Class::Ok) {
        line.push_str(&format!(", {class} {}", grouped(n)));
    }
    line.push_str(&format!(", {} in flight", grouped(board.in_flight)));
    if board.waiting > 0 {
        line.push_str(&format!(", {} waiting", grouped(board.waiting)));
    }
    let left = board.lasts.saturating_sub(Duration::from_secs(board.at));
    if !left.is_zero() {
        line.push_str(&format!(", {} left", said(left)));
    }
    if let Some(first) = board.failing.first() {
        line.push_str(&format!(" — fails as it stands: {first}"));
    }
    line
}

fn short(span: Duration) -> String {
    if span >= Duration::from_secs(1) {
        format!("{:.1} s", span.as_secs_f64())
    } else {
        format!("{:.1} ms", span.as_secs_f64() * 1e3)
    }
}
