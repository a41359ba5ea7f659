//! A twin in a few plain lines: what was taken from the run, and what is not in it.
//!
//! Holds [`lines`]. Called by whoever starts a mock. It never sees a terminal.

use super::played::{is_played, let_in};
use super::{Answers, Bucket, Twin};
use crate::behaviour::Counted;
use crate::chime::class::Class;
use crate::chime::operation::Operation;

/// The lines.
pub fn lines(twin: &Twin) -> Vec<String> {
    let of = &twin.of;
    let began = of.started.as_ref().map_or(String::new(), |started| format!(", begun {started}"));
    let mut lines = vec![format!("like {}, a {} run{began}", of.name, of.kind)];
    for operation in twin.operations() {
        lines.push(about(twin, operation));
    }
    if twin.operations() != [None] {
        lines.push(format!("other calls: as every ok answer together, {}", times(&twin.ok())));
    }
    lines.extend(limit(twin));
    lines.extend(twin.notes.iter().cloned());
    lines.push("not in a twin: queueing that grows with load, and faults in bursts: each answer is drawn by itself".to_owned());
    lines
}

/// One call.
fn about(twin: &Twin, operation: Option<Operation>) -> String {
    let reached = let_in(twin, operation).max(1) as f64;
    let part = |answers: &Answers| {
        let share = if is_played(answers.class) {
            format!(" ({:.2} % of those let in)", answers.calls as f64 / reached * 100.0)
        } else {
            String::new()
        };
        let times = if answers.service_us.total() > 0 && answers.class != Class::ReadTimeout {
            format!(", {}", times(&answers.service_us))
        } else {
            String::new()
        };
        format!("{} {}{share}{times}", answers.calls, answers.class)
    };
    let shown = |answers: &&Answers| matches!(answers.class, Class::Ok | Class::Throttled) || is_played(answers.class);
    let mut parts: Vec<String> = twin.about(operation).filter(shown).map(part).collect();
    if operation.is_none() && twin.together_us.total() > 0 {
        parts.push(format!("together {}", times(&twin.together_us)));
    }
    format!("{}: {}", operation.map_or("every call", Operation::name), parts.join("; "))
}

/// The quota, or what is known instead; where throttles told of none, a note says so.
fn limit(twin: &Twin) -> Option<String> {
    match (twin.quota, twin.unthrottled) {
        (Some(Bucket { operation, rate, burst, pressed_s }), _) => {
            let whose = operation.map_or("all calls together", Operation::name);
            let by = pressed_s.map_or("as --rate auto had found it".to_owned(), |s| {
                format!("by what was let in during {s} seconds that were throttled throughout")
            });
            Some(format!("quota of {whose}: {rate:.1}/s, burst {burst:.0}, {by}"))
        }
        (None, Some(rate)) => Some(format!(
            "quota: none set; nothing was throttled at {rate:.1}/s in the busiest ten seconds (or all of a shorter run), so it is at least that"
        )),
        (None, None) => None,
    }
}

/// Percentiles of a distribution.
fn times(counted: &Counted) -> String {
    let ms = |quantile| counted.at(quantile).unwrap_or_default().as_secs_f64() * 1e3;
    format!("p50 {:.1} ms, p99 {:.1} ms", ms(0.5), ms(0.99))
}
