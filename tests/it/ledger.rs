//! The ledger against a plain model: duplicates, conflicts, ids equal but for case, resume over edited rosters.
//!
//! Holds property tests. The model compares rows in memory, one by one; the ledger has SQLite do it.

use headcount::call::{Attendee, Fault, Seat};
use headcount::chime::capability::Capabilities;
use headcount::chime::class::Class;
use headcount::chime::id::{AttendeeId, ExternalUserId, JoinToken, MeetingId};
use headcount::ledger::export::{Counts, Ended};
use headcount::ledger::load::{Fold, NewRow, OnConflict, Rules};
use headcount::ledger::schema::{Ledger, LedgerError};
use headcount::ledger::seating::Seating;
use headcount::ledger::store::{After, Batch, Replay, Settlement, State, Turn, Written};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A row of the model: meeting, user, capabilities by code; `None` is a faulty row.
type ModelRow = Option<Asks<'static>>;
/// What a good row asks for.
type Asks<'a> = (u8, &'a str, Option<u8>);
/// What identifies a seat.
type Key = (String, String);

const USERS: [&str; 7] = ["ann", "Ann", "ANN", "bob", "Bob", "Élodie", "élodie"];

fn seat(row: Asks<'_>) -> Seat {
    let meeting = MeetingId::parse(&format!("0000000{}-1111-4222-8333-444444444444", row.0)).unwrap();
    Seat { meeting, user: ExternalUserId::parse(row.1).unwrap(), capabilities: row.2.and_then(Capabilities::from_code) }
}

fn rows() -> impl Strategy<Value = Vec<ModelRow>> {
    let good = (0u8..2, prop::sample::select(USERS.to_vec()), prop::option::weighted(0.4, prop::sample::select(vec![0u8, 21])));
    prop::collection::vec(prop::option::weighted(0.9, good), 0..24)
}

fn rules() -> impl Strategy<Value = Rules> {
    let on_conflict = prop::sample::select(vec![OnConflict::Reject, OnConflict::First, OnConflict::Last]);
    (on_conflict, prop::sample::select(vec![Fold::Exact, Fold::Case])).prop_map(|(on_conflict, fold)| Rules {
        on_conflict,
        fold,
        seating: None,
    })
}

fn load(ledger: &mut Ledger, rows: &[ModelRow], rules: Rules) {
    let fill = |loader: &mut headcount::ledger::load::Loader<'_>| {
        let file = loader.file("model.csv")?;
        for (i, row) in rows.iter().enumerate() {
            let seat = row.map(seat);
            let seat = seat.as_ref().ok_or(("code", "reason"));
            loader.row(&NewRow { file, line: i as u64 + 2, seat, session: None, cells: "[]" })?;
        }
        loader.layout(file, r#"{"columns":[],"fields":[null,null,null,null,null],"defaults":[null,null,null,null,null]}"#)?;
        Ok::<_, LedgerError>(format!("{rows:?}{rules:?}"))
    };
    ledger.load(fill, rules).unwrap();
}

/// What the rows should come to: for each row `None` (rejected) or its seat and whether it is the first to ask for it.
fn model(rows: &[ModelRow], rules: Rules) -> Vec<Option<(Key, Option<u8>, bool)>> {
    let folded = |row: &Asks<'_>| (row.0, row.1.to_lowercase());
    let mut groups: BTreeMap<(u8, String), Vec<Asks<'_>>> = BTreeMap::new();
    for row in rows.iter().flatten() {
        groups.entry(folded(row)).or_default().push(*row);
    }
    let mut seen = BTreeSet::new();
    rows.iter()
        .map(|row| {
            let row = (*row)?;
            let group = &groups[&folded(&row)];
            let conflict = group.iter().any(|other| other.2 != group[0].2);
            let caps = match rules.on_conflict {
                OnConflict::Reject if conflict => return None,
                OnConflict::Last if conflict => group[group.len() - 1].2,
                _ if conflict => group[0].2,
                _ => row.2,
            };
            let user = if rules.fold == Fold::Case { group[0].1 } else { row.1 };
            let key = (seat((row.0, user, None)).meeting.to_string(), user.to_owned());
            Some((key.clone(), caps, seen.insert(key)))
        })
        .collect()
}

fn pending(ledger: &Ledger, replay: Replay) -> Vec<(Key, Option<u8>, i64)> {
    let page = ledger.pending(After::default(), i64::MAX, 1000, replay, Turn::Roster).unwrap();
    page.iter()
        .map(|p| {
            (
                (p.asked.meeting.to_string(), p.asked.user.as_str().to_owned()),
                p.asked.capabilities.map(Capabilities::code),
                p.seat,
            )
        })
        .collect()
}

fn settled(ledger: &Ledger, seat: i64, ok: bool) -> Settlement {
    let asked = ledger
        .pending(After::default(), i64::MAX, 1000, Replay::All, Turn::Meeting)
        .unwrap()
        .into_iter()
        .find(|p| p.seat == seat)
        .unwrap()
        .asked;
    let attendee = Attendee {
        id: AttendeeId::parse(&format!("{seat:08x}-1111-8024-8333-444444444444")).unwrap(),
        user: asked.user.clone(),
        token: JoinToken::parse(&format!("token{seat}")).unwrap(),
        capabilities: asked.capabilities,
    };
    let end =
        if ok { Written::Settled(attendee) } else { Written::Not(State::Refused, Fault::ours(Class::BadRequest, "No", "no")) };
    Settlement { seat, asked, end, attempts: 1 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn rows_become_seats_as_the_model_says(rows in rows(), rules in rules()) {
        let mut ledger = Ledger::open(Path::new(":memory:")).unwrap();
        load(&mut ledger, &rows, rules);
        ledger.begin(0, 0).unwrap();
        let model = model(&rows, rules);
        let firsts: Vec<_> = model.iter().flatten().filter(|(_, _, first)| *first).map(|(key, caps, _)| (key.clone(), *caps)).collect();
        let asked: Vec<_> = pending(&ledger, Replay::Resume).into_iter().map(|(key, caps, _)| (key, caps)).collect();
        prop_assert_eq!(asked, firsts);
        let (all, rejected) = ledger.rows().unwrap();
        prop_assert_eq!((all, rejected), (rows.len() as u64, model.iter().filter(|row| row.is_none()).count() as u64));
    }

    /// Settle some, refuse some, edit the roster, load it again: what is settled stays settled, by content, and every row of the
    /// new roster has exactly one end.
    #[test]
    fn an_edited_roster_finds_its_seats_again(before in rows(), after in rows(), rules in rules(), fate in prop::collection::vec(0u8..3, 24)) {
        let mut ledger = Ledger::open(Path::new(":memory:")).unwrap();
        load(&mut ledger, &before, rules);
        ledger.begin(0, 0).unwrap();
        let mut known = BTreeMap::new();
        for ((key, caps, seat), fate) in pending(&ledger, Replay::Resume).into_iter().zip(&fate) {
            if *fate > 0 {
                let settlement = settled(&ledger, seat, *fate == 1);
                ledger.settle(&Batch { seats: vec![&settlement], ..Batch::default() }, &Seating::default()).unwrap();
                known.insert(key, (*fate == 1, caps));
            }
        }
        load(&mut ledger, &after, rules);
        prop_assert_eq!(ledger.verify(|_, _| {}).unwrap(), 0);
        ledger.begin(1, 0).unwrap();

        let model = model(&after, rules);
        let open = |replay: Replay| -> Vec<Key> {
            let wanted = |key: &Key, caps: &Option<u8>| match (known.get(key), replay) {
                (None, _) | (_, Replay::All) => true,
                (Some((true, _)), _) => false,
                (Some((false, asked)), Replay::Resume) => asked != caps,
                (Some((false, _)), Replay::Retry) => true,
            };
            model.iter().flatten().filter(|(key, caps, first)| *first && wanted(key, caps)).map(|(key, _, _)| key.clone()).collect()
        };
        for replay in [Replay::Resume, Replay::Retry, Replay::All] {
            let asked: Vec<Key> = pending(&ledger, replay).into_iter().map(|(key, _, _)| key).collect();
            prop_assert_eq!(asked.len() as u64, ledger.open_seats(i64::MAX, replay).unwrap());
            prop_assert_eq!(asked, open(replay));
        }
        let mut counts = Counts::default();
        let mut with_token = Vec::new();
        ledger.each_row(|row| {
            counts.add(&row.end);
            if let Ended::Provisioned { meeting, user, .. } = row.end {
                with_token.push((meeting.to_owned(), user.to_owned()));
            }
            Ok::<(), LedgerError>(())
        }).unwrap();
        prop_assert!(counts.law_holds() && counts.rows == after.len() as u64);
        let expected: Vec<Key> = model.iter().flatten().map(|(key, _, _)| key.clone()).filter(|key| known.get(key).is_some_and(|k| k.0)).collect();
        prop_assert_eq!(with_token, expected);
    }

    /// A changed byte anywhere in an outcome is noticed.
    #[test]
    fn damage_is_noticed(column in prop::sample::select(vec!["attendee", "token", "granted", "state", "asked", "sum"]), swap in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.sqlite");
        let mut ledger = Ledger::open(&path).unwrap();
        load(&mut ledger, &[Some((0, "ann", Some(0))), Some((0, "bob", Some(21)))], Rules::default());
        ledger.begin(0, 0).unwrap();
        for seat in [1, 2] {
            let settlement = settled(&ledger, seat, true);
            ledger.settle(&Batch { seats: vec![&settlement], ..Batch::default() }, &Seating::default()).unwrap();
        }
        drop(ledger);
        let db = rusqlite::Connection::open(&path).unwrap();
        let damage = if swap {
            "UPDATE outcome SET seat=-seat; UPDATE outcome SET seat=3+seat".to_owned()
        } else if column == "token" || column == "attendee" {
            format!("UPDATE outcome SET {column}=replace({column}, '1', '2') || 'x' WHERE seat=1")
        } else {
            format!("UPDATE outcome SET {column}={column}+1 WHERE seat=1")
        };
        db.execute_batch(&damage).unwrap();
        drop(db);
        let mut ledger = Ledger::open(&path).unwrap();
        prop_assert_eq!(ledger.verify(|_, _| {}).unwrap(), if swap { 2 } else { 1 });
    }
}
