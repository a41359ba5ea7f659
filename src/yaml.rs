//! The one place that parses YAML.
//!
//! Holds [`parse`], for documents with a fixed shape (the mock's settings), [`node`], for scenarios, whose faults are told all at
//! once, and [`cursor`], for rosters, where a scalar must come out as it was written. Called by `roster`, `scenario` and `mock`. It never sees a file: text comes in, and a
//! name to put in front of what is wrong with it.
//!
//! All read the same YAML: one document, no tags, no directives, no merge keys, no key twice in a mapping, plain keys only,
//! and bounds on bytes, tokens, nesting and what aliases expand to. `yes`, `no`, `on` and `off` are no booleans.

pub mod cursor;
pub mod fit;
pub mod node;

use crate::safe;
use cursor::{Cursor, Limits};
use serde::de::DeserializeOwned;
use std::fmt;

/// A document that cannot be read: where, what, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}:{column}: {message}{}", Snippet(self))]
pub struct YamlError {
    /// What the text is called, as given by the caller.
    pub name: String,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// What is wrong, in one line that is safe for a terminal.
    pub message: String,
    /// What to do about it, where there is something to say.
    pub hint: Option<&'static str>,
    /// The line at fault, cropped and safe for a terminal, and how many characters into it the fault lies.
    pub snippet: Option<(String, usize)>,
}

/// The line at fault with a caret under the place.
struct Snippet<'a>(&'a YamlError);

impl fmt::Display for Snippet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((source, offset)) = &self.0.snippet else { return Ok(()) };
        let number = self.0.line.to_string();
        let width = number.len();
        write!(f, "\n{number} | {source}\n{:width$} | {:offset$}^", "", "")
    }
}

/// Reads a document of a known shape. Structs should refuse unknown fields (`deny_unknown_fields`); positions come from
/// [`serde_saphyr::Spanned`], which `flatten`, `untagged` and `tag = …` would lose.
///
/// ```
/// let rates: std::collections::BTreeMap<String, u32> = headcount::yaml::parse("rates.yaml", "ada: 8\nbob: 10\n")?;
/// assert_eq!(rates["bob"], 10);
/// let error = headcount::yaml::parse::<std::collections::BTreeMap<String, u32>>("rates.yaml", "ada: 8\nada: 10\n").unwrap_err();
/// assert_eq!(error.to_string().lines().next(), Some("rates.yaml:2:1: the key \"ada\" stands twice in one mapping"));
/// # Ok::<(), headcount::yaml::YamlError>(())
/// ```
///
/// # Errors
/// Anything outside the subset above, beyond [`Limits::DOCUMENT`], or not of the shape of `T`.
pub fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, YamlError> {
    // The cursor's own walk comes first, so that a bomb or a tag is told in the same words whatever T is.
    let mut cursor = Cursor::new(name, text, Limits::DOCUMENT)?;
    while cursor.next()?.is_some() {}
    let options = serde_saphyr::options! {
        strict_booleans: true,
        reject_unsupported_tags: true,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text.trim_start_matches('\u{feff}'), options).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
        let said = error.render_with_options(serde_saphyr::render_options! { snippets: serde_saphyr::SnippetMode::Off });
        // The place is said in front already.
        let message = said.split(" at line ").next().unwrap_or(&said);
        YamlError::new(name, text, line.max(1), column.max(1), message)
    })
}

/// Characters of a message, and of the line shown under it.
const SHOWN: usize = 200;
const SNIPPET: usize = 96;

impl YamlError {
    /// An error at this place of `text`.
    pub(crate) fn new(name: &str, text: &str, line: u64, column: u64, message: &str) -> Self {
        let snippet = snippet(text, line, column);
        YamlError { name: safe::line(name, SHOWN), line, column, message: safe::line(message, SHOWN), hint: None, snippet }
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// The line, cropped to a window around the column, and where in it the column has come to lie.
fn snippet(text: &str, line: u64, column: u64) -> Option<(String, usize)> {
    let source = physical_line(text.trim_start_matches('\u{feff}'), line).filter(|source| !source.trim().is_empty())?;
    let at = usize::try_from(column.saturating_sub(1)).ok()?;
    let from = at.saturating_sub(SNIPPET / 2);
    let before: String = source.chars().take(SNIPPET + from).skip(from).take(at - from).collect();
    let whole: String = source.chars().skip(from).take(SNIPPET).collect();
    let (before, whole) = (safe::line(&before, SNIPPET), safe::line(&whole, SNIPPET));
    let ellipsis = if from > 0 { "…" } else { "" };
    Some((format!("{ellipsis}{whole}"), before.chars().count() + ellipsis.chars().count()))
}

/// The `number`th physical line (from 1), under LF, CRLF and lone CR alike.
fn physical_line(text: &str, number: u64) -> Option<&str> {
    let mut rest = text;
    for _ in 1..number {
        let end = rest.find(['\n', '\r'])?;
        rest = rest[end..].strip_prefix("\r\n").unwrap_or(&rest[end + 1..]);
    }
    Some(rest.find(['\n', '\r']).map_or(rest, |end| &rest[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Doc {
        name: String,
        #[serde(default)]
        on: bool,
        #[serde(default)]
        n: u32,
    }

    fn err(text: &str) -> String {
        parse::<Doc>("x.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn scalars_in_a_string_stay_as_written() {
        for word in ["NO", "0123", "1e3", "off", "0x1F", "+1555", "true"] {
            assert_eq!(parse::<Doc>("x", &format!("name: {word}")).unwrap().name, word);
        }
        assert_eq!(parse::<Doc>("x", "\u{feff}name: a\r\nn: 3\r\n").unwrap().n, 3);
    }

    #[test]
    fn errors_name_the_place() {
        assert_eq!(
            err("name: a\nsize: 3\n").lines().next(),
            Some("x.yaml:2:1: unknown field `size`, expected one of name, on, n")
        );
        assert_eq!(err("name: a\r\nn: many\r\n"), "x.yaml:2:4: invalid u32\n2 | n: many\n  |    ^");
        assert!(err("name: a\non: yes\n").starts_with("x.yaml:2:5: "));
        assert!(err("n: 1\n").contains("name"));
        assert!(err("").contains("x.yaml:1:1: the document is empty"));
        assert!(err("name: \"a\n").starts_with("x.yaml:"));
        assert!(err("name: a\n\tn: 1\n").starts_with("x.yaml:"));
    }

    #[test]
    fn a_snippet_is_cropped_around_the_place() {
        let long = format!("name: a\nn: {}", "x".repeat(500));
        let shown = err(&long);
        assert!(shown.lines().all(|l| l.chars().count() < 120), "{shown}");
        let (source, offset) = snippet(&format!("{}!tail", "é".repeat(300)), 1, 301).unwrap();
        assert_eq!(source.chars().nth(offset), Some('!'));
        assert_eq!(physical_line("a\rb\r\nc\nd", 4), Some("d"));
    }

    #[test]
    fn maps_and_lists_too() {
        let map: BTreeMap<String, Vec<String>> = parse("x", "a: [b, 0123]\nc: &x []\nd: *x\n").unwrap();
        assert_eq!(map["a"], ["b", "0123"]);
    }
}
