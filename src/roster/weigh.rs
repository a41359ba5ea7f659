//! What a zip file may cost, found out before anybody unpacks it in earnest.
//!
//! Holds [`weigh`]. Called by `workbook`. Every part that calamine will read is inflated here first, into nothing and counted, because
//! the sizes that a zip file tells of itself may be lies. It never keeps what it reads, but for a beginning.

use std::io::{Cursor, Read};
use zip::ZipArchive;

/// Parts of a zip file.
const MAX_PARTS: usize = 10_000;
/// Bytes of all sheets together; they are read as a stream.
const MAX_SHEETS: u64 = 512 << 20;
/// Bytes of everything else, which is held: texts, styles, relations.
const MAX_REST: u64 = 64 << 20;

/// Makes sure that a zip file is a workbook and within bounds; or says what it is, and what to do.
pub(super) fn weigh(bytes: &[u8]) -> Result<(), (String, &'static str)> {
    const CSV: &str = "export the sheet as CSV, which is read as a stream";
    const EXPORT: &str = "save it as .xlsx, or export the sheet as CSV (Excel: \"CSV UTF-8\")";
    let broken = |what: &dyn std::fmt::Display| {
        (format!("the zip file is damaged: {}", crate::safe::line(&what.to_string(), 100)), EXPORT)
    };
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    if zip.len() > MAX_PARTS {
        return Err((format!("a zip file of more than {MAX_PARTS} parts"), "check that this is the file you meant"));
    }
    let (mut sheets, mut rest, mut names) = (MAX_SHEETS, MAX_REST, Vec::new());
    for part in 0..zip.len() {
        let part = zip.by_index(part).map_err(|error| broken(&error))?;
        let name = part.name().map_err(|error| broken(&error))?.replace('\\', "/").to_ascii_lowercase();
        // A relation may name any part for a sheet, so all are looked at; those that are held have fixed endings.
        let xml = name.ends_with(".xml") || name.ends_with(".rels");
        let left = if xml && !name.contains("/worksheets/") { &mut rest } else { &mut sheets };
        let texts = name.ends_with("sharedstrings.xml");
        let size = inflate(part, *left, texts).map_err(|error| broken(&error))?;
        *left = left.checked_sub(size).ok_or_else(|| {
            let what = format!("unpacked, the workbook has more than {MAX_SHEETS} bytes of sheets or {MAX_REST} of texts");
            (what, CSV)
        })?;
        names.push(name);
    }
    let has = |end: &str| names.iter().any(|name| name.ends_with(end));
    match () {
        () if has("workbook.xml") => Ok(()),
        () if has("workbook.bin") => Err(("it is a binary workbook (.xlsb)".into(), EXPORT)),
        () if names.iter().any(|name| name == "content.xml") => Err(("it is an OpenDocument file".into(), EXPORT)),
        () => Err(("it is a zip file without a workbook in it".into(), "unpack it first; gzip is unpacked as it is read")),
    }
}

/// How much there is of a part, up to one byte more than may be.
fn inflate(mut part: impl Read, most: u64, texts: bool) -> std::io::Result<u64> {
    let mut head = Vec::new();
    (&mut part).take(64 << 10).read_to_end(&mut head)?;
    let more = std::io::copy(&mut part.take((most + 1).saturating_sub(head.len() as u64)), &mut std::io::sink())?;
    let size = head.len() as u64 + more;
    // calamine makes room for as many texts as are announced, before it has seen one.
    if texts && announced(&head) > size {
        return Err(std::io::Error::other("it announces more texts than it has bytes"));
    }
    Ok(size)
}

/// The most texts that the beginning of a list of texts announces.
fn announced(head: &[u8]) -> u64 {
    let word = b"uniqueCount";
    let places = head.windows(word.len()).enumerate().filter(|(_, window)| window == word).map(|(at, _)| at + word.len());
    let number = |at: usize| {
        let digits = head[at..].iter().skip_while(|b| !b.is_ascii_digit()).take_while(|b| b.is_ascii_digit());
        digits.fold(0_u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')))
    };
    places.map(number).max().unwrap_or(0)
}
