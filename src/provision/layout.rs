//! The columns of the outputs: what rides along, what is ours, and which cell of a row goes where.
//!
//! Holds [`Layouts`]. Called by `publish` for every row. It never sees a file being written.

use super::link::{Bound, JOIN_URL, Link, LinkError};
use super::table::Cells;
use crate::ledger::export::{Ended, RowEnd, Whose};
use crate::ledger::schema::{Ledger, LedgerError};
use crate::roster::options::Field;
use std::collections::{HashMap, HashSet};

/// What stands after a roster's own columns in the tokens file.
pub const TOKEN_COLUMNS: [&str; 8] =
    ["MeetingId", "ExternalUserId", "AttendeeId", "JoinToken", "Audio", "Video", "Content", "Status"];
/// What stands after a roster's columns in the rejects file; readers of rosters drop columns of this prefix.
const REJECT_COLUMNS: [&str; 7] = [
    "headcount.status",
    "headcount.class",
    "headcount.code",
    "headcount.reason",
    "headcount.source",
    "headcount.retryable",
    "headcount.extra",
];

/// Whether the same row, unchanged, may have a token next time.
pub(super) fn retryable(end: &Ended<'_>) -> bool {
    match end {
        Ended::Unprocessed(_) => true,
        Ended::Refused(why) => crate::chime::class::Class::from_name(why.class).is_some_and(|c| c.is_passing()),
        Ended::Provisioned { .. } | Ended::Rejected(_) => false,
    }
}

/// The columns of all files together: those with a meaning by their field, the others by their name.
pub(super) struct Layouts {
    files: HashMap<i64, Layout>,
    /// Columns that ride along, in order of appearance.
    riders: Vec<String>,
    /// Which of them are ids of the roster's own that `--id` has passed over. In rejects they stand in the field's own column.
    own_ids: Vec<bool>,
    /// Whether meetings were made for rows that name a session.
    sessions: bool,
    /// What each field's column is called; the service's word where no file has one.
    fields: [String; 5],
    /// The link each row with a token gets.
    link: Option<Bound>,
}

struct Layout {
    name: String,
    width: usize,
    /// What the command line said for rows that say nothing.
    defaults: [Option<String>; 5],
    /// Which cell holds each field.
    fields: [Option<usize>; 5],
    /// Which cell goes into each rider's column.
    riders: Vec<Option<usize>>,
}

impl Layouts {
    pub(super) fn read(ledger: &Ledger) -> Result<Self, LedgerError> {
        #[derive(serde::Deserialize)]
        struct Stored {
            columns: Vec<String>,
            fields: [Option<usize>; 5],
            defaults: [Option<String>; 5],
            /// Ids are made of other columns, by `--id`.
            #[serde(default)]
            made: bool,
        }
        let mut all = Layouts {
            files: HashMap::new(),
            riders: Vec::new(),
            own_ids: Vec::new(),
            sessions: ledger.has_sessions()?,
            fields: Field::ALL.map(|f| f.name().to_owned()),
            link: None,
        };
        let mut named = [false; 5];
        for (file, name, layout) in ledger.files()? {
            let stored: Stored =
                serde_json::from_str(&layout).map_err(|e| LedgerError::Damaged(format!("the layout of {name}: {e}")))?;
            for (field, at) in stored.fields.iter().enumerate().filter_map(|(f, at)| at.map(|at| (f, at))) {
                if !std::mem::replace(&mut named[field], true) {
                    all.fields[field].clone_from(&stored.columns[at]);
                }
            }
            let mut riders = vec![None; all.riders.len()];
            let own = stored.fields[0].filter(|_| stored.made);
            let rides = |at: usize| Some(at) == own || !stored.fields.contains(&Some(at));
            for (at, column) in stored.columns.iter().enumerate().filter(|(at, _)| rides(*at)) {
                // The n-th column of a name goes with the n-th of that name.
                let free = (0..all.riders.len()).find(|i| all.riders[*i] == *column && riders[*i].is_none());
                match free {
                    Some(i) => riders[i] = Some(at),
                    None => {
                        all.riders.push(column.clone());
                        all.own_ids.push(Some(at) == own);
                        riders.push(Some(at));
                    }
                }
            }
            all.files.insert(
                file,
                Layout { name, width: stored.columns.len(), defaults: stored.defaults, fields: stored.fields, riders },
            );
        }
        Ok(all)
    }

    /// Adds a column with the join link.
    pub(super) fn join(&mut self, link: &Link) -> Result<(), LinkError> {
        let mut columns = self.columns(true);
        columns.pop();
        self.link = Some(link.bind(&columns, TOKEN_COLUMNS.len())?);
        Ok(())
    }

    /// How many columns of the tokens file are our own; they are its last.
    pub(super) fn ours(&self) -> usize {
        TOKEN_COLUMNS.len() + usize::from(self.link.is_some())
    }

    pub(super) fn token_columns(&self) -> Vec<String> {
        self.columns(self.link.is_some())
    }

    fn columns(&self, linked: bool) -> Vec<String> {
        let session = self.sessions.then_some("Session");
        let ours: Vec<&str> = session.into_iter().chain(TOKEN_COLUMNS).chain(linked.then_some(JOIN_URL)).collect();
        // Rosters are read without regard to letter case, so two columns that differ in it alone would be one.
        let clashes = |name: &String| ours.iter().any(|ours| ours.eq_ignore_ascii_case(name));
        let riders = self.riders.iter().map(|name| if clashes(name) { format!("roster.{name}") } else { name.clone() });
        // Tools that read the file by name would see one of two columns of a name only.
        let mut used: HashSet<String> = self.riders.iter().map(|name| name.to_lowercase()).collect();
        let mut seen = HashSet::new();
        let unique = riders.map(|name| {
            if seen.insert(name.to_lowercase()) {
                return name;
            }
            let numbered = (2..).map(|n| format!("{name}.{n}")).find(|name| used.insert(name.to_lowercase()));
            let name = numbered.expect("there are more numbers than columns");
            seen.insert(name.to_lowercase());
            name
        });
        unique.chain(ours.iter().map(|name| (*name).to_owned())).collect()
    }

    pub(super) fn reject_columns(&self) -> Vec<String> {
        self.fields.iter().chain(self.rejected(&self.riders)).cloned().chain(REJECT_COLUMNS.map(str::to_owned)).collect()
    }

    /// Of what belongs to the riders, what belongs to those of the rejects.
    fn rejected<T>(&self, riders: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        riders.into_iter().zip(&self.own_ids).filter(|(_, own)| !**own).map(|(rider, _)| rider)
    }

    fn of(&self, row: &RowEnd<'_>) -> Result<(&Layout, Vec<Option<String>>), LedgerError> {
        let damaged = || LedgerError::Damaged("a row".to_owned());
        let layout = self.files.get(&row.file).ok_or_else(damaged)?;
        Ok((layout, serde_json::from_str(row.cells).map_err(|_| damaged())?))
    }

    fn riders(&self, layout: &Layout, cells: &mut [Option<String>]) -> Cells {
        (0..self.riders.len()).map(|i| layout.riders.get(i).copied().flatten().and_then(|at| cells.get_mut(at)?.take())).collect()
    }

    pub(super) fn token_row(&self, row: &RowEnd<'_>) -> Result<Cells, LedgerError> {
        let (layout, mut cells) = self.of(row)?;
        let mut out = self.riders(layout, &mut cells);
        if self.sessions {
            out.push(row.session.map(str::to_owned));
        }
        let Ended::Provisioned { whose, meeting, user, attendee, token, asked, granted } = &row.end else { return Ok(out) };
        let differs = !crate::client::judge::granted_as_asked(*asked, *granted);
        let status = match (differs, whose) {
            (true, _) => "differs",
            (_, Whose::First) => "provisioned",
            (_, Whose::Duplicate) => "duplicate",
        };
        let caps = granted.or(*asked);
        let channels = [caps.map(|c| c.audio), caps.map(|c| c.video), caps.map(|c| c.content)];
        out.extend([*meeting, user, attendee, token].map(|text| Some(text.to_owned())));
        out.extend(channels.map(|c| c.map(|c| c.to_string())));
        out.push(Some(status.to_owned()));
        if let Some(link) = &self.link {
            out.push(Some(link.fill(&out)));
        }
        Ok(out)
    }

    pub(super) fn reject_row(&self, row: &RowEnd<'_>) -> Result<Cells, LedgerError> {
        let (layout, mut cells) = self.of(row)?;
        let extra: Vec<String> = cells.split_off(layout.width.min(cells.len())).into_iter().flatten().collect();
        let mut out: Cells = Vec::with_capacity(self.riders.len() + 12);
        // What a file says in a default or on the command line has no cell of its own; a row that stands alone needs it.
        let meant = match row.seat {
            Some((meeting, user)) => {
                // The meeting of a session is made anew when it has ended: a reject names the session.
                let meeting = row.session.unwrap_or(meeting);
                let caps = row.caps.map(|c| [c.audio, c.video, c.content].map(|d| Some(d.to_string()))).unwrap_or_default();
                let [audio, video, content] = caps;
                [Some(user.to_owned()), Some(meeting.to_owned()), audio, video, content]
            }
            None => layout.defaults.clone(),
        };
        let own: Vec<Option<String>> = layout.fields.iter().map(|at| at.and_then(|at| cells.get_mut(at)?.take())).collect();
        // Capabilities are given whole or not at all: a default must not complete what a row has begun.
        let begun = own[2..].iter().flatten().any(|cell| !cell.is_empty());
        for (i, (cell, meant)) in own.into_iter().zip(meant).enumerate() {
            let meant = meant.filter(|_| i < 2 || row.seat.is_some() || !begun);
            out.push(cell.filter(|text| !text.is_empty()).or(meant));
        }
        out.extend(self.rejected(self.riders(layout, &mut cells)));
        let (status, why) = match &row.end {
            Ended::Rejected(why) => ("rejected", Some(*why)),
            Ended::Refused(why) => ("refused", Some(*why)),
            Ended::Unprocessed(why) => ("unprocessed", *why),
            Ended::Provisioned { .. } => ("provisioned", None),
        };
        let text = |text: &str| Some(text.to_owned());
        let (class, code, reason) = why.map_or(("", "", "not asked yet"), |w| (w.class, w.code, w.reason));
        out.extend([text(status), text(class), text(code), text(reason), Some(format!("{}:{}", layout.name, row.line))]);
        out.push(text(if retryable(&row.end) { "yes" } else { "no" }));
        out.push((!extra.is_empty()).then(|| serde_json::to_string(&extra).unwrap_or_default()));
        Ok(out)
    }
}
