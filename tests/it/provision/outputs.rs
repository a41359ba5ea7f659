//! What a run has published, read back and held against the roster and the service's own memory.
//!
//! Holds [`Outputs`] and [`Outputs::check`], the invariants I1 to I7 of the fault table. Called after every run.

use super::world::{Issued, Key};
use headcount::chime::id::MeetingId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A row by its columns' names.
pub type Row = BTreeMap<String, String>;

/// Both files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    pub tokens: Vec<Row>,
    pub rejects: Vec<Row>,
}

/// Reads a CSV text into rows.
pub fn rows(text: &str) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let named = |record: csv::StringRecord| heads.iter().zip(record.iter()).map(|(h, c)| (h.to_owned(), c.to_owned())).collect();
    reader.records().map(|record| named(record.unwrap())).collect()
}

impl Outputs {
    /// Reads `tokens.csv` and `rejects.csv` in a directory.
    pub fn read(dir: &Path) -> Outputs {
        let read = |name: &str| {
            let path = dir.join(name);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "I6: {name} is private");
            rows(&std::fs::read_to_string(path).unwrap())
        };
        let left: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert!(!left.iter().any(|name| name.ends_with(".tmp")), "I6: nothing half written stays: {left:?}");
        Outputs { tokens: read("tokens.csv"), rejects: read("rejects.csv") }
    }

    /// Holds them to the invariants. `roster` is the one of this run, `ever` all that was ever asked for, `done` whether the run
    /// said that everything is there.
    pub fn check(&self, roster: &[Row], ever: &BTreeSet<Key>, issued: &HashMap<Key, Issued>, done: bool) {
        let mut owner: HashMap<&str, Key> = HashMap::new();
        let mut firsts = BTreeSet::new();
        for row in &self.tokens {
            let key: Key = (row["MeetingId"].clone(), row["ExternalUserId"].clone());
            let truth = issued.get(&key).unwrap_or_else(|| panic!("I1: nothing was ever issued for {key:?}"));
            assert_eq!((&row["AttendeeId"], &row["JoinToken"]), (&truth.attendee, &truth.token), "I1: {key:?}");
            if row["Status"] != "duplicate" {
                assert!(firsts.insert(key.clone()), "I2: {key:?} stands twice");
            }
            let folded = (key.0, key.1.to_lowercase());
            let other = owner.insert(&row["AttendeeId"], folded.clone());
            assert!(other.is_none_or(|other| other == folded), "I4: {} has two owners", row["AttendeeId"]);
        }
        let numbered = |rows: &[Row]| rows.iter().map(|row| row["n"].clone()).collect::<Vec<_>>();
        let mut together = numbered(&self.tokens);
        assert!(together.is_sorted_by_key(|n| n.parse::<u64>().unwrap()), "tokens stand in roster order");
        together.extend(numbered(&self.rejects));
        together.sort();
        let mut all = numbered(roster);
        all.sort();
        assert_eq!(together, all, "I3: tokens and rejects partition the roster");
        for row in self.tokens.iter().chain(&self.rejects) {
            let asked = roster.iter().find(|asked| asked["n"] == row["n"]).unwrap();
            assert_eq!(row["ExternalUserId"].to_lowercase(), asked["ExternalUserId"].to_lowercase(), "I3: row {}", row["n"]);
        }
        for key in issued.keys() {
            let somewhere = (String::new(), key.1.clone());
            assert!(ever.contains(key) || ever.contains(&somewhere), "I5: {key:?} is on no roster");
        }
        assert_eq!(done, self.rejects.is_empty(), "I7: done means all");
    }

    /// The rejects' reasons: how many of each (status, code).
    pub fn reasons(&self) -> BTreeMap<(String, String), usize> {
        let mut reasons = BTreeMap::new();
        for row in &self.rejects {
            *reasons.entry((row["headcount.status"].clone(), row["headcount.code"].clone())).or_default() += 1;
        }
        reasons
    }
}

/// The seats of a roster.
pub fn keys(roster: &[Row]) -> BTreeSet<Key> {
    // In a meeting made for them, somebody may be anywhere.
    let id = |row: &Row| {
        row.get("MeetingId").filter(|id| MeetingId::parse(id).is_some()).map_or(String::new(), |id| id.to_lowercase())
    };
    roster.iter().map(|row| (id(row), row["ExternalUserId"].clone())).collect()
}
