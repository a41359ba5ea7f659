//! What writing down costs: taking a roster in, committing outcomes, reading a run back.
//!
//! `cargo bench --bench ledger`. Figures are of 100,000 rows a sample; divide. The disk is the machine's own.

use divan::{Bencher, black_box};
use headcount::call::{Attendee, Seat};
use headcount::chime::id::{AttendeeId, ExternalUserId, JoinToken, MeetingId};
use headcount::ledger::load::{NewRow, Rules};
use headcount::ledger::schema::{Ledger, LedgerError};
use headcount::ledger::seating::Seating;
use headcount::ledger::store::{Batch, Settlement, Written};

fn main() {
    divan::main();
}

const ROWS: u64 = 100_000;

fn seats() -> Vec<Seat> {
    (0..ROWS)
        .map(|i| Seat {
            meeting: MeetingId::parse(&format!("{:08x}-1111-4222-8333-444444444444", i % 400)).expect("a GUID"),
            // Spread over the key space, as addresses are: keys in order would flatter the index.
            user: ExternalUserId::parse(&format!("{:016x}@example.com", i.wrapping_mul(0x9E37_79B9_7F4A_7C15))).expect("an id"),
            capabilities: None,
        })
        .collect()
}

fn load(ledger: &mut Ledger, seats: &[Seat]) {
    let fill = |loader: &mut headcount::ledger::load::Loader<'_>| {
        let file = loader.file("bench.csv")?;
        for (line, seat) in seats.iter().enumerate() {
            loader.row(&NewRow {
                file,
                line: line as u64 + 2,
                seat: Ok(seat),
                session: None,
                cells: r#"["Zoë","a@example.com"]"#,
            })?;
        }
        loader.layout(file, "{}")?;
        Ok::<_, LedgerError>("print".to_owned())
    };
    ledger.load(fill, Rules::default()).expect("loaded");
}

fn outcomes(seats: &[Seat]) -> Vec<Settlement> {
    let end = |i: usize, seat: &Seat| Attendee {
        id: AttendeeId::parse(&format!("{i:08x}-aaaa-8024-bbbb-cccccccccccc")).expect("a GUID"),
        user: seat.user.clone(),
        token: JoinToken::parse(&"A".repeat(98)).expect("a token"),
        capabilities: None,
    };
    let settle = |(i, seat): (usize, &Seat)| Settlement {
        seat: i as i64 + 1,
        asked: seat.clone(),
        end: Written::Settled(end(i, seat)),
        attempts: 1,
    };
    seats.iter().enumerate().map(settle).collect()
}

fn fresh() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().expect("a directory");
    let ledger = Ledger::open(&dir.path().join("ledger.sqlite")).expect("a ledger");
    (dir, ledger)
}

#[divan::bench(sample_count = 5)]
fn take_in_100k_rows(bencher: Bencher<'_, '_>) {
    let seats = seats();
    bencher.with_inputs(fresh).bench_local_values(|(dir, mut ledger)| {
        load(&mut ledger, &seats);
        (dir, ledger)
    });
}

#[divan::bench(sample_count = 5)]
fn commit_100k_outcomes(bencher: Bencher<'_, '_>) {
    let seats = seats();
    let outcomes = outcomes(&seats);
    let prepared = || {
        let (dir, mut ledger) = fresh();
        load(&mut ledger, &seats);
        (dir, ledger)
    };
    bencher.with_inputs(prepared).bench_local_values(|(dir, mut ledger)| {
        for batch in outcomes.chunks(500) {
            ledger.settle(&Batch { seats: batch.iter().collect(), ..Batch::default() }, &Seating::default()).expect("committed");
        }
        (dir, ledger)
    });
}

#[divan::bench(sample_count = 5)]
fn verify_and_read_back_100k_rows(bencher: Bencher<'_, '_>) {
    let seats = seats();
    let (_dir, mut ledger) = fresh();
    load(&mut ledger, &seats);
    for batch in outcomes(&seats).chunks(500) {
        ledger.settle(&Batch { seats: batch.iter().collect(), ..Batch::default() }, &Seating::default()).expect("committed");
    }
    bencher.bench_local(|| {
        assert_eq!(
            ledger
                .verify(|attendee, _| {
                    black_box(attendee.len());
                })
                .expect("verified"),
            0
        );
        ledger.counts().expect("counted")
    });
}
