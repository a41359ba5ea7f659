//! Scenario files as people write them: the shipped ones, the faulty ones word for word, and the verbs that read them.

mod faults;
mod shipped;
mod verbs;

use headcount::scenario::plan::Plan;
use headcount::scenario::{ScenarioError, Surroundings, read};
use std::io;

/// Reads a scenario; `HOST` is the one variable there is, `three.csv` the one file.
pub fn plan(text: &str) -> Result<Plan, ScenarioError> {
    let env = |name: &str| (name == "HOST").then(|| "localhost".to_owned());
    let files = |name: &str| match name {
        "three.csv" => Ok("0\n1\n2.5\n".to_owned()),
        "unsorted.csv" => Ok("offset_s\n1\n0\n".to_owned()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
    };
    read("x.yaml", text, &Surroundings { env: &env, files: &files, endpoint_url: None, set: &[] })
}
