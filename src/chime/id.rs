//! Ids and tokens, with what is published about their form.
//!
//! Holds [`MeetingId`], [`AttendeeId`], [`ExternalUserId`] and [`JoinToken`]. Called by every room that names a seat. The last
//! two are sensitive in the service model: their `Debug` and `Display` never show them, `as_str` is the deliberate way out.

use super::quota::{EXTERNAL_USER_ID_CHARS, JOIN_TOKEN_CHARS};
use std::fmt;

/// Whether `text` has the model's GUID form, `[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}`. The version digit is
/// free: ids the service hands out are often no version-4 UUIDs.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() })
}

macro_rules! guid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// Reads a GUID in either letter case; kept in lower case, as the service writes them.
            pub fn parse(text: &str) -> Option<Self> {
                is_guid(text).then(|| $name(text.to_ascii_lowercase().into()))
            }

            /// The id in lower case.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

guid!(
    /// The id of a meeting. Compared without letter case.
    MeetingId
);
guid!(
    /// The id of an attendee within its meeting, given by the service.
    AttendeeId
);

/// A rule that a text breaks as an ExternalUserId.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdRule {
    /// Length, in characters (model: 2 to 64).
    #[error("has {} character{}; 2 to 64 are allowed", .0, if *.0 == 1 { "" } else { "s" })]
    Length(usize),
    /// A character outside the documented pattern; the position counts characters from 1.
    #[error("has {found:?} (U+{:04X}) at character {at}, which is outside the documented pattern", u32::from(*.found))]
    Character {
        /// The character.
        found: char,
        /// Its position, from 1.
        at: usize,
    },
    /// The reserved prefix, in any letter case.
    #[error("begins with aws:, which is reserved")]
    Reserved,
}

/// Whether the documented pattern ``[-_&@+=,(){}\[\]\/«».:|'"#a-zA-Z0-9À-ÿ\s]*`` holds this character.
///
/// `\s` is read as the six ASCII spaces: the usual engine behind the service leaves U+00A0 out.
pub fn is_external_user_id_char(c: char) -> bool {
    matches!(c,
        'a'..='z' | 'A'..='Z' | '0'..='9' | 'À'..='ÿ' | '«' | '»' | ' ' | '\t'..='\r'
        | '-' | '_' | '&' | '@' | '+' | '=' | ',' | '(' | ')' | '{' | '}' | '[' | ']' | '/' | '.' | ':' | '|' | '\'' | '"' | '#')
}

/// Lower case, character for character (`ß` stays), with no normalisation: the fold under which ids may name one attendee.
pub fn fold(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        })
        .collect()
}

/// Who a seat is for; the idempotency token of CreateAttendee. Compared exactly; see [`fold`] for the other way.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExternalUserId(Box<str>);

impl ExternalUserId {
    /// Checks every published rule; all that are broken come back together, at most one of a kind.
    pub fn parse(text: &str) -> Result<Self, Vec<IdRule>> {
        let mut broken = Vec::new();
        let length = text.chars().count();
        if !EXTERNAL_USER_ID_CHARS.contains(&length) {
            broken.push(IdRule::Length(length));
        }
        if let Some((at, c)) = text.chars().enumerate().find(|(_, c)| !is_external_user_id_char(*c)) {
            broken.push(IdRule::Character { found: c, at: at + 1 });
        }
        if text.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("aws:")) {
            broken.push(IdRule::Reserved);
        }
        if broken.is_empty() { Ok(ExternalUserId(text.into())) } else { Err(broken) }
    }

    /// The id itself: sensitive, for the wire, the ledger and the outputs only.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// See [`fold`].
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl fmt::Debug for ExternalUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalUserId(…)")
    }
}

/// The token with which an attendee joins. Sensitive; opaque.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken(zeroize::Zeroizing<Box<str>>);

impl JoinToken {
    /// Takes a token of 2 to 2048 printable ASCII characters without spaces, quotes or commas; anything else is no token that
    /// could be pasted, mailed or put into a CSV cell unharmed.
    pub fn parse(text: &str) -> Option<Self> {
        let sane = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'`' | b',');
        (JOIN_TOKEN_CHARS.contains(&text.len()) && text.bytes().all(sane))
            .then(|| JoinToken(zeroize::Zeroizing::new(text.into())))
    }

    /// The token itself: for the ledger and the outputs only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn guids_of_any_version_and_case() {
        assert_eq!(
            MeetingId::parse("11111111-2222-E07B-f444-555555555ABC").unwrap().as_str(),
            "11111111-2222-e07b-f444-555555555abc"
        );
        for bad in [
            "",
            "11111111-2222-e07b-f444-555555555ab",
            "11111111-2222-e07b-f444-555555555abcd",
            "11111111_2222-e07b-f444-555555555abc",
            "g1111111-2222-e07b-f444-555555555abc",
        ] {
            assert_eq!(MeetingId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_at_each_bound() {
        let ok = |s: &str| ExternalUserId::parse(s).is_ok();
        assert!(ok("ab") && ok(&"é".repeat(64)) && ok("a b\t«×÷»") && ok("aws-x") && ok("awsx") && ok("my aws:x") && ok("+1555"));
        assert_eq!(ExternalUserId::parse("a").unwrap_err(), [IdRule::Length(1)]);
        assert_eq!(ExternalUserId::parse(&"é".repeat(65)).unwrap_err(), [IdRule::Length(65)]);
        assert_eq!(ExternalUserId::parse("AwS:x").unwrap_err(), [IdRule::Reserved]);
        assert_eq!(ExternalUserId::parse("Zoë Ā").unwrap_err(), [IdRule::Character { found: 'Ā', at: 5 }]);
        for c in "!%*;<>?\\^`~$\u{a0}\u{bf}\u{80}\u{301}\0".chars() {
            assert!(!ok(&format!("ab{c}")), "{c:?}");
        }
    }

    #[test]
    fn folding_is_one_to_one() {
        assert_eq!(fold("ÀÉ-Straße"), "àé-straße");
        assert_eq!(fold("İ"), "İ");
    }

    #[test]
    fn secrets_are_not_printed() {
        let shown = format!("{:?} {:?}", ExternalUserId::parse("carol").unwrap(), JoinToken::parse("tok123").unwrap());
        assert_eq!(shown, "ExternalUserId(…) JoinToken(…)");
    }

    proptest! {
        #[test]
        fn tokens_with_anything_odd_are_refused(head in "[a-zA-Z0-9+/=_-]{2,40}", odd in "[^!#-&(-+\\--_a-~]") {
            prop_assert!(JoinToken::parse(&head).is_some());
            let spoilt = format!("{}{}", head, odd);
            prop_assert!(JoinToken::parse(&spoilt).is_none());
        }
    }
}
