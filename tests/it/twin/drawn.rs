//! A twin draws what was recorded: percentiles, shares of faults, the quota. Under a paused clock, with fixed seeds.

use super::written::{KNOWN, against, twin_of, write};
use crate::load::line::plan;
use headcount::behaviour::draw::Draw;
use headcount::behaviour::{Counted, Latency};
use headcount::chime::class::Class;
use headcount::chime::operation::Operation;
use headcount::seed::Seed;
use headcount::twin::told::lines;
use headcount::twin::{Answers, Twin};
use std::time::Duration;

const QUANTILES: [f64; 6] = [0.1, 0.5, 0.9, 0.95, 0.99, 0.999];

/// Five standard deviations of a share that is counted of so many draws: under one in a million lies beyond.
fn slack(share: f64, draws: f64) -> f64 {
    5.0 * (share * (1.0 - share) / draws).sqrt() + 1.0 / draws
}

/// The share of what was counted that is no longer than this.
fn up_to(counted: &Counted, longest: Duration) -> f64 {
    // The inverse of a quantile, by bisection.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if counted.at(middle).unwrap() <= longest { low = middle } else { high = middle }
    }
    low
}

fn of(twin: &Twin, class: Class) -> &Answers {
    twin.about(Some(Operation::CreateAttendee)).find(|answers| answers.class == class).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_drawn_is_what_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let first = write(plan("known", KNOWN), &dir.path().join("a.run")).await;
    let twin = twin_of(&dir.path().join("a.run"));

    // The quota, to a twentieth.
    let bucket = twin.quota.unwrap();
    assert_eq!(bucket.operation, Some(Operation::CreateAttendee));
    assert!((bucket.rate / 50.0 - 1.0).abs() < 0.05 && (bucket.burst / 100.0 - 1.0).abs() < 0.05, "{bucket:?}");

    // Warm-up is not in it, everything else is.
    let judged = first.summary["latency_ms"]["service"]["count"].as_u64().unwrap();
    assert_eq!(twin.answers.iter().map(|answers| answers.calls).sum::<u64>(), judged);
    assert!(judged + 400 == first.number("counts.done") as u64, "{judged}");

    // Draws take values that were recorded, so the histogram's precision costs nothing: of n draws, the share up to a recorded
    // quantile is that of the record, but for chance.
    let ok = &of(&twin, Class::Ok).service_us;
    let draw = Draw::new(Latency::Counted(ok.clone()), Seed(11), "latency").unwrap();
    let drawn: Vec<Duration> = (0..50_000).map(|n| draw.at(n)).collect();
    for q in QUANTILES {
        let value = ok.at(q).unwrap();
        let (want, got) = (up_to(ok, value), drawn.iter().filter(|one| **one <= value).count() as f64 / 50_000.0);
        assert!((want - got).abs() <= slack(want, 50_000.0), "{q}: {want} recorded, {got} drawn");
    }

    // The same load against the twin, read back as the first was. Its times go through the paused clock, whose grain is a millisecond,
    // and through a histogram of three digits, once more: a value may move by 1 ms + 0.1 %, its rank by chance.
    write(against(plan("known", KNOWN), &twin), &dir.path().join("b.run")).await;
    let again = twin_of(&dir.path().join("b.run"));
    for class in [Class::Ok, Class::Throttled, Class::Unavailable, Class::Reset] {
        let (first, second) = (of(&twin, class), of(&again, class));
        for q in QUANTILES {
            let value = first.service_us.at(q).unwrap();
            let chance = slack(q, second.calls as f64) + slack(q, first.calls as f64);
            let (longer, shorter) =
                (value.mul_f64(1.001) + Duration::from_millis(1), value.mul_f64(0.999).saturating_sub(Duration::from_millis(1)));
            let below = up_to(&second.service_us, longer);
            assert!(below >= q - chance, "{class} {q}: {value:?} lies at {below}");
            let above = up_to(&second.service_us, shorter);
            assert!(above <= q + chance, "{class} {q}: {value:?} lies at {above}");
        }
    }

    // Shares of faults, of the calls that the quota let in, within the binomial bound of the second run.
    let let_in =
        |twin: &Twin| [Class::Ok, Class::Unavailable, Class::Reset].map(|class| of(twin, class).calls).iter().sum::<u64>() as f64;
    for class in [Class::Unavailable, Class::Reset] {
        let (want, got) = (of(&twin, class).calls as f64 / let_in(&twin), of(&again, class).calls as f64 / let_in(&again));
        assert!((want - got).abs() <= slack(want, let_in(&again)), "{class}: {want} recorded, {got} played");
    }
    // Throttles are the bucket's alone: as many as of the first, but for what the bucket is known by.
    let throttled = |twin: &Twin| of(twin, Class::Throttled).calls as f64;
    assert!((throttled(&again) / throttled(&twin) - 1.0).abs() < 0.05, "{} {}", throttled(&again), throttled(&twin));

    insta::assert_snapshot!("twin-told", lines(&twin).join("\n"));
    // What is written is what is read.
    assert_eq!(Twin::read(&serde_json::to_vec(&twin).unwrap()), Ok(twin));
}

#[tokio::test(start_paused = true)]
async fn where_nothing_was_throttled_no_quota_is_made_up() {
    let dir = tempfile::tempdir().unwrap();
    let text = "version: 1\nmock: { latency: 5ms }\nload: { open: { stages: [{ name: hold, rate: 40/s, duration: 30s }] } }\n";
    write(plan("free", text), &dir.path().join("a.run")).await;
    let twin = twin_of(&dir.path().join("a.run"));
    assert_eq!((twin.quota, twin.unthrottled), (None, Some(40.0)));
    assert_eq!(headcount::twin::played::played(&twin).quota, headcount::behaviour::Quota::off());
    assert!(lines(&twin).iter().any(|line| line.contains("none set") && line.contains("at least")), "{:?}", lines(&twin));
}
