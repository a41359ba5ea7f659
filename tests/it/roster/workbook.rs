//! Workbooks: exact cells, rows by their number, sheets by their name, and files that would cost too much.

use super::{M1, read};
use headcount::roster::options::{Options, parse_id, parse_meeting_id};
use proptest::prelude::*;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

/// A part of a workbook: its path and its text.
type Part = (&'static str, String);

/// Two sheets, and a style (1) that is a date's.
fn parts(people: &str, other: &str) -> Vec<Part> {
    let ns = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
    let rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let sheet = |rows: &str| format!("<worksheet {ns}><sheetData>{rows}</sheetData></worksheet>");
    let sheets: String = [("People", 1), ("Old list", 2)]
        .map(|(name, n)| format!("<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>"))
        .concat();
    let relations: String =
        [("worksheet", "worksheets/sheet1.xml"), ("worksheet", "worksheets/sheet2.xml"), ("styles", "styles.xml")]
            .iter()
            .zip(1..)
            .map(|((kind, target), n)| format!("<Relationship Id=\"rId{n}\" Type=\"{rel}/{kind}\" Target=\"{target}\"/>"))
            .collect();
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let root = format!("<Relationship Id=\"rId1\" Type=\"{rel}/officeDocument\" Target=\"xl/workbook.xml\"/>");
    vec![
        ("_rels/.rels", format!("<Relationships xmlns=\"{package}\">{root}</Relationships>")),
        ("xl/workbook.xml", format!("<workbook {ns} xmlns:r=\"{rel}\"><sheets>{sheets}</sheets></workbook>")),
        ("xl/_rels/workbook.xml.rels", format!("<Relationships xmlns=\"{package}\">{relations}</Relationships>")),
        (
            "xl/styles.xml",
            format!("<styleSheet {ns}><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"),
        ),
        (
            "xl/sharedStrings.xml",
            format!("<sst {ns} uniqueCount=\"2\"><si><t>ExternalUserId</t></si><si><t>Zoë &amp; Co</t></si></sst>"),
        ),
        ("xl/worksheets/sheet1.xml", sheet(people)),
        ("xl/worksheets/sheet2.xml", sheet(other)),
    ]
}

fn zip(parts: &[Part]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in parts {
        zip.start_file(*path, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn text(at: &str, text: &str) -> String {
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
}

fn number(at: &str, value: &str) -> String {
    format!("<c r=\"{at}\"><v>{value}</v></c>")
}

fn row(n: u32, cells: &[String]) -> String {
    format!("<row r=\"{n}\">{}</row>", cells.concat())
}

fn options() -> Options {
    Options { meeting_id: Some(parse_meeting_id(M1).unwrap()), ..Options::default() }
}

fn told(bytes: &[u8], options: &Options) -> Vec<String> {
    let (rows, error) = read("book.xlsx", bytes, options);
    let rows = rows.into_iter().map(|row| match row.seat {
        Ok(seat) => format!("{} {:?} {:?}", row.line, seat.user.as_str(), row.cells.iter().skip(1).flatten().collect::<Vec<_>>()),
        Err(faults) => faults.iter().map(|f| format!("{f} [{}] {}", f.rule.code(), f.hint)).collect::<Vec<_>>().join("; "),
    });
    rows.chain(error).collect()
}

fn header() -> String {
    row(3, &["<c r=\"A3\" t=\"s\"><v>0</v></c>".into(), text("B3", "note")])
}

#[test]
fn cells_are_exact_and_rows_have_their_numbers() {
    let shared = |at: &str| format!("<c r=\"{at}\" t=\"s\"><v>1</v></c>");
    let people = [
        header(),
        row(4, &[shared("A4"), text("B4", " two  spaces ")]),
        row(6, &[number("A6", "123"), number("B6", "0.1")]),
        row(7, &[number("A7", "999999999999999"), number("B7", "1234567890123456")]),
        row(8, &[text("A8", "0042"), "<c r=\"B8\" s=\"1\"><v>46357</v></c>".into()]),
        row(9, &[text("A9", "bob"), "<c r=\"B9\" s=\"1\"><v>46357.75</v></c>".into()]),
        row(10, &[text("A10", "ann"), "<c r=\"B10\" t=\"b\"><v>1</v></c>".into()]),
        row(11, &[text("A11", "zoe")]),
    ];
    assert_eq!(
        told(&zip(&parts(&people.concat(), "")), &options()),
        [
            "4 \"Zoë & Co\" [\" two  spaces \"]",
            "6 \"123\" [\"0.1\"]",
            "7 \"999999999999999\" [\"1234567890123456\"]",
            "8 \"0042\" [\"2026-12-01\"]",
            "9 \"bob\" [\"2026-12-01T18:00:00\"]",
            "10 \"ann\" [\"TRUE\"]",
            "11 \"zoe\" [\"\"]",
        ]
    );
}

#[test]
fn what_a_spreadsheet_has_made_of_an_id_is_a_fault() {
    let people = [
        header(),
        row(4, &["<c r=\"A4\" s=\"1\"><v>46357</v></c>".into()]),
        row(5, &[number("A5", "12345678901234567")]),
        row(6, &[number("A6", "1.5")]),
        row(7, &["<c r=\"A7\" t=\"e\"><v>#N/A</v></c>".into()]),
        row(8, &[text("A8", "bob"), text("B8", ""), text("C8", "stray")]),
    ];
    let book = zip(&parts(&people.concat(), ""));
    insta::assert_snapshot!(told(&book, &options()).join("\n"));
    // What ids are made of is held to the same; what rides along is not.
    let made = Options { id: Some(parse_id("{note}").unwrap()), ..options() };
    let people = [header(), row(4, &[number("A4", "1.5"), number("B4", "77")]), row(5, &[text("A5", "x"), number("B5", "1.5")])];
    let said = told(&zip(&parts(&people.concat(), "")), &made);
    assert_eq!(said[0], "4 \"77\" [\"77\"]");
    assert!(said[1].contains("(column \"note\") \"1.5\" is a number with a fraction"), "{}", said[1]);
}

#[test]
fn sheets_are_chosen_by_name_or_for_lack_of_another() {
    let people = format!("{}{}", header(), row(4, &[text("A4", "bob")]));
    let old = format!("{}{}", row(1, &[text("A1", "ExternalUserId")]), row(2, &[text("A2", "ann")]));
    let both = zip(&parts(&people, &old));
    assert_eq!(
        told(&both, &options()),
        ["book.xlsx: the workbook has 2 sheets: \"People\", \"Old list\"\nhint: say which with --sheet NAME"]
    );
    let named = |name: &str| Options { sheet: Some(name.into()), ..options() };
    assert_eq!(told(&both, &named("Old list")), ["2 \"ann\" []"]);
    assert_eq!(
        told(&both, &named("old lists")),
        ["book.xlsx: no sheet is called \"old lists\"\nhint: did you mean \"Old list\"? there is \"People\", \"Old list\""]
    );
    let mut hidden = parts(&people, &old);
    hidden[1].1 = hidden[1].1.replace("sheetId=\"2\"", "sheetId=\"2\" state=\"hidden\"");
    assert_eq!(told(&zip(&hidden), &options()), ["4 \"bob\" [\"\"]"]);
    assert_eq!(told(&zip(&hidden), &named("Old list")), ["2 \"ann\" []"]);
    let above = format!("{}{people}", row(1, &[text("A1", "Attendees of the all hands")]));
    let said = told(&zip(&parts(&above, "")), &options());
    assert!(said[0].ends_with("hint: line 3 looks like the header: say --skip-lines 2 to begin there"), "{said:?}");
    assert_eq!(told(&zip(&parts(&above, "")), &Options { skip_lines: 2, ..options() }), ["4 \"bob\" [\"\"]"]);
}

/// Files that lie about their size, or mean more than they hold, end early and say so.
#[test]
fn bombs_end_early() {
    let people = format!("{}{}", header(), row(4, &[text("A4", "bob")]));
    let says = |parts: &[Part]| told(&zip(parts), &options()).pop().unwrap();
    let mut big = parts(&people, "");
    big[4].1 = " ".repeat(65 << 20) + &big[4].1;
    assert!(says(&big).contains("unpacked, the workbook has more than"), "{}", says(&big));
    let mut many = parts(&people, "");
    many[4].1 = many[4].1.replace("\"2\"", "\"9999999999999999\"");
    assert!(says(&many).contains("announces more texts than it has bytes"), "{}", says(&many));
    let wide: String = (5..200_000).map(|n| row(n, &[text(&format!("SR{n}"), "x")])).collect();
    let said = says(&parts(&format!("{people}{wide}"), ""));
    assert!(said.contains("bytes that are held of a sheet"), "{said}");
    let far = format!("{people}{}", row(5, &[text("XFD5", "x")]));
    assert!(says(&parts(&far, "")).contains("row 5 has a cell of more than"), "{}", says(&parts(&far, "")));
    let back = format!("{people}{}", row(2, &[text("A2", "ann")]));
    assert!(says(&parts(&back, "")).contains("row 2 stands out of order"), "{}", says(&parts(&back, "")));
}

#[test]
fn files_that_are_no_workbooks_are_told_apart() {
    let says = |parts: &[Part]| told(&zip(parts), &options()).pop().unwrap();
    assert!(says(&[("xl/workbook.bin", "x".into())]).contains("a binary workbook (.xlsb)"));
    assert!(says(&[("content.xml", "<x/>".into())]).contains("an OpenDocument file"));
    assert!(says(&[("a.csv", "x".into())]).contains("a zip file without a workbook"));
    let whole = zip(&parts(&header(), ""));
    let cut = told(&whole[..whole.len() / 2], &options()).pop().unwrap();
    assert!(cut.contains("the zip file is damaged"), "{cut}");
    assert!(told(&whole, &options())[0].contains("holds no rows, only a header"));
    let old = told(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &options()).pop().unwrap();
    assert!(old.contains("an old Excel workbook (.xls), or one with a password") && old.contains("without a password"), "{old}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn damage_never_panics(part in 0usize..7, at in any::<prop::sample::Index>(), with in "[<>/\"0-9a-z ]{0,6}") {
        let people = format!("{}{}", header(), row(4, &[text("A4", "bob"), number("B4", "1")]));
        let mut parts = parts(&people, "");
        let text = &mut parts[part].1;
        let at = at.index(text.len());
        if text.is_char_boundary(at) {
            text.insert_str(at, &with);
        }
        let _ = read("book.xlsx", &zip(&parts), &options());
    }
}
