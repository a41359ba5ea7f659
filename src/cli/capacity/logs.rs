//! `latency.hlog` and `series.csv` of a search: what each step has measured.
//!
//! Holds [`StepLogs`]. Called by the verb: it listens to the step that runs, and writes it down when the step is kept, and not before. So a
//! step that was cut short leaves nothing, and one that was written down and not kept (a kill in between) is taken out again by
//! whoever goes on.

use super::super::failure::Failure;
use super::files::unwritable;
use crate::load::conductor::Score;
use crate::load::ran::Ran;
use crate::load::run::Run;
use crate::run_dir::{Logs, RunDir, publish};
use crate::stats::series::{load_columns, load_line, parts};
use hdrhistogram::Histogram;
use std::cell::RefCell;
use std::io::{self, ErrorKind, Write};
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The logs of a search.
pub struct StepLogs {
    logs: Logs,
    session: Instant,
    /// What the step that runs is called.
    name: String,
    noted: Rc<RefCell<Noted>>,
    measured: Vec<(String, Histogram<u64>)>,
}

/// The seconds of the step that runs.
#[derive(Default)]
struct Noted {
    /// When its first second began, from the start of the session.
    began: Option<Duration>,
    seconds: Vec<String>,
}

/// What a stage is called in the logs: the step alone where it is judged, else with what it is for behind it.
fn stage(step: &str, stage: &str) -> String {
    match stage {
        "step" | "quota" => step.to_owned(),
        // Calls still end when nothing is due any more.
        "" => format!("{step}/grace"),
        before => format!("{step}/{before}"),
    }
}

/// The number of a step by the name of a stage of its.
fn number(stage: &str) -> Option<usize> {
    stage.strip_prefix("step-")?.split('-').next()?.parse().ok()
}

impl StepLogs {
    /// Opens both, without whatever is of later steps than the first `kept` ones.
    ///
    /// # Errors
    /// They cannot be read or written.
    pub fn open(dir: &RunDir, kept: usize, first: SystemTime, now: SystemTime) -> Result<StepLogs, Failure> {
        let columns = load_columns();
        let at = columns.split(',').position(|column| column == "stage").unwrap_or_default();
        let cells = columns.split(',').count();
        let known = |stage: &str| number(stage).is_some_and(|n| n <= kept);
        // A tag is METRIC/STAGE/CALL/CLASS, and a stage may have a stroke in it.
        let of_log = |line: &str| match line.strip_prefix("Tag=") {
            Some(tagged) => tagged.split_once('/').is_some_and(|(_, stage)| known(stage)),
            None => line.starts_with(['#', '"']),
        };
        let of_series = |line: &str| {
            let row: Vec<&str> = line.split(',').collect();
            line == columns || row.len() == cells && known(row[at])
        };
        without_the_rest(dir, "latency.hlog", of_log)?;
        without_the_rest(dir, "series.csv", of_series)?;
        let logs = Logs::open(dir, first, now, &columns).map_err(super::files::elsewhere)?;
        let noted = Rc::default();
        Ok(StepLogs { logs, session: Instant::now(), name: String::new(), noted, measured: Vec::new() })
    }

    /// A step begins: `step-3-hold`, or `quota`. Its score, listened to.
    pub fn listening(&mut self, name: String, score: Score) -> Score {
        let (session, noted, step) = (self.session, Rc::clone(&self.noted), name.clone());
        *noted.borrow_mut() = Noted::default();
        self.name = name;
        let mut log = score.log;
        let listen = move |interval: &crate::stats::cells::Interval, of: &str| {
            let mut noted = noted.borrow_mut();
            // It is told when it is over.
            let began = || session.elapsed().saturating_sub(Duration::from_secs(interval.at + 1));
            noted.began.get_or_insert_with(began);
            noted.seconds.push(load_line(interval, &stage(&step, of)));
            log(interval, of)
        };
        Score { log: Box::new(listen), ..score }
    }

    /// The step has run: what it measured, told apart by stage, call and class.
    pub fn ran(&mut self, run: &Run, ran: &Ran) {
        let names: Vec<String> = run.plan.stages.iter().map(|of| stage(&self.name, &of.name)).collect();
        self.measured = parts(&ran.conducted.cells, &names);
    }

    /// The step is kept: it is written down.
    ///
    /// # Errors
    /// It cannot be.
    pub fn keep(&mut self, dir: &RunDir) -> Result<(), Failure> {
        let noted = std::mem::take(&mut *self.noted.borrow_mut());
        let lasts = Duration::from_secs(noted.seconds.len() as u64);
        let appended = self.logs.append_stretch(noted.began.unwrap_or_default(), lasts, &self.measured, &noted.seconds);
        self.measured.clear();
        appended.map_err(|e| unwritable(&dir.file("latency.hlog"), &e))
    }
}

/// Takes out of a file, if it is there, the lines that are not wanted, and what of a line a kill has left at its end.
fn without_the_rest(dir: &RunDir, name: &str, wanted: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let path = dir.file(name);
    let failed = |e: io::Error| unwritable(&path, &e);
    let text = match std::fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(failed(e)),
    };
    let whole = text.split_inclusive('\n').filter(|line| line.strip_suffix('\n').is_some_and(&wanted));
    let rest: String = whole.collect();
    if rest == text {
        return Ok(());
    }
    publish::<io::Error>(&path, |out: &mut dyn Write| out.write_all(rest.as_bytes()), |_| Ok(())).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_takes_out_what_was_written_of_steps_that_were_not_kept() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::open(&place.path().join("a.run")).unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let line = |of: &str| format!("{}{of},1,0,0,5,3,0", "0,".repeat(load_columns().split(',').count() - 8));
        let write = |kept: usize, n: u32| {
            let mut logs = StepLogs::open(&dir, kept, now, now).unwrap();
            logs.name = format!("step-{n}-seek");
            let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000, 3).unwrap();
            histogram.record(u64::from(n) * 1000).unwrap();
            logs.measured = vec![(format!("response/step-{n}-seek/settle/create-attendee/ok"), histogram)];
            logs.noted.borrow_mut().seconds = vec![line(&format!("step-{n}-seek/settle")), line(&format!("step-{n}-seek"))];
            logs.keep(&dir).unwrap();
        };
        let read = |name: &str| std::fs::read_to_string(dir.file(name)).unwrap();
        write(0, 1);
        let (log, series) = (read("latency.hlog"), read("series.csv"));
        write(1, 2);
        assert!(read("latency.hlog").starts_with(&log) && read("series.csv").lines().count() == 5, "{}", read("series.csv"));
        // Killed before step 2 was kept, and torn: it is as it was after step 1.
        for name in ["latency.hlog", "series.csv"] {
            std::fs::write(dir.file(name), read(name) + "Tag=response/step-1-seek,0.0").unwrap();
        }
        drop(StepLogs::open(&dir, 1, now, now).unwrap());
        assert_eq!((read("latency.hlog"), read("series.csv")), (log, series));
        write(1, 2);
        assert_eq!(read("latency.hlog").matches("/step-2-seek/").count(), 1);
    }
}
