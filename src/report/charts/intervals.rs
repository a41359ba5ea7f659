//! The changes of a comparison with their intervals, one below the other.
//!
//! Holds [`intervals`]. Called by the section that says what differs. Changes of shares, which are points and not percent, stand in the
//! table alone.

use super::number;
use crate::report::compare::row;
use crate::report::html::block::{Figure, Table};
use serde_json::{Value, json};

/// Changes beyond this (percent) are drawn at the edge: one that is without bound would leave no room for the others.
const WIDEST: f64 = 300.0;

/// Nothing, if no interval is known.
pub fn intervals(metrics: &[Value]) -> Option<Figure> {
    let percent = |value: &Value| value.as_f64().map(|share| (share * 100.0).clamp(-100.0, WIDEST));
    let told = |metric: &&Value| metric["change_is"] == "share" && metric["low"].is_number();
    let metrics: Vec<&Value> = metrics.iter().filter(told).collect();
    if metrics.is_empty() {
        return None;
    }
    let tone = |metric: &Value| match metric["verdict"].as_str() {
        Some("regression") => "bad",
        Some("improvement") => "good",
        _ => "planned",
    };
    let point = |metric: &&Value| {
        json!({
            "name": metric["name"], "tone": tone(metric), "says": metric["says"],
            "low": percent(&metric["low"]).map(number), "high": percent(&metric["high"]).map(number),
        })
    };
    let place = |(n, metric): (usize, &&Value)| json!([percent(&metric["change"]).map(number), n]);
    let mut table = Table::new("changes", "The same in numbers", &["metric", "#change %", "#from %", "#to %", "verdict"]);
    for metric in &metrics {
        let cell = |name: &str| metric[name].as_f64().map_or(String::new(), |share| format!("{:+.2}", share * 100.0));
        let [name, .., verdict] = row(metric);
        table.row(vec![name, cell("change"), cell("low"), cell("high"), verdict]);
    }
    let said: Vec<&str> = metrics.iter().filter_map(|metric| metric["says"].as_str()).collect();
    Some(Figure {
        id: "intervals".to_owned(),
        title: "How much each metric has changed, and how sure that is".to_owned(),
        alt: format!("A bar for each metric from one end of its interval to the other, beside 0. {}.", said.join("; ")),
        option: json!({
            "kind": "intervals", "rows": metrics.iter().map(point).collect::<Vec<_>>(),
            "series": [{ "name": "change", "data": metrics.iter().enumerate().map(place).collect::<Vec<_>>() }],
        }),
        legend: Vec::new(),
        choices: Vec::new(),
        table,
    })
}
