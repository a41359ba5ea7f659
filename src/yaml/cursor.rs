//! YAML as a bounded stream of tokens with places, scalars as written.
//!
//! Holds [`Cursor`], which pulls [`Token`]s out of a text and refuses what the house does not read. Called by `yaml::parse` and
//! by the roster's YAML reader. It never builds a tree: whoever pulls decides what to keep.

use super::YamlError;
use serde_saphyr::granit_parser::{self as granit, Event, Parser, ScalarStyle, StrInput};
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

/// What a document may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text.
    pub bytes: usize,
    /// Tokens, expanded aliases included.
    pub tokens: usize,
    /// Lists and mappings within one another.
    pub depth: usize,
    /// Pieces that come out of aliases: a token is one, and one more for every 64 bytes of its text.
    pub replayed: usize,
}

impl Limits {
    /// A document somebody wrote by hand: 4 MiB, 250,000 tokens, 32 levels.
    pub const DOCUMENT: Limits = Limits { bytes: 4 << 20, tokens: 250_000, depth: 32, replayed: 10_000 };
}

/// Bytes of text that cost as much as a token.
const PIECE: usize = 64;

/// Keys of one mapping: beyond any use, and few enough to compare one by one.
const MAX_KEYS: usize = 1024;

/// A piece of a document and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    /// Line, from 1. What comes out of an alias stands where the alias stands.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// What it is.
    pub kind: Kind<'a>,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A scalar, with escapes and folding resolved and nothing else.
    Scalar {
        /// The text.
        text: Cow<'a, str>,
        /// Without quotes, and no block: `~`, `null` and nothing at all mean "absent" only then.
        plain: bool,
    },
    /// A list begins.
    List,
    /// A mapping begins: a key, its value, a key, …
    Map,
    /// The innermost list or mapping ends.
    End,
}

impl Kind<'_> {
    /// Whether this is YAML's null: a plain `~`, `null` or nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Kind::Scalar { text, plain: true } if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// A list or mapping that is open.
enum Open {
    List,
    Map { keys: Vec<Box<str>>, value_next: bool },
}

/// An anchored node being remembered for its aliases.
struct Recording<'a> {
    anchor: usize,
    /// How many collections were open before it; it is whole when that many are open again.
    depth: usize,
    tokens: Vec<Token<'a>>,
}

/// A remembered node being read out again, at the place of its alias.
struct Replay<'a> {
    tokens: Rc<[Token<'a>]>,
    next: usize,
    at: (u64, u64),
}

/// A pull parser over one document.
pub struct Cursor<'a> {
    name: &'a str,
    text: &'a str,
    limits: Limits,
    parser: Parser<'a, StrInput<'a>>,
    open: Vec<Open>,
    recordings: Vec<Recording<'a>>,
    anchors: HashMap<usize, Rc<[Token<'a>]>>,
    replay: Option<Replay<'a>>,
    tokens: usize,
    replayed: usize,
    documents: usize,
}

impl<'a> Cursor<'a> {
    /// Over `text`, which errors will call `name`. A byte order mark in front is skipped.
    ///
    /// # Errors
    /// Too many bytes.
    pub fn new(name: &'a str, text: &'a str, limits: Limits) -> Result<Self, YamlError> {
        if text.len() > limits.bytes {
            let message = format!("the document has {} bytes; at most {} are read", text.len(), limits.bytes);
            return Err(YamlError::new(name, "", 1, 1, &message));
        }
        let options = granit::options! {
            disallow_directives: true,
            emit_comments: false,
            flow_nesting_limit: limits.depth,
            block_nesting_limit: limits.depth,
        };
        let parser = Parser::new_from_str_with_options(text.trim_start_matches('\u{feff}'), options);
        let (open, recordings, anchors) = (Vec::new(), Vec::new(), HashMap::new());
        Ok(Cursor { name, text, limits, parser, open, recordings, anchors, replay: None, tokens: 0, replayed: 0, documents: 0 })
    }

    /// The next token; `None` once the one document is over and nothing follows it.
    ///
    /// # Errors
    /// Text that is no YAML, or YAML the house refuses (see the head of [`crate::yaml`]). There is no going on after one.
    #[expect(clippy::should_implement_trait, reason = "as in csv: an iterator of results invites collecting past an error")]
    pub fn next(&mut self) -> Result<Option<Token<'a>>, YamlError> {
        loop {
            if let Some(replay) = &mut self.replay {
                let (at, next) = (replay.at, replay.next);
                replay.next += 1;
                let Some(token) = replay.tokens.get(next) else {
                    self.replay = None;
                    continue;
                };
                let token = Token { line: at.0, column: at.1, kind: token.kind.clone() };
                self.copied(&token, 1)?;
                return self.admit(token, 0).map(Some);
            }
            let Some(event) = self.parser.next_event() else { return Ok(None) };
            let (event, span) = event.map_err(|error| self.unreadable(&error))?;
            let start = span.tag_start.unwrap_or(span.start);
            let at = (start.line() as u64, start.col() as u64 + 1);
            if let Some(token) = self.read(event, at)? {
                return Ok(Some(token));
            }
        }
    }

    /// One event of the parser's, as a token if it is one.
    fn read(&mut self, event: Event<'a>, at: (u64, u64)) -> Result<Option<Token<'a>>, YamlError> {
        if event.tag().is_some() {
            return Err(self.error(at, "tags (!…) are not read").hint("remove the tag; scalars are taken as written"));
        }
        let anchor = event.anchor_id().unwrap_or(0);
        let kind = match event {
            Event::Scalar(text, style, _, _) => Kind::Scalar { text, plain: style == ScalarStyle::Plain },
            Event::SequenceStart(..) => Kind::List,
            Event::MappingStart(..) => Kind::Map,
            Event::SequenceEnd | Event::MappingEnd => Kind::End,
            Event::Alias(anchor) => {
                let Some(tokens) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.error(at, "an alias within the node it names"));
                };
                self.replay = Some(Replay { tokens, next: 0, at });
                return Ok(None);
            }
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(self.error(at, "a second document begins; one is read").hint("put it into a file of its own"));
                }
                return Ok(None);
            }
            Event::StreamEnd if self.tokens == 0 => return Err(self.error((1, 1), "the document is empty")),
            _ => return Ok(None),
        };
        self.admit(Token { line: at.0, column: at.1, kind }, anchor).map(Some)
    }

    /// Counts a token, checks its place among the others, and remembers it for whoever is being recorded.
    fn admit(&mut self, token: Token<'a>, anchor: usize) -> Result<Token<'a>, YamlError> {
        let at = (token.line, token.column);
        self.tokens += 1;
        if self.tokens > self.limits.tokens {
            return Err(self.error(at, &format!("the document has more than {} pieces", self.limits.tokens)));
        }
        if token.kind != Kind::End {
            self.check_key(&token)?;
        }
        if anchor != 0 {
            self.recordings.push(Recording { anchor, depth: self.open.len(), tokens: Vec::new() });
        }
        match token.kind {
            Kind::List => self.open.push(Open::List),
            Kind::Map => self.open.push(Open::Map { keys: Vec::new(), value_next: false }),
            Kind::End => drop(self.open.pop()),
            Kind::Scalar { .. } => {}
        }
        if self.open.len() > self.limits.depth {
            return Err(self.error(at, &format!("nested more than {} deep", self.limits.depth)));
        }
        // Each copy but the first counts, or a few hundred anchors inside one another would multiply what is kept.
        self.copied(&token, self.recordings.len().saturating_sub(1))?;
        for recording in &mut self.recordings {
            recording.tokens.push(token.clone());
        }
        while let Some(whole) = self.recordings.pop_if(|r| r.depth == self.open.len()) {
            self.anchors.insert(whole.anchor, whole.tokens.into());
        }
        Ok(token)
    }

    /// Counts what is kept or handed out more often than it was written.
    fn copied(&mut self, token: &Token<'a>, times: usize) -> Result<(), YamlError> {
        let text = if let Kind::Scalar { text, .. } = &token.kind { text.len() } else { 0 };
        self.replayed = self.replayed.saturating_add(times.saturating_mul(1 + text / PIECE));
        if self.replayed <= self.limits.replayed {
            return Ok(());
        }
        let message = format!("aliases expand to more than {} pieces", self.limits.replayed);
        let error = self.error((token.line, token.column), &message);
        Err(error.hint("write the repeated parts out, or use fewer aliases"))
    }

    /// Within a mapping, every other node is a key: plain text, and not there yet.
    fn check_key(&mut self, token: &Token<'a>) -> Result<(), YamlError> {
        let at = (token.line, token.column);
        let Some(Open::Map { keys, value_next }) = self.open.last_mut() else { return Ok(()) };
        *value_next = !*value_next;
        if !*value_next {
            return Ok(());
        }
        let Kind::Scalar { text, plain } = &token.kind else {
            return Err(self.error(at, "a list or mapping stands as a key"));
        };
        if *plain && text == "<<" {
            return Err(self.error(at, "merge keys (<<) are not read").hint("repeat the keys, or use defaults"));
        }
        if keys.iter().any(|key| **key == **text) {
            let message = format!("the key {} stands twice in one mapping", crate::safe::quoted(text, 60));
            return Err(self.error(at, &message));
        }
        if keys.len() == MAX_KEYS {
            return Err(self.error(at, &format!("a mapping has more than {MAX_KEYS} keys")));
        }
        keys.push((**text).into());
        Ok(())
    }

    /// An error at this place, for whoever pulls and finds the wrong thing.
    pub fn error(&self, at: (u64, u64), message: &str) -> YamlError {
        YamlError::new(self.name, self.text, at.0, at.1, message)
    }

    fn unreadable(&self, error: &granit::ScanError) -> YamlError {
        let mark = error.marker();
        self.error((mark.line().max(1) as u64, mark.col() as u64 + 1), &error.kind().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str, limits: Limits) -> Result<Vec<String>, YamlError> {
        let mut cursor = Cursor::new("x", text, limits)?;
        let mut out = Vec::new();
        while let Some(token) = cursor.next()? {
            out.push(match token.kind {
                Kind::Scalar { text, plain } => format!("{}{}{}", if plain { "" } else { "'" }, text, token.line),
                Kind::List => "[".into(),
                Kind::Map => "{".into(),
                Kind::End => ".".into(),
            });
        }
        Ok(out)
    }

    fn says(text: &str) -> String {
        all(text, Limits::DOCUMENT).unwrap_err().to_string().lines().next().unwrap().to_owned()
    }

    #[test]
    fn tokens_with_places() {
        assert_eq!(
            all("a: 0123\nb: [x, 'y']\n", Limits::DOCUMENT).unwrap(),
            ["{", "a1", "01231", "b2", "[", "x2", "'y2", ".", "."]
        );
        assert_eq!(all("- &n {k: v}\n- *n\n", Limits::DOCUMENT).unwrap(), ["[", "{", "k1", "v1", ".", "{", "k2", "v2", ".", "."]);
        assert_eq!(all("- a\r- b\r\n- c\n", Limits::DOCUMENT).unwrap(), ["[", "a1", "b2", "c3", "."]);
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(says("a: !!str b"), "x:1:4: tags (!…) are not read");
        assert_eq!(says("a: 1\n---\nb: 2\n"), "x:2:1: a second document begins; one is read");
        assert_eq!(says("a: &b {c: d}\ne: {<<: *b}\n"), "x:2:5: merge keys (<<) are not read");
        assert_eq!(says("{? [a] : b}"), "x:1:4: a list or mapping stands as a key");
        assert_eq!(says("a: 1\nb: 2\na: 3"), "x:3:1: the key \"a\" stands twice in one mapping");
        assert_eq!(says("a: &x [*x]"), "x:1:8: an alias within the node it names");
        assert!(says("a: *nobody").starts_with("x:1:"));
        assert!(says("%YAML 1.1\n---\na").starts_with("x:1:1: "));
    }

    #[test]
    fn bombs_end_early() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for i in 1..20 {
            bomb.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", ")));
        }
        assert!(says(&bomb).contains("aliases expand to more than"));
        let few_and_long = format!("- &a {}\n{}", "x".repeat(1_000_000), "- *a\n".repeat(1000));
        assert!(says(&few_and_long).contains("aliases expand to more than"));
        let nested = format!(
            "{}{}",
            (0..30).map(|i| format!("- &a{i}\n{}", "  ".repeat(i + 1))).collect::<String>(),
            "x".repeat(1_000_000)
        );
        assert!(says(&nested).contains("aliases expand to more than"));
        assert!(all(&"[".repeat(100_000), Limits::DOCUMENT).is_err());
        assert!(all(&"- ".repeat(100_000), Limits::DOCUMENT).is_err());
        assert!(all(&"{a: ".repeat(100_000), Limits::DOCUMENT).is_err());
        let many = "- x\n".repeat(300_000);
        assert!(says(&many).contains("more than 250000 pieces"));
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = all(&text, Limits::DOCUMENT);
        }

        #[test]
        fn never_panics_on_what_looks_like_yaml(text in "([-?:,\\[\\]{}#&*!|>'\"%@ \\n\\r\\tab~<]|: |- |\\n  ){0,40}") {
            let _ = all(&text, Limits::DOCUMENT);
        }
    }
}
