//! Values put into a scenario from outside: `--set load.open.stages.hold.rate=80/s`.
//!
//! Holds [`Setting`] and [`apply`]. Called by `read` before anything else of the file is looked at, so that what is set is held to every
//! rule of the format. It never sees what a key means.

use crate::yaml::node::{Content, Document, Key, Node};
use std::fmt;
use std::str::FromStr;

/// A path into a scenario, and the value it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    path: String,
    value: String,
}

/// As it was written: `PATH=VALUE`.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}={}", self.path, self.value)
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Setting, String> {
        match text.split_once('=') {
            Some((path, value)) if !path.trim().is_empty() => {
                Ok(Setting { path: path.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err("write PATH=VALUE, such as load.open.stages.hold.rate=80/s".to_owned()),
        }
    }
}

/// Puts a value where its path says. An element of a list is named by its number, from 0, or by its `name`; a last key that is not
/// there yet is added.
///
/// # Errors
/// What is wrong with the path or the value, in one sentence.
pub fn apply(root: &mut Node, setting: &Setting) -> Result<(), String> {
    let Setting { path, value } = setting;
    // In its own words, so that `[a, b]` and `{ k: v }` can be set as well.
    let value = Document::read("--set", value).map_err(|_| format!("--set {path}: the value is no YAML"))?.root;
    let mut node = root;
    let mut keys = path.split('.').peekable();
    while let Some(key) = keys.next() {
        let place = node.place;
        let last = keys.peek().is_none();
        let missing = |what: String| format!("--set {path}: there is no {what}");
        node = match &mut node.content {
            Content::Map(entries) => {
                let at = match entries.iter().position(|(name, _)| name.text == key) {
                    Some(at) => at,
                    None if last => {
                        let null = Content::Scalar { text: String::new(), plain: true };
                        entries.push((Key { place, text: key.to_owned() }, Node { place, content: null }));
                        entries.len() - 1
                    }
                    None => return Err(missing(format!("{} here", crate::safe::quoted(key, 40)))),
                };
                &mut entries[at].1
            }
            Content::List(items) => {
                let named = |item: &Node| item.get("name").and_then(Node::scalar) == Some(key);
                let at = key.parse().ok().filter(|at| *at < items.len()).or_else(|| items.iter().position(named));
                let many = items.len();
                let Some(at) = at else {
                    return Err(missing(format!(
                        "element {} of {many}; elements are named or counted from 0",
                        crate::safe::quoted(key, 40)
                    )));
                };
                &mut items[at]
            }
            Content::Scalar { .. } => {
                return Err(format!("--set {path}: what stands before {} is a single value", crate::safe::quoted(key, 40)));
            }
        };
    }
    let place = node.place;
    *node = Node { place, content: value.content };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, setting: &str) -> Result<Node, String> {
        let mut root = Document::read("x", text).unwrap().root;
        apply(&mut root, &setting.parse()?).map(|()| root)
    }

    #[test]
    fn by_key_by_number_and_by_name() {
        let text = "a: { list: [{ name: one, rate: 5/s }, { name: two, rate: 6/s }] }\nb: 1\n";
        for path in ["a.list.1.rate=9/s", "a.list.two.rate=9/s"] {
            let root = set(text, path).unwrap();
            let Content::List(items) = &root.get("a").unwrap().get("list").unwrap().content else { panic!() };
            assert_eq!(items[1].get("rate").unwrap().scalar(), Some("9/s"), "{path}");
            assert_eq!(items[0].get("rate").unwrap().scalar(), Some("5/s"));
        }
        assert_eq!(set(text, "c=x = y").unwrap().get("c").unwrap().scalar(), Some("x = y"));
        assert_eq!("a.list.two.rate=x = y".parse::<Setting>().unwrap().to_string(), "a.list.two.rate=x = y");
        assert!(matches!(set(text, "b=[1, 2]").unwrap().get("b").unwrap().content, Content::List(_)));
    }

    #[test]
    fn slips_are_told() {
        let says = |setting: &str| set("a: { list: [1] }\n", setting).unwrap_err();
        assert_eq!(says("a.lost.x=1"), "--set a.lost.x: there is no \"lost\" here");
        assert_eq!(says("a.list.7=1"), "--set a.list.7: there is no element \"7\" of 1; elements are named or counted from 0");
        assert_eq!(says("a.list.0.x=1"), "--set a.list.0.x: what stands before \"x\" is a single value");
        assert_eq!(says("a"), "write PATH=VALUE, such as load.open.stages.hold.rate=80/s");
    }
}
