//! From text to records of cells, with physical lines.
//!
//! Holds [`Lexer`], a CSV reader of RFC 4180's rules with the places where files go wrong told apart: a quote that is never
//! closed, text after a closing quote, NUL, cells without end. Called by `csv` alone. It never sees a header or a meaning.
//!
//! The csv crate is not used for reading: it counts lines one too low under CRLF and not at all under lone CR, reads `"car"ol`
//! as `carol`, swallows the rest of a file after an open quote, and buffers a cell of any size.

use super::error::RosterError;
use super::options::Limits;
use std::io::{self, BufRead};

/// One record, its cells end to end.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Physical line of its first byte.
    pub line: u64,
    pub text: Vec<u8>,
    pub spans: Vec<(u32, u32)>,
    /// Cells with text after their closing quote; these stand as they are written, quotes included.
    pub after_quote: Vec<usize>,
    quoted: bool,
}

impl Record {
    fn restart(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.spans.clear();
        self.after_quote.clear();
        self.quoted = false;
    }

    /// Whether the line holds nothing but white space.
    fn is_blank(&self) -> bool {
        self.spans.len() == 1 && !self.quoted && self.text.trim_ascii().is_empty()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Before the first byte of a cell.
    Start,
    /// In a cell without quotes, or behind its closing quote.
    Plain,
    /// Between quotes.
    Quoted,
    /// Behind a quote between quotes: the closing one, or the first of two.
    Closing,
}

/// What cannot be gone on from.
enum Stop {
    Nul,
    LongCell,
    ManyCells,
}

/// Reads records.
pub(super) struct Lexer<R> {
    input: R,
    name: String,
    limits: Limits,
    scan: Scan,
}

/// The lexer without its input.
struct Scan {
    delimiter: u8,
    /// Longest cell, most cells.
    max: (usize, usize),
    state: State,
    line: u64,
    /// The last byte was a CR, so that a LF would belong to it.
    after_cr: bool,
    /// Where the cell at hand begins, in the record's text and in the file.
    cell: usize,
    cell_line: u64,
}

impl<R: BufRead> Lexer<R> {
    pub fn new(name: &str, input: R, delimiter: u8, limits: Limits) -> Self {
        let max = (limits.cell, limits.columns.saturating_mul(2));
        let scan = Scan { delimiter, max, state: State::Start, line: 1, after_cr: false, cell: 0, cell_line: 1 };
        Lexer { input, name: name.into(), limits, scan }
    }

    /// The same, told that its input begins at this line of a file.
    pub fn beginning_at(mut self, line: u64) -> Self {
        self.scan.line = line;
        self
    }

    /// The next record that is not blank, into `record`; `false` at the end.
    ///
    /// # Errors
    /// Everything of which no row can be blamed.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, RosterError> {
        record.restart(self.scan.line);
        (self.scan.cell, self.scan.cell_line) = (0, self.scan.line);
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(RosterError::Read { name: self.name.clone(), line: self.scan.line, source }),
            };
            if chunk.is_empty() {
                return self.end(record);
            }
            match self.scan.feed(chunk, record) {
                Ok((used, ended)) => {
                    self.input.consume(used);
                    if ended {
                        return Ok(true);
                    }
                }
                Err(stop) => return Err(self.stopped(&stop)),
            }
        }
    }

    /// At the end of the input: the last record may lack its line break.
    fn end(&mut self, record: &mut Record) -> Result<bool, RosterError> {
        if self.scan.state == State::Quoted {
            return Err(RosterError::Quote { name: self.name.clone(), line: self.scan.cell_line });
        }
        if self.scan.state == State::Start && record.spans.is_empty() {
            return Ok(false);
        }
        self.scan.end_cell(record).map_err(|stop| self.stopped(&stop))?;
        Ok(!record.is_blank())
    }

    fn stopped(&self, stop: &Stop) -> RosterError {
        let (name, line) = (self.name.clone(), self.scan.cell_line);
        match stop {
            Stop::Nul => RosterError::Nul { name, line: self.scan.line },
            Stop::ManyCells => RosterError::ManyCells { name, line, max: self.scan.max.1 },
            Stop::LongCell => {
                let quoted = matches!(self.scan.state, State::Quoted | State::Closing);
                RosterError::LongCell { name, line, max: self.limits.cell, quoted }
            }
        }
    }
}

impl Scan {
    /// Eats of `chunk` until the record ends; how much was eaten, and whether it did.
    fn feed(&mut self, chunk: &[u8], record: &mut Record) -> Result<(usize, bool), Stop> {
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            if std::mem::take(&mut self.after_cr) && byte == b'\n' {
                if self.state == State::Quoted {
                    record.text.push(byte);
                }
                at += 1;
                continue;
            }
            match self.state {
                State::Start if byte == b'"' => {
                    (self.state, record.quoted, self.cell_line) = (State::Quoted, true, self.line);
                    at += 1;
                }
                State::Start => (self.state, self.cell_line) = (State::Plain, self.line),
                State::Plain => {
                    at +=
                        self.take_run(&chunk[at..], record, |scan, b| b == scan.delimiter || b == b'\n' || b == b'\r' || b == 0)?;
                    let Some(&byte) = chunk.get(at) else { break };
                    at += 1;
                    if self.plain_special(byte, record)? {
                        return Ok((at, true));
                    }
                }
                State::Quoted => {
                    at += self.take_run(&chunk[at..], record, |_, b| b == b'"' || b == b'\n' || b == b'\r' || b == 0)?;
                    let Some(&byte) = chunk.get(at) else { break };
                    at += 1;
                    self.quoted_special(byte, record)?;
                }
                State::Closing => at += self.behind_quote(byte, record),
            }
        }
        Ok((at, false))
    }

    /// Moves the bytes before the first special one into the record.
    fn take_run(&self, rest: &[u8], record: &mut Record, special: impl Fn(&Scan, u8) -> bool) -> Result<usize, Stop> {
        let run = rest.iter().position(|&b| special(self, b)).unwrap_or(rest.len());
        record.text.extend_from_slice(&rest[..run]);
        if record.text.len() - self.cell > self.max.0 { Err(Stop::LongCell) } else { Ok(run) }
    }

    /// A byte that ends a cell; whether it ends the record.
    fn plain_special(&mut self, byte: u8, record: &mut Record) -> Result<bool, Stop> {
        if byte == 0 {
            return Err(Stop::Nul);
        }
        self.end_cell(record)?;
        if byte == self.delimiter {
            return Ok(false);
        }
        self.line_break(byte);
        if record.is_blank() {
            record.restart(self.line);
            self.cell = 0;
            return Ok(false);
        }
        Ok(true)
    }

    /// A byte that is not plain between quotes.
    fn quoted_special(&mut self, byte: u8, record: &mut Record) -> Result<(), Stop> {
        match byte {
            b'"' => self.state = State::Closing,
            0 => return Err(Stop::Nul),
            _ => {
                record.text.push(byte);
                self.line_break(byte);
            }
        }
        Ok(())
    }

    /// The byte behind a quote between quotes; how many bytes of it are eaten.
    fn behind_quote(&mut self, byte: u8, record: &mut Record) -> usize {
        if byte == b'"' {
            record.text.push(byte);
            self.state = State::Quoted;
            return 1;
        }
        self.state = State::Plain;
        if byte != self.delimiter && !matches!(byte, b'\n' | b'\r') {
            // Something follows the closing quote. Put the cell back as it is written; what follows is taken as it comes.
            let cell = record.text.split_off(self.cell);
            record.text.push(b'"');
            for b in cell {
                record.text.extend_from_slice(if b == b'"' { b"\"\"" } else { std::slice::from_ref(&b) });
            }
            record.text.push(b'"');
            record.after_quote.push(record.spans.len());
        }
        0
    }

    fn line_break(&mut self, byte: u8) {
        self.line += 1;
        self.after_cr = byte == b'\r';
    }

    fn end_cell(&mut self, record: &mut Record) -> Result<(), Stop> {
        if record.spans.len() >= self.max.1 {
            return Err(Stop::ManyCells);
        }
        // Bounds set by a caller may be wider than a span can tell.
        let span = |at: usize| u32::try_from(at).map_err(|_| Stop::LongCell);
        record.spans.push((span(self.cell)?, span(record.text.len())?));
        (self.cell, self.cell_line, self.state) = (record.text.len(), self.line, State::Start);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::BufReader;

    type Read = Vec<(u64, Vec<String>)>;

    fn lex(text: &[u8], buffer: usize) -> Result<Read, String> {
        let limits = Limits { cell: 1000, columns: 20, ..Limits::default() };
        let mut lexer = Lexer::new("r", BufReader::with_capacity(buffer, text), b',', limits);
        let (mut record, mut out) = (Record::default(), Vec::new());
        while lexer.read(&mut record).map_err(|error| error.to_string())? {
            let cell = |&(from, to): &(u32, u32)| String::from_utf8_lossy(&record.text[from as usize..to as usize]).into_owned();
            out.push((record.line, record.spans.iter().map(cell).collect()));
        }
        Ok(out)
    }

    fn rows(text: &str) -> Vec<(u64, String)> {
        lex(text.as_bytes(), 7).unwrap().into_iter().map(|(line, cells)| (line, cells.join("|"))).collect()
    }

    #[test]
    fn lines_under_every_line_break() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "\"x\ny\",c", "  ", "d,e"].join(end);
            // The quoted cell holds a LF of its own.
            assert_eq!(rows(&text), [(1, "a|b".into()), (3, "x\ny|c".into()), (6, "d|e".into())], "{end:?}");
        }
        assert_eq!(rows("\"a\r\nb\",c\r\nd,e"), [(1, "a\r\nb|c".into()), (3, "d|e".into())]);
        assert_eq!(rows("\"a\rb\"\rc"), [(1, "a\rb".into()), (3, "c".into())]);
    }

    #[test]
    fn quotes() {
        assert_eq!(rows("\"a\"\"b\",\"\"\n\"\",\"c,d\""), [(1, "a\"b|".into()), (2, "|c,d".into())]);
        assert_eq!(rows("ca\"rol,x"), [(1, "ca\"rol|x".into())]);
        assert_eq!(rows("\"car\"ol,x\n\"a\"\"b\"c"), [(1, "\"car\"ol|x".into()), (2, "\"a\"\"b\"c".into())]);
        assert_eq!(rows("a,\n,\n\"\"\n"), [(1, "a|".into()), (2, "|".into()), (3, "".into())]);
        assert_eq!(rows(" \"a\",b"), [(1, " \"a\"|b".into())]);
    }

    #[test]
    fn what_cannot_be_read_on() {
        let says = |text: &[u8]| lex(text, 8).unwrap_err();
        assert_eq!(
            says(b"a,b\nc,\"d\ne\nf"),
            "r:2: the quote opened here is never closed; it would swallow the rest of the file"
        );
        assert_eq!(says(b"a\nb\0\n"), "r:2: holds a NUL byte");
        assert_eq!(says(b"a\n\"b\n\0\"\n"), "r:3: holds a NUL byte");
        let long = [b"a\nb,".as_slice(), &vec![b'x'; 1001]].concat();
        assert_eq!(says(&long), "r:2: a cell that begins here has more than 1000 bytes");
        assert_eq!(says(&[b','; 40]), "r:1: has more than 40 cells");
        assert!(lex(&[b','; 39], 8).is_ok());
    }

    proptest! {
        #[test]
        fn buffers_do_not_matter(text in "[ab,\"\r\n ]{0,60}", buffer in 1usize..9) {
            prop_assert_eq!(lex(text.as_bytes(), buffer), lex(text.as_bytes(), 4096));
        }

        #[test]
        fn quoted_cells_round_trip(cells in proptest::collection::vec(proptest::collection::vec("[ab,\"\r\n ;é]{0,6}", 1..5), 1..6)) {
            let quote = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let text: Vec<String> = cells.iter().map(|row| row.iter().map(quote).collect::<Vec<_>>().join(",")).collect();
            let read: Vec<_> = lex(text.join("\n").as_bytes(), 16).unwrap().into_iter().map(|(_, cells)| cells).collect();
            prop_assert_eq!(read, cells);
        }
    }
}
