//! What may stand where in a scenario: one description, from which the reader, the schema and the tests work.
//!
//! Holds [`Shape`], [`Key`] and [`Kind`]; `format` holds the shapes themselves. Called by the reader, which refuses what a shape
//! does not name, and by `schema`. It never sees a document.

/// A mapping: its place in the file and its keys.
#[derive(Debug)]
pub struct Shape {
    /// Where it stands, as in `load.open`; empty for the whole document.
    pub path: &'static str,
    /// What it says, in a sentence.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// A key of a mapping.
#[derive(Debug)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// Whether the mapping needs it.
    pub needed: bool,
    /// What its value is.
    pub kind: Kind,
    /// What it says, with its unit and default.
    pub about: &'static str,
}

/// What a value is.
#[derive(Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// A name: letters, digits, `-` and `_`.
    Name,
    /// A whole number within bounds.
    Count(u64, u64),
    /// A number above 0.
    Factor,
    /// A share: `10%` or `0.1`.
    Share,
    /// A length of time: `90s`.
    Span,
    /// A rate: `40/s`.
    Rate,
    /// A rate, or a ramp of rates: `5/s..40/s`.
    RateRamp,
    /// A number of users, or a ramp of them: `1..50`.
    Users,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A distribution of latencies, in the short spelling or as a mapping.
    Latency,
    /// A rule of mischief, as `headcount mock --mischief` reads it.
    Mischief,
    /// A threshold's text.
    Check,
    /// A mapping.
    Map(&'static Shape),
    /// A mapping of exactly one of these keys.
    OneOf(&'static Shape),
    /// A list of these, at least one.
    List(&'static Kind),
    /// Any of these.
    Either(&'static [Kind]),
}

/// A key that may be left out.
pub(super) const fn may(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, needed: false, kind, about }
}

/// A key that is needed.
pub(super) const fn must(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key { name, needed: true, kind, about }
}

impl Shape {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// This shape and all within it, each once.
    pub fn all(&'static self) -> Vec<&'static Shape> {
        fn within(kind: &'static Kind, out: &mut Vec<&'static Shape>) {
            match kind {
                Kind::Map(shape) | Kind::OneOf(shape) => {
                    out.push(shape);
                    shape.keys.iter().for_each(|key| within(&key.kind, out));
                }
                Kind::List(kind) => within(kind, out),
                Kind::Either(kinds) => kinds.iter().for_each(|kind| within(kind, out)),
                _ => {}
            }
        }
        let mut out = vec![self];
        self.keys.iter().for_each(|key| within(&key.kind, &mut out));
        out
    }

    /// Where it stands, for a message.
    pub fn place(&self) -> String {
        if self.path.is_empty() { "a scenario".to_owned() } else { self.path.to_owned() }
    }
}
