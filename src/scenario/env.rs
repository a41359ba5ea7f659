//! `${NAME}` in a scenario: only what its `env:` list declares, only in values, and only from what is handed in.
//!
//! Holds [`fill_in`]. Called once, before anything else is read, so that every reader sees plain text and every fault keeps its
//! place. It never reads the environment itself.

use super::reader::Faults;
use super::scalars::{list, name};
use crate::yaml::node::{Content, Document, Node};
use std::collections::HashMap;

/// A copy of the document with its variables filled in, and what is wrong with them.
pub fn fill_in(doc: &Document, env: &dyn Fn(&str) -> Option<String>, faults: &Faults) -> Node {
    let mut declared: HashMap<String, Option<String>> = HashMap::new();
    let names = doc.root.get("env").filter(|node| !node.is_null()).and_then(|node| list(node, "env", faults));
    for node in names.unwrap_or_default() {
        if let Some(name) = name(node, faults) {
            let value = env(&name);
            if value.is_none() {
                faults.at(node.place, format!("the environment variable {name} is not set"));
            }
            declared.insert(name, value);
        }
    }
    let mut root = doc.root.clone();
    if let Content::Map(entries) = &mut root.content {
        for (key, node) in entries {
            if key.text != "env" {
                fill(node, &declared, faults);
            }
        }
    }
    root
}

fn fill(node: &mut Node, declared: &HashMap<String, Option<String>>, faults: &Faults) {
    let place = node.place;
    match &mut node.content {
        Content::List(items) => items.iter_mut().for_each(|item| fill(item, declared, faults)),
        Content::Map(entries) => entries.iter_mut().for_each(|(_, value)| fill(value, declared, faults)),
        Content::Scalar { text, .. } => {
            let mut filled = String::with_capacity(text.len());
            let mut rest = text.as_str();
            while let Some(at) = rest.find("${") {
                filled.push_str(&rest[..at]);
                let Some(end) = rest[at..].find('}') else {
                    faults.spoilt(place, "${ without its }");
                    break;
                };
                let name = &rest[at + 2..at + end];
                match declared.get(name) {
                    Some(Some(value)) => filled.push_str(value),
                    // Told where it is declared.
                    Some(None) => faults.spoil(place),
                    None => {
                        let name = crate::safe::line(name, 40);
                        faults.spoilt(place, format!("${{{name}}} is not declared: write env: [{name}] at the top of the file"));
                    }
                }
                rest = &rest[at + end + 1..];
            }
            filled.push_str(rest);
            *text = filled;
        }
    }
}
