//! Every way a roster is refused whole, word for word.

use super::{M1, read};
use headcount::roster::options::{Options, parse_map, parse_meeting_id};

#[test]
fn every_refusal_says_what_was_seen_and_what_to_do() {
    let long = format!("ExternalUserId\n{}\n", "x".repeat(70_000));
    let open_quote = format!("ExternalUserId\nbob\n\"{}\n", "ann\n".repeat(20_000));
    let wide = ",".repeat(300);
    let many = format!("ExternalUserId,{wide}\nbob\n");
    let bytes = |text: &str| text.as_bytes().to_vec();
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain("E\u{0}x".bytes()).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty.csv", vec![]),
        ("header.csv", bytes("ExternalUserId,MeetingId\r\n")),
        ("nobody.yaml", bytes("attendees: []\n")),
        ("book.csv", bytes("PK\x03\x04")),
        ("old.csv", b"\xd0\xcf\x11\xe0\xa1\xb1".to_vec()),
        ("paper.csv", bytes("%PDF-1.7")),
        ("packed.csv", b"\x28\xb5\x2f\xfd".to_vec()),
        ("wide.csv", b"E\0x\0t\0e\0".to_vec()),
        ("half.csv", utf16),
        ("latin1.csv", b"ExternalUserId\r\nAnn Lee\r\nZo\xeb \xc5ngstr\xf6m\r\n".to_vec()),
        ("nul.csv", bytes("ExternalUserId\nbob\nan\0n\n")),
        ("quote.csv", bytes("ExternalUserId\nbob\n\"ann\nzoe\n")),
        ("quote-far.csv", open_quote.into_bytes()),
        ("long.csv", long.into_bytes()),
        ("columns.csv", many.into_bytes()),
        ("names.csv", bytes("Name,E-Mail\nBob,bob@example.com\n")),
        ("near.csv", bytes("External User,Meeting\nbob,x\n")),
        ("headless.csv", bytes("bob@example.com,11111111-2222-3333-4444-555555555555\n")),
        ("twice.csv", bytes("ExternalUserId,note,external-user-id\na1,,b1\n")),
        ("\u{1b}[31m.csv", bytes("\u{202e}evil\u{1b}[2J,b\nx,y\n")),
        ("tag.yaml", bytes("- ExternalUserId: bob\n- ExternalUserId: !!binary Ym9i\n")),
        ("twice.yaml", bytes("- ExternalUserId: bob\n  Audio: Send\n  ExternalUserId: ann\n")),
        ("documents.yaml", bytes("- bob\n---\n- ann\n")),
        ("merge.yaml", bytes("- &a {ExternalUserId: bob}\n- {<<: *a}\n")),
        ("nested.yaml", bytes("defaults:\n  Audio: {first: Send}\nattendees:\n  - bob\n")),
        ("key.yaml", bytes("atendees:\n  - bob\n")),
        ("syntax.yaml", bytes("attendees:\n  - {ExternalUserId: bob\n  - {ExternalUserId: ann}\n")),
        ("deep.yaml", bytes(&"[".repeat(100_000))),
    ];
    let options = Options { meeting_id: Some(parse_meeting_id(M1).unwrap()), ..Options::default() };
    let mut said = String::new();
    for (name, bytes) in cases {
        let (_, error) = read(name, &bytes, &options);
        said.push_str(&error.unwrap_or_else(|| panic!("{name} was read")));
        said.push_str("\n\n");
    }
    let (_, error) = read("meeting.csv", b"ExternalUserId,Meeting\nbob,x\n", &Options::default());
    said.push_str(&error.unwrap());
    let map = vec![parse_map("MeetingId=room").unwrap()];
    let (_, error) = read("map.csv", b"ExternalUserId,Rooms\nbob,x\n", &Options { map, ..options });
    said.push_str(&format!("\n\n{}\n", error.unwrap()));
    insta::assert_snapshot!(said);
}
