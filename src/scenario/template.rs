//! Made-up ids: `lt-{run}-{seq:06}`.
//!
//! Holds [`Template`]. Called by the scenario, which checks one, and by the engine, which makes an id a user from it. It never
//! counts: the number is handed in.

use crate::chime::id::ExternalUserId;
use crate::template::{Piece, pieces};

/// A text with places for the run's id and the user's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Run,
    /// The number, with zeros in front up to so many digits.
    Seq(usize),
}

/// Characters of a run's id.
pub const RUN_CHARS: usize = 8;

impl Template {
    /// Reads a template, and holds the ids it makes (with numbers of up to ten digits) to the rules of ExternalUserId.
    ///
    /// # Errors
    /// What is wrong, in one sentence.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut parts = Vec::new();
        for piece in pieces(text)? {
            parts.push(match piece {
                Piece::Text(text) => Part::Text(text.to_owned()),
                Piece::Place(inside) => Part::parse(inside)?,
            });
        }
        let template = Template { parts };
        if !template.parts.iter().any(|part| matches!(part, Part::Seq(_))) {
            return Err("without {seq} all users would be the same one; write lt-{run}-{seq:06}".to_owned());
        }
        for number in [1, 9_999_999_999] {
            let id = template.fill(&"0".repeat(RUN_CHARS), number);
            if let Err(rules) = ExternalUserId::parse(&id) {
                let rules: Vec<_> = rules.iter().map(ToString::to_string).collect();
                return Err(format!("user {number} would be {}, which {}", crate::safe::quoted(&id, 80), rules.join(", and ")));
            }
        }
        Ok(template)
    }

    /// The id of a user, as text. A caller that keeps to [`RUN_CHARS`] and ten digits gets a valid ExternalUserId.
    pub fn fill(&self, run: &str, seq: u64) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Run => out.push_str(run),
                Part::Seq(width) => out.push_str(&format!("{seq:0width$}")),
            }
        }
        out
    }
}

impl Part {
    fn parse(inside: &str) -> Result<Part, String> {
        let width = |digits: &str| digits.strip_prefix('0').and_then(|n| n.parse().ok()).filter(|n| (1..=20).contains(n));
        match inside.split_once(':') {
            None if inside == "run" => Ok(Part::Run),
            None if inside == "seq" => Ok(Part::Seq(0)),
            Some(("seq", digits)) if width(digits).is_some() => Ok(Part::Seq(width(digits).unwrap_or_default())),
            _ => Err(format!("{{{}}} is none of {{run}}, {{seq}} and {{seq:06}}", crate::safe::line(inside, 40))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_out_of_templates() {
        let fill = |text: &str| Template::parse(text).unwrap().fill("0badcafe", 42);
        assert_eq!(fill("lt-{run}-{seq:06}"), "lt-0badcafe-000042");
        assert_eq!(fill("{seq}@example.com"), "42@example.com");
    }

    #[test]
    fn ids_that_the_service_would_refuse() {
        let says = |text: &str| Template::parse(text).unwrap_err();
        assert_eq!(says("lt-{run}"), "without {seq} all users would be the same one; write lt-{run}-{seq:06}");
        assert_eq!(says("lt-{user}-{seq}"), "{user} is none of {run}, {seq} and {seq:06}");
        assert_eq!(says("lt-{seq:6}"), "{seq:6} is none of {run}, {seq} and {seq:06}");
        assert_eq!(says("{seq"), "braces stand in pairs, as in {name}; {{ is a brace itself");
        assert_eq!(says("{seq}"), "user 1 would be \"1\", which has 1 character; 2 to 64 are allowed");
        assert!(says("aws:{seq}").contains("reserved"));
        assert!(says("a!{seq}").contains("outside the documented pattern"));
        assert!(says(&format!("{}{{seq}}", "x".repeat(60))).contains("has 70 characters"));
    }
}
