//! `counts.csv`: of each second what no histogram holds, by stage and call.
//!
//! Holds [`HEAD`], [`lines`] and [`read`]. Written for each second of a load run, read back by a merge: with these and the parts of `latency.hlog` a second is
//! known as the run itself knew it. It never sees a latency.

use super::cells::Cells;
use super::seconds::LONGEST;
use crate::chime::operation::Operation;

/// The head of the file.
pub const HEAD: &str = "second,stage,call,planned,dropped,retried";

/// What became of the calls of a stage and kind in a second, beside those that were measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Whole seconds from the start.
    pub at: u64,
    /// The stage in which they were due.
    pub stage: String,
    /// Which call.
    pub operation: Operation,
    /// How many became due.
    pub planned: u64,
    /// How many were not sent.
    pub dropped: u64,
    /// Of those that ended, how many are asked again.
    pub retried: u64,
}

/// The lines of a second, without the second itself.
pub fn lines(cells: &Cells, stages: &[String]) -> Vec<String> {
    let line = |((stage, operation), [planned, dropped, retried]): ((u16, Operation), [u64; 3])| {
        let stage = stages.get(usize::from(stage)).map_or("", String::as_str);
        format!("{stage},{operation},{planned},{dropped},{retried}")
    };
    cells.unmeasured().into_iter().map(line).collect()
}

/// Reads them, in the order of their seconds, and how many lines could not be read.
///
/// # Errors
/// It is no such file.
pub fn read(bytes: &[u8]) -> Result<(Vec<Count>, u64), String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let heads = reader.headers().map_err(|e| e.to_string())?.clone();
    let mut columns = [0; 6];
    for (place, name) in columns.iter_mut().zip(HEAD.split(',')) {
        *place = heads.iter().position(|head| head == name).ok_or_else(|| format!("it has no column {name}"))?;
    }
    let [second, stage, call, planned, dropped, retried] = columns;
    let (mut counts, mut torn) = (Vec::new(), 0);
    for record in reader.records() {
        let count = record.ok().filter(|record| record.len() == heads.len()).and_then(|record| {
            let number = |column: usize| record.get(column)?.parse::<u64>().ok();
            Some(Count {
                at: number(second).filter(|at| *at <= LONGEST)?,
                stage: record.get(stage)?.to_owned(),
                operation: Operation::from_name(record.get(call)?)?,
                planned: number(planned)?,
                dropped: number(dropped)?,
                retried: number(retried)?,
            })
        });
        match count {
            Some(count) => counts.push(count),
            None => torn += 1,
        }
    }
    counts.sort_by_key(|count| count.at);
    Ok((counts, torn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_torn_line_costs_itself_alone() {
        let mut cells = Cells::default();
        cells.add_planned(1, Operation::CreateAttendee, 5);
        cells.drop_one(0, Operation::GetAttendee);
        let names = ["warm-up".to_owned(), "hold".to_owned()];
        let written = lines(&cells, &names);
        assert_eq!(written, ["warm-up,get-attendee,0,1,0", "hold,create-attendee,5,0,0"]);
        let file = format!("{HEAD}\n7,{}\n3,{}\n8,hold,create-att", written[0], written[1]);
        let (counts, torn) = read(file.as_bytes()).unwrap();
        let told: Vec<_> = counts.iter().map(|count| (count.at, count.stage.as_str(), count.planned, count.dropped)).collect();
        assert_eq!((told, torn), (vec![(3, "hold", 5, 0), (7, "warm-up", 0, 1)], 1));
        assert!(read(b"second,sent\n1,2\n").unwrap_err().contains("no column stage"));
    }
}
