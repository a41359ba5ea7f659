//! A whole document as a tree with places, scalars as written.
//!
//! Holds [`Document`] and [`Node`]; `fit` reads a node into any type that serde can read. Called by the scenario, which wants every
//! fault of a file and not the first one alone, and so walks the tree itself. It never interprets a scalar unless asked.

use super::YamlError;
use super::cursor::{Cursor, Kind, Limits, Token};
use super::fit::Misfit;
use serde::de::DeserializeOwned;

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub content: Content,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A scalar as written, with escapes and folding resolved; `plain` without quotes.
    Scalar {
        /// The text.
        text: String,
        /// Without quotes, and no block.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file. No key comes twice.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it begins.
    pub place: Place,
    /// The text.
    pub text: String,
}

/// A document and its text, which errors show.
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    text: String,
    /// The whole.
    pub root: Node,
}

impl Document {
    /// Reads a document of at most [`Limits::DOCUMENT`].
    ///
    /// # Errors
    /// As [`Cursor::next`].
    pub fn read(name: &str, text: &str) -> Result<Document, YamlError> {
        let mut cursor = Cursor::new(name, text, Limits::DOCUMENT)?;
        let mut builder = Builder { open: Vec::new(), root: None };
        while let Some(token) = cursor.next()? {
            builder.token(token);
        }
        let root = builder.root.ok_or_else(|| YamlError::new(name, text, 1, 1, "the document is empty"))?;
        Ok(Document { name: name.to_owned(), text: text.to_owned(), root })
    }

    /// What the document is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An error at this place of it.
    pub fn error(&self, place: Place, message: &str) -> YamlError {
        YamlError::new(&self.name, &self.text, place.line, place.column, message)
    }
}

/// Lists and mappings that are open, and the key that waits for its value. The cursor bounds how deep that may go.
struct Builder {
    open: Vec<(Node, Option<Key>)>,
    root: Option<Node>,
}

impl Builder {
    fn token(&mut self, token: Token<'_>) {
        let place = Place { line: token.line, column: token.column };
        let content = match token.kind {
            Kind::Scalar { text, plain } => {
                if let Some((Node { content: Content::Map(_), .. }, key @ None)) = self.open.last_mut() {
                    *key = Some(Key { place, text: text.into_owned() });
                    return;
                }
                Content::Scalar { text: text.into_owned(), plain }
            }
            Kind::List => return self.open.push((Node { place, content: Content::List(Vec::new()) }, None)),
            Kind::Map => return self.open.push((Node { place, content: Content::Map(Vec::new()) }, None)),
            Kind::End => match self.open.pop() {
                Some((whole, _)) => return self.add(whole),
                None => return,
            },
        };
        self.add(Node { place, content });
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some((Node { content: Content::List(items), .. }, _)) => items.push(node),
            Some((Node { content: Content::Map(entries), .. }, key)) => entries.extend(key.take().map(|key| (key, node))),
            Some((Node { content: Content::Scalar { .. }, .. }, _)) => {}
        }
    }
}

impl Node {
    /// The text, if this is a scalar and not null.
    pub fn scalar(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Whether it is YAML's null: a plain `~`, `null` or nothing.
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value under this key, if this is a mapping that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// What it is, for a message: `a list`, `a mapping`, `nothing`, or the scalar in quotes.
    pub fn said(&self) -> String {
        match &self.content {
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "a mapping".to_owned(),
            Content::Scalar { .. } if self.is_null() => "nothing".to_owned(),
            Content::Scalar { text, .. } => crate::safe::quoted(text, 60),
        }
    }

    /// Reads it as a `T`.
    ///
    /// # Errors
    /// It is no `T`; with the place of the innermost piece that is at fault.
    pub fn into_type<T: DeserializeOwned>(&self) -> Result<T, Misfit> {
        T::deserialize(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_text() {
        let doc = Document::read("x", "a:\n  - {b: c}\n").unwrap();
        let Content::List(items) = &doc.root.get("a").unwrap().content else { panic!() };
        assert_eq!(items[0].get("b").unwrap().place, Place { line: 2, column: 9 });
        assert_eq!(doc.error(items[0].place, "here").to_string(), "x:2:5: here\n2 |   - {b: c}\n  |     ^");
    }
}
