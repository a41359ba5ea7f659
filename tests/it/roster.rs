//! Rosters as they come: nasty ones with exact results, any bytes at all, and the texts of every fault.

mod corpus;
mod jsonl;
mod made;
mod preamble;
mod properties;
mod refusals;
mod workbook;

use headcount::roster::options::{Format, Options};
use headcount::roster::row::Row;
use headcount::roster::{self, Roster};
use std::io::Cursor;

pub const M1: &str = "11111111-2222-3333-4444-555555555555";
pub const M2: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

/// Opens bytes as a file of this name.
pub fn open(name: &str, bytes: &[u8], options: &Options) -> Result<Roster, String> {
    roster::open(name, Box::new(Cursor::new(bytes.to_vec())), Format::Auto, options)
        .map_err(|error| format!("{error}\nhint: {}", error.hint()))
}

/// All rows, and the error that ends them, if one does.
pub fn read(name: &str, bytes: &[u8], options: &Options) -> (Vec<Row>, Option<String>) {
    let (mut rows, mut error) = (Vec::new(), None);
    match open(name, bytes, options) {
        Err(refused) => error = Some(refused),
        Ok(roster) => {
            for row in roster {
                match row {
                    Ok(row) => rows.push(row),
                    Err(broken) => error = Some(format!("{broken}\nhint: {}", broken.hint())),
                }
            }
        }
    }
    (rows, error)
}
