//! A scenario's parts as written, each with its place.
//!
//! Holds `File` and reads it, with whom to ask, where and who. Called by `plan`, which holds the parts to each other. A part that
//! could not be read is `None`, and has been told.

use super::Surroundings;
use super::format::{DATA, GENERATE, MEETINGS, RETRY, ROSTER, SCENARIO, TARGET, VERSION};
use super::mock::{self, Mock};
use super::operation::{self, Mix};
use super::reader::{At, Faults, Keys};
use super::scalars::{count, list, name, share, span, text, word};
use super::template::Template;
use super::{load, threshold};
use crate::chime::id::MeetingId;
use crate::seed::Seed;
use crate::yaml::node::{Content, Node};
use std::time::Duration;

/// The parts of a file.
pub(super) struct File {
    pub name: Option<String>,
    pub about: String,
    pub target: Option<At<Target>>,
    pub mock: Option<At<Mock>>,
    pub data: Option<At<Data>>,
    pub load: Option<load::Written>,
    pub mix: Option<At<Mix>>,
    pub retry: Retry,
    pub timeout: Duration,
    pub seed: Seed,
    pub thresholds: Vec<threshold::Written>,
}

/// What `target:` says.
pub(super) struct Target {
    pub region: Option<String>,
    pub endpoint_url: Option<At<String>>,
    pub meetings: Option<At<MadeOrGiven>>,
}

/// What `target.meetings:` says.
pub(super) struct MadeOrGiven {
    pub ids: Option<At<Vec<MeetingId>>>,
    pub create: Option<At<Create>>,
    pub renew: Option<At<Option<Duration>>>,
    pub share: Option<At<f64>>,
    pub max_attendees: u64,
}

/// How many meetings are made ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Create {
    /// As the load needs them.
    Auto,
    /// So many.
    Ahead(u64),
}

/// Who asks for seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Made-up users.
    Generated(Template),
    /// The rows of this file, from the scenario's own folder.
    Roster {
        /// As written.
        file: String,
        /// What happens after the last row.
        again: Again,
    },
}

/// What happens after the last row of a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The run ends.
    Never,
    /// The first row follows.
    FromTheTop,
}

/// Whether a failed call is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It is not: the service is measured as it is.
    Off,
    /// By the SDKs' rules of 2026, up to so many attempts.
    Standard(u32),
    /// By boto3's old rules, up to so many attempts.
    Legacy(u32),
}

pub(super) fn read<'a>(root: &'a Node, around: &Surroundings, faults: &'a Faults<'a>) -> Option<File> {
    let keys = Keys::open(root, &SCENARIO, faults)?;
    let version = keys.read("version", |node, faults| {
        let message = || format!("version is {}; this program reads version {VERSION}", node.said());
        node.scalar().filter(|text| text.parse() == Ok(VERSION)).or_else(|| faults.none(node.place, message()))
    });
    // Read already, by `env`.
    keys.get("env");
    let seed = Seed(keys.count("seed", 42));
    let file = File {
        name: keys.read("name", name).map(|at| at.value),
        about: keys.or("about", String::new(), text),
        target: keys.read("target", target),
        mock: keys.read("mock", mock::read),
        data: keys.read("data", data),
        load: keys.read("load", |node, faults| load::read(node, around.files, faults)).map(|at| at.value),
        mix: keys.read("operations", operation::read),
        retry: keys.or("retry", Retry::Off, retry),
        timeout: keys.or("timeout", Duration::from_secs(30), span),
        seed,
        thresholds: keys.or("thresholds", Vec::new(), |node, faults| {
            let nodes = list(node, "thresholds", faults)?;
            Some(nodes.iter().filter_map(|node| threshold::read(node, faults)).collect())
        }),
    };
    keys.end();
    // Another form may mean anything by its keys; no rule between them is worth telling.
    version.and(Some(file))
}

fn target<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<Target> {
    let keys = Keys::open(node, &TARGET, faults)?;
    let region = keys.read("region", |node, faults| {
        let region = text(node, faults)?;
        let sane =
            (1..=40).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if sane {
            Some(region)
        } else {
            faults.none(node.place, format!("expected an AWS region such as us-east-1, not {}", node.said()))
        }
    });
    let endpoint_url = keys.read("endpoint_url", |node, faults| {
        let url = text(node, faults)?;
        match url.parse::<http::Uri>() {
            Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => Some(url),
            _ => faults.none(node.place, format!("expected an address such as http://127.0.0.1:8787, not {}", node.said())),
        }
    });
    let meetings = keys.read("meetings", meetings);
    keys.end();
    Some(Target { region: region.map(|at| at.value), endpoint_url, meetings })
}

fn meetings<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<MadeOrGiven> {
    let keys = Keys::open(node, &MEETINGS, faults)?;
    let create = keys.read("create", |node, faults| match node.scalar() {
        Some("auto") => Some(Create::Auto),
        Some(text) if text.parse::<u64>().is_ok() => count(node, 1, 1_000_000, faults).map(Create::Ahead),
        _ => faults.none(node.place, format!("expected a number of meetings, or auto, not {}", node.said())),
    });
    let renew = keys.read("renew", |node, faults| match node.scalar() {
        Some("off") => Some(None),
        _ => span(node, faults).map(Some),
    });
    let ids = keys.read("ids", |node, faults| {
        let read = |node: &Node| match node.scalar().and_then(MeetingId::parse) {
            Some(id) => Some(id),
            None => faults.none(node.place, format!("a MeetingId has the form 8-4-4-4-12, hexadecimal; here is {}", node.said())),
        };
        let ids: Vec<Option<MeetingId>> = list(node, "target.meetings.ids", faults)?.iter().map(read).collect();
        ids.into_iter().collect::<Option<Vec<_>>>()
    });
    let share = keys.read("share", share);
    let max_attendees = keys.count("max_attendees", u64::from(crate::chime::quota::ATTENDEES_PER_MEETING));
    keys.end();
    Some(MadeOrGiven { ids, create, renew, share, max_attendees })
}

fn data<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<Data> {
    let (which, node) = Keys::one(node, &DATA, faults)?;
    if which == "generate" {
        let keys = Keys::open(node, &GENERATE, faults)?;
        let template = keys.read("external_user_id", |node, faults| match Template::parse(&text(node, faults)?) {
            Ok(template) => Some(template),
            Err(message) => faults.none(node.place, message),
        });
        keys.end();
        return template.map(|at| Data::Generated(at.value));
    }
    let keys = Keys::open(node, &ROSTER, faults)?;
    let file = keys.read("file", text);
    let again = if keys.choice("use", "unique") == "repeat" { Again::FromTheTop } else { Again::Never };
    keys.end();
    Some(Data::Roster { file: file?.value, again })
}

fn retry<'a>(node: &'a Node, faults: &'a Faults<'a>) -> Option<Retry> {
    let of = |mode: &str, attempts: Option<u64>| {
        let attempts = |default| attempts.and_then(|n| u32::try_from(n).ok()).unwrap_or(default);
        match mode {
            "standard" => Retry::Standard(attempts(3)),
            "legacy" => Retry::Legacy(attempts(5)),
            _ => Retry::Off,
        }
    };
    if let Content::Scalar { .. } = node.content {
        return word(node, &["off", "standard", "legacy"], faults).map(|mode| of(mode, None));
    }
    let keys = Keys::open(node, &RETRY, faults)?;
    let (mode, attempts) = (keys.choice("mode", "standard"), keys.counted("max_attempts"));
    keys.end();
    Some(of(mode, attempts.map(|at| at.value)))
}
