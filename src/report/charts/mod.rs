//! Plots: the options of the charting library, and the same numbers as tables.
//!
//! Holds what all plots share: axes, series, [`Tone`]. Called by the sections. Options are data alone: an axis names its `unit`, a series
//! its `tone`, and the page's script puts in the functions and colours that belong to them. It never sees a colour.

pub mod capacity;
pub mod heat;
pub mod intervals;
pub mod latency;
pub mod load;
pub mod outcome;
pub mod seats;

use super::html::block::Key;
use super::model::Run;
use super::model::timeline::Timeline;
use serde_json::{Value, json};

/// A series of a plot.
pub struct Series {
    /// Its name, in legends and tooltips.
    pub name: String,
    /// The name of its colour.
    pub tone: String,
    /// `solid`, `dashed` or `dotted`.
    pub line: &'static str,
    /// Its points.
    pub points: Vec<(f64, Option<f64>)>,
    /// What its values are: names a way of writing them.
    pub unit: &'static str,
    /// Which of the plot's grids it lies in.
    pub grid: usize,
    /// Whether it is shown at first.
    pub on: bool,
    /// How broad it is drawn: broader, where another may lie upon it. Nothing of it but its points, if 0.
    pub width: f64,
    /// The shape of each point, `circle`, `triangle` or `rect`, with ` hollow` behind it where it is not filled; none are shown, if there are none.
    pub shapes: Vec<String>,
    /// What else there is to say of each point.
    pub notes: Vec<String>,
}

impl Series {
    /// A line.
    pub fn line(name: &str, tone: &str, unit: &'static str, points: Vec<(f64, Option<f64>)>) -> Series {
        let (name, tone, shapes, notes) = (name.to_owned(), tone.to_owned(), Vec::new(), Vec::new());
        Series { name, tone, line: "solid", points, unit, grid: 0, on: true, width: 2.0, shapes, notes }
    }

    fn key(&self) -> Key {
        Key { name: self.name.clone(), tone: self.tone.clone(), line: self.line, on: self.on }
    }

    fn option(&self) -> Value {
        let point = |(x, y): &(f64, Option<f64>)| json!([number(*x), y.map(number)]);
        let mut option = json!({
            "type": "line", "name": self.name, "tone": self.tone, "unit": self.unit, "showSymbol": false, "symbolSize": 7,
            "xAxisIndex": self.grid, "yAxisIndex": self.grid, "lineStyle": { "type": self.line, "width": self.width },
            "connectNulls": false, "data": self.points.iter().map(point).collect::<Vec<_>>(),
        });
        for (name, of) in [("shapes", &self.shapes), ("notes", &self.notes)] {
            if !of.is_empty() {
                option[name] = json!(of);
            }
        }
        option
    }
}

/// A number as it stands in options: a thousandth is more than a pixel shows, and a whole number is one.
pub fn number(value: f64) -> Value {
    let rounded = (value * 1000.0).round() / 1000.0;
    if rounded.fract() == 0.0 && rounded.abs() < 9e15 { json!(rounded as i64) } else { json!(rounded) }
}

/// The legend of some series, a name once.
pub fn legend(series: &[Series]) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for one in series {
        if !keys.iter().any(|key| key.name == one.name) {
            keys.push(one.key());
        }
    }
    keys
}

/// A plot of lines, one grid above the other.
pub struct Lines<'a> {
    /// What x is: names a way of writing it.
    pub x: &'static str,
    /// The name of x.
    pub x_name: &'static str,
    /// Each grid's y: its unit and its name.
    pub ys: Vec<(&'static str, &'static str)>,
    /// Whether y may grow by powers.
    pub log: bool,
    /// Whether x grows by powers.
    pub log_x: bool,
    /// The lines.
    pub series: &'a [Series],
    /// Marks on x: where, and what stands beside them.
    pub marks: Vec<(f64, String)>,
    /// Marks on the first grid's y: where, and what stands beside them.
    pub levels: Vec<(f64, String)>,
}

impl Lines<'_> {
    /// The options.
    pub fn option(&self) -> Value {
        let grids = self.ys.len();
        let x = |n: usize| {
            let last = n + 1 == grids;
            json!({ "type": if self.log_x { "log" } else { "value" }, "unit": self.x, "gridIndex": n, "min": "dataMin", "max": "dataMax",
                    "name": if last { self.x_name } else { "" }, "axisLabel": { "show": last } })
        };
        let y = |(n, (unit, name)): (usize, &(&str, &str))| {
            let scale = if self.log && n == 0 { "log" } else { "value" };
            json!({ "type": scale, "unit": unit, "name": name, "gridIndex": n })
        };
        let mut series: Vec<Value> = self.series.iter().map(|one| one.option()).collect();
        let stands = |(at, name): &(f64, String)| json!({ "xAxis": number(*at), "name": name });
        let lies = |(at, name): &(f64, String)| json!({ "yAxis": number(*at), "name": name });
        let marks: Vec<Value> = self.marks.iter().map(stands).chain(self.levels.iter().map(lies)).collect();
        if let Some(first) = series.first_mut().filter(|_| !marks.is_empty()) {
            first["markLine"] = json!({ "data": marks });
        }
        json!({
            "kind": "lines", "grids": grids, "xAxis": (0..grids).map(x).collect::<Vec<_>>(),
            "yAxis": self.ys.iter().enumerate().map(y).collect::<Vec<_>>(), "series": series,
        })
    }
}

/// Where stages begin, for a plot over time; the first begins with the run and needs no mark.
pub fn stage_marks(runs: &[Run]) -> Vec<(f64, String)> {
    let [run] = runs else { return Vec::new() };
    let stages = &run.timeline.stages;
    let mark = |(at, name): &(u64, String)| (*at as f64, name.clone());
    if stages.len() < 2 { Vec::new() } else { stages.iter().map(mark).collect() }
}

/// What stands behind a caption, and behind a heading, of one among several runs; `n` is 0 for a run that is alone.
pub fn of_run(run: &Run, n: usize) -> String {
    if n == 0 { String::new() } else { format!(", {}", run.label) }
}

/// The colour of the run at this place.
pub fn run_tone(n: usize) -> String {
    format!("run-{}", n + 1)
}

/// An instant of a run, as a person reads it: `4:05`, `1:00:00`.
pub fn clock(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

/// What a bin's row is called: its first second, or the stretch it covers.
pub fn stretch(timeline: &Timeline, at: u64) -> String {
    if timeline.width == 1 { clock(at) } else { format!("{}–{}", clock(at), clock(at + timeline.width)) }
}
