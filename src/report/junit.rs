//! A run as JUnit XML, which GitLab, Jenkins and GitHub's actions read.
//!
//! Holds [`junit`]. Called by `headcount report --format junit`, and by `load --junit` when a run has ended. A test case a threshold and one for the verdict: what does not hold
//! is a *failure*, what cannot be believed an *error*. It is made from the files that a run leaves, and from nothing else.

use super::ReportError;
use super::words::counted;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::Value;
use std::io;

/// What became of a case.
enum End {
    Passed,
    /// It does not hold: the type, what was found, more of it.
    Failed(&'static str, String, Vec<String>),
    /// It cannot be told.
    Error(&'static str, String, Vec<String>),
}

/// A test case.
struct Case {
    name: String,
    seconds: f64,
    end: End,
}

impl Case {
    fn new(name: &str, end: End) -> Case {
        Case { name: name.to_owned(), seconds: 0.0, end }
    }
}

/// A suite of cases.
struct Suite {
    /// Of the suite and of every case's class: the scenario's, say.
    name: String,
    seconds: f64,
    cases: Vec<Case>,
}

/// Reports on a run by its `summary.json` (of a search its `capacity.json`) and `run.json`.
///
/// # Errors
/// It is no summary of a kind and version that is known.
pub fn junit(summary: &Value, manifest: &Value) -> Result<String, ReportError> {
    let unknown = || ReportError::Unknown { kind: summary["kind"].to_string(), version: summary["version"].to_string() };
    if summary["version"] != 1 {
        return Err(unknown());
    }
    let suite = match summary["kind"].as_str() {
        Some("load") => load(summary),
        Some("provision") => provision(summary),
        Some("capacity") => capacity(summary),
        _ => return Err(unknown()),
    };
    let mut out = Vec::new();
    // A vector takes whatever is written.
    let _ = write(&mut out, &suite, manifest);
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn load(summary: &Value) -> Suite {
    let seconds = summary["seconds"].as_f64().unwrap_or_default();
    let mut cases: Vec<Case> = summary["thresholds"].as_array().into_iter().flatten().map(threshold).collect();
    let mut reasons = texts(&summary["reasons"]);
    let first = if reasons.is_empty() { "no reason is told".to_owned() } else { reasons.remove(0) };
    let ending = text(&summary["ending"]);
    let end = match summary["verdict"].as_str() {
        // What was seen holds, and what was wanted was not seen.
        Some("pass") if matches!(ending.as_str(), "interrupted" | "kill-switch") => End::Error(
            "interrupted",
            format!("the run was ended before its time ({ending}); what was seen of it holds"),
            Vec::new(),
        ),
        Some("pass") => End::Passed,
        Some("fail") => End::Failed("FAIL", first, reasons),
        _ => End::Error("INVALID", first, reasons),
    };
    cases.push(Case { seconds, ..Case::new("verdict", end) });
    Suite { name: text(&summary["name"]), seconds, cases }
}

fn threshold(of: &Value) -> Case {
    let check = text(&of["check"]);
    let measured = super::load::measured(of);
    let end = match of["verdict"].as_str() {
        Some("pass") => End::Passed,
        Some("no-data") => End::Failed("no-data", "nothing was measured, which is no pass".to_owned(), Vec::new()),
        Some("doubtful") => {
            End::Error("doubtful", format!("it was {measured}, and the generator was late by as much as it fails by"), Vec::new())
        }
        _ => End::Failed("threshold", format!("it was {measured}"), Vec::new()),
    };
    Case::new(&check, end)
}

fn provision(summary: &Value) -> Suite {
    let count = |name: &str| summary["counts"][name].as_u64().unwrap_or(0);
    let seconds = summary["seconds"].as_f64().unwrap_or_default();
    let (rows, with) = (count("rows"), count("provisioned") + count("duplicate"));
    let finished = match (summary["ending"].as_str(), summary["reason"].as_str()) {
        (Some("finished"), _) => End::Passed,
        (ending, reason) => {
            let more = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            End::Error("incomplete", format!("{}{more}: run the same command again", ending.unwrap_or("-")), Vec::new())
        }
    };
    let without = |kind: &Value| {
        let of = |name: &str| text(&kind[name]);
        format!("{} {}: {} ({})", of("count"), of("status"), of("class"), of("code"))
    };
    let seats = match rows.saturating_sub(with) {
        0 => End::Passed,
        left => {
            let list = summary["without"].as_array().into_iter().flatten().map(without).collect();
            End::Failed(
                "without",
                format!("{} of {} without a token", counted(left, "row", "rows"), super::words::count(rows)),
                list,
            )
        }
    };
    let void = match summary["void"].as_u64().unwrap_or(0) {
        0 => End::Passed,
        n => {
            End::Failed("void", format!("{} in a meeting that has ended since", counted(n, "token is", "tokens are")), Vec::new())
        }
    };
    let cases = vec![
        Case { seconds, ..Case::new("the run has finished", finished) },
        Case::new("every row has a token", seats),
        Case::new("no token is void", void),
    ];
    Suite { name: "provision".to_owned(), seconds, cases }
}

fn capacity(kept: &Value) -> Suite {
    let seconds = kept["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|step| step["seconds"].as_f64())
        .fold(0.0, |sum, step| sum + step);
    let told = super::capacity::title(kept);
    let quota = kept["mode"] == "quota";
    let end = match kept["answer"]["ending"].as_str() {
        _ if quota && kept["quota"]["sure"] == true => End::Passed,
        _ if quota => End::Error("incomplete", told, Vec::new()),
        Some("found" | "ceiling") => End::Passed,
        Some("none-holds") => End::Failed("none-holds", told, Vec::new()),
        Some("budget") | None => End::Error("incomplete", told, Vec::new()),
        Some(_) => End::Error("INVALID", told, Vec::new()),
    };
    let name = if quota { "a quota is found" } else { "a rate holds the thresholds" };
    Suite { name: text(&kept["name"]), seconds, cases: vec![Case { seconds, ..Case::new(name, end) }] }
}

fn write(out: &mut Vec<u8>, suite: &Suite, manifest: &Value) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(out, b' ', 2);
    let count = |of: fn(&End) -> bool| suite.cases.iter().filter(|case| of(&case.end)).count().to_string();
    let (tests, failures) = (count(|_| true), count(|end| matches!(end, End::Failed(..))));
    let (errors, time) = (count(|end| matches!(end, End::Error(..))), seconds(suite.seconds));
    let name = safe(&suite.name);
    let sums = [("name", name.as_str()), ("tests", &tests), ("failures", &failures), ("errors", &errors), ("time", &time)];
    // To the second and without a zone, as its readers want it; it is UTC.
    let started = safe(&text(&manifest["started"]).chars().take(19).collect::<String>());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").with_attributes(sums).write_inner_content(|writer| {
        let suites = writer.create_element("testsuite").with_attributes(sums);
        let suites = suites
            .with_attributes([("skipped", "0"), ("timestamp", &started)].into_iter().filter(|(_, value)| !value.is_empty()));
        suites.write_inner_content(|writer| {
            properties(writer, manifest)?;
            suite.cases.iter().try_for_each(|case| self::case(writer, &name, case))
        })?;
        Ok(())
    })?;
    writer.get_mut().push(b'\n');
    Ok(())
}

/// What of a manifest tells one run from another.
fn properties(writer: &mut Writer<&mut Vec<u8>>, manifest: &Value) -> io::Result<()> {
    let known = |name: &&str| !manifest[*name].is_null();
    let names = ["id", "seed", "endpoint", "region", "account", "headcount", "lanes", "state"];
    let there: Vec<&str> = names.into_iter().filter(known).collect();
    if there.is_empty() {
        return Ok(());
    }
    writer.create_element("properties").write_inner_content(|writer| {
        for name in there {
            let value = safe(&text(&manifest[name]));
            writer.create_element("property").with_attributes([("name", name), ("value", &value)]).write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn case(writer: &mut Writer<&mut Vec<u8>>, class: &str, case: &Case) -> io::Result<()> {
    let (name, time) = (safe(&case.name), seconds(case.seconds));
    let element = writer.create_element("testcase");
    let element = element.with_attributes([("classname", class), ("name", &name), ("time", &time)]);
    let (tag, kind, message, more) = match &case.end {
        End::Passed => return element.write_empty().map(drop),
        End::Failed(kind, message, more) => ("failure", *kind, message, more),
        End::Error(kind, message, more) => ("error", *kind, message, more),
    };
    let message = safe(message);
    let body: Vec<String> = std::iter::once(message.clone()).chain(more.iter().map(|text| safe(text))).collect();
    element.write_inner_content(|writer| {
        let inner = writer.create_element(tag).with_attributes([("message", message.as_str()), ("type", kind)]);
        inner.write_text_content(BytesText::new(&body.join("\n"))).map(drop)
    })?;
    Ok(())
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.3}")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

fn texts(of: &Value) -> Vec<String> {
    of.as_array().into_iter().flatten().map(text).collect()
}

/// One line of characters that XML 1.0 allows: control characters are spelt out, the two that are no characters replaced.
fn safe(text: &str) -> String {
    crate::safe::line(text, 2000).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
