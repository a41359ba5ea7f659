//! What holds for any bytes, and for files of any size.

use super::{M1, open, read};
use flate2::Compression;
use flate2::write::GzEncoder;
use headcount::roster::options::{Limits, Options, parse_meeting_id};
use proptest::collection::vec;
use proptest::prelude::*;
use std::io::Write;

fn options() -> Options {
    Options { meeting_id: Some(parse_meeting_id(M1).unwrap()), ..Options::default() }
}

fn quote(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300), yaml: bool) {
        let _ = read(if yaml { "x.yaml" } else { "x.csv" }, &bytes, &options());
    }

    #[test]
    fn anything_behind_a_header_is_read_or_refused(tail in vec(any::<u8>(), 0..200)) {
        let bytes = [b"ExternalUserId,MeetingId\n", &tail[..]].concat();
        let _ = read("x.csv", &bytes, &options());
    }

    #[test]
    fn any_text_is_a_list_or_refused(text in "(- |[a-b:{}\\[\\],&*!|>'\"# \\n]|ExternalUserId: |attendees:\\n|meetings:\\n){0,30}") {
        let _ = read("x.yaml", text.as_bytes(), &options());
    }

    /// Rows of arbitrary cells under arbitrary line breaks: cells come back exactly, and each row names the physical line it
    /// begins on, as an independent count of the text before it finds it.
    #[test]
    fn cells_and_lines_are_exact(
        rows in vec((vec("[ab!é,;\"'\r\n ]{0,6}", 2), "(\r\n|\n|\r)"), 1..12),
    ) {
        let mut text = String::from("ExternalUserId,note\n");
        let mut expected = Vec::new();
        for (cells, end) in &rows {
            let line = 1 + text.replace("\r\n", "\n").matches(['\n', '\r']).count() as u64;
            text.push_str(&format!("{},{}{end}", quote(&cells[0]), quote(&cells[1])));
            expected.push((line, cells.iter().map(|cell| Some(cell.as_str())).collect::<Vec<_>>()));
        }
        let (found, error) = read("x.csv", text.as_bytes(), &options());
        prop_assert_eq!(error, None);
        let found_cells: Vec<_> = found.iter().map(|row| (row.line, row.cells.iter().collect::<Vec<_>>())).collect();
        prop_assert_eq!(found_cells, expected);
        for row in &found {
            let id = row.cells.get(0).unwrap_or_default();
            match &row.seat {
                Ok(seat) => prop_assert_eq!(seat.user.as_str(), id),
                Err(faults) => prop_assert!(faults.iter().all(|fault| fault.line == row.line)),
            }
        }
    }

    /// Rejects as `provision` writes them (the roster's own cells, then our columns) are the same roster again.
    #[test]
    fn rejects_are_a_roster(rows in vec(vec("[ab!é,;\"'\r\n ]{0,5}", 3), 1..8)) {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        writer.write_record(["ExternalUserId", "note", "", "headcount.class", "headcount.reason"]).unwrap();
        for cells in &rows {
            writer.write_record(cells.iter().map(String::as_str).chain(["request", "has 1 characters, \"a\""])).unwrap();
        }
        let (found, error) = read("rejects.csv", &writer.into_inner().unwrap(), &options());
        prop_assert_eq!(error, None);
        let cells: Vec<Vec<_>> = found.iter().map(|row| row.cells.iter().flatten().collect()).collect();
        prop_assert_eq!(cells, rows);
    }

    /// The same rows as CSV and as YAML mean the same.
    #[test]
    fn yaml_and_csv_agree(ids in vec("[ab!é'~0-9 ]{0,5}", 1..10)) {
        let csv: String = ids.iter().map(|id| quote(id) + "\n").collect();
        let yaml: String = ids.iter().map(|id| format!("- ExternalUserId: '{}'\n", id.replace('\'', "''"))).collect();
        let said = |name: &str, text: String| -> Vec<_> {
            let (rows, error) = read(name, text.as_bytes(), &options());
            assert_eq!(error, None);
            rows.into_iter().map(|row| row.seat.map_err(|faults| faults.iter().map(|fault| fault.reason()).collect::<Vec<_>>())).collect()
        };
        prop_assert_eq!(said("x.csv", format!("ExternalUserId\n{csv}")), said("x.yaml", yaml));
    }

    /// No fault, warning or refusal carries anything that a terminal would obey.
    #[test]
    fn what_is_said_is_safe(id in "\\PC{0,8}[\u{0}-\u{9f}\u{200b}\u{202e}]{1,4}", name in "[a\u{1b}\u{202e}]{1,4}") {
        let text = format!("ExternalUserId\n{}\n", quote(&id.replace('\0', "")));
        let (rows, error) = read(&name, text.as_bytes(), &options());
        let faults = rows.iter().filter_map(|row| row.seat.as_ref().err()).flatten().map(|fault| fault.to_string() + &fault.hint);
        let warnings = rows.iter().flat_map(|row| &row.warnings).map(|warning| warning.to_string());
        for said in faults.chain(warnings).chain(error.map(|error| error.replace('\n', ""))) {
            prop_assert!(!said.contains(|c: char| c.is_control() || matches!(c, '\u{200b}' | '\u{202e}')), "{said:?}");
            prop_assert!(said.chars().count() < 1200);
        }
    }
}

#[test]
fn utf16_and_gzip_mean_the_same() {
    let text = "ExternalUserId;Name\r\nZoë;Zoë Müller\r\n\"a\r\nb\";😀\r\nx!;y\r\n";
    let units: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
    let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let said = |bytes: &[u8]| -> Vec<String> {
        let (rows, error) = read("x.csv", bytes, &options());
        assert_eq!(error, None);
        rows.iter().map(|row| format!("{} {:?} {:?}", row.line, row.cells.get(1), row.seat)).collect()
    };
    let plain = said(text.as_bytes());
    assert_eq!(plain.len(), 3);
    assert_eq!((said(&le), said(&be)), (plain.clone(), plain.clone()));
    assert_eq!(said(&gz(&le)), plain);
    let roster = open("x.csv.gz", &gz(&be), &options()).unwrap();
    assert_eq!(roster.shape().to_string(), "CSV with ';', UTF-16BE, gzip");
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_bomb_is_defused() {
    // 40 MB of rows in 40 KB; refused at the cap, and the rows before it were read.
    let rows = "ab,1\n".repeat(8_000_000);
    let limits = Limits { inflated: 1 << 20, ..Limits::default() };
    let (read, error) = read("x.csv.gz", &gz(format!("ExternalUserId,n\n{rows}").as_bytes()), &Options { limits, ..options() });
    assert!(error.unwrap().contains("inflates to more than 1048576 bytes"));
    assert!(read.len() < 210_000);
}

#[test]
fn a_cell_without_end_is_refused() {
    let long = "x".repeat(20 << 20);
    let (rows, error) = read("x.csv", format!("ExternalUserId\nbob\n{long}\n").as_bytes(), &options());
    assert_eq!(
        (rows.len(), error.unwrap().lines().next().unwrap()),
        (1, "x.csv:3: a cell that begins here has more than 65536 bytes")
    );
    let (_, error) = read("x.csv", format!("ExternalUserId\n\"bob\n{}", "ann\n".repeat(100_000)).as_bytes(), &options());
    assert!(error.unwrap().starts_with("x.csv:2: a cell that begins here"));
    let (_, error) = read("x.csv", long.as_bytes(), &options());
    assert!(error.is_some());
    let (_, error) = read("x.csv", ",".repeat(20 << 20).as_bytes(), &options());
    assert!(error.is_some());
    let (_, error) = read("x.csv", format!("ExternalUserId,b\n{}", ",".repeat(20 << 20)).as_bytes(), &options());
    assert!(error.unwrap().starts_with("x.csv:2: has more than 512 cells"));
    let (_, error) = read("x.yaml", format!("- {long}\n").as_bytes(), &options());
    assert_eq!(error, None);
    let limits = Limits { yaml: 1 << 20, ..Limits::default() };
    let (_, error) = read("x.yaml", format!("- {long}\n").as_bytes(), &Options { limits, ..options() });
    assert!(error.unwrap().contains("more than 1048576 bytes"));
}
