//! Which column is which field.
//!
//! Holds [`Columns`]: the roster's own columns and where the five fields lie among them. Called by the CSV and YAML readers with
//! a header. It never sees a row, and it drops what an earlier run has added (`headcount.…`), so that rejects are a roster.

use super::error::RosterError;
use super::options::{Field, Options, key};
use super::preamble::is_address;
use crate::chime::capability::Direction;
use crate::chime::id::is_guid;
use crate::safe;
use std::str::FromStr;

/// Columns that a run of ours adds begin with this; they are no part of the roster.
pub const ADDED: &str = "headcount.";

/// Of these, the one with a fault's code.
pub const ADDED_CODE: &str = "headcount.code";
/// Of these, the one with cells beyond the header, as a JSON array.
pub const ADDED_EXTRA: &str = "headcount.extra";

/// The columns of a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    names: Vec<String>,
    /// Where each of [`Field::ALL`] lies in `names`.
    fields: [Option<usize>; 5],
    /// What ExternalUserIds are made of: for each place of the template, where its column lies in `names`.
    made: Option<Vec<usize>>,
    /// For each cell of the header, where it lies in `names`; `None` for a column of ours that is dropped.
    kept: Vec<Option<usize>>,
}

impl Columns {
    /// Finds the fields among the cells of a header. A field that `--map` names is taken from there and nowhere else.
    pub(super) fn find<'a>(
        name: &str,
        header: impl IntoIterator<Item = &'a str>,
        options: &Options,
        meeting_elsewhere: bool,
    ) -> Result<Columns, RosterError> {
        let (mut names, mut kept) = (Vec::new(), Vec::new());
        for cell in header {
            let ours = cell.starts_with(ADDED);
            kept.push((!ours).then_some(names.len()));
            if !ours {
                names.push(cell.to_owned());
            }
        }
        let mut columns = Columns { names, fields: [None; 5], made: None, kept };
        for field in Field::ALL {
            columns.fields[field as usize] = match options.map.iter().rev().find(|(mapped, _)| *mapped == field) {
                Some((_, wanted)) => Some(columns.mapped(name, field, wanted)?),
                None => columns.own(name, field)?,
            };
        }
        if let Some(template) = &options.id {
            let places = template.places().map(|place| columns.mapped(name, Field::ExternalUserId, &place.name));
            columns.made = Some(places.collect::<Result<_, _>>()?);
        }
        if columns.index(Field::ExternalUserId).is_none() && columns.made.is_none() {
            let (seen, near) = (columns.seen(), columns.near(Field::ExternalUserId.name()));
            let mail = columns.names.iter().find(|column| is_address(column)).map(|column| safe::line(column, 40));
            return Err(RosterError::NoIdColumn { name: name.into(), seen, near, data: columns.look_like_data(), mail });
        }
        let given = options.meeting_id.is_some() || options.sessions.is_some();
        if columns.index(Field::MeetingId).is_none() && !given && !meeting_elsewhere {
            let (seen, near) = (columns.seen(), columns.near(Field::MeetingId.name()));
            return Err(RosterError::NoMeeting { name: name.into(), seen, near });
        }
        Ok(columns)
    }

    /// The roster's own columns, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Where a field lies among [`Columns::names`].
    pub fn index(&self, field: Field) -> Option<usize> {
        self.fields[field as usize]
    }

    /// Where each cell of the file's header lies among [`Columns::names`].
    pub(super) fn kept(&self) -> &[Option<usize>] {
        &self.kept
    }

    /// The column of this name, which is a new one if there is none; for files whose columns come as they are read.
    pub(super) fn grow(&mut self, name: &str, options: &Options) -> usize {
        self.kept.push(Some(self.names.len()));
        self.names.push(name.to_owned());
        let at = self.names.len() - 1;
        for field in Field::ALL {
            let mapped = options.map.iter().rev().find(|(mapped, _)| *mapped == field);
            let is = mapped.map_or(Field::of_column(name) == Some(field), |(_, wanted)| key(wanted) == key(name));
            if is && self.index(field).is_none() {
                self.fields[field as usize] = Some(at);
            }
        }
        at
    }

    /// Whether what a row means hangs on this column.
    pub(super) fn matters(&self, at: usize) -> bool {
        let id = Field::ExternalUserId;
        let field = Field::ALL.into_iter().any(|f| self.index(f) == Some(at) && (f != id || self.made.is_none()));
        field || self.made.as_ref().is_some_and(|made| made.contains(&at))
    }

    /// What ExternalUserIds are made of, if they are made: a column for each place of the template.
    pub(super) fn made(&self) -> Option<&[usize]> {
        self.made.as_deref()
    }

    /// The column of ids of its own that a roster has, though its ids are made of others.
    pub(super) fn unused_id(&self) -> Option<&str> {
        let (own, made) = (self.index(Field::ExternalUserId)?, self.made()?);
        (!made.contains(&own)).then(|| self.names[own].as_str())
    }

    /// The name of a field's column, quoted, where it is not plainly the field's own.
    pub(super) fn alias(&self, field: Field) -> Option<String> {
        if let (Field::ExternalUserId, Some(made)) = (field, self.made()) {
            let names: Vec<String> = made.iter().map(|&at| safe::quoted(&self.names[at], 40)).collect();
            return Some(format!("{}, by --id", names.join(" + ")));
        }
        let column = &self.names[self.index(field)?];
        (Field::of_column(column) != Some(field)).then(|| safe::quoted(column, 40))
    }

    /// The column `--map` names: exactly, or else as columns are compared.
    fn mapped(&self, name: &str, field: Field, wanted: &str) -> Result<usize, RosterError> {
        locate(&self.names, wanted).map_err(|lost| match lost {
            Lost::Two(one, other) => self.two(name, field, one, other),
            Lost::Missing { seen, near } => {
                RosterError::NoSuchColumn { name: name.into(), field, wanted: safe::quoted(wanted, 40), seen, near }
            }
        })
    }

    /// The one column that bears the field's name.
    fn own(&self, name: &str, field: Field) -> Result<Option<usize>, RosterError> {
        match self.positions(|column| Field::of_column(column) == Some(field))[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            [one, other, ..] => Err(self.two(name, field, one, other)),
        }
    }

    fn positions(&self, is: impl Fn(&str) -> bool) -> Vec<usize> {
        (0..self.names.len()).filter(|&at| is(&self.names[at])).collect()
    }

    fn two(&self, name: &str, field: Field, one: usize, other: usize) -> RosterError {
        let shown = |at: usize| format!("{} (column {})", safe::quoted(&self.names[at], 40), at + 1);
        RosterError::TwoColumns { name: name.into(), field, one: shown(one), other: shown(other) }
    }

    fn seen(&self) -> String {
        seen(&self.names)
    }

    /// The column that may be meant by a field's name: one that is no field's itself.
    fn near(&self, wanted: &str) -> Option<String> {
        near(self.names.iter().map(String::as_str).filter(|column| Field::of_column(column).is_none()), wanted)
    }

    /// Whether a "header" holds what only rows hold: a GUID, an address, a number, a capability.
    fn look_like_data(&self) -> bool {
        self.names.iter().any(|cell| {
            let digits = cell.bytes().filter(u8::is_ascii_digit).count();
            is_guid(cell) || cell.contains('@') || Direction::from_str(cell).is_ok() || digits * 2 > cell.len()
        })
    }
}

/// Why a column is not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// None bears the name.
    Missing {
        /// The columns there are, as a person reads them.
        seen: String,
        /// One that may be meant, quoted.
        near: Option<String>,
    },
    /// More than one does; where the first two are.
    Two(usize, usize),
}

/// The column somebody names: exactly, or else without regard to letter case, white space, `_` and `-`.
///
/// # Errors
/// None or two.
pub fn locate(names: &[impl AsRef<str>], wanted: &str) -> Result<usize, Lost> {
    let positions = |is: &dyn Fn(&str) -> bool| (0..names.len()).filter(|&at| is(names[at].as_ref())).collect::<Vec<_>>();
    let exact = positions(&|column| column == wanted);
    let found = if exact.is_empty() { positions(&|column| key(column) == key(wanted)) } else { exact };
    match found[..] {
        [one] => Ok(one),
        [one, other, ..] => Err(Lost::Two(one, other)),
        [] => Err(Lost::Missing { seen: seen(names), near: near(names.iter().map(AsRef::as_ref), wanted) }),
    }
}

/// Columns as a person reads them: at most a dozen, each shortened.
fn seen(names: &[impl AsRef<str>]) -> String {
    let mut shown: Vec<String> = names.iter().take(12).map(|column| safe::quoted(column.as_ref(), 30)).collect();
    if names.len() > shown.len() {
        shown.push(format!("… ({} in all)", names.len()));
    }
    shown.join(", ")
}

/// The name that is nearest to the wanted one, quoted, if one is near at all.
fn near<'a>(names: impl Iterator<Item = &'a str>, wanted: &str) -> Option<String> {
    let likeness = |column: &str| strsim::jaro_winkler(&key(column), &key(wanted));
    let best = names.filter(|column| column.chars().count() <= 64).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.8).then(|| safe::quoted(best, 40))
}

/// How much a header is one: fields found in it, those that `--map` names included.
pub(super) fn score<'a>(header: impl IntoIterator<Item = &'a str>, options: &Options) -> usize {
    let is_field = |cell: &str| {
        Field::of_column(cell).is_some() || options.map.iter().any(|(_, column)| column == cell || key(column) == key(cell))
    };
    header.into_iter().filter(|cell| is_field(cell)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &[&str], map: &[(Field, &str)]) -> Result<Columns, String> {
        let map = map.iter().map(|(field, column)| (*field, (*column).to_owned())).collect();
        Columns::find("r.csv", header.iter().copied(), &Options { map, ..Options::default() }, true)
            .map_err(|error| format!("{error}\n{}", error.hint()))
    }

    #[test]
    fn fields_wherever_they_lie() {
        let columns = find(&["name", "Meeting Id", "external_user_id", "headcount.code", "notes"], &[]).unwrap();
        assert_eq!(columns.names(), ["name", "Meeting Id", "external_user_id", "notes"]);
        assert_eq!(columns.kept(), [Some(0), Some(1), Some(2), None, Some(3)]);
        assert_eq!((columns.index(Field::MeetingId), columns.index(Field::Audio)), (Some(1), None));
        assert_eq!(columns.alias(Field::MeetingId), None);
    }

    #[test]
    fn a_map_wins_over_a_name() {
        let columns = find(&["ExternalUserId", "E-Mail"], &[(Field::ExternalUserId, "email")]).unwrap();
        assert_eq!(columns.index(Field::ExternalUserId), Some(1));
        assert_eq!(columns.alias(Field::ExternalUserId).as_deref(), Some("\"E-Mail\""));
    }

    #[test]
    fn what_was_seen_and_what_to_do() {
        assert_eq!(
            find(&["name", "ExternalUserld"], &[]).unwrap_err().lines().collect::<Vec<_>>(),
            [
                r#"r.csv: no column ExternalUserId; seen: "name", "ExternalUserld""#,
                r#"if "ExternalUserld" is meant, say --map ExternalUserId=ExternalUserld"#
            ]
        );
        assert_eq!(
            find(&["bob@example.com", "11111111-2222-3333-4444-555555555555"], &[]).unwrap_err().lines().collect::<Vec<_>>(),
            [
                r#"r.csv: no column ExternalUserId; seen: "bob@example.com", "11111111-2222-3333-4444-555555…""#,
                r#"the first row looks like data: put a header row above it, such as ExternalUserId,MeetingId"#
            ]
        );
        assert_eq!(
            find(&["ExternalUserId", "external user id"], &[]).unwrap_err().lines().collect::<Vec<_>>(),
            [
                r#"r.csv: two columns hold ExternalUserId: "ExternalUserId" (column 1) and "external user id" (column 2)"#,
                r#"rename one of them, or say which with --map ExternalUserId=COLUMN"#
            ]
        );
        assert_eq!(
            find(&["id", "mail"], &[(Field::ExternalUserId, "email")]).unwrap_err().lines().collect::<Vec<_>>(),
            [r#"r.csv: no column "email" to take ExternalUserId from; seen: "id", "mail""#, r#"did you mean "mail"?"#]
        );
    }
}
