//! What can be mended of a cell without guessing.
//!
//! Holds [`mend`] and [`Mending`]. Called by `check --fix` for every cell that means something. Pure: what it does is what nobody can
//! have meant otherwise; whatever needs a choice (a letter too many, an accent read in the wrong encoding, a row that stands twice) it
//! leaves alone.

use super::options::Field;
use crate::chime::capability::Direction;
use crate::chime::id::MeetingId;
use std::fmt;

/// A cell mended, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mending {
    /// The cell now.
    pub text: String,
    /// What was done, in order.
    pub did: Vec<Did>,
}

/// Something done to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// Characters that nobody sees are gone: zero-width ones, byte order marks, direction marks, soft hyphens.
    Unseen,
    /// Spaces of other kinds (no-break, thin, ideographic) are the space bar's.
    Spaces,
    /// White space around it is gone.
    Edges,
    /// What stood around a meeting id is gone: quotes, brackets.
    Around,
    /// A capability in the service's spelling.
    Spelling,
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Did::Unseen => "invisible characters removed",
            Did::Spaces => "another kind of space made an ordinary one",
            Did::Edges => "white space around it removed",
            Did::Around => "what stood around it removed",
            Did::Spelling => "the service's spelling",
        })
    }
}

/// Mends a cell of a field, or (`None`) of a column that ids are made of; `None` where there is nothing to mend.
pub fn mend(field: Option<Field>, cell: &str) -> Option<Mending> {
    let (mut text, mut did) = (cell.to_owned(), Vec::new());
    let mut step = |mended: String, what: Did, text: &mut String| {
        if mended != *text {
            *text = mended;
            did.push(what);
        }
    };
    step(text.chars().filter(|c| !is_unseen(*c)).collect(), Did::Unseen, &mut text);
    step(text.chars().map(|c| if is_space(c) { ' ' } else { c }).collect(), Did::Spaces, &mut text);
    step(text.trim().to_owned(), Did::Edges, &mut text);
    match field {
        Some(Field::MeetingId) => {
            let bare =
                text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '(' | ')' | '<' | '>' | '"' | '\''));
            if MeetingId::parse(bare).is_some() {
                step(bare.to_owned(), Did::Around, &mut text);
            }
        }
        Some(Field::Audio | Field::Video | Field::Content) => {
            let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect();
            if let Some(exact) = Direction::ALL.into_iter().find(|d| d.as_str().eq_ignore_ascii_case(&plain)) {
                step(exact.as_str().to_owned(), Did::Spelling, &mut text);
            }
        }
        Some(Field::ExternalUserId) | None => {}
    }
    (!did.is_empty()).then_some(Mending { text, did })
}

/// Characters that show nothing and mean nothing in an id, an address or a word of the service's. Joiners between letters of
/// other scripts do mean something; such letters may not stand in an id anyway, and their rows stay faulty.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// White space outside ASCII; line breaks and tabs are left to the person, unless they stand at an edge.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !c.is_ascii() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chime::id::ExternalUserId;
    use proptest::prelude::*;

    fn mended(field: Field, cell: &str) -> Option<(String, Vec<Did>)> {
        mend(Some(field), cell).map(|mending| (mending.text, mending.did))
    }

    #[test]
    fn sure_mendings() {
        let id = |cell| mended(Field::ExternalUserId, cell);
        assert_eq!(id("\u{feff}Zoë\u{a0}Lee \t"), Some(("Zoë Lee".into(), vec![Did::Unseen, Did::Spaces, Did::Edges])));
        let guid = "11111111-2222-3333-4444-555555555555";
        assert_eq!(mended(Field::MeetingId, &format!(" {{{guid}}}")), Some((guid.into(), vec![Did::Edges, Did::Around])));
        for cell in ["sendreceive", "Send Receive", "SEND_RECEIVE", "send-receive"] {
            assert_eq!(mended(Field::Audio, cell), Some(("SendReceive".into(), vec![Did::Spelling])), "{cell}");
        }
        assert_eq!(mend(None, " a "), Some(Mending { text: "a".into(), did: vec![Did::Edges] }));
    }

    #[test]
    fn what_would_be_guessed_is_left() {
        for cell in ["bob", "Bob", "b!b", "ZoÃ«", "a  b", "a\tb", "aws:x", "", "1.2E+11"] {
            assert_eq!(mended(Field::ExternalUserId, cell), None, "{cell}");
        }
        for cell in ["sendrecv", "yes", "Receive", "None"] {
            assert_eq!(mended(Field::Video, cell), None, "{cell}");
        }
        assert_eq!(mended(Field::MeetingId, "{my-meeting}"), None);
    }

    proptest! {
        #[test]
        fn once_is_enough(cell in "[ \\t\u{a0}\u{feff}a{}Send-]{0,12}", field in 0usize..5) {
            let field = Field::ALL[field];
            if let Some((text, _)) = mended(field, &cell) {
                prop_assert_eq!(mended(field, &text), None);
            }
        }

        #[test]
        fn no_id_without_fault_changes_but_at_its_edges(cell in "\\PC{2,20}") {
            if ExternalUserId::parse(&cell).is_ok() && cell.trim() == cell {
                prop_assert_eq!(mended(Field::ExternalUserId, &cell), None);
            }
        }
    }
}
