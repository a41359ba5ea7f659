//! What load is wanted: a file as written, and a plan as meant.
//!
//! Holds [`read`], which turns the text of a scenario into a [`plan::Plan`] with nothing left open, or into every fault of the
//! file. Called by the verbs. It does no I/O: the text comes in, and so do the environment's values and the files that a scenario
//! names, through [`Surroundings`].

pub mod env;
pub mod examples;
pub mod file;
pub mod format;
pub mod load;
pub mod mock;
pub mod names;
pub mod operation;
pub mod plan;
pub mod reader;
pub mod scalars;
pub mod schema;
pub mod set;
pub mod shape;
pub mod template;
pub mod threshold;

use crate::yaml::YamlError;
use crate::yaml::node::{Document, Node};
use plan::Plan;
use reader::Faults;
use set::Setting;

/// What a scenario may lean on besides its own text.
pub struct Surroundings<'a> {
    /// The value of an environment variable. Asked for those alone that the file declares.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a file that the scenario names, relative to the scenario's own folder.
    pub files: &'a dyn Fn(&str) -> std::io::Result<String>,
    /// An endpoint that takes the place of the file's own, and of its mock.
    pub endpoint_url: Option<&'a str>,
    /// Values that take the place of the file's own.
    pub set: &'a [Setting],
}

/// A scenario that cannot be run as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Its faults, in the order of the file; at least one.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faulty(Vec<YamlError>),
}

impl ScenarioError {
    /// The faults, each with its line, column and the line's text.
    pub fn faults(&self) -> &[YamlError] {
        let ScenarioError::Faulty(faults) = self;
        faults
    }
}

/// Reads a scenario called `name` (its file's name; what `name:` is by default).
///
/// ```
/// use headcount::scenario::{Surroundings, read};
/// let none = Surroundings { env: &|_| None, files: &|_| Err(std::io::ErrorKind::NotFound.into()), endpoint_url: None, set: &[] };
/// let text = "version: 1\nmock: {}\nload: { open: { stages: [{ rate: 5/s..15/s, duration: 10s }] } }\n";
/// let plan = read("ramp.yaml", text, &none)?;
/// assert_eq!(plan.schedule().expect("an open load has one").planned(), 100);
/// # Ok::<(), headcount::scenario::ScenarioError>(())
/// ```
///
/// # Errors
/// Every fault of the file that can be told: YAML that cannot be read is told alone, everything else together.
pub fn read(name: &str, text: &str, around: &Surroundings) -> Result<Plan, ScenarioError> {
    let mut doc = Document::read(name, text).map_err(|error| ScenarioError::Faulty(vec![error]))?;
    for setting in around.set {
        set::apply(&mut doc.root, setting).map_err(|what| ScenarioError::Faulty(vec![doc.error(doc.root.place, &what)]))?;
    }
    let faults = Faults::of(&doc);
    let root = env::fill_in(&doc, around.env, &faults);
    let plan = plan::of(&doc, &root, around, &faults);
    match (plan, faults.into_list()) {
        (Some(plan), list) if list.is_empty() => Ok(plan),
        // A reader that has no value has said why; this keeps a slip from becoming a panic.
        (None, list) if list.is_empty() => Err(ScenarioError::Faulty(vec![doc.error(doc.root.place, "this is no scenario")])),
        (_, list) => Err(ScenarioError::Faulty(list)),
    }
}

/// Whether a document is meant as a scenario: a mapping that has `load`, or `version` without being a roster's.
pub fn is_scenario(text: &str) -> bool {
    let Ok(doc) = Document::read("", text) else { return looks_like_one(text) };
    let has = |name: &str| Node::get(&doc.root, name).is_some();
    has("load") || (has("version") && (has("target") || has("mock") || has("thresholds") || has("operations")))
}

/// The same for a text that is no YAML: by its first lines.
fn looks_like_one(text: &str) -> bool {
    let top = |key: &str| text.lines().take(200).any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    top("version") && top("load")
}
