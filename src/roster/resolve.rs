//! From the cells of a row to a seat, or to everything that is wrong with it.
//!
//! Holds [`resolve`] and the published rules as a person reads them, hints included. Called by the CSV and YAML readers. Pure:
//! it never sees a file, and asks nobody (rules R1 and R2 need the meeting, and are `provision`'s).

use super::columns::Columns;
use super::options::{Field, Options, is_session};
use super::row::{Oddity, RowFault, RowWarning, Rule};
use crate::call::{Seat, stand_in};
use crate::chime::capability::{Capabilities, Direction};
use crate::chime::id::{ExternalUserId, IdRule, MeetingId};
use crate::safe;
use crate::template::Template;
use std::str::FromStr;
use std::sync::Arc;

/// A cell and the line it is to be blamed on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    pub text: &'a str,
    pub line: u64,
}

/// What a row says about the five fields, in the order of [`Field::ALL`].
type Wanted<'a> = [Option<Cell<'a>>; 5];

/// Where a row stands, and by which columns it is read.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub file: &'a Arc<str>,
    pub line: u64,
    pub columns: &'a Columns,
}

/// Characters of a value that a fault shows.
const SHOWN: usize = 80;

/// Reads a row, whose `cell` is asked for by its column's index. An empty cell says nothing; `options` speak for rows that say
/// nothing.
pub(super) fn resolve<'a>(
    place: Place<'_>,
    cell: impl Fn(usize) -> Option<Cell<'a>>,
    options: &Options,
) -> (Result<Seat, Vec<RowFault>>, Vec<RowWarning>) {
    let wanted: &Wanted<'_> = &Field::ALL.map(|field| place.columns.index(field).and_then(&cell));
    let mut faults = Vec::new();
    let made = options.id.as_ref().zip(place.columns.made()).map(|(template, at)| make(place, template, at, cell));
    let (id, user) = match &made {
        None => {
            let id = said(wanted, Field::ExternalUserId);
            (id, user(place, id, &mut faults))
        }
        Some(Ok((id, line))) => {
            let id = Some(Cell { text: id, line: *line });
            (id, user(place, id, &mut faults))
        }
        Some(Err(fault)) => {
            faults.push(RowFault::clone(fault));
            (None, None)
        }
    };
    let meeting = meeting(place, wanted, options, &mut faults);
    let capabilities = capabilities(place, wanted, options, &mut faults);
    match (user, meeting) {
        (Some(user), Some(meeting)) if faults.is_empty() => {
            let warnings = warnings(place, id);
            (Ok(Seat { meeting, user, capabilities }), warnings)
        }
        _ => (Err(faults), Vec::new()),
    }
}

/// The cell of a field, unless it is empty.
fn said<'a>(wanted: &Wanted<'a>, field: Field) -> Option<Cell<'a>> {
    wanted[field as usize].filter(|cell| !cell.text.is_empty())
}

/// Makes a row's ExternalUserId of its cells; the line is that of the first of them. An empty cell makes none: what is left would
/// be somebody else's, or everybody's.
fn make<'a>(
    place: Place<'_>,
    template: &Template,
    columns: &[usize],
    cell: impl Fn(usize) -> Option<Cell<'a>>,
) -> Result<(String, u64), Box<RowFault>> {
    let cells: Vec<Option<Cell<'_>>> = columns.iter().map(|&at| cell(at)).collect();
    let empty = |n: usize, filled: &str| match filled {
        "" => Err(place.columns.names()[columns[n]].as_str()),
        _ => Ok(()),
    };
    let made = template.fill(|n| cells[n].map_or("", |cell| cell.text), empty);
    let line = cells.iter().flatten().map(|cell| cell.line).next().unwrap_or(place.line);
    made.map(|id| (id, line)).map_err(|column| {
        let rule = Rule::Unmade(safe::quoted(column, 40));
        let hint = "fill the cell, or make the id of columns that every row has";
        Box::new(place.at(line).fault(Field::ExternalUserId, None, rule, hint))
    })
}

fn user(place: Place<'_>, id: Option<Cell<'_>>, faults: &mut Vec<RowFault>) -> Option<ExternalUserId> {
    let Some(cell) = id else {
        faults.push(place.fault(Field::ExternalUserId, None, Rule::NoId, "give the row an id of 2 to 64 characters"));
        return None;
    };
    match ExternalUserId::parse(cell.text) {
        Ok(user) => Some(user),
        Err(rules) => {
            for rule in rules {
                faults.push(place.fault(Field::ExternalUserId, Some(cell), Rule::Id(rule), id_hint(cell.text, rule)));
            }
            None
        }
    }
}

fn id_hint(id: &str, rule: IdRule) -> &'static str {
    match rule {
        IdRule::Length(0 | 1) => "use a longer id, such as an address or a staff number",
        IdRule::Length(_) => "use a shorter id, such as an address or a staff number",
        IdRule::Reserved => "put something in front of aws:, or use another id",
        IdRule::Character { found: '\u{a0}', .. } => "this is a no-break space: write an ordinary space",
        IdRule::Character { found: '\u{300}'..='\u{36f}', .. } => {
            "this is an accent written apart from its letter: compose the text (Unicode NFC)"
        }
        IdRule::Character {
            found: '\u{80}'..='\u{bf}' | '–'..='›' | 'Œ' | 'œ' | 'Š' | 'š' | 'Ÿ' | 'Ž' | 'ž' | '€' | '™',
            ..
        } if id.contains(['Ã', 'Â']) => "this looks like UTF-8 once read as Latin-1: export it again as UTF-8",
        IdRule::Character { found, .. } if found.is_alphabetic() => {
            "only Latin letters up to ÿ are allowed: use an address or a number as the id, and keep the name in a column of its own"
        }
        IdRule::Character { .. } => "remove it or replace it, everywhere the same way",
    }
}

fn meeting(place: Place<'_>, wanted: &Wanted<'_>, options: &Options, faults: &mut Vec<RowFault>) -> Option<MeetingId> {
    let Some(cell) = said(wanted, Field::MeetingId) else {
        let meeting = options.meeting_id.clone().or_else(|| Some(stand_in(&options.sessions.as_ref()?.default)));
        if meeting.is_none() {
            let hint = "fill the cell, or give --meeting-id ID, or --create-meetings";
            faults.push(place.fault(Field::MeetingId, None, Rule::NoMeeting, hint));
        }
        return meeting;
    };
    let named = || (options.sessions.is_some() && is_session(cell.text)).then(|| stand_in(cell.text));
    let meeting = MeetingId::parse(cell.text).or_else(named);
    if meeting.is_none() {
        let bare = cell.text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '"' | '\''));
        let hint = match (MeetingId::parse(bare), cell.text.bytes().filter(|&b| b == b'-').count()) {
            (Some(_), _) => "remove what stands around it",
            (None, _) if options.sessions.is_some() => {
                "write a MeetingId, or the name of a session: 2 to 64 characters, such as an ExternalUserId may have"
            }
            (None, 4) => "compare it with the MeetingId that CreateMeeting has answered with: a digit is wrong or missing",
            _ => "use the MeetingId that CreateMeeting has answered with, not the ExternalMeetingId",
        };
        faults.push(place.fault(Field::MeetingId, Some(cell), Rule::MeetingForm, hint));
    }
    meeting
}

fn capabilities(place: Place<'_>, wanted: &Wanted<'_>, options: &Options, faults: &mut Vec<RowFault>) -> Option<Capabilities> {
    let fields = [Field::Audio, Field::Video, Field::Content];
    let cells = fields.map(|field| said(wanted, field));
    if cells.iter().all(Option::is_none) {
        return options.capabilities;
    }
    let mut channels = [None; 3];
    for ((field, cell), channel) in fields.into_iter().zip(cells).zip(&mut channels) {
        match cell.map(|cell| (cell, Direction::from_str(cell.text))) {
            Some((_, Ok(direction))) => *channel = Some(direction),
            Some((cell, Err(bad))) => {
                faults.push(place.fault(field, Some(cell), Rule::Direction(bad), &direction_hint(cell.text)));
            }
            None => faults.push(place.fault(field, None, Rule::Partial, "fill all three of Audio, Video and Content, or none")),
        }
    }
    let [Some(audio), Some(video), Some(content)] = channels else { return None };
    let set = Capabilities { audio, video, content };
    if let Some(rule) = set.broken_rule(true, true) {
        let hint = "let Video receive too, or set Content to Send or None";
        faults.push(place.fault(Field::Content, cells[2], Rule::Capabilities(rule), hint));
    }
    Some(set)
}

fn direction_hint(text: &str) -> String {
    let plain: String = text.chars().take(SHOWN).filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let likeness = |d: Direction| strsim::jaro_winkler(&d.as_str().to_lowercase(), &plain);
    let exact = Direction::ALL.into_iter().find(|d| d.as_str().eq_ignore_ascii_case(&plain));
    let best = exact.or_else(|| Direction::ALL.into_iter().max_by(|a, b| likeness(*a).total_cmp(&likeness(*b))));
    match best {
        Some(best) if likeness(best) > 0.75 => format!("did you mean {best}?"),
        _ => "use one of the four, or leave Audio, Video and Content all empty".into(),
    }
}

fn warnings(place: Place<'_>, cell: Option<Cell<'_>>) -> Vec<RowWarning> {
    let Some(cell) = cell else { return Vec::new() };
    let warning =
        |oddity| RowWarning { file: place.file.clone(), line: cell.line, value: safe::quoted(cell.text, SHOWN), oddity };
    Oddity::of(cell.text).map(warning).collect()
}

impl Place<'_> {
    /// A fault of a field's cell, or of the lack of one.
    pub fn fault(self, field: Field, cell: Option<Cell<'_>>, rule: Rule, hint: &str) -> RowFault {
        RowFault {
            file: self.file.clone(),
            line: cell.map_or(self.line, |cell| cell.line),
            field: Some(field),
            column: self.columns.alias(field),
            value: cell.map(|cell| safe::quoted(cell.text, SHOWN)),
            rule,
            hint: hint.into(),
        }
    }

    /// The same row, blamed on another of its lines.
    pub fn at(self, line: u64) -> Self {
        Place { line, ..self }
    }

    /// A fault of the row as a whole, or of a column that has no meaning to us.
    pub fn row_fault(self, column: Option<&str>, value: Option<&str>, rule: Rule, hint: &str) -> RowFault {
        RowFault {
            file: self.file.clone(),
            line: self.line,
            field: None,
            column: column.map(|column| safe::quoted(column, 40)),
            value: value.map(|value| safe::quoted(value, SHOWN)),
            rule,
            hint: hint.into(),
        }
    }
}
