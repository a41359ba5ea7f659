//! A run as a person watches it: a bar on a terminal, a line every few seconds elsewhere.
//!
//! Holds [`watch`]. Called by `provision`. It sees counts alone, never an id or a token, and slows nothing down: it reads the
//! board when it has time.

use super::say::Voice;
use super::values::{grouped, said};
use crate::chime::class::Class;
use crate::drive::pump::Stop;
use crate::provision::board::{Board, HeldUp, Notice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// A bar.
    Bar,
    /// Lines.
    Lines,
    /// Nothing.
    Nothing,
}

/// How often a line is written where there is no terminal.
pub const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows the board until its run is over; notices are said as they come.
pub async fn show(
    mut board: watch::Receiver<Board>,
    mut notices: mpsc::Receiver<Notice>,
    mut stop: watch::Receiver<Stop>,
    draw: Draw,
    voice: Voice,
) {
    let bar = if draw == Draw::Bar { bar() } else { ProgressBar::hidden() };
    let began = Instant::now();
    let mut tick = tokio::time::interval(if draw == Draw::Lines { LINE_EVERY } else { Duration::from_millis(100) });
    tick.tick().await;
    let mut stopping = false;
    loop {
        tokio::select! {
            notice = notices.recv() => match notice {
                Some(notice) => bar.suspend(|| tell(&notice, voice)),
                // The run has let go of its end: it is over.
                None => break,
            },
            _ = stop.wait_for(|level| *level > Stop::No), if !stopping => {
                stopping = true;
                bar.suspend(|| voice.warn("stopping: what is in flight is waited for, at most --timeout; a second signal leaves at once"));
            }
            _ = tick.tick() => {
                let now = board.borrow_and_update().clone();
                let line = line(&now, began.elapsed());
                match draw {
                    Draw::Bar => {
                        bar.set_length(now.seats);
                        bar.set_position(now.provisioned + now.refused);
                        bar.set_message(line);
                    }
                    Draw::Lines => voice.say(format_args!("{}/{} {line}", grouped(now.provisioned + now.refused), grouped(now.seats))),
                    Draw::Nothing => {}
                }
            }
        }
    }
    bar.finish_and_clear();
}

/// A bar on stderr.
pub fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("{bar:30.cyan/dim} {human_pos}/{human_len} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("━╸━"));
    bar
}

fn line(board: &Board, elapsed: Duration) -> String {
    let done = board.provisioned + board.refused;
    let speed = done as f64 / elapsed.as_secs_f64().max(0.001);
    let mut line = format!("{speed:.0}/s, {} in flight", board.in_flight);
    if let Some(left) = left(board, speed) {
        line.push_str(&format!(", {} left", said(left)));
    }
    let faults: Vec<String> =
        board.classes.iter().filter(|(c, _)| *c != Class::Ok).map(|(c, n)| format!("{c} {}", grouped(n))).collect();
    if !faults.is_empty() {
        line.push_str(&format!(" — {}", faults.join(", ")));
    }
    if let Some(learned) = board.learned {
        line.push_str(&format!(" — found {:.1}/s, {:.0} at once", learned.rate, learned.burst));
    }
    match board.held_up {
        Some(HeldUp::Throttled) => line.push_str(&format!(" — throttled, now at {:.1}/s", board.rate)),
        Some(HeldUp::Outage(class)) => line.push_str(&format!(" — nothing gets through ({class}), probing")),
        Some(HeldUp::Credentials) => line.push_str(" — waiting for new credentials"),
        None => {}
    }
    line
}

/// Time left, by what has really got done so far, or by the rate while nothing has.
fn left(board: &Board, speed: f64) -> Option<Duration> {
    // While nothing gets through, nobody knows.
    if matches!(board.held_up, Some(HeldUp::Outage(_) | HeldUp::Credentials)) {
        return None;
    }
    let left = board.seats.saturating_sub(board.provisioned + board.refused) as f64;
    let speed = if speed > 0.0 { speed } else { board.rate };
    (left > 0.0 && speed.is_finite() && speed > 0.0).then(|| Duration::from_secs_f64((left / speed).min(1e7)))
}

fn tell(notice: &Notice, voice: Voice) {
    match notice {
        Notice::MeetingClosed { meeting, class, reason } => {
            voice.warn(format_args!("meeting {meeting} takes nobody any more ({class}): {reason}"))
        }
        Notice::MeetingUnknown { meeting, reason } => {
            voice.warn(format_args!(
                "meeting {meeting} could not be looked at, so its features are not checked beforehand: {reason}"
            ));
        }
        Notice::Outage(class, what) => voice.warn(format_args!("nothing gets through ({class}): {what}; probing until it does")),
        Notice::OutageOver => voice.say("it gets through again"),
        Notice::MeetingNotMade { name, class, reason } => {
            voice.warn(format_args!("{name} cannot be made ({class}): {reason}; its rows have no seat"));
        }
        Notice::NoBatches(why) => voice.warn(format_args!(
            "batches are not let in ({why}; chime:BatchCreateAttendee is a permission of its own): asking one by one"
        )),
        Notice::Throttled => voice.warn("the service throttles: going slower, for all rows together"),
        Notice::Expired(within) => {
            voice.warn(format_args!("the credentials have expired; refresh them within {} and the run goes on", said(*within)))
        }
        Notice::Renewed => voice.say("new credentials found; going on"),
        Notice::ClockCorrected => voice.warn("this machine's clock is minutes off the service's; signing by the service's"),
    }
}
