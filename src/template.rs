//! Texts with places in them: `lt-{run}-{seq:06}`, `{Email|lower}`, `https://join.example/{MeetingId}#{JoinToken|url}`.
//!
//! Holds [`pieces`], the one reader of braces, and [`Template`], whose places are columns with filters behind them. Called by
//! `scenario` (made-up ids), `roster` (`--id`) and `provision` (`--link`). It never sees a file: whoever fills one hands in the
//! cells, and says what an empty one means.

use crate::safe;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;

/// A stretch of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// What stands between braces.
    Place(&'a str),
}

/// Takes a text apart at its braces. `{{` and `}}` stand for a brace of the text's own.
///
/// # Errors
/// A brace without its other half, in one sentence.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            pieces.push(Piece::Text(&rest[..1]));
            rest = &rest[2..];
            continue;
        }
        let end = rest.find('}').filter(|end| *end > 0).ok_or("braces stand in pairs, as in {name}; {{ is a brace itself")?;
        pieces.push(Piece::Place(&rest[1..end]));
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

/// What is done to a cell before it is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Without white space around it.
    Trim,
    /// Percent-encoded: all but ASCII letters, digits and `-._~` (RFC 3986's unreserved characters).
    Url,
}

impl Filter {
    const ALL: [(&'static str, Filter); 4] =
        [("lower", Filter::Lower), ("upper", Filter::Upper), ("trim", Filter::Trim), ("url", Filter::Url)];

    /// The word behind the bar.
    pub fn name(self) -> &'static str {
        Filter::ALL.into_iter().find(|(_, filter)| *filter == self).map_or("", |(name, _)| name)
    }

    fn apply(self, text: String) -> String {
        const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
        match self {
            Filter::Lower => text.to_lowercase(),
            Filter::Upper => text.to_uppercase(),
            Filter::Trim => text.trim().to_owned(),
            Filter::Url => utf8_percent_encode(&text, RESERVED).to_string(),
        }
    }
}

/// A column's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The column's name, as written.
    pub name: String,
    /// What is done to its cell, in order.
    pub filters: Vec<Filter>,
}

impl Place {
    /// `Email|lower`: a name, and filters behind bars.
    fn parse(inside: &str) -> Result<Place, String> {
        let (name, filters) = inside.split_once('|').map_or((inside, None), |(name, filters)| (name, Some(filters)));
        if name.trim().is_empty() {
            return Err(format!("{{{}}} names no column", safe::line(inside, 40)));
        }
        let filter = |word: &str| match Filter::ALL.into_iter().find(|(known, _)| *known == word.trim()) {
            Some((_, filter)) => Ok(filter),
            None => {
                let there = Filter::ALL.map(|(known, _)| known).join(", ");
                Err(format!("{} is no filter; there is {there}", safe::quoted(word, 40)))
            }
        };
        let filters = filters.into_iter().flat_map(|all| all.split('|')).map(filter).collect::<Result<_, _>>()?;
        Ok(Place { name: name.to_owned(), filters })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        f.write_str(&safe::line(&self.name, 40))?;
        self.filters.iter().try_for_each(|filter| write!(f, "|{}", filter.name()))?;
        f.write_str("}")
    }
}

/// A text with columns' places in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What stands before each place, and the place.
    parts: Vec<(String, Place)>,
    /// What stands behind the last.
    tail: String,
}

impl Template {
    /// Reads one.
    ///
    /// # Errors
    /// Braces out of step, a place without a name, an unknown filter; in one sentence.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut template = Template { parts: Vec::new(), tail: String::new() };
        for piece in pieces(text)? {
            match piece {
                Piece::Text(text) => template.tail.push_str(text),
                Piece::Place(inside) => template.parts.push((std::mem::take(&mut template.tail), Place::parse(inside)?)),
            }
        }
        Ok(template)
    }

    /// Its places, in order.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.parts.iter().map(|(_, place)| place)
    }

    /// Its text without the places, in order: one more than there are places.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(text, _)| text.as_str()).chain([self.tail.as_str()])
    }

    /// Fills it in; `cell` knows the text for the n-th place.
    ///
    /// # Errors
    /// Whatever `cell` or `check` say; `check` sees what each cell has become.
    pub fn fill<'a, E>(
        &self,
        cell: impl Fn(usize) -> &'a str,
        check: impl Fn(usize, &str) -> Result<(), E>,
    ) -> Result<String, E> {
        let mut out = String::new();
        for (n, (text, place)) in self.parts.iter().enumerate() {
            out.push_str(text);
            let filled = place.filters.iter().fold(cell(n).to_owned(), |text, filter| filter.apply(text));
            check(n, &filled)?;
            out.push_str(&filled);
        }
        out.push_str(&self.tail);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn filled(text: &str, cells: &[&'static str]) -> String {
        let all = |_: usize, _: &str| Ok::<(), Infallible>(());
        Template::parse(text).unwrap().fill(|n| cells[n], all).unwrap_or_else(|never| match never {})
    }

    #[test]
    fn places_and_filters() {
        assert_eq!(filled("{Email|lower}", &["Zoë@Example.COM"]), "zoë@example.com");
        assert_eq!(filled("{ a b |trim|upper}-{x}!", &[" q ", "y"]), "Q-y!");
        assert_eq!(filled("#{t|url}", &["a+b/c==&é~-._"]), "#a%2Bb%2Fc%3D%3D%26%C3%A9~-._");
        assert_eq!(filled("{{{x}}}", &["y"]), "{y}");
        assert_eq!(filled("no place", &[]), "no place");
        let template = Template::parse("a{b|trim|url}c{d}").unwrap();
        assert_eq!(template.places().map(ToString::to_string).collect::<Vec<_>>(), ["{b|trim|url}", "{d}"]);
        assert_eq!(template.texts().collect::<Vec<_>>(), ["a", "c", ""]);
    }

    #[test]
    fn what_is_no_template() {
        let says = |text: &str| Template::parse(text).unwrap_err();
        for open in ["{a", "a}", "{a}}", "{"] {
            assert_eq!(says(open), "braces stand in pairs, as in {name}; {{ is a brace itself", "{open}");
        }
        assert_eq!(says("{}"), "{} names no column");
        assert_eq!(says("{ |lower}"), "{ |lower} names no column");
        assert_eq!(says("{a|loud}"), "\"loud\" is no filter; there is lower, upper, trim, url");
    }

    #[test]
    fn whoever_fills_may_say_no() {
        let empty = |n: usize, text: &str| if text.is_empty() { Err(n) } else { Ok(()) };
        assert_eq!(Template::parse("{a}-{b|trim}").unwrap().fill(|n| ["x", "  "][n], empty), Err(1));
    }
}
