//! Join links: a column of the tokens file, made of the others.
//!
//! Holds [`Link`], as the command line has it, and `Bound`, which knows the columns. Called by `layout` for every row with a
//! token. It never decides where a link goes: it stands in the tokens file, private like the tokens in it, and nowhere else.

use super::table::Cells;
use crate::roster::columns::{Lost, locate};
use crate::template::{Filter, Template};

/// The column's name; the field's word for it (Zoom's `join_url`, GoTo's `joinUrl`) in the service's spelling.
pub const JOIN_URL: &str = "JoinUrl";

/// Columns of ours whose every value is safe in a URL as it is: GUIDs and closed lists of words.
const SAFE: [&str; 6] = ["MeetingId", "AttendeeId", "Audio", "Video", "Content", "Status"];

/// A link as it is to be made, such as `https://join.example/{MeetingId}#{JoinToken|url}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    template: Template,
}

/// Why a link cannot be made of these columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--link: {message}")]
pub struct LinkError {
    message: String,
    /// What to do about it.
    pub hint: String,
}

impl Link {
    /// Reads one. It begins with its scheme, and what stands between the places can stand in a URL.
    ///
    /// # Errors
    /// What is wrong, in one sentence.
    pub fn parse(text: &str) -> Result<Link, String> {
        let template = Template::parse(text)?;
        let scheme = template.texts().next().and_then(|start| start.split_once(':')).map(|(scheme, _)| scheme);
        let named = |scheme: &str| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        };
        if !scheme.is_some_and(named) {
            return Err("a link begins with its scheme, as in https://join.example/{MeetingId}#{JoinToken|url}".to_owned());
        }
        // RFC 3986: what is neither reserved nor unreserved nor the percent sign stands in no URL.
        let stray = |c: &char| !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
        if let Some(stray) = template.texts().flat_map(str::chars).find(stray) {
            let shown = crate::safe::quoted(&stray.to_string(), 4);
            return Err(format!("{shown} cannot stand in a URL: write it percent-encoded"));
        }
        if template.places().next().is_none() {
            return Err("without a place such as {JoinToken|url} all links would be the same".to_owned());
        }
        for place in template.places() {
            if place.filters.iter().rev().skip(1).any(|filter| *filter == Filter::Url) {
                return Err(format!("in {place}, url comes last"));
            }
        }
        Ok(Link { template })
    }

    /// Whether the JoinToken stands where servers see and log it: before the `#`, behind which a browser keeps things to itself.
    pub fn shows_token(&self) -> bool {
        let before = |n: usize| self.template.texts().take(n + 1).all(|text| !text.contains('#'));
        self.template.places().enumerate().any(|(n, place)| locate(&["JoinToken"], &place.name).is_ok() && before(n))
    }

    /// Finds the places among the columns of the tokens file, of which the last `ours` are our own.
    pub(super) fn bind(&self, columns: &[String], ours: usize) -> Result<Bound, LinkError> {
        let mut cells = Vec::new();
        for place in self.template.places() {
            let at = match locate(columns, &place.name) {
                Ok(at) => at,
                Err(Lost::Missing { seen, near }) => {
                    let hint = match near {
                        Some(near) => format!("did you mean {near}? There is {seen}"),
                        None => format!("there is {seen}"),
                    };
                    return Err(LinkError { message: format!("no column for {place} in the tokens file"), hint });
                }
                Err(Lost::Two(one, other)) => {
                    let [one, other] = [one, other].map(|at| crate::safe::quoted(&columns[at], 40));
                    let hint = "write the one that is meant in its exact letters".to_owned();
                    return Err(LinkError { message: format!("{place} may be {one} or {other}"), hint });
                }
            };
            let safe = at + ours >= columns.len() && SAFE.contains(&columns[at].as_str());
            if !safe && place.filters.last() != Some(&Filter::Url) {
                let name = crate::safe::line(&place.name, 40);
                let filters: String = place.filters.iter().map(|filter| format!("{}|", filter.name())).collect();
                let message = format!("{place} may hold characters that break a URL");
                return Err(LinkError { message, hint: format!("write {{{name}|{filters}url}}, which percent-encodes it") });
            }
            cells.push(at);
        }
        Ok(Bound { template: self.template.clone(), cells })
    }
}

/// A link that knows its columns.
pub(super) struct Bound {
    template: Template,
    cells: Vec<usize>,
}

impl Bound {
    /// The link of a row. An empty cell leaves its place empty.
    pub(super) fn fill(&self, row: &Cells) -> String {
        let cell = |n: usize| self.cells.get(n).and_then(|at| row.get(*at)?.as_deref()).unwrap_or_default();
        self.template.fill(cell, |_, _| Ok(())).unwrap_or_else(|never: std::convert::Infallible| match never {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(link: &str) -> Result<String, String> {
        let names = ["Name", "roster.Audio", "MeetingId", "JoinToken", "Audio"];
        let row: Cells = ["Zoë Lee", "a&b", "m-1", "t+/=", "Send"].map(|cell| Some(cell.to_owned())).into();
        let bound = Link::parse(link)?.bind(&names.map(str::to_owned), 3);
        bound.map(|bound| bound.fill(&row)).map_err(|error| format!("{error}; {}", error.hint))
    }

    #[test]
    fn links_are_filled_in_and_encoded() {
        assert_eq!(bound("https://j.example/{MeetingId}#{JoinToken|url}").unwrap(), "https://j.example/m-1#t%2B%2F%3D");
        assert_eq!(bound("app:{audio}?n={name|trim|url}&a={roster.audio|url}").unwrap(), "app:Send?n=Zo%C3%AB%20Lee&a=a%26b");
    }

    #[test]
    fn what_no_link_can_be_made_of() {
        let says = |link: &str| bound(link).unwrap_err();
        let first = "a link begins with its scheme, as in https://join.example/{MeetingId}#{JoinToken|url}";
        for bare in ["join.example/{MeetingId}", "{Name|url}://x", "", "1x:{MeetingId}", "/a:b/{MeetingId}"] {
            assert_eq!(says(bare), first, "{bare}");
        }
        assert_eq!(says("https://j.example/"), "without a place such as {JoinToken|url} all links would be the same");
        assert_eq!(says("https://j.example/a b{MeetingId}"), "\" \" cannot stand in a URL: write it percent-encoded");
        assert_eq!(says("https://j.example/{{{MeetingId}"), "\"{\" cannot stand in a URL: write it percent-encoded");
        assert_eq!(says("https://j.example/{Name|url|lower}"), "in {Name|url|lower}, url comes last");
        assert_eq!(
            says("https://j.example/#{JoinTokn|url}"),
            "--link: no column for {JoinTokn|url} in the tokens file; did you mean \"JoinToken\"? There is \"Name\", \"roster.Audio\", \
             \"MeetingId\", \"JoinToken\", \"Audio\""
        );
        assert_eq!(
            says("https://j.example/#{JoinToken|trim}"),
            "--link: {JoinToken|trim} may hold characters that break a URL; write {JoinToken|trim|url}, which percent-encodes it"
        );
        assert!(
            says("https://j.example/{roster.Audio}").contains("break a URL"),
            "only our own Audio is a word of a closed list"
        );
    }

    #[test]
    fn a_token_before_the_fragment_is_seen() {
        let shows = |link: &str| Link::parse(link).unwrap().shows_token();
        assert!(shows("https://j.example/?t={join_token|url}") && shows("https://j.example/{JoinToken|url}#x"));
        assert!(!shows("https://j.example/{MeetingId}#t={JoinToken|url}") && !shows("https://j.example/{MeetingId}"));
    }
}
