//! Lines above the header, as webinar services export them.
//!
//! Holds [`skip`], for `--skip-lines`, and [`header_below`], which finds a header further down so that its line can be told. Called
//! by the readers of CSV, JSON lines and sheets. It never begins there by itself: an export may have more than one table, and which is
//! meant is the person's to say.

use super::columns::{self, Columns};
use super::error::RosterError;
use super::options::{Options, key};
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// Records among which a header is looked for.
pub(super) const SEARCHED: usize = 20;

/// Columns that lists of people have, as they are compared: those of Zoom's, Teams' and GoTo's exports above all.
const KNOWN: [&str; 24] = [
    "email",
    "emailaddress",
    "useremail",
    "attendeeemail",
    "mail",
    "name",
    "fullname",
    "username",
    "firstname",
    "lastname",
    "surname",
    "displayname",
    "participantid",
    "upn",
    "role",
    "organization",
    "organisation",
    "company",
    "jobtitle",
    "phone",
    "registrationtime",
    "registrationdate",
    "jointime",
    "approvalstatus",
];

/// Those of them that identify a person.
const ADDRESSES: [&str; 6] = ["email", "emailaddress", "useremail", "attendeeemail", "mail", "upn"];

/// Whether a column holds addresses, by its name. Zoom adds what is in brackets.
pub(super) fn is_address(column: &str) -> bool {
    ADDRESSES.contains(&&*key(column.split('(').next().unwrap_or_default()))
}

fn known(cells: &[String]) -> usize {
    cells.iter().filter(|cell| KNOWN.contains(&&*key(cell.split('(').next().unwrap_or_default()))).count()
}

/// How sure it is that a record is the header, where there is reason to think so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Likeness {
    /// Everything needed is found in it.
    whole: bool,
    /// Names of columns that are known.
    names: usize,
}

/// The first record below the first one that looks like the header: its line, and how much it does. Records come with their
/// lines, the first of them being the one that has failed as a header.
pub(super) fn header_below(records: &[(u64, Vec<String>)], options: &Options) -> Option<(Likeness, u64)> {
    let ((_, first), rest) = records.split_first()?;
    let likeness = |cells: &[String]| {
        let whole = Columns::find("", cells.iter().map(String::as_str), options, true).is_ok();
        let names = known(cells) + columns::score(cells.iter().map(String::as_str), options);
        Likeness { whole, names }
    };
    let above = likeness(first);
    let found = rest.iter().map(|(line, cells)| (likeness(cells), *line));
    // One known name may be anything: "Name" stands above titles, too.
    let worth = found.filter(|(like, _)| like.whole || (like.names >= 2 && like.names > above.names));
    worth.fold(None, |best, one| if best.is_none_or(|(like, _)| one.0 > like) { Some(one) } else { best })
}

/// Passes over so many physical lines; what follows, and its beginning for whoever looks at it first.
pub(super) fn skip(
    name: &str,
    text: Box<dyn Read + Send>,
    head: Vec<u8>,
    lines: u64,
) -> Result<(Box<dyn Read + Send>, Vec<u8>), RosterError> {
    if lines == 0 {
        return Ok((text, head));
    }
    let failed = |line: u64| move |source| RosterError::Read { name: name.into(), line, source };
    let mut text = BufReader::new(text);
    for line in 1..=lines {
        if !skip_line(&mut text).map_err(failed(line))? {
            let what = format!("the {} that --skip-lines passes over", if lines == 1 { "line" } else { "lines" });
            return Err(RosterError::NoRows { name: name.into(), what });
        }
    }
    let mut head = Vec::new();
    let peeked = (&mut text).take(64 << 10).read_to_end(&mut head);
    // A failure after some bytes will show again when they are read on.
    if head.is_empty() {
        peeked.map_err(failed(lines + 1))?;
    }
    Ok((Box::new(Cursor::new(head.clone()).chain(text)), head))
}

/// Passes over one line, under LF, CRLF and lone CR alike; false where there is none.
fn skip_line(text: &mut impl BufRead) -> io::Result<bool> {
    let mut any = false;
    loop {
        let chunk = text.fill_buf()?;
        if chunk.is_empty() {
            return Ok(any);
        }
        any = true;
        let Some(at) = memchr::memchr2(b'\n', b'\r', chunk) else {
            let all = chunk.len();
            text.consume(all);
            continue;
        };
        let cr = chunk[at] == b'\r';
        text.consume(at + 1);
        if cr && text.fill_buf()?.first() == Some(&b'\n') {
            text.consume(1);
        }
        return Ok(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(text: &'static str, lines: u64) -> String {
        let (mut text, head) = skip("r", Box::new(text.as_bytes()), text.into(), lines).unwrap();
        let mut rest = String::new();
        text.read_to_string(&mut rest).unwrap();
        assert!(rest.as_bytes().starts_with(&head));
        rest
    }

    #[test]
    fn lines_are_physical_ones() {
        assert_eq!(rest("a\nb\r\nc\rd\n", 0), "a\nb\r\nc\rd\n");
        assert_eq!(rest("a\nb\r\nc\rd\n", 2), "c\rd\n");
        assert_eq!(rest("a\nb\r\nc\rd\n", 3), "d\n");
        assert_eq!(rest("\n\nx", 2), "x");
        assert!(skip("r", Box::new(&b"a\nb"[..]), Vec::new(), 3).is_err());
    }

    #[test]
    fn headers_are_found_below() {
        let find = |rows: &[&str]| {
            let split = |row: &&str| row.split(',').map(str::to_owned).collect();
            let rows: Vec<_> = (1..).zip(rows.iter().map(split)).collect();
            header_below(&rows, &Options::default()).map(|(_, line)| line)
        };
        assert_eq!(find(&["Attendee Report", "Topic,Id", "x,1", "ExternalUserId,MeetingId"]), Some(4));
        assert_eq!(find(&["Report", "Name,x", "First Name,Last Name,Email"]), Some(3));
        assert_eq!(find(&["Email,Name", "bob@x.org,Bob"]), None);
        assert_eq!(find(&["Report", "Name,x"]), None);
        assert_eq!(find(&[]), None);
        assert!(is_address("User E-mail (Original)") && !is_address("Mailing"));
    }
}
