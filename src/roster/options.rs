//! What a caller may say about a roster beforehand.
//!
//! Holds [`Options`], [`Field`], [`Format`] and [`Limits`], and reads `--map` and `--capabilities`. Called by the verbs and by
//! every file of this room. It never sees a row.

use crate::chime::capability::{Capabilities, Direction};
use crate::chime::id::{MeetingId, is_external_user_id_char};
use crate::template::{Filter, Template};
use std::fmt;
use std::str::FromStr;

/// A column with a meaning; every other rides along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// Who: the id an attendee is asked for with.
    ExternalUserId,
    /// Which meeting.
    MeetingId,
    /// Capability of the audio channel.
    Audio,
    /// Capability of the video channel.
    Video,
    /// Capability of the content channel.
    Content,
}

impl Field {
    /// All of them, in the order of our own outputs.
    pub const ALL: [Field; 5] = [Field::ExternalUserId, Field::MeetingId, Field::Audio, Field::Video, Field::Content];

    /// The service's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Field::ExternalUserId => "ExternalUserId",
            Field::MeetingId => "MeetingId",
            Field::Audio => "Audio",
            Field::Video => "Video",
            Field::Content => "Content",
        }
    }

    /// The field a column of this name holds, regardless of letter case, white space, `_` and `-`.
    pub fn of_column(column: &str) -> Option<Field> {
        let key = key(column);
        Field::ALL.into_iter().find(|field| field.name().eq_ignore_ascii_case(&key))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A column's name as it is compared.
pub(super) fn key(column: &str) -> String {
    column.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Reads a session's name, as an argument: it becomes the ExternalMeetingId, whose rules are those of an ExternalUserId.
///
/// # Errors
/// Not 2 to 64 allowed characters.
pub fn parse_session(text: &str) -> Result<String, BadOption> {
    if is_session(text) { Ok(text.to_owned()) } else { Err(BadOption::Session) }
}

pub(super) fn is_session(text: &str) -> bool {
    crate::chime::id::ExternalUserId::parse(text).is_ok()
}

/// Something on the command line that says nothing about a roster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOption {
    /// `--map` without its form or its field.
    #[error("expected FIELD=COLUMN, with FIELD one of ExternalUserId, MeetingId, Audio, Video, Content")]
    Map,
    /// `--capabilities` without its form.
    #[error("expected Audio=V,Video=V,Content=V, all three, with V one of SendReceive, Send, Receive, None (exact case)")]
    Capabilities,
    /// `--capabilities` that the service would refuse.
    #[error("{0}")]
    Rule(crate::chime::capability::CapabilityRule),
    /// `--session` that is none.
    #[error("expected a session's name: 2 to 64 characters, such as an ExternalUserId may have, and not beginning with aws:")]
    Session,
    /// `--meeting-id` that is none.
    #[error("expected a meeting id: 8-4-4-4-12 hexadecimal digits")]
    MeetingId,
}

/// Reads `FIELD=COLUMN`; the field regardless of case, the column as it is.
///
/// # Errors
/// No `=`, an unknown field, or no column.
pub fn parse_map(text: &str) -> Result<(Field, String), BadOption> {
    let (field, column) = text.split_once('=').ok_or(BadOption::Map)?;
    let field = Field::of_column(field).ok_or(BadOption::Map)?;
    if column.is_empty() { Err(BadOption::Map) } else { Ok((field, column.to_owned())) }
}

/// Reads `{Email|lower}`: what every row's ExternalUserId is made of.
///
/// # Errors
/// No template, no place in it, or text that no ExternalUserId may hold; in one sentence.
pub fn parse_id(text: &str) -> Result<Template, String> {
    let template = Template::parse(text)?;
    if template.places().next().is_none() {
        return Err("without a column's place, as in {Email|lower}, all rows would have the same id".to_owned());
    }
    if let Some(place) = template.places().find(|place| place.filters.contains(&Filter::Url)) {
        return Err(format!("{place} would write percent signs, which no ExternalUserId may hold"));
    }
    let stray = template.texts().flat_map(str::chars).find(|c| !is_external_user_id_char(*c));
    match stray {
        Some(stray) => Err(format!("no ExternalUserId may hold {}", crate::safe::quoted(&stray.to_string(), 4))),
        None => Ok(template),
    }
}

/// Reads `Audio=V,Video=V,Content=V` in any order, and holds it to rule R3.
///
/// # Errors
/// A channel missing or said twice, a value that is none, or a set the service refuses in every meeting.
pub fn parse_capabilities(text: &str) -> Result<Capabilities, BadOption> {
    let mut channels = [None; 3];
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or(BadOption::Capabilities)?;
        let value = Direction::from_str(value.trim()).map_err(|_| BadOption::Capabilities)?;
        let slot = match Field::of_column(name) {
            Some(Field::Audio) => &mut channels[0],
            Some(Field::Video) => &mut channels[1],
            Some(Field::Content) => &mut channels[2],
            _ => return Err(BadOption::Capabilities),
        };
        if slot.replace(value).is_some() {
            return Err(BadOption::Capabilities);
        }
    }
    let [Some(audio), Some(video), Some(content)] = channels else { return Err(BadOption::Capabilities) };
    let set = Capabilities { audio, video, content };
    set.broken_rule(true, true).map_or(Ok(set), |rule| Err(BadOption::Rule(rule)))
}

/// Reads a meeting id, as an argument.
///
/// # Errors
/// Not of GUID form.
pub fn parse_meeting_id(text: &str) -> Result<MeetingId, BadOption> {
    MeetingId::parse(text.trim()).ok_or(BadOption::MeetingId)
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// By the name's ending (`.yaml`, `.yml`, `.json`, `.jsonl`, `.ndjson`, else CSV; `.gz` behind it is ignored), and without an
    /// ending by the text.
    #[default]
    Auto,
    /// CSV, whatever the name.
    Csv,
    /// YAML, whatever the name.
    Yaml,
    /// JSON lines, whatever the name.
    JsonLines,
}

impl Format {
    /// How a file of this name that begins with this text is written, `Auto` decided. JSON in one document is YAML, too.
    pub(super) fn of(self, name: &str, head: &str) -> Format {
        if self != Format::Auto {
            return self;
        }
        let lower = name.to_ascii_lowercase();
        let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
        let ends = |endings: &[&str]| endings.iter().any(|ending| plain.ends_with(ending));
        match () {
            () if ends(&[".yaml", ".yml", ".json"]) => Format::Yaml,
            () if ends(&[".jsonl", ".ndjson"]) => Format::JsonLines,
            () if ends(&[".csv", ".tsv", ".tab", ".txt"]) => Format::Csv,
            () if is_json_lines(head) => Format::JsonLines,
            () if is_yaml(head) => Format::Yaml,
            () => Format::Csv,
        }
    }
}

/// Whether the first line is a whole object that is no document's, and the next is none either or there is none.
fn is_json_lines(head: &str) -> bool {
    let mut lines = head.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().and_then(|line| serde_json::from_str::<serde_json::Map<_, _>>(line).ok());
    let document = |object: &serde_json::Map<String, serde_json::Value>| DOCUMENT.iter().any(|key| object.contains_key(*key));
    first.is_some_and(|object| !document(&object)) && lines.next().is_none_or(|line| line.trim_start().starts_with('{'))
}

/// Keys at the top of a YAML roster.
const DOCUMENT: [&str; 3] = ["attendees", "defaults", "meetings"];

fn is_yaml(head: &str) -> bool {
    let mut lines = head.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let first = lines.next().unwrap_or_default();
    first == "---"
        || first.starts_with(['[', '{'])
        || first.starts_with("- ")
        || DOCUMENT.iter().any(|key| first.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')))
}

/// What is read at most. Beyond it a file is refused, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes a compressed file may inflate to.
    pub inflated: u64,
    /// Bytes of one cell.
    pub cell: usize,
    /// Columns of a header, and cells of a row beyond it.
    pub columns: usize,
    /// Bytes of a YAML document, which is held whole; about ten times as much memory at worst.
    pub yaml: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { inflated: 1 << 30, cell: 64 << 10, columns: 256, yaml: 64 << 20 }
    }
}

/// What a caller says about a roster.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Columns that hold a field under another name. The last word on a field wins.
    pub map: Vec<(Field, String)>,
    /// What every row's ExternalUserId is made of, whatever column there is for it.
    pub id: Option<Template>,
    /// Lines above the header that are passed over; rows of a sheet.
    pub skip_lines: u64,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The meeting of rows that name none.
    pub meeting_id: Option<MeetingId>,
    /// The capabilities of rows that name none.
    pub capabilities: Option<Capabilities>,
    /// What is read at most.
    pub limits: Limits,
    /// Whether meetings are made for the roster, so that a name may stand where a MeetingId would.
    pub sessions: Option<Sessions>,
}

/// What a roster says whose meetings are made for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// The session of rows that name none.
    pub default: String,
    /// The column whose equal values sit together.
    pub group_by: Option<String>,
    /// The column, and its values (compared without letter case), that mark those who present.
    pub presenters: Option<(String, Vec<String>)>,
    /// The column that says when a session's doors open.
    pub doors: Option<String>,
}

impl Default for Sessions {
    fn default() -> Self {
        Sessions { default: "main".to_owned(), group_by: None, presenters: None, doors: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_regardless_of_case_and_separators() {
        for name in ["ExternalUserId", "external_user_id", "EXTERNAL-USER-ID", " external user id ", "externaluserid"] {
            assert_eq!(Field::of_column(name), Some(Field::ExternalUserId), "{name}");
        }
        assert_eq!(Field::of_column("user id"), None);
    }

    #[test]
    fn arguments() {
        assert_eq!(parse_map("external-user-id=E-Mail=x").unwrap(), (Field::ExternalUserId, "E-Mail=x".into()));
        for bad in ["", "x", "id=mail", "Audio="] {
            assert_eq!(parse_map(bad), Err(BadOption::Map), "{bad}");
        }
        let set = parse_capabilities("Video=Receive,Audio=None,Content=Receive").unwrap();
        assert_eq!(set.to_string(), "Audio=None,Video=Receive,Content=Receive");
        assert_eq!(parse_capabilities(&set.to_string()), Ok(set));
        for bad in ["", "Audio=Send", "Audio=send,Video=Send,Content=Send", "Audio=Send,Audio=Send,Content=Send,Video=Send"] {
            assert_eq!(parse_capabilities(bad), Err(BadOption::Capabilities), "{bad}");
        }
        assert!(matches!(parse_capabilities("Audio=Send,Video=Send,Content=Receive"), Err(BadOption::Rule(_))));
        assert_eq!(parse_id("{Team|upper}/{Email|lower}").unwrap().places().count(), 2);
        for (bad, says) in [
            ("bob", "without a column's place, as in {Email|lower}, all rows would have the same id"),
            ("{Email|url}", "{Email|url} would write percent signs, which no ExternalUserId may hold"),
            ("{Email}!", "no ExternalUserId may hold \"!\""),
            ("{Email|slug}", "\"slug\" is no filter; there is lower, upper, trim, url"),
        ] {
            assert_eq!(parse_id(bad).unwrap_err(), says);
        }
    }

    #[test]
    fn formats_by_name_then_by_text() {
        let is = |name, head, format| Format::Auto.of(name, head) == format;
        let yaml = |name, head| is(name, head, Format::Yaml);
        assert!(yaml("a.YML", "") && yaml("a.yaml.gz", "") && yaml("x.json", "") && !yaml("a.csv.gz", "- a"));
        assert!(yaml("-", "# team\n- ExternalUserId: a") && yaml("-", "[{") && yaml("-", "meetings:\n") && yaml("-", "---\n"));
        assert!(!yaml("-", "ExternalUserId,MeetingId\n") && !yaml("-", "") && !yaml("-", "-x,y\n"));
        let lines = |name, head| is(name, head, Format::JsonLines);
        assert!(lines("a.JSONL", "") && lines("a.ndjson.gz", "") && lines("-", "{\"a\":1}\n{\"a") && lines("-", "\n{\"a\":1}\n"));
        assert!(yaml("-", "{\"attendees\":[]}\n") && yaml("-", "{\"a\":1,\n\"b\":2}") && yaml("-", "{\"a\":1}\n,"));
        assert!(Format::Yaml.of("a.csv", "") == Format::Yaml && Format::Csv.of("a.yaml", "") == Format::Csv);
    }
}
