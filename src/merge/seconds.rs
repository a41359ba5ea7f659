//! Runs added up, second by second of the clock.
//!
//! Holds [`add`]. A second of a run is put into the second of the clock in which it began; of each no more is decoded at a time than that. What comes out is what whoever
//! conducts a run makes of its lanes: cells, judges that have seen every second, and rows for the logs.

use super::member::{Logged, Member};
use crate::chime::class::Class;
use crate::load::conductor::{Conducted, judged};
use crate::stats::cells::{Cell, Cells, Interval, Key};
use crate::stats::recorder::{Latencies, Metric};
use crate::stats::series::Row;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// How far a member has been read.
#[derive(Debug, Default)]
struct Place {
    line: usize,
    second: usize,
    count: usize,
    /// CPU of its lanes so far.
    cpu: Option<Duration>,
}

/// Adds them up; every second of which anything is known is told to `log`.
pub fn add(members: &mut [Member], log: &mut dyn FnMut(&Row) -> io::Result<()>) -> io::Result<Conducted> {
    let Some(first) = members.first() else {
        return Ok(Conducted { cells: Cells::default(), held: Vec::new(), cause: None, cpu: None });
    };
    // They have been read once already, and would not be here if they could not be.
    let (stages, mut held) = (first.kept.stages().unwrap_or_default(), first.kept.held().unwrap_or_default());
    let names: Vec<String> = stages.iter().map(|stage| stage.name.clone()).collect();
    let judged = judged(&stages);
    let last = members.iter().filter_map(|member| Some(member.shift + member.last()?)).max();
    let mut places: Vec<Place> = members.iter().map(|_| Place::default()).collect();
    let (mut cells, mut interval) = (Cells::default(), Interval::default());
    for at in 0..last.map_or(0, |last| last + 1) {
        interval.restart(at);
        let (mut known, mut under_way) = (false, names.len());
        for (member, place) in members.iter_mut().zip(&mut places) {
            let Some(own) = at.checked_sub(member.shift) else { continue };
            let seen = place.take(member, own, &mut interval);
            known |= seen.known;
            // Of runs that are in different stages, the earliest is told.
            under_way = under_way.min(seen.stage.unwrap_or(names.len()));
        }
        for held in &mut held {
            held.judge.second(at, &interval.cells);
        }
        cells.merge(&interval.cells);
        if known {
            log(&Row::of_interval(&interval, &names, &judged, names.get(under_way).map_or("", String::as_str)))?;
        }
    }
    let cpu = places.iter().map(|place| place.cpu).sum();
    Ok(Conducted { cells, held, cause: None, cpu })
}

/// What a member has of a second.
#[derive(Debug, Default)]
struct Seen {
    known: bool,
    stage: Option<usize>,
}

impl Place {
    /// Adds what a member has of its second `own`.
    fn take(&mut self, member: &mut Member, own: u64, into: &mut Interval) -> Seen {
        let mut seen = Seen::default();
        let mut parts: BTreeMap<Key, Latencies> = BTreeMap::new();
        while let Some((line, part)) = member.lines.get(self.line).filter(|(line, _)| line.at == own) {
            self.line += 1;
            let Some(stage) = member.kept.stage(part.stage) else { continue };
            line.add_to(parts.entry(Key { stage, operation: part.operation, class: part.class }).or_default());
        }
        for (key, latencies) in parts {
            // Each sample is in each of the four; should the line of one be torn, the others know how many there were.
            let of = [Metric::Response, Metric::Service, Metric::Queue, Metric::Lag];
            let count = of.into_iter().map(|metric| latencies.of(metric).len()).max().unwrap_or(0);
            member.logged.ended(key.class, count);
            into.cells.put(key, &Cell { count, retried: 0, latencies });
            seen.known = true;
        }
        while let Some(count) = member.counts.get(self.count).filter(|count| count.at == own) {
            self.count += 1;
            let Some(stage) = member.kept.stage(&count.stage) else { continue };
            let operation = count.operation;
            into.cells.add_planned(stage, operation, count.planned);
            let dropped = Cell { count: count.dropped, ..Cell::default() };
            into.cells.put(Key { stage, operation, class: Class::Dropped }, &dropped);
            // Of what class they were is not kept, and nothing asks for it.
            let retried = Cell { retried: count.retried, ..Cell::default() };
            into.cells.put(Key { stage, operation, class: Class::Throttled }, &retried);
            member.logged.planned += count.planned;
            member.logged.retried += count.retried;
            member.logged.dropped += count.dropped;
            seen.known = true;
        }
        while let Some(second) = member.seconds.get(self.second).filter(|second| second.at == own) {
            self.second += 1;
            into.sent += second.sent;
            into.in_flight += second.in_flight.unwrap_or(0);
            into.waiting += second.waiting.unwrap_or(0);
            self.cpu = second.cpu_ms.map(Duration::from_millis).or(self.cpu);
            let stage = member.kept.stage(&second.stage).map(usize::from);
            seen = Seen { known: true, stage: stage.or(seen.stage) };
        }
        into.cpu = into.cpu.zip(self.cpu).map(|(a, b)| a + b).or(into.cpu).or(self.cpu);
        seen
    }
}

impl Logged {
    fn ended(&mut self, class: Class, count: u64) {
        match class {
            Class::Dropped => self.dropped += count,
            Class::Aborted => self.aborted += count,
            _ => self.done += count,
        }
    }
}
