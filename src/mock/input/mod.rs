//! From bytes to what an operation is asked: bodies read, every constraint of the model checked.
//!
//! Holds [`Form`] (an object being read) and [`Broken`] (what was wrong with it); the files beside it hold one request shape
//! each. Called by the service for each request. Nothing here knows a meeting: what a request may say is judged here, what it
//! may want is judged where the meeting is. Unknown members are ignored and `null` counts as absent.

pub mod attendee;
pub mod meeting;
pub mod tag;
pub mod transcription;

use super::fault::Fault;
use super::sides::BadInput;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// What is wrong with a request. Every violation is named, up to a bound.
#[derive(Debug, Default)]
pub struct Broken {
    violations: RefCell<Vec<String>>,
    malformed: RefCell<Option<String>>,
}

/// Violations named in one answer; a body of a megabyte may break thousands of rules.
const NAMED_AT_MOST: usize = 10;

impl Broken {
    /// Notes that the value at `path` breaks a constraint of the model. The value itself is never repeated.
    pub fn constraint(&self, path: impl Display, constraint: impl Display) {
        let mut violations = self.violations.borrow_mut();
        if violations.len() < NAMED_AT_MOST {
            violations.push(format!("Value at '{path}' failed to satisfy constraint: Member must {constraint}"));
        }
    }

    /// Notes that the body is not even of the right form.
    pub fn malformed(&self, what: String) {
        self.malformed.borrow_mut().get_or_insert(what);
    }

    /// `value`, if nothing is wrong; otherwise the answer, under the name that this mock is told to use.
    pub fn or<T>(self, value: Option<T>, side: BadInput) -> Result<T, Fault> {
        let fault = |kind: &'static str, message: String| match side {
            BadInput::Modelled => Fault::bad_request(message),
            BadInput::FrontEnd => Fault::front_end(kind, 400, message),
        };
        if let Some(what) = self.malformed.into_inner() {
            return Err(fault("SerializationException", what));
        }
        let violations = self.violations.into_inner();
        match (violations.len(), value) {
            (0, Some(value)) => Ok(value),
            (0, None) => Err(fault("SerializationException", "the request could not be read".to_owned())),
            (n, _) => {
                let noun = if n == 1 { "error" } else { "errors" };
                Err(fault("ValidationException", format!("{n} validation {noun} detected: {}", violations.join("; "))))
            }
        }
    }
}

/// Where in the body a form lies, for messages; a list on the stack, written out only when something is wrong.
#[derive(Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
    /// Place in a list, from 1.
    index: Option<usize>,
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        // The service's validator speaks of members with a small first letter.
        let mut letters = self.name.chars();
        letters.next().iter().try_for_each(|c| write!(f, "{}", c.to_ascii_lowercase()))?;
        f.write_str(letters.as_str())?;
        self.index.iter().try_for_each(|i| write!(f, ".{i}.member"))
    }
}

/// An object of the body, being read.
#[derive(Clone, Copy)]
pub struct Form<'a> {
    broken: &'a Broken,
    map: &'a Map<String, Value>,
    path: Option<&'a Path<'a>>,
}

/// Any text at all.
pub const ANY: (&str, fn(&str) -> bool) = ("", |_| true);

impl<'a> Form<'a> {
    /// The whole body of a request.
    pub fn of(broken: &'a Broken, map: &'a Map<String, Value>) -> Form<'a> {
        Form { broken, map, path: None }
    }

    /// The member, unless it is absent or null.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn at<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path { parent: self.path, name, index: None }
    }

    fn mistyped(&self, path: Path<'_>, wanted: &str) {
        self.broken.malformed(format!("Value at '{path}' must be {wanted}"));
    }

    /// Notes that a required member is missing.
    pub fn require<T>(&self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && self.get(name).is_none() {
            self.broken.constraint(self.at(name), "not be null");
        }
        value
    }

    /// A text of so many characters that passes the test, whose pattern is named when it does not.
    pub fn text(&self, name: &str, length: RangeInclusive<usize>, pattern: (&str, fn(&str) -> bool)) -> Option<&'a str> {
        let value = self.get(name)?;
        let Some(text) = value.as_str() else {
            self.mistyped(self.at(name), "a string");
            return None;
        };
        self.check_text(self.at(name), text, length, pattern).then_some(text)
    }

    fn check_text(&self, path: Path<'_>, text: &str, length: RangeInclusive<usize>, pattern: (&str, fn(&str) -> bool)) -> bool {
        // A smithy length counts characters, not bytes.
        let count = text.chars().count();
        if count < *length.start() {
            self.broken.constraint(path, format_args!("have length greater than or equal to {}", length.start()));
        } else if count > *length.end() {
            self.broken.constraint(path, format_args!("have length less than or equal to {}", length.end()));
        } else if !pattern.1(text) {
            self.broken.constraint(path, format_args!("satisfy regular expression pattern: {}", pattern.0));
        } else {
            return true;
        }
        false
    }

    /// One of a set of words, in exact case.
    pub fn choice(&self, name: &str, set: &[&'static str]) -> Option<&'static str> {
        let Some(text) = self.get(name)?.as_str() else {
            self.mistyped(self.at(name), "a string");
            return None;
        };
        let found = set.iter().copied().find(|word| *word == text);
        if found.is_none() {
            self.broken.constraint(self.at(name), format_args!("satisfy enum value set: [{}]", set.join(", ")));
        }
        found
    }

    /// A whole number in a range.
    pub fn integer(&self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let Some(number) = self.get(name)?.as_i64() else {
            self.mistyped(self.at(name), "an integer");
            return None;
        };
        check_range(self.broken, self.at(name), number, range).then_some(number)
    }

    /// True or false.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        let value = self.get(name)?;
        if !value.is_boolean() {
            self.mistyped(self.at(name), "true or false");
        }
        value.as_bool()
    }

    /// An object within this one.
    pub fn object<T>(&self, name: &str, read: impl FnOnce(Form<'_>) -> T) -> Option<T> {
        let Some(map) = self.get(name)?.as_object() else {
            self.mistyped(self.at(name), "an object");
            return None;
        };
        Some(read(Form { broken: self.broken, map, path: Some(&self.at(name)) }))
    }

    /// A list of objects, of so many items.
    pub fn objects<T>(
        &self,
        name: &str,
        length: RangeInclusive<usize>,
        mut read: impl FnMut(Form<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.list(name, length)?;
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let path = Path { index: Some(i + 1), ..self.at(name) };
            match item.as_object() {
                Some(map) => out.extend(read(Form { broken: self.broken, map, path: Some(&path) })),
                None => self.mistyped(path, "an object"),
            }
        }
        Some(out)
    }

    /// A list of texts, of so many items.
    pub fn texts(
        &self,
        name: &str,
        items: RangeInclusive<usize>,
        length: RangeInclusive<usize>,
        pattern: (&str, fn(&str) -> bool),
    ) -> Option<Vec<String>> {
        let list = self.list(name, items)?;
        let mut out = Vec::with_capacity(list.len());
        for (i, item) in list.iter().enumerate() {
            let path = Path { index: Some(i + 1), ..self.at(name) };
            match item.as_str() {
                Some(text) if self.check_text(path, text, length.clone(), pattern) => out.push(text.to_owned()),
                Some(_) => {}
                None => self.mistyped(path, "a string"),
            }
        }
        Some(out)
    }

    fn list(&self, name: &str, length: RangeInclusive<usize>) -> Option<&'a [Value]> {
        let Some(items) = self.get(name)?.as_array() else {
            self.mistyped(self.at(name), "a list");
            return None;
        };
        if items.len() < *length.start() {
            self.broken.constraint(self.at(name), format_args!("have length greater than or equal to {}", length.start()));
        } else if items.len() > *length.end() {
            self.broken.constraint(self.at(name), format_args!("have length less than or equal to {}", length.end()));
        } else {
            return Some(items);
        }
        None
    }
}

/// Checks a number's range, naming what it breaks.
pub fn check_range(broken: &Broken, path: impl Display, number: i64, range: RangeInclusive<i64>) -> bool {
    if number < *range.start() {
        broken.constraint(path, format_args!("have value greater than or equal to {}", range.start()));
    } else if number > *range.end() {
        broken.constraint(path, format_args!("have value less than or equal to {}", range.end()));
    } else {
        return true;
    }
    false
}

/// Reads a body as one JSON object and hands its members to `read`. An empty body is an empty object.
pub fn read<T>(body: &[u8], side: BadInput, read: impl FnOnce(Form<'_>) -> Option<T>) -> Result<T, Fault> {
    let broken = Broken::default();
    let parsed = if body.is_empty() { Ok(Value::Object(Map::new())) } else { serde_json::from_slice::<Value>(body) };
    let value = match parsed {
        Ok(Value::Object(map)) => read(Form::of(&broken, &map)),
        Ok(_) => {
            broken.malformed("the body must be a JSON object".to_owned());
            None
        }
        Err(error) => {
            // Line and column only: the parser's own words may repeat bytes of the body.
            broken.malformed(format!("the body is not JSON (line {}, column {})", error.line(), error.column()));
            None
        }
    };
    broken.or(value, side)
}
