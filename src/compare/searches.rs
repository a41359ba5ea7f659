//! Two searches for capacity, compared by the rates that they found.
//!
//! Holds [`searches`]. Called by the command line with two `capacity.json`. A search states its own interval, so nothing is drawn here: the
//! change lies between the ratios of the intervals' ends, and holds as often as both intervals do.

use super::measure::Measure;
use super::told::{Comparison, Metric, Side};
use super::{CompareError, Settings};
use serde_json::Value;

/// Compares them; each is `(what it is called, capacity.json, run.json)`.
///
/// # Errors
/// One has no answer yet, or looked for something else.
pub fn searches(
    base: (&str, &Value, &Value),
    run: (&str, &Value, &Value),
    settings: &Settings,
) -> Result<Comparison, CompareError> {
    let (before, now) = (found(base.0, base.1)?, found(run.0, run.1)?);
    let measure = Measure::Capacity;
    let change = (before.rate > 0.0).then(|| measure.change(before.rate, now.rate));
    // The ends of one over the other's: a rate below which nothing is decided has no share.
    let interval = change.and(before.ends.zip(now.ends)).filter(|((low, _), _)| *low > 0.0);
    let interval = interval.map(|((low, high), (least, most))| (least / high - 1.0, most / low - 1.0));
    let nothing = if before.rate == 0.0 && now.rate > 0.0 {
        Some(format!("no rate held in {}, and {}/s hold in {}", base.0, now.rate, run.0))
    } else if interval.is_none() {
        Some(
            "one of the searches did not decide both ends of its interval: it stopped at --max-rate, or its steps were short"
                .to_owned(),
        )
    } else {
        None
    };
    let metric = Metric::of(&measure, Some(before.rate), Some(now.rate), interval, settings);
    let side = |(label, kept, manifest): (&str, &Value, &Value)| {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let steps = kept["steps"].as_array().map_or(&[][..], Vec::as_slice);
        let seconds: f64 = steps.iter().filter_map(|step| step["seconds"].as_f64()).sum();
        Side {
            label: crate::safe::line(label, 60),
            id: text(&manifest["id"]),
            started: text(&manifest["started"]),
            verdict: text(&kept["answer"]["ending"]).unwrap_or_default(),
            seconds: seconds as u64,
        }
    };
    let notes =
        if base.1["scenario"] == run.1["scenario"] { Vec::new() } else { vec!["the scenarios or their --set differ".to_owned()] };
    // Two intervals that hold so often each hold so often together.
    let confidence = (before.confidence + now.confidence - 1.0).max(0.0);
    let settings = Settings { confidence, ..*settings };
    Ok(Comparison::of(side(base), side(run), vec![metric], notes, &settings, nothing))
}

/// What a search found.
struct Found {
    /// Calls a second; 0 if none holds.
    rate: f64,
    /// Both ends of its interval, where both are decided.
    ends: Option<(f64, f64)>,
    confidence: f64,
}

fn found(label: &str, kept: &Value) -> Result<Found, CompareError> {
    let answer = &kept["answer"];
    let ending = answer["ending"].as_str().unwrap_or("none yet");
    // Where the generator was the bound, or calls ran out, the rate says how far was tried.
    if kept["mode"] != "search" || !matches!(ending, "found" | "ceiling" | "none-holds") {
        let why = if kept["mode"] == "search" { format!("its answer is {ending}") } else { "it looked for a quota".to_owned() };
        return Err(CompareError::NoAnswer { label: label.to_owned(), why });
    }
    let confidence = answer["confidence"].as_f64().unwrap_or(0.95);
    Ok(match ending {
        "none-holds" => Found { rate: 0.0, ends: Some((0.0, 0.0)), confidence },
        _ => Found {
            rate: answer["rate"].as_f64().unwrap_or_default(),
            ends: answer["low"].as_f64().zip(answer["high"].as_f64()),
            confidence,
        },
    })
}
