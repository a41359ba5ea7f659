//! Properties: the sum of runs is what one run would have recorded, whoever is named first and whatever is merged before.

use super::made::{EPOCH_MS, JUDGED, LASTS, Made, STAGES, Whole, merge};
use headcount::call::Sample;
use headcount::chime::class::Class;
use headcount::chime::operation::Operation;
use headcount::load::conductor::{Conducted, Held};
use headcount::load::kept::Kept;
use headcount::stats::cells::{Cells, Interval};
use headcount::stats::recorder::Metric;
use headcount::stats::series::Row;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

fn made(id: &'static str) -> impl Strategy<Value = Made> {
    let ms = Duration::from_millis;
    let class = prop::sample::select(vec![Class::Ok, Class::Ok, Class::Ok, Class::Throttled, Class::Aborted, Class::Reset]);
    let operation = || prop::sample::select(vec![Operation::CreateAttendee, Operation::GetAttendee]);
    let sample = (operation(), class, [0u64..LASTS * 1000, 0u64..40, 0u64..300, 1u64..2500], any::<bool>()).prop_map(
        move |(operation, class, [due, lag, queue, service], again)| {
            let (ready, sent, done) = (due + lag, due + lag + queue, due + lag + queue + service);
            let retried = again && !matches!(class, Class::Ok | Class::Aborted);
            let stage = u16::from(due >= 3000);
            (Sample { stage, operation, due: ms(due), ready: ms(ready), sent: ms(sent), done: ms(done), class }, retried)
        },
    );
    let dropped = (0..LASTS, operation()).prop_map(|(at, operation)| (at, u16::from(at >= 3), operation));
    (0u64..4000, prop::collection::vec(sample, 0..25), prop::collection::vec(dropped, 0..6))
        .prop_map(move |(later, samples, dropped)| Made { id: id.to_owned(), began_ms: EPOCH_MS + later, samples, dropped })
}

/// One run that has recorded everything: its seconds, those of the clock.
fn together(runs: &[&Made]) -> BTreeMap<u64, Interval> {
    let first = runs.iter().map(|run| run.began_ms).min().unwrap() / 1000;
    let mut seconds: BTreeMap<u64, Interval> = BTreeMap::new();
    let last = runs.iter().map(|run| run.began_ms / 1000 - first + run.intervals().len() as u64).max().unwrap();
    for run in runs {
        let mut cpu = None;
        let intervals = run.intervals();
        for at in 0..last {
            let Some(own) = (at + first).checked_sub(run.began_ms / 1000) else { continue };
            let into = seconds.entry(at).or_insert_with(|| Interval { at, ..Interval::default() });
            // Whoever has ended has worked what it has worked.
            let idle = Interval { cpu, ..Interval::default() };
            let interval = intervals.get(own as usize).unwrap_or(&idle);
            cpu = interval.cpu;
            into.merge(interval);
        }
    }
    seconds
}

fn stage(at: u64, runs: &[&Made]) -> &'static str {
    let first = runs.iter().map(|run| run.began_ms).min().unwrap() / 1000;
    let under_way = |run: &&Made| {
        let own = (at + first).checked_sub(run.began_ms / 1000)?;
        (own < run.intervals().len() as u64).then_some(if own < 3 {
            0
        } else if own < LASTS {
            1
        } else {
            2
        })
    };
    runs.iter().filter_map(under_way).min().and_then(|index| STAGES.get(index)).copied().unwrap_or("")
}

/// Numbers, by their paths.
fn numbers(whole: &Whole) -> Value {
    let mut summary = whole.summary.clone();
    // Examples are bounded: which are kept may differ, and how many there were may not.
    for class in summary["errors"].as_object_mut().unwrap().values_mut() {
        for code in class["codes"].as_object_mut().into_iter().flatten().map(|(_, code)| code) {
            code["request_ids"] = Value::Null;
        }
    }
    summary
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_sum_is_what_one_run_would_have_recorded(a in made("a"), b in made("b"), c in made("c")) {
        let runs = [&a, &b, &c];
        let whole = merge(&[&a.dir(), &b.dir(), &c.dir()], 0.0).unwrap();
        let seconds = together(&runs);
        let names = STAGES.map(str::to_owned);
        let rows: Vec<Row> = seconds.values().map(|i| Row::of_interval(i, &names, &JUDGED, stage(i.at, &runs))).collect();
        prop_assert_eq!(whole.rows.len(), rows.len());
        for (ours, theirs) in whole.rows.iter().zip(&rows) {
            prop_assert_eq!((ours.at, &ours.cells, &ours.counts), (theirs.at, &theirs.cells, &theirs.counts));
            prop_assert_eq!(&ours.histograms, &theirs.histograms);
        }

        // Thresholds stand as if they had seen it all.
        let kept: Kept = serde_json::from_value(a.manifest()).unwrap();
        let mut conducted = Conducted { cells: Cells::default(), held: kept.held().unwrap(), cause: None, cpu: None };
        for interval in seconds.values() {
            conducted.held.iter_mut().for_each(|held: &mut Held| held.judge.second(interval.at, &interval.cells));
            conducted.cells.merge(&interval.cells);
        }
        for (threshold, held) in whole.summary["thresholds"].as_array().unwrap().iter().zip(&conducted.held) {
            prop_assert_eq!(threshold["check"].as_str(), Some(held.text.as_str()));
            let ok = held.judge.stands().0 == headcount::stats::threshold::Verdict::Pass;
            prop_assert_eq!(threshold["ok"].as_bool(), Some(ok), "{}", threshold);
        }

        // The law, and what is no histogram's.
        let counts = |name: &str| whole.summary["counts"][name].as_u64().unwrap();
        prop_assert_eq!(
            counts("planned") + counts("retries"),
            counts("done") + counts("dropped") + counts("aborted") + counts("unissued")
        );
        let classes: u64 = whole.summary["classes"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        prop_assert_eq!(classes, counts("done") + counts("dropped") + counts("aborted"));
        let samples: usize = runs.iter().map(|run| run.samples.len()).sum();
        let dropped: usize = runs.iter().map(|run| run.dropped.len()).sum();
        prop_assert_eq!((counts("sent"), counts("dropped")), (samples as u64, dropped as u64));
        prop_assert_eq!(whole.summary["meetings"]["made"].as_u64(), Some(6));
        prop_assert_eq!(whole.summary["traffic"]["connections_reused"].as_u64(), Some(21));
        prop_assert_eq!(whole.summary["generator"]["lanes"].as_u64(), Some(3));
        prop_assert_eq!(super::super::load::schema::faults(&whole.summary), Vec::<String>::new());
    }

    /// Every percentile is that of all samples laid in one heap and counted off, to three significant digits.
    #[test]
    fn percentiles_are_those_of_the_pooled_samples(a in made("a"), b in made("b")) {
        let whole = merge(&[&a.dir(), &b.dir()], 0.0).unwrap();
        let of = |metric: Metric, sample: &Sample| match metric {
            Metric::Response | Metric::Token => sample.response(),
            Metric::Service => sample.service(),
            Metric::Queue => sample.queue(),
            Metric::Lag => sample.lag(),
        };
        for metric in [Metric::Response, Metric::Service, Metric::Queue, Metric::Lag] {
            let judged = a.samples.iter().chain(&b.samples).filter(|(sample, _)| sample.stage == 1);
            let mut pool: Vec<u64> = judged.map(|(sample, _)| (of(metric, sample).as_micros() as u64).max(1)).collect();
            pool.sort_unstable();
            let told = &whole.summary["latency_ms"][metric.name()];
            prop_assert_eq!(told["count"].as_u64(), Some(pool.len() as u64));
            for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99_9", 0.999), ("max", 1.0)] {
                if pool.is_empty() { continue }
                let rank = ((q * pool.len() as f64).ceil() as usize).clamp(1, pool.len());
                let (exact, told) = (pool[rank - 1] as f64, told[name].as_f64().unwrap() * 1000.0);
                prop_assert!(told >= exact - 0.5 && told <= exact * 1.001 + 1.0, "{} {name}: {told} for {exact}", metric.name());
            }
        }
    }

    #[test]
    fn neither_order_nor_grouping_matters(a in made("a"), b in made("b"), c in made("c")) {
        let [a, b, c] = [a.dir(), b.dir(), c.dir()];
        let flat = merge(&[&a, &b, &c], 0.9).unwrap();
        let orders = [[&c, &b, &a], [&b, &a, &c], [&c, &a, &b]].map(|order| merge(&order, 0.9).unwrap());
        for other in &orders {
            prop_assert_eq!(&other.summary, &flat.summary);
            prop_assert_eq!(&other.merged.manifest, &flat.merged.manifest);
            prop_assert_eq!(&other.merged.events, &flat.merged.events);
        }
        let groups = [[&a, &b, &c], [&b, &c, &a], [&a, &c, &b]].map(|[one, two, alone]| {
            let pair = merge(&[one, two], 0.9).unwrap().dir("pair.run");
            merge(&[alone, &pair], 0.9).unwrap()
        });
        for other in groups.iter().chain(&orders) {
            prop_assert_eq!(numbers(other), numbers(&flat));
            prop_assert_eq!(&other.merged.manifest["merged"], &flat.merged.manifest["merged"]);
            prop_assert_eq!(&other.merged.manifest["id"], &flat.merged.manifest["id"]);
            prop_assert_eq!(&other.merged.events, &flat.merged.events);
            for (ours, theirs) in other.rows.iter().zip(&flat.rows) {
                prop_assert_eq!((ours.at, &ours.cells, &ours.counts), (theirs.at, &theirs.cells, &theirs.counts));
                prop_assert_eq!(&ours.histograms, &theirs.histograms);
            }
            prop_assert_eq!(other.rows.len(), flat.rows.len());
        }
    }
}

/// What a run is held to is read back from its `run.json` as it was.
#[test]
fn what_is_kept_of_thresholds_is_what_they_were() {
    let text = "version: 1\nmock: {}\noperations: { weights: { create-attendee: 3, get-attendee: 1 } }\n\
                load: { open: { stages: [{ name: up, warmup: true, rate: 5/s, duration: 2500ms }, { name: hold, rate: 5/s, duration: 1m }] } }\n\
                thresholds: [response.p99.9 < 1234567us, service.mean <= 0.1s, achieved/planned >= 99.95%, errors.count < 7,\n\
                { check: dropped.rate < 0.1%, over: 10s, for: 3, after: 1500ms }, { check: token.max < 1h, stage: hold, operation: create-attendee },\n\
                { check: errors.rate < 33.3%, class: throttled }]\n";
    let shipped = headcount::scenario::examples::EXAMPLES.iter().map(|(name, text)| (*name, *text));
    let mut held = 0;
    for (name, text) in shipped.chain([("own", text)]) {
        let run = super::super::load::line::Rig::new(super::super::load::line::plan(name, text)).run;
        let kept: Kept = serde_json::from_str(&serde_json::to_string(&Kept::of(&run)).unwrap()).unwrap();
        assert_eq!((kept.stages().unwrap(), kept.model().unwrap()), (run.plan.stages.clone(), run.plan.load.model()), "{name}");
        let (ours, theirs) = (kept.held().unwrap(), run.held());
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!((&ours.text, ours.judge.scope()), (&theirs.text, theirs.judge.scope()), "{name}");
            held += 1;
        }
    }
    assert!(held > 10, "{held}");
}
