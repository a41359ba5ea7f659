//! A row: where it stands, what is in it, what it means, or everything that is wrong with it.
//!
//! Holds [`Row`], [`Cells`], [`RowFault`], [`Rule`] and [`RowWarning`]. Called by whoever iterates a roster. It never sees how
//! the row was written: CSV and YAML come out alike.

use super::options::Field;
use crate::call::Seat;
use crate::chime::capability::{BadDirection, CapabilityRule};
use crate::chime::id::IdRule;
use std::fmt;
use std::sync::Arc;

/// One row of a roster.
#[derive(Debug, Clone)]
pub struct Row {
    /// The physical line of its first byte, from 1, under LF, CRLF and lone CR alike.
    pub line: u64,
    /// Its cells exactly, aligned with [`crate::roster::Roster::columns`]. In YAML, defaults are filled in.
    pub cells: Cells,
    /// Cells beyond the header, of a row that has too many (and is faulty for it).
    pub extra: Vec<String>,
    /// What it means, or all that is wrong.
    pub seat: Result<Seat, Vec<RowFault>>,
    /// What is allowed and still looks like a mistake.
    pub warnings: Vec<RowWarning>,
}

/// The cells of a row, in two allocations whatever their number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cells {
    text: Box<str>,
    spans: Box<[(u32, u32)]>,
}

/// The span of a cell that is not there.
const ABSENT: (u32, u32) = (u32::MAX, 0);

impl Cells {
    /// Cells out of their texts; `None` where a row has none.
    pub fn new<'a>(cells: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let (mut text, mut spans) = (String::new(), Vec::new());
        for cell in cells {
            spans.push(cell.map_or(ABSENT, |cell| {
                let from = text.len();
                text.push_str(cell);
                (from as u32, text.len() as u32)
            }));
        }
        Cells { text: text.into(), spans: spans.into() }
    }

    /// All of a record whose cells lie end to end in `text`.
    pub(super) fn of_record(text: &str, spans: &[(u32, u32)]) -> Self {
        Cells { text: text.into(), spans: spans.into() }
    }

    /// The cell of this column; `None` where the row has none.
    pub fn get(&self, column: usize) -> Option<&str> {
        let &(from, to) = self.spans.get(column)?;
        self.text.get(from as usize..to as usize)
    }

    /// Every cell in order.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        (0..self.spans.len()).map(|column| self.get(column))
    }

    /// How many there are, absent ones included.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no cell at all.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

// Cells hold ids, which never go into a log.
impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cells({})", self.len())
    }
}

/// Something wrong with a row. Every text in it is safe for a terminal; the value may be an id, so it goes to the person whose
/// roster it is and into rejects, and never into a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The roster.
    pub file: Arc<str>,
    /// The line: of the row in CSV, of the value in YAML.
    pub line: u64,
    /// The field, if it is about one.
    pub field: Option<Field>,
    /// The column it was taken from, where it is named otherwise than the field, or the columns it was made of.
    pub column: Option<String>,
    /// The value, quoted and shortened; nothing where there is none.
    pub value: Option<String>,
    /// The rule that is broken.
    pub rule: Rule,
    /// What to do.
    pub hint: String,
}

impl RowFault {
    /// What is wrong, without the place: `ExternalUserId "a" has 1 characters; 2 to 64 are allowed`.
    pub fn reason(&self) -> String {
        let mut out = self.field.map_or("the row", Field::name).to_owned();
        if let Some(column) = &self.column {
            out.push_str(&format!(" (column {column})"));
        }
        if let Some(value) = &self.value {
            out.push_str(&format!(" {value}"));
        }
        // This rule names its channels itself.
        let colon = if matches!(self.rule, Rule::Capabilities(_)) { ":" } else { "" };
        format!("{out}{colon} {}", self.rule)
    }
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason())
    }
}

/// What a row breaks. The text continues "ExternalUserId … ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// No ExternalUserId, or an empty one.
    #[error("is missing")]
    NoId,
    /// An empty cell among those that an ExternalUserId is made of.
    #[error("cannot be made: the column {0} is empty")]
    Unmade(String),
    /// A rule of ExternalUserIds.
    #[error("{0}")]
    Id(IdRule),
    /// No meeting in the row and none for all.
    #[error("is missing, and no meeting is given for all")]
    NoMeeting,
    /// Not of GUID form.
    #[error("is no meeting id; one has 8-4-4-4-12 hexadecimal digits")]
    MeetingForm,
    /// A capability that is none of the four.
    #[error("{0}")]
    Direction(BadDirection),
    /// Some capabilities, but not all three.
    #[error("is missing: with one capability given, all three are required")]
    Partial,
    /// Capabilities that no meeting allows together.
    #[error("{0}")]
    Capabilities(CapabilityRule),
    /// Text after a closing quote.
    #[error("has text after its closing quote")]
    AfterQuote,
    /// A row of our rejects whose cells were damaged where it came from, and that nobody has vouched for since: its cells may
    /// have slipped, and would still make a seat.
    #[error("was damaged when an earlier run rejected it")]
    Damaged,
    /// A value of another type than text, where text is needed to be exact.
    #[error("{0}")]
    Type(&'static str),
    /// A line of JSON lines that is no object.
    #[error("is no JSON object: {0}")]
    Json(String),
    /// A list or mapping where YAML should hold a value.
    #[error("holds a list or mapping under {0}; a single value is expected")]
    Nested(String),
    /// A key of `Capabilities` that is no channel.
    #[error("names {0} under Capabilities; they are Audio, Video and Content")]
    Channel(String),
    /// Two keys of a YAML row that mean one column.
    #[error("says {0} twice")]
    Twice(String),
    /// A list where YAML should hold a row.
    #[error("is a list; a row is a mapping of columns to values, or a single id")]
    List,
    /// Fewer or more cells than columns.
    #[error("has {cells} cells; the header has {columns}")]
    Ragged {
        /// Cells of the row.
        cells: usize,
        /// Columns of the header, our own added ones included.
        columns: usize,
    },
}

impl Rule {
    /// Codes of rows whose cells are not to be trusted.
    pub(super) const DAMAGED: [&str; 9] = ["quote", "cells", "damaged", "nested", "channel", "twice", "list", "type", "json"];

    /// Whether the row's cells are not to be trusted: it stays out until somebody has mended it and emptied its `headcount.code`.
    pub fn is_damage(&self) -> bool {
        Rule::DAMAGED.contains(&self.code())
    }

    /// A stable word for machines: rejects and `check --json` carry it.
    pub fn code(&self) -> &'static str {
        match self {
            Rule::NoId | Rule::Unmade(_) => "id-missing",
            Rule::Id(IdRule::Length(_)) => "id-length",
            Rule::Id(IdRule::Character { .. }) => "id-character",
            Rule::Id(IdRule::Reserved) => "id-reserved",
            Rule::NoMeeting => "meeting-missing",
            Rule::MeetingForm => "meeting-form",
            Rule::Direction(_) => "capability-value",
            Rule::Partial => "capability-missing",
            Rule::Capabilities(_) => "capability-rule",
            Rule::AfterQuote => "quote",
            Rule::Damaged => "damaged",
            Rule::Type(_) => "type",
            Rule::Json(_) => "json",
            Rule::Nested(_) => "nested",
            Rule::Channel(_) => "channel",
            Rule::Twice(_) => "twice",
            Rule::List => "list",
            Rule::Ragged { .. } => "cells",
        }
    }
}

/// Something that is allowed and still looks like a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowWarning {
    /// The roster.
    pub file: Arc<str>,
    /// The line, as in [`RowFault::line`].
    pub line: u64,
    /// The id, quoted and shortened.
    pub value: String,
    /// What looks odd.
    pub oddity: Oddity,
}

impl fmt::Display for RowWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ExternalUserId {} {}", self.file, self.line, self.value, self.oddity)
    }
}

/// What may be odd about an ExternalUserId that breaks no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    /// White space around it: another id than the one without.
    #[error("begins or ends with white space, which makes it another id")]
    EdgeSpace,
    /// A line break or a tab within it.
    #[error("holds a line break or a tab")]
    InnerBreak,
    /// A quote in front.
    #[error("begins with a quote: was a quoted cell damaged?")]
    LooksQuoted,
    /// What a spreadsheet makes of a long number; different people may have become one.
    #[error("looks like a number that a spreadsheet has rounded")]
    LooksRounded,
    /// `ë` as `Ã«`: the one kind of text read in the wrong encoding that the pattern lets through.
    #[error("looks like UTF-8 once read as Latin-1")]
    LooksMisread,
    /// A word programs write for nothing.
    #[error("looks like a missing value")]
    LooksMissing,
}

impl Oddity {
    /// A stable word for machines.
    pub fn code(self) -> &'static str {
        match self {
            Oddity::EdgeSpace => "edge-space",
            Oddity::InnerBreak => "inner-break",
            Oddity::LooksQuoted => "looks-quoted",
            Oddity::LooksRounded => "looks-rounded",
            Oddity::LooksMisread => "looks-misread",
            Oddity::LooksMissing => "looks-missing",
        }
    }

    /// Everything odd about an id.
    pub(super) fn of(id: &str) -> impl Iterator<Item = Oddity> {
        let edge = id.starts_with(char::is_whitespace) || id.ends_with(char::is_whitespace);
        let inner = id.trim().contains(|c: char| c.is_whitespace() && c != ' ');
        let missing = ["null", "none", "nan", "n/a", "#n/a", "nil", "undefined"].iter().any(|w| id.eq_ignore_ascii_case(w));
        [
            (edge, Oddity::EdgeSpace),
            (inner, Oddity::InnerBreak),
            (id.trim_start().starts_with('"'), Oddity::LooksQuoted),
            (is_rounded(id), Oddity::LooksRounded),
            (["Ã«", "Ã»", "Â«", "Â»"].iter().any(|pair| id.contains(pair)), Oddity::LooksMisread),
            (missing, Oddity::LooksMissing),
        ]
        .into_iter()
        .filter_map(|(is, oddity)| is.then_some(oddity))
    }
}

/// `1.23457E+11`, `4,5E+15`: digits, a point or a comma, digits, E+, digits.
fn is_rounded(id: &str) -> bool {
    let Some((mantissa, exponent)) = id.trim().split_once("E+") else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(exponent) && mantissa.split_once(['.', ',']).map_or(digits(mantissa), |(whole, part)| digits(whole) && digits(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_as_they_went_in() {
        let cells = Cells::new([Some("a"), None, Some(""), Some("é,\n")]);
        assert_eq!(cells.iter().collect::<Vec<_>>(), [Some("a"), None, Some(""), Some("é,\n")]);
        assert_eq!((cells.len(), cells.get(4)), (4, None));
    }

    #[test]
    fn oddities() {
        let odd = |id| Oddity::of(id).collect::<Vec<_>>();
        assert_eq!(odd(" bob"), [Oddity::EdgeSpace]);
        assert_eq!(odd("bob\n"), [Oddity::EdgeSpace]);
        assert_eq!(odd("a\tb"), [Oddity::InnerBreak]);
        assert_eq!(odd("\"car\"ol"), [Oddity::LooksQuoted]);
        assert_eq!(odd("1.23457E+11"), [Oddity::LooksRounded]);
        assert_eq!(odd("4E+15"), [Oddity::LooksRounded]);
        assert_eq!(odd("ZoÃ«"), [Oddity::LooksMisread]);
        assert_eq!(odd("None"), [Oddity::LooksMissing]);
        assert_eq!(odd("Anne E+Bob"), []);
        assert_eq!(odd("Zoë \"Z\" O'Hara"), []);
    }
}
