//! `headcount check --fix`: a roster mended where that needs no guess, and what was done as a diff.
//!
//! Holds [`fix`]. Called by `check`, which afterwards checks what was written, so that what is left to do is told of the new file with
//! its own lines. It writes no row that it would not read back the same: rows whose cells are not to be trusted keep their mark.

use super::failure::{Exit, Failure};
use super::input::{self, RosterArgs};
use super::say::Voice;
use super::values::{counted, grouped};
use crate::provision::table::{Cells, Form, Guard, Table};
use crate::roster::Roster;
use crate::roster::columns::{ADDED_CODE, ADDED_EXTRA};
use crate::roster::error::RosterError;
use crate::roster::mend::mend;
use crate::roster::options::Field;
use crate::roster::row::{Row, Rule};
use crate::run_dir::publish;
use crate::safe;
use anstyle::AnsiColor;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Where a mended roster goes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Mending")]
pub(super) struct FixArgs {
    /// Write a mended roster: white space around cells, invisible characters, spelling of capabilities; then check that
    #[arg(long, requires = "output", conflicts_with = "json")]
    pub fix: bool,

    /// Where the mended roster goes: .csv
    #[arg(short, long, value_name = "FILE", requires = "fix")]
    pub output: Option<PathBuf>,

    /// Write over a file that is there
    #[arg(long, requires = "fix")]
    pub force: bool,
}

/// Mends the one roster there is into the output, tells the diff on stdout, and answers how to check what was written.
///
/// # Errors
/// More than one roster, an output that is not ours to write, a roster that cannot be read, or a disk that is full.
pub(super) fn fix(args: &RosterArgs, output: &Path, force: bool) -> Result<RosterArgs, Failure> {
    let [path] = &args.rosters[..] else {
        return Err(Failure::new(Exit::Usage, "--fix mends one roster at a time"));
    };
    may_write(path, output, force)?;
    let refused = |error: RosterError| {
        let hint = error.hint();
        Failure::new(Exit::BadInput, error).hint(hint)
    };
    let mut roster = input::open(path, &args.options()).map_err(refused)?;
    let (mut diff, mut rows, mut changed) = (Vec::new(), Vec::new(), 0_u64);
    while let Some(row) = roster.next() {
        let row = mended(&roster, row.map_err(refused)?);
        changed += u64::from(!row.diff.is_empty());
        diff.extend_from_slice(row.diff.as_bytes());
        rows.push(row);
    }
    write(output, &roster, &rows)
        .map_err(|e| Failure::new(Exit::Incomplete, format!("{} cannot be written: {e}", output.display())))?;
    match anstream::stdout().lock().write_all(&diff) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            return Err(Failure::new(Exit::Incomplete, format!("cannot write to stdout: {error}")));
        }
        _ => {}
    }
    let of = counted(rows.len() as u64, "row");
    Voice::Normal.say(format_args!("{}: {} of {of} mended; what is left:", output.display(), grouped(changed)));
    // What was read past has not been written, and what was written is no sheet.
    Ok(RosterArgs { rosters: vec![output.display().to_string()], skip_lines: 0, sheet: None, ..args.clone() })
}

/// Whether the output is ours to write.
fn may_write(roster: &str, output: &Path, force: bool) -> Result<(), Failure> {
    let usage = |message: String, hint: &str| Err(Failure::new(Exit::Usage, message).hint(hint));
    let shown = output.display();
    if Form::of(output) != Some(Form::Csv) {
        return usage(format!("{shown} has not the ending .csv: a mended roster is written as CSV"), "name it so");
    }
    if let (Ok(one), Ok(other)) = (Path::new(roster).canonicalize(), output.canonicalize())
        && one == other
    {
        return usage(format!("{shown} is the roster itself"), "give the mended one another name, and compare them");
    }
    match output.symlink_metadata() {
        Ok(meta) if !meta.is_file() => return usage(format!("{shown} is no ordinary file"), "give another name"),
        Ok(_) if !force => return usage(format!("{shown} is already there"), "give another name, or --force to write over it"),
        _ => {}
    }
    crate::run_dir::check_publishable(output)
        .or_else(|error| usage(format!("{shown} cannot be written: {error}"), "name a place that exists and can be written"))
}

/// A row as it is written.
struct Mended {
    cells: Cells,
    /// The rule and the cells beyond the header, of a row that is not to be trusted.
    mark: Option<(&'static str, Vec<String>)>,
    diff: String,
}

fn mended(roster: &Roster, row: Row) -> Mended {
    let Row { line, cells, extra, seat, .. } = row;
    let mut out: Cells = cells.iter().map(|cell| cell.map(str::to_owned)).collect();
    let mut diff = String::new();
    let place = |what: &str| format!("{}:{line}: {what}\n", roster.name());
    let ragged = |rule: &Rule| matches!(rule, Rule::Ragged { cells, columns } if cells > columns);
    let faults = seat.as_ref().err().map_or(&[][..], Vec::as_slice);
    // Delimiters at the end of a line, with nothing between them: nobody has meant anything by them.
    let trailing = faults.iter().any(|fault| ragged(&fault.rule)) && extra.iter().all(String::is_empty);
    if trailing {
        diff.push_str(&place(&format!("{} beyond the header removed", counted(extra.len() as u64, "empty cell"))));
    }
    let damage = faults.iter().find(|fault| fault.rule.is_damage() && !(trailing && ragged(&fault.rule)));
    if let Some(fault) = damage {
        return Mended { cells: out, mark: Some((fault.rule.code(), extra)), diff };
    }
    for (at, cell) in out.iter_mut().enumerate().filter(|(at, _)| roster.matters(*at)) {
        let field = Field::ALL.into_iter().find(|field| roster.column_of(*field) == Some(at));
        let Some((old, new)) = cell.as_ref().and_then(|old| Some((old, mend(field, old)?))) else { continue };
        let did: Vec<String> = new.did.iter().map(ToString::to_string).collect();
        let column = safe::line(&roster.columns()[at], 40);
        let [red, green] = [AnsiColor::Red, AnsiColor::Green].map(|colour| colour.on_default());
        diff.push_str(&place(&format!("{column}: {}", did.join(", "))));
        diff.push_str(&format!("    {red}- {}{red:#}\n", safe::quoted(old, 200)));
        diff.push_str(&format!("    {green}+ {}{green:#}\n", safe::quoted(&new.text, 200)));
        *cell = Some(new.text);
    }
    Mended { cells: out, mark: None, diff }
}

/// Writes the table, whole or not at all. Marks stand in our own columns, as in rejects, and only where there are any.
fn write(output: &Path, roster: &Roster, rows: &[Mended]) -> io::Result<()> {
    let marked = rows.iter().any(|row| row.mark.is_some());
    let mut columns = roster.columns().to_vec();
    let width = columns.len();
    if marked {
        columns.extend([ADDED_CODE, ADDED_EXTRA].map(str::to_owned));
    }
    let fill = |out: &mut dyn Write| {
        let mut table = Table::new(out, Form::Csv, Guard::Raw);
        table.begin(&columns, 0)?;
        for row in rows {
            let mut cells = row.cells.clone();
            // In JSON lines, columns may come after a row.
            cells.resize(width, None);
            if marked {
                let extra = |extra: &Vec<String>| serde_json::to_string(extra).unwrap_or_default();
                cells.push(row.mark.as_ref().map(|(code, _)| (*code).to_owned()));
                cells.push(row.mark.as_ref().filter(|(_, more)| !more.is_empty()).map(|(_, more)| extra(more)));
            }
            table.row(&cells)?;
        }
        table.end()
    };
    publish(output, fill, |_| Ok(()))
}
