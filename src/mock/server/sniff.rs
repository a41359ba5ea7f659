//! What a parser forgives and a mock must not: two ideas of where a body ends.
//!
//! Holds [`Sniffer`], which reads along with hyper and knows, of HTTP/1, where heads begin and end. hyper follows RFC 9112 and
//! quietly drops a `Content-Length` beside a `Transfer-Encoding`, and the second of two equal lengths; such a request is either
//! an attack or a bug, and whoever tests against a mock wants to be told. It never sees a body and decides nothing.

/// Bytes of a line that are kept while the rest of it is awaited; names and lengths are shorter.
const LINE_AT_MOST: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a head; whether any line of it has been seen.
    Head,
    /// In a body, with so many bytes to come.
    Body(u64),
    /// Where heads can no longer be told: HTTP/2, or behind a chunked body. The connection must not be used again for HTTP/1.
    Beyond,
}

/// What was found in the heads so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Findings {
    /// A request said twice, or in two ways, where its body ends.
    pub smuggled: bool,
    /// A request had a chunked body: the connection must close behind its answer.
    pub chunked: bool,
    /// A head has begun and is not whole.
    pub within_head: bool,
}

/// Reads along.
#[derive(Debug)]
pub struct Sniffer {
    place: Place,
    line: Vec<u8>,
    lines: u32,
    lengths: u32,
    length: u64,
    encoded: bool,
    findings: Findings,
}

impl Default for Sniffer {
    fn default() -> Self {
        Sniffer {
            place: Place::Head,
            line: Vec::new(),
            lines: 0,
            lengths: 0,
            length: 0,
            encoded: false,
            findings: Findings::default(),
        }
    }
}

impl Sniffer {
    /// Takes note of bytes that have arrived, and says what has been found so far.
    pub fn read(&mut self, mut bytes: &[u8]) -> Findings {
        while !bytes.is_empty() {
            match self.place {
                Place::Beyond => break,
                Place::Body(left) => {
                    let here = left.min(bytes.len() as u64);
                    bytes = &bytes[here as usize..];
                    self.place = if here == left { Place::Head } else { Place::Body(left - here) };
                }
                Place::Head => bytes = self.head(bytes),
            }
        }
        self.findings.within_head = self.place == Place::Head && (self.lines > 0 || !self.line.is_empty());
        self.findings
    }

    /// Reads one line, or what there is of it; returns the rest.
    fn head<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.keep(bytes);
            return &[];
        };
        if self.line.is_empty() {
            self.line_ended(&bytes[..end]);
        } else {
            self.keep(&bytes[..end]);
            let line = std::mem::take(&mut self.line);
            self.line_ended(&line);
        }
        &bytes[end + 1..]
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LINE_AT_MOST.saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn line_ended(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            // Empty lines before a request are allowed and mean nothing.
            if self.lines > 0 {
                self.head_ended();
            }
            return;
        }
        self.lines += 1;
        if self.lines == 1 && line.starts_with(b"PRI * HTTP/2") {
            self.place = Place::Beyond;
        }
        let Some(value) = header(line, b"content-length:") else {
            self.encoded |= header(line, b"transfer-encoding:").is_some();
            return;
        };
        self.lengths += if value.contains(&b',') { 2 } else { 1 };
        self.length = std::str::from_utf8(value).ok().and_then(|v| v.trim().parse().ok()).unwrap_or(0);
    }

    fn head_ended(&mut self) {
        self.findings.smuggled |= self.lengths > 1 || (self.encoded && self.lengths > 0);
        self.findings.chunked |= self.encoded;
        self.place = match (self.encoded || self.findings.smuggled, self.length) {
            (true, _) => Place::Beyond,
            (false, 0) => Place::Head,
            (false, length) => Place::Body(length),
        };
        (self.lines, self.lengths, self.length, self.encoded) = (0, 0, 0, false);
    }
}

/// The value of a header line of this name (in lower case, with its colon).
fn header<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, value) = line.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Findings {
        Sniffer::default().read(text.as_bytes())
    }

    #[test]
    fn two_ideas_of_where_a_body_ends() {
        assert!(found("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n").smuggled);
        assert!(found("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n").smuggled);
        assert!(found("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n").smuggled);
        assert!(found("POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\n").smuggled);
        let second =
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n";
        assert!(found(second).smuggled);
        let body = "POST / HTTP/1.1\r\nContent-Length: 38\r\n\r\nTransfer-Encoding: x\r\nContent-Length:1";
        assert_eq!(found(body), Findings::default());
        assert!(found("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").chunked);
        assert!(found("GET / HTTP/1.1\r\nHost").within_head && !found("").within_head && !found("\r\n").within_head);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(cuts in prop::collection::vec(1usize..20, 0..20), lengths in prop::collection::vec(0usize..30, 1..4)) {
            let text: String = lengths.iter().map(|n| format!("POST / HTTP/1.1\r\ncontent-length: {n}\r\n\r\n{}", "\n".repeat(*n))).collect();
            let (mut sniffer, mut rest) = (Sniffer::default(), text.as_bytes());
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                sniffer.read(now);
                rest = later;
            }
            prop_assert_eq!(sniffer.read(rest), Findings::default());
        }
    }
}
