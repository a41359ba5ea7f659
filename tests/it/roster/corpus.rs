//! A corpus of nasty rosters: the bytes of a file, and exactly what must come out.

use super::{M1, M2, read};
use headcount::roster::options::{Field, Options, parse_capabilities, parse_map, parse_meeting_id};
use headcount::roster::row::Row;

/// A row as `line id` (with the meeting's first letter and the capabilities where they are of interest), or as
/// `line !code[,code…]`.
fn shown(row: &Row) -> String {
    match &row.seat {
        Ok(seat) => {
            let meeting = if seat.meeting.as_str() == M1 { "" } else { " @2" };
            let set = seat.capabilities.map(|set| format!(" {:?}/{:?}/{:?}", set.audio, set.video, set.content));
            let odd: String = row.warnings.iter().map(|warning| format!(" ?{}", warning.oddity.code())).collect();
            format!("{} {}{meeting}{}{odd}", row.line, seat.user.as_str(), set.unwrap_or_default())
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "a row without a seat says why");
            let codes: Vec<_> = faults.iter().map(|fault| fault.rule.code()).collect();
            format!("{} !{}", row.line, codes.join(","))
        }
    }
}

/// What comes out, and (behind `ERR`) the first line of the error that ends it.
fn out_of(name: &str, bytes: &[u8], options: &Options) -> Vec<String> {
    let (rows, error) = read(name, bytes, options);
    let error = error.map(|error| format!("ERR {}", error.lines().next().unwrap_or_default()));
    rows.iter().map(shown).chain(error).collect()
}

fn with_meeting() -> Options {
    Options { meeting_id: Some(parse_meeting_id(M1).unwrap()), ..Options::default() }
}

/// Every case is run, and all that differ are told together.
fn check(file: &str, cases: &[(&str, &[u8], &[&str])]) {
    let mut wrong = Vec::new();
    for (what, bytes, expected) in cases {
        let found = out_of(file, bytes, &with_meeting());
        if found != *expected {
            wrong.push(format!("{what}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn csv_as_a_text() {
    let h = "ExternalUserId\n";
    let row = |text: &str| format!("{h}{text}").into_bytes();
    check(
        "r.csv",
        &[
            ("plain", &row("bob\nann\n"), &["2 bob", "3 ann"]),
            ("no line break at the end", &row("bob"), &["2 bob"]),
            ("CRLF", b"ExternalUserId\r\nbob\r\nann\r\n", &["2 bob", "3 ann"]),
            ("lone CR", b"ExternalUserId\rbob\rann\r", &["2 bob", "3 ann"]),
            ("mixed line breaks", b"ExternalUserId\r\nbob\nann\rzoe\r\neve", &["2 bob", "3 ann", "4 zoe", "5 eve"]),
            ("blank lines", b"\n\nExternalUserId\n\n\nbob\n  \n\t\nann\n\n", &["6 bob", "9 ann"]),
            ("blank lines under CR", b"\r\rExternalUserId\r\rbob\r\rann", &["5 bob", "7 ann"]),
            ("BOM", b"\xef\xbb\xbfExternalUserId\nbob\n", &["2 bob"]),
            ("BOM and quoted header", b"\xef\xbb\xbf\"ExternalUserId\"\nbob\n", &["2 bob"]),
            ("quoted", &row("\"bob\"\n"), &["2 bob"]),
            ("quoted with delimiter", &row("\"Doe, Jane\"\n"), &["2 Doe, Jane"]),
            ("doubled quotes", &row("\"Bob \"\"B\"\" Lee\"\n"), &["2 Bob \"B\" Lee"]),
            ("quote within", &row("O\"Hara\n"), &["2 O\"Hara"]),
            ("quoted LF", &row("\"a\nb\"\ncd\n"), &["2 a\nb ?inner-break", "4 cd"]),
            ("quoted CRLF", b"ExternalUserId\r\n\"a\r\nb\"\r\ncd\r\n", &["2 a\r\nb ?inner-break", "4 cd"]),
            ("quoted CR", b"ExternalUserId\r\"a\rb\"\rcd\r", &["2 a\rb ?inner-break", "4 cd"]),
            ("quoted LF in CRLF file", b"ExternalUserId\r\n\"a\nb\"\r\ncd\r\n", &["2 a\nb ?inner-break", "4 cd"]),
            ("text after a quote", &row("\"car\"ol\nbob\n"), &["2 !quote", "3 bob"]),
            ("space after a quote", &row("\"carol\" \nbob\n"), &["2 !quote", "3 bob"]),
            (
                "open quote",
                &row("bob\n\"ann\nzoe\neve\n"),
                &["2 bob", "ERR r.csv:3: the quote opened here is never closed; it would swallow the rest of the file"],
            ),
            (
                "open quote at the end",
                &row("bob\n\""),
                &["2 bob", "ERR r.csv:3: the quote opened here is never closed; it would swallow the rest of the file"],
            ),
            (
                "open quote under CR",
                b"ExternalUserId\rbob\r\"ann\rzoe",
                &["2 bob", "ERR r.csv:3: the quote opened here is never closed; it would swallow the rest of the file"],
            ),
            ("NUL", b"ExternalUserId\nbob\na\0b\n", &["2 bob", "ERR r.csv:3: holds a NUL byte"]),
            ("Latin-1", b"ExternalUserId\r\nbob\r\nZo\xeb\r\n", &["2 bob", "ERR r.csv:3: is not UTF-8: byte 0xEB after \"Zo\""]),
            ("cut UTF-8 at the end", b"ExternalUserId\nZo\xc3", &["ERR r.csv:2: is not UTF-8: byte 0xC3 after \"Zo\""]),
            ("overlong UTF-8", b"ExternalUserId\nbob\xc0\x80\n", &["ERR r.csv:2: is not UTF-8: byte 0xC0 after \"bob\""]),
            ("surrogate in UTF-8", b"ExternalUserId\nbob\xed\xa0\x80\n", &["ERR r.csv:2: is not UTF-8: byte 0xED after \"bob\""]),
            ("empty", b"", &["ERR r.csv is empty"]),
            ("blank only", b"\n \r\n\r", &["ERR r.csv is empty"]),
            ("BOM only", b"\xef\xbb\xbf", &["ERR r.csv is empty"]),
            ("header only", h.as_bytes(), &["ERR r.csv holds no rows, only a header"]),
        ],
    );
}

#[test]
fn csv_as_a_table() {
    check(
        "r.csv",
        &[
            ("semicolons", b"name;External User Id;x,y\nA;bob;1\n", &["2 bob"]),
            ("tabs", b"name\tEXTERNAL_USER_ID\nA\tbob\n", &["2 bob"]),
            ("pipes", b"name|external-user-id\nA|bob\n", &["2 bob"]),
            ("commas in a semicolon header", b"\"a,b,c,d\";ExternalUserId\nx;bob\n", &["2 bob"]),
            ("sep=", b"sep=;\r\nExternalUserId;a\r\nbob;x\r\n", &["3 bob"]),
            ("short row", b"a,ExternalUserId,c\nx,bob\ny,ann,z\n", &["2 !cells", "3 ann"]),
            ("long row", b"a,ExternalUserId\nx,bob,y\nx,ann\n", &["2 !cells", "3 ann"]),
            ("trailing delimiter everywhere", b"a,ExternalUserId,\nx,bob,\n", &["2 bob"]),
            ("only delimiters", b"a,ExternalUserId,c\n,,\nx,bob,y\n", &["2 !id-missing", "3 bob"]),
            ("empty id", b"a,ExternalUserId\nx,\ny,\"\"\n", &["2 !id-missing", "3 !id-missing"]),
            (
                "text after a quote in a column that rides along",
                b"note,ExternalUserId\n\"a\"b,bob\nc,ann\n",
                &["2 !quote", "3 ann"],
            ),
            (
                "half a character in each of two cells",
                b"ExternalUserId,b\nab\xc3,\xa9\n",
                &["ERR r.csv:2: is not UTF-8: byte 0xC3 after \"ab\""],
            ),
            (
                "columns of ours are dropped",
                b"ExternalUserId,headcount.class,headcount.code\nbob,request,x\nann,,\n",
                &["2 bob", "3 ann"],
            ),
            (
                "rejects whose cells had slipped",
                b"ExternalUserId,headcount.code,headcount.extra\n Jane,cells,\"[\"\"x\"\"]\"\nbob,id-length,\nann,,\n",
                &["2 !damaged", "3 bob", "4 ann"],
            ),
            ("repeated columns that ride along", b"a,a,ExternalUserId\n1,2,bob\n", &["2 bob"]),
            (
                "two columns of ids",
                b"ExternalUserId,external_user_id\na1,b1\n",
                &[
                    "ERR r.csv: two columns hold ExternalUserId: \"ExternalUserId\" (column 1) and \"external_user_id\" (column 2)",
                ],
            ),
            ("no column of ids", b"name,mail\nBob,b@x\n", &["ERR r.csv: no column ExternalUserId; seen: \"name\", \"mail\""]),
            (
                "no header",
                b"bob@example.com,Bob\nann@example.com,Ann\n",
                &["ERR r.csv: no column ExternalUserId; seen: \"bob@example.com\", \"Bob\""],
            ),
            (
                "xlsx",
                b"PK\x03\x04\x14\x00\x06\x00",
                &["ERR r.csv: the zip file is damaged: invalid Zip archive: Could not find EOCD"],
            ),
            ("binary", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0", &["ERR r.csv is no text: it looks like binary data"]),
            (
                "UTF-16 without a mark",
                b"E\0x\0t\0e\0r\0n\0a\0l\0",
                &["ERR r.csv is no text: it looks like UTF-16 without a byte order mark"],
            ),
        ],
    );
}

#[test]
fn ids_at_every_bound() {
    let id = |id: &str| format!("ExternalUserId\n\"{}\"\n", id.replace('"', "\"\"")).into_bytes();
    let max = "é".repeat(64);
    let kept = format!("2 {max}");
    check(
        "r.csv",
        &[
            ("one character", &id("é"), &["2 !id-length"]),
            ("two", &id("éü"), &["2 éü"]),
            ("64 of two bytes", &id(&max), &[&kept]),
            ("65", &id(&"x".repeat(65)), &["2 !id-length"]),
            ("every sign of the pattern", &id("-_&@+=,(){}[]/«».:|'\"#"), &["2 -_&@+=,(){}[]/«».:|'\"#"]),
            ("the last letters", &id("À×÷ÿ"), &["2 À×÷ÿ"]),
            ("one beyond", &id("abĀ"), &["2 !id-character"]),
            ("Cyrillic", &id("Иван"), &["2 !id-character"]),
            ("emoji", &id("bob 😀"), &["2 !id-character"]),
            ("no-break space", &id("a\u{a0}b"), &["2 !id-character"]),
            ("combining accent", &id("Zoe\u{301}"), &["2 !id-character"]),
            ("zero width", &id("bo\u{200b}b"), &["2 !id-character"]),
            ("byte order mark within", &id("bo\u{feff}b"), &["2 !id-character"]),
            ("control", &id("bo\x07b"), &["2 !id-character"]),
            ("reserved", &id("aws:bob"), &["2 !id-reserved"]),
            ("reserved in another case", &id("AwS:"), &["2 !id-reserved"]),
            ("not reserved", &id("awsx"), &["2 awsx"]),
            ("reserved, and long, and odd", &id(&format!("aws:{}!", "x".repeat(64))), &["2 !id-length,id-character,id-reserved"]),
            ("a formula", &id("=1+1"), &["2 =1+1"]),
            ("a number", &id("0123"), &["2 0123"]),
            ("white space around", &id(" bob "), &["2  bob  ?edge-space"]),
            ("white space alone", &id("   "), &["2     ?edge-space"]),
            ("rounded", &id("1.23457E+11"), &["2 1.23457E+11 ?looks-rounded"]),
            ("missing", &id("#N/A"), &["2 #N/A ?looks-missing"]),
            ("sharp s stays", &id("Straße"), &["2 Straße"]),
        ],
    );
}

#[test]
fn meetings_and_capabilities() {
    let h = "ExternalUserId,MeetingId,Audio,Video,Content\n";
    let row = |text: &str| format!("{h}{text}\n").into_bytes();
    let upper = format!("bob,{},,,", M2.to_uppercase());
    check(
        "r.csv",
        &[
            ("the row's own meeting", &row(&format!("bob,{M2},,,")), &["2 bob @2"]),
            ("in upper case", &row(&upper), &["2 bob @2"]),
            ("the meeting for all", &row("bob,,,,"), &["2 bob"]),
            ("no GUID", &row("bob,standup,,,"), &["2 !meeting-form"]),
            ("GUID in braces", &row(&format!("bob,{{{M2}}},,,")), &["2 !meeting-form"]),
            ("GUID and a space", &row(&format!("bob,{M2} ,,,")), &["2 !meeting-form"]),
            ("all three", &row("bob,,Send,Receive,None"), &["2 bob Send/Receive/None"]),
            ("one is missing", &row("bob,,Send,,None"), &["2 !capability-missing"]),
            ("two are missing", &row("bob,,Send,,"), &["2 !capability-missing,capability-missing"]),
            ("wrong case", &row("bob,,send,Receive,None"), &["2 !capability-value"]),
            ("content without video", &row("bob,,None,Send,Receive"), &["2 !capability-rule"]),
            ("video without content", &row("bob,,None,Receive,None"), &["2 bob None/Receive/None"]),
            (
                "all at once",
                &row("a,standup,yes,,"),
                &["2 !id-length,meeting-form,capability-value,capability-missing,capability-missing"],
            ),
        ],
    );
    let none = out_of("r.csv", b"ExternalUserId,MeetingId\nbob,\n", &Options::default());
    assert_eq!(none, ["2 !meeting-missing"]);
    let none = out_of("r.csv", b"ExternalUserId,Meeting\nbob,x\n", &Options::default());
    assert_eq!(none, ["ERR r.csv: no column MeetingId, and no meeting given for all; seen: \"ExternalUserId\", \"Meeting\""]);
}

#[test]
fn options_speak_for_rows_that_say_nothing() {
    let set = parse_capabilities("Audio=Receive,Video=Receive,Content=None").unwrap();
    let options = Options {
        map: vec![parse_map("ExternalUserId=e-mail").unwrap(), parse_map("Audio=mic").unwrap()],
        capabilities: Some(set),
        ..with_meeting()
    };
    let text = b"ExternalUserId,E Mail,mic,Video,Content\nx1,bob,,,\nx2,ann,Send,None,None\n";
    assert_eq!(out_of("r.csv", text, &options), ["2 bob Receive/Receive/None", "3 ann Send/None/None"]);
    let roster = super::open("r.csv", text, &options).unwrap();
    assert_eq!(roster.columns(), ["ExternalUserId", "E Mail", "mic", "Video", "Content"]);
    assert_eq!((roster.column_of(Field::ExternalUserId), roster.column_of(Field::MeetingId)), (Some(1), None));
    assert_eq!(roster.shape().to_string(), "CSV with ',', UTF-8");
}

#[test]
fn cells_are_exact() {
    let (rows, _) =
        read("r.csv", b"ExternalUserId,headcount.code,note\n\" bob \",x,\"a\r\nb\"\nann,y,z,more\nzoe\n", &with_meeting());
    let cells: Vec<Vec<_>> = rows.iter().map(|row| row.cells.iter().collect()).collect();
    assert_eq!(cells, [[Some(" bob "), Some("a\r\nb")], [Some("ann"), Some("z")], [Some("zoe"), None]]);
    assert_eq!(rows[1].extra, ["more"]);
    let (again, _) =
        read("rejects.csv", b"ExternalUserId,headcount.code,headcount.extra\nann,cells,\"[\"\"more\"\"]\"\n", &with_meeting());
    assert_eq!(again[0].extra, ["more"]);
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4, 5]);
}

#[test]
fn yaml_in_all_its_shapes() {
    let h = format!(
        "defaults: {{Audio: Send, Video: Receive, Content: None}}\nmeetings:\n- MeetingId: {M2}\n  attendees:\n  - bob\n  - ExternalUserId: ann\n    Audio: None\n- attendees: [zoe]\n"
    );
    let sorted = format!("attendees:\n- external_user_id: bob\ndefaults:\n  meeting_id: {M2}\n");
    let json = format!("[{{\"ExternalUserId\": \"bo\\u0062\", \"MeetingId\": \"{M2}\"}}]");
    check(
        "r.yaml",
        &[
            ("a list", b"- ExternalUserId: bob\n- ExternalUserId: ann\n  name: Ann\n", &["1 bob", "2 ann"]),
            ("attendees", b"attendees:\n  - ExternalUserId: bob\n", &["2 bob"]),
            ("ids alone", b"- bob\n- 0123\n- NO\n", &["1 bob", "2 0123", "3 NO"]),
            ("scalars as written", b"[0123, NO, 1e3, off, 0x1F, +1555, 'null', \"~~\", 1_000, 12:30:45, .5, 2026-01-01]",
                &["1 0123", "1 NO", "1 1e3", "1 off", "1 0x1F", "1 +1555", "1 null ?looks-missing", "1 !id-character", "1 1_000", "1 12:30:45", "1 .5", "1 2026-01-01"]),
            ("nothing", b"- ExternalUserId: ~\n- ExternalUserId: null\n- ExternalUserId:\n- ExternalUserId: ''\n- ~\n- {}\n",
                &["1 !id-missing", "2 !id-missing", "3 !id-missing", "4 !id-missing", "5 !id-missing", "6 !id-missing"]),
            ("meetings and defaults", h.as_bytes(), &["5 bob @2 Send/Receive/None", "6 ann @2 None/Receive/None", "8 zoe Send/Receive/None"]),
            ("defaults below", sorted.as_bytes(), &["2 bob @2"]),
            ("a mapping of capabilities", b"- ExternalUserId: bob\n  Capabilities: {Audio: Send, Video: Send, Content: Send}\n- {ExternalUserId: ann, capabilities: {Audio: Send}}\n",
                &["1 bob Send/Send/Send", "3 !capability-missing,capability-missing"]),
            ("CRLF", b"- ExternalUserId: bob\r\n- ExternalUserId: a!\r\n", &["1 bob", "2 !id-character"]),
            ("lone CR", b"- ExternalUserId: bob\r- ExternalUserId: a!\r", &["1 bob", "2 !id-character"]),
            ("BOM", b"\xef\xbb\xbf- bob\n", &["1 bob"]),
            ("JSON", json.as_bytes(), &["1 bob @2"]),
            ("quoted and folded", b"- 'O''Hara'\n- \"a\\tb\"\n- >-\n  Jane\n  Doe\n", &["1 O'Hara", "2 a\tb ?inner-break", "4 Jane Doe"]),
            ("an alias stands where it is used", b"- &b {ExternalUserId: bob}\n- *b\n", &["1 bob", "2 bob"]),
            ("a long id names its line", b"-\n  name: x\n  ExternalUserId: a\n", &["2 !id-length"]),
        ],
    );
}

#[test]
fn yaml_that_is_refused() {
    let bomb = {
        let mut text = String::from("x0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for i in 1..12 {
            text.push_str(&format!("x{i}: &x{i} [{}]\n", vec![format!("*x{}", i - 1); 9].join(",")));
        }
        format!("attendees:\n- {{ExternalUserId: bob, junk: 1}}\ndefaults: {{a: b}}\n{text}")
    };
    let deep = format!("attendees: {}", "[".repeat(100_000));
    let refused = |text: &str, said: &str| {
        let out = out_of("r.yaml", text.as_bytes(), &with_meeting());
        assert!(out.len() == 1 && out[0].contains(said), "{:.60} … {out:?}", text);
    };
    refused(&bomb, "r.yaml:4:1: unknown key \"x0\"");
    refused(&deep, "r.yaml:1:");
    refused("", "r.yaml:1:1: the document is empty");
    refused("bob", "neither a list nor a mapping");
    refused("[]", "holds no rows");
    refused("attendees:\n", "holds no rows");
    refused("- bob\n---\n- ann\n", "r.yaml:2:1: a second document");
    refused("- !!str 123\n", "r.yaml:1:3: tags");
    refused("- {ExternalUserId: a1, ExternalUserId: b1}\n", "r.yaml:1:24: the key \"ExternalUserId\" stands twice");
    refused("- &d {Audio: Send}\n- {<<: *d, ExternalUserId: bob}\n", "merge keys");
    refused("attendes:\n- bob\n", "r.yaml:1:1: unknown key \"attendes\"");
    refused("defaults: {Audio: [Send]}\nattendees: [bob]\n", "r.yaml:1:19: what stands for many rows holds a list or mapping");
    refused("meetings: [{MeetingId: {a: b}, attendees: [bob]}]\n", "what stands for many rows holds a list or mapping");
    let heavy = format!("defaults: {{note: {}}}\nattendees: [bob, ann]\n", "x".repeat(70_000));
    refused(&heavy, "r.yaml:1:1: what stands for many rows has more than 65536 bytes");
    refused("- 'bob\n", "r.yaml:");
    refused("- bob\n\t- ann\n", "r.yaml:");
    refused("- name: bob\n", "no column ExternalUserId");
    let (_, error) = read("r.yaml", b"- ExternalUserId: bob\n", &Options::default());
    assert!(error.unwrap().contains("no column MeetingId"));
    refused("- bob and ann\n- bo\0b and zoe\n", "r.yaml:2: holds a NUL byte");
}

/// A slip in one row is that row's: the others are read, and everything that is wrong is told at once.
#[test]
fn a_slip_in_the_form_of_a_row_is_the_rows_own() {
    let text = "- {ExternalUserId: ann-1}\n\
                - {ExternalUserId: a1, external user id: b1}\n\
                - {ExternalUserId: a1, Audio: Send, Capabilities: {Audio: Send}}\n\
                - ExternalUserId: [bob, {x: [y]}]\n\
                - [bob]\n\
                - ExternalUserId: bob-2\n  Capabilities:\n    Vidoe: {a: [b]}\n    Audio: Send\n\
                - {ExternalUserId: zoe-9, note: [x]}\n\
                - zoe-1\n";
    let (rows, error) = read("r.yaml", text.as_bytes(), &with_meeting());
    assert_eq!(error, None);
    let told: Vec<String> =
        rows.iter().map(|row| row.seat.as_ref().map_or_else(|f| f[0].to_string(), |s| s.user.as_str().to_owned())).collect();
    assert_eq!(
        told,
        [
            "ann-1",
            "r.yaml:2: the row says \"ExternalUserId\" twice",
            "r.yaml:3: the row says \"Audio\" twice",
            "r.yaml:4: the row holds a list or mapping under \"ExternalUserId\"; a single value is expected",
            "r.yaml:5: the row is a list; a row is a mapping of columns to values, or a single id",
            "r.yaml:8: the row names \"Vidoe\" under Capabilities; they are Audio, Video and Content",
            "r.yaml:10: the row holds a list or mapping under \"note\"; a single value is expected",
            "zoe-1",
        ]
    );
    let codes: Vec<_> = rows.iter().filter_map(|row| Some(row.seat.as_ref().err()?[0].rule.code())).collect();
    assert_eq!(codes, ["twice", "twice", "nested", "list", "channel", "nested"]);
}
