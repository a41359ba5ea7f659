//! Text of somebody else's, made safe for a terminal and for a log line.
//!
//! Holds [`line()`] and [`quoted`]. Called by every room that shows what a roster, a document or the service has said. It never
//! sees where the text goes: what comes out is one line, bounded, and cannot move a cursor, change a colour, ring a bell, turn
//! the reading direction round or hide a character.

use std::fmt::Write;

/// `text` as one line of at most `max` characters of its own: control characters (C0, DEL, C1), line and paragraph separators,
/// direction marks, zero-width and tag characters are written as `\n`, `\r`, `\t` or `\u{…}`; what is left out is told by `…`.
pub fn line(text: &str, max: usize) -> String {
    escape(text, max, |_| false)
}

/// The same between double quotes, with `"` and `\` escaped, so that where the text begins and ends is beyond doubt.
pub fn quoted(text: &str, max: usize) -> String {
    format!("\"{}\"", escape(text, max, |c| matches!(c, '"' | '\\')))
}

fn escape(text: &str, max: usize, also: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    for (at, c) in text.chars().enumerate() {
        if at == max {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if also(c) => out.extend(['\\', c]),
            // Writing to a String cannot fail.
            c if is_hazard(c) => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Whether a terminal might obey this character, or a reader fail to see it.
fn is_hazard(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        // White space that is not the space bar's, U+00A0 above all: it looks like a space and is none.
        || (c.is_whitespace() && c != ' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelt_out() {
        assert_eq!(line("Zoë\x1b[31m\u{9b}1m\x07\x7f", 80), "Zoë\\u{1b}[31m\\u{9b}1m\\u{7}\\u{7f}");
        assert_eq!(line("a\nb\r\tc\u{2028}d", 80), "a\\nb\\r\\tc\\u{2028}d");
        assert_eq!(line("ab\u{202e}cd\u{200b}\u{feff}\u{a0}", 80), "ab\\u{202e}cd\\u{200b}\\u{feff}\\u{a0}");
        assert_eq!(line("c:\\dir", 80), "c:\\dir");
        assert_eq!(quoted("say \"hi\\n\"", 80), r#""say \"hi\\n\"""#);
    }

    #[test]
    fn length_is_bounded_and_said() {
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("abc", 3), "abc");
    }

    proptest! {
        #[test]
        fn one_harmless_bounded_line(text in any::<String>(), max in 0usize..100) {
            let out = line(&text, max);
            prop_assert!(!out.chars().any(is_hazard));
            prop_assert!(out.chars().count() <= max * 10 + 1);
        }
    }
}
