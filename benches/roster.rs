//! What reading and checking a million rows costs. `cargo bench --bench roster`

use divan::Bencher;
use headcount::roster::{self, options::Format, options::Options};
use std::io::{Cursor, Read};

fn main() {
    divan::main();
}

const ROWS: usize = 1_000_000;

fn row(n: usize) -> String {
    format!("Zoë Müller {n},{n:08x}-0000-4000-8000-000000000000,Receive,Receive,None,team {}\n", n % 40)
}

fn csv() -> Vec<u8> {
    let mut text = String::from("ExternalUserId,MeetingId,Audio,Video,Content,team\n");
    (0..ROWS).for_each(|n| text.push_str(&row(n)));
    text.into_bytes()
}

fn count(name: &str, bytes: &[u8]) -> usize {
    let input: Box<dyn Read + Send> = Box::new(Cursor::new(bytes.to_vec()));
    let roster = roster::open(name, input, Format::Auto, &Options::default()).expect("a roster");
    roster.filter(|row| row.as_ref().is_ok_and(|row| row.seat.is_ok())).count()
}

#[divan::bench(sample_count = 5)]
fn a_million_rows_of_csv(bencher: Bencher) {
    let bytes = csv();
    bencher.bench(|| assert_eq!(count("r.csv", &bytes), ROWS));
}

#[divan::bench(sample_count = 5)]
fn a_hundred_thousand_rows_of_yaml(bencher: Bencher) {
    let text: String = (0..ROWS / 10)
        .map(|n| format!("- ExternalUserId: Zoë Müller {n}\n  MeetingId: {n:08x}-0000-4000-8000-000000000000\n  Audio: Receive\n  Video: Receive\n  Content: None\n"))
        .collect();
    bencher.bench(|| assert_eq!(count("r.yaml", text.as_bytes()), ROWS / 10));
}
