//! Two searches for capacity, compared by the rates that they found.
//!
//! Holds [`searches`]. Called by the command line with two `capacity.json`. A search states its own interval, so nothing is drawn here: the
//! change lies between the ratios of the intervals' ends, and holds as often as both intervals do.

use super::bootstrap::change;
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
    let (before, now) = (rate(base.0, base.1)?, rate(run.0, run.1)?);
    let plain = before.0.zip(now.0).map(|(before, now)| change(&Measure::Capacity, before, now));
    let ends = |(low, high): (Option<f64>, Option<f64>)| low.zip(high);
    let interval = ends(before.1).zip(ends(now.1)).filter(|((low, _), _)| *low > 0.0).filter(|_| plain.is_some());
    let interval = interval.map(|((low, high), (least, most))| (least / high - 1.0, most / low - 1.0));
    let metric = Metric::of(&Measure::Capacity, before.0, now.0, interval, settings);
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
    let confidence = 1.0 - (1.0 - before.2) - (1.0 - now.2);
    let settings = Settings { confidence, ..*settings };
    Ok(Comparison::of(side(base), side(run), vec![metric], notes, &settings, true))
}

type Found = (Option<f64>, (Option<f64>, Option<f64>), f64);

fn rate(label: &str, kept: &Value) -> Result<Found, CompareError> {
    let answer = &kept["answer"];
    let ending = answer["ending"].as_str().unwrap_or("none yet");
    // Where the generator was the bound, or calls ran out, the rate says how far was tried.
    if kept["mode"] != "search" || !matches!(ending, "found" | "ceiling" | "none-holds") {
        let why = if kept["mode"] == "search" { format!("its answer is {ending}") } else { "it looked for a quota".to_owned() };
        return Err(CompareError::NoAnswer { label: label.to_owned(), why });
    }
    let ends = (answer["low"].as_f64(), answer["high"].as_f64());
    Ok((answer["rate"].as_f64(), ends, answer["confidence"].as_f64().unwrap_or(0.95)))
}
