//! From bytes to UTF-8 text, or to a clear word on why not.
//!
//! Holds [`unpack`], gzip by its magic with a cap on what it inflates to, and [`text`]: byte order marks, UTF-16, and the look of
//! files that are no rosters. Called by `roster::open` alone. It never sees lines or cells, and holds a buffer of 64 KiB at a time.

use super::error::RosterError;
use super::options::Limits;
use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};
use std::fmt;
use std::io::{self, Cursor, Read};

/// How a text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without a mark.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Marked,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf8Marked => "UTF-8 with a byte order mark",
            Encoding::Utf16Le => "UTF-16LE",
            Encoding::Utf16Be => "UTF-16BE",
        })
    }
}

/// A file without its compression.
pub(super) struct Unpacked {
    /// Its beginning.
    pub head: Vec<u8>,
    /// What follows.
    rest: Box<dyn Read + Send>,
    pub gzip: bool,
}

impl Unpacked {
    /// All of it.
    #[cfg(feature = "xlsx")]
    pub fn whole(self) -> Box<dyn Read + Send> {
        Box::new(Cursor::new(self.head).chain(self.rest))
    }
}

/// A text, as far as it is known.
pub(super) struct Decoded {
    /// All of it, as UTF-8 unless it claimed to be and is not.
    pub text: Box<dyn Read + Send>,
    /// Its beginning, for sniffing.
    pub head: Vec<u8>,
    pub encoding: Encoding,
}

/// Bytes looked at before anything is believed.
const HEAD: u64 = 64 << 10;
const GZIP: &[u8] = &[0x1f, 0x8b];
/// How zip files begin, workbooks among them.
pub(super) const ZIP: &[u8] = b"PK\x03\x04";

/// Takes off gzip, if there is any.
pub(super) fn unpack(name: &str, mut input: Box<dyn Read + Send>, limits: &Limits) -> Result<Unpacked, RosterError> {
    let failed = |source| RosterError::Read { name: name.into(), line: 1, source };
    let mut head = peek(&mut input).map_err(failed)?;
    let gzip = head.starts_with(GZIP);
    if gzip {
        let packed = Cursor::new(head).chain(input);
        input =
            Box::new(Capped { inner: flate2::read::MultiGzDecoder::new(packed), left: limits.inflated, max: limits.inflated });
        head = peek(&mut input).map_err(failed)?;
    }
    Ok(Unpacked { head, rest: input, gzip })
}

/// Makes text of a file, if it is any.
pub(super) fn text(name: &str, unpacked: Unpacked) -> Result<Decoded, RosterError> {
    let failed = |source| RosterError::Read { name: name.into(), line: 1, source };
    let Unpacked { mut head, rest: mut input, .. } = unpacked;
    if let Some((what, advice)) = no_text(&head) {
        return Err(RosterError::NotText { name: name.into(), what, advice });
    }
    let (encoding, mark) = match head[..] {
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8Marked, 3),
        [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
        _ => (Encoding::Utf8, 0),
    };
    head.drain(..mark);
    let decoder = match encoding {
        Encoding::Utf16Le => Some(UTF_16LE.new_decoder_without_bom_handling()),
        Encoding::Utf16Be => Some(UTF_16BE.new_decoder_without_bom_handling()),
        Encoding::Utf8 | Encoding::Utf8Marked => None,
    };
    if let Some(decoder) = decoder {
        let raw: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(input));
        input = Box::new(Utf16::new(raw, decoder));
        head = peek(&mut input).map_err(failed)?;
    }
    let text = Box::new(Cursor::new(head.clone()).chain(input));
    Ok(Decoded { text, head, encoding })
}

/// The first bytes, as many as there are up to [`HEAD`]. A failure after some bytes will show again when they are read on.
fn peek(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    match input.take(HEAD).read_to_end(&mut head) {
        Err(error) if head.is_empty() => Err(error),
        _ => Ok(head),
    }
}

/// What a file that is no text looks like, and what to do with it.
fn no_text(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const UNPACK: &str = "unpack it first; gzip is unpacked as it is read";
    const EXPORT: &str = "open it and export the sheet as CSV (Excel: \"CSV UTF-8\")";
    const OLD: &str = "open it and save it as .xlsx without a password, or export the sheet as CSV (Excel: \"CSV UTF-8\")";
    const SAVE: &str = "save it as UTF-8";
    let known: [(&[u8], _, _); 9] = [
        (ZIP, "an Excel workbook or another zip file", EXPORT),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls), or one with a password", OLD),
        (b"%PDF", "a PDF", "export the table as CSV"),
        (b"\x28\xb5\x2f\xfd", "zstd", UNPACK),
        (b"BZh", "bzip2", UNPACK),
        (b"\xfd7zXZ", "xz", UNPACK),
        (GZIP, "gzip within gzip", "unpack it once"),
        (b"\xff\xfe\0\0", "UTF-32", SAVE),
        (b"\0\0\xfe\xff", "UTF-32", SAVE),
    ];
    if let Some((_, what, advice)) = known.into_iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Some((what, advice));
    }
    if matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return None;
    }
    let start = &head[..head.len().min(1024)];
    let zeros = start.iter().filter(|&&b| b == 0).count();
    // Text in UTF-16 is half zeros; a disk image is more.
    if (start.len() / 3..=start.len() * 2 / 3).contains(&zeros) && zeros > 0 && (start[0] == 0 || start.get(1) == Some(&0)) {
        return Some(("UTF-16 without a byte order mark", "save it as UTF-8, or as UTF-16 with a byte order mark"));
    }
    let controls = start.iter().filter(|&&b| b < 0x20 && !matches!(b, b'\t'..=b'\r' | 0x1b)).count();
    (controls * 10 > start.len()).then_some(("binary data", "check that this is the file you meant"))
}

/// A reader that fails beyond a number of bytes.
struct Capped<R> {
    inner: R,
    left: u64,
    max: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let what = format!("it inflates to more than {} bytes", self.max);
            io::Error::new(io::ErrorKind::FileTooLarge, what)
        })?;
        Ok(read)
    }
}

/// A reader that turns UTF-16 into UTF-8, and fails where there is no such character.
struct Utf16 {
    inner: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_at: usize,
    last: bool,
    text: Vec<u8>,
    text_at: usize,
    broken: bool,
}

impl Utf16 {
    fn new(inner: Box<dyn Read + Send>, decoder: Decoder) -> Self {
        Utf16 { inner, decoder, raw: Vec::new(), raw_at: 0, last: false, text: Vec::new(), text_at: 0, broken: false }
    }

    /// Decodes another piece into `text`.
    fn refill(&mut self) -> io::Result<()> {
        if self.raw_at == self.raw.len() && !self.last {
            self.raw.resize(32 << 10, 0);
            let read = self.inner.read(&mut self.raw);
            self.raw.truncate(*read.as_ref().unwrap_or(&0));
            self.raw_at = 0;
            self.last = read? == 0;
        }
        self.text.resize(64 << 10, 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.raw[self.raw_at..], &mut self.text, self.last);
        self.raw_at += read;
        self.text.truncate(written);
        self.text_at = 0;
        self.broken = matches!(result, DecoderResult::Malformed(..));
        Ok(())
    }
}

impl Read for Utf16 {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.text_at == self.text.len() {
            // What came before the fault has been handed out by now, so that the reader knows the line.
            if self.broken {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-16: half a character"));
            }
            if self.last && self.raw_at == self.raw.len() && self.raw.is_empty() {
                return Ok(0);
            }
            self.refill()?;
            if self.last && self.text.is_empty() && !self.broken {
                return Ok(0);
            }
        }
        let n = (&self.text[self.text_at..]).read(buf)?;
        self.text_at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn decode(bytes: Vec<u8>) -> Result<(String, Encoding, bool), String> {
        let limits = Limits { inflated: 1 << 20, ..Limits::default() };
        let said = |error: RosterError| format!("{error}; {}", error.hint());
        let unpacked = unpack("r", Box::new(Cursor::new(bytes)), &limits).map_err(said)?;
        let gzip = unpacked.gzip;
        let mut decoded = super::text("r", unpacked).map_err(said)?;
        let mut text = String::new();
        decoded.text.read_to_string(&mut text).map_err(|error| error.to_string())?;
        Ok((text, decoded.encoding, gzip))
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn utf16(text: &str, low_first: bool) -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(|unit| if low_first { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn encodings_and_gzip() {
        let text = "ExternalUserId\r\nZoë 😀\n";
        assert_eq!(decode(text.into()).unwrap(), (text.into(), Encoding::Utf8, false));
        assert_eq!(decode(format!("\u{feff}{text}").into()).unwrap(), (text.into(), Encoding::Utf8Marked, false));
        assert_eq!(decode(utf16(text, true)).unwrap(), (text.into(), Encoding::Utf16Le, false));
        assert_eq!(decode(gz(&utf16(text, false))).unwrap(), (text.into(), Encoding::Utf16Be, true));
        let twice = [gz(b"a,"), gz(b"b")].concat();
        assert_eq!(decode(twice).unwrap(), ("a,b".into(), Encoding::Utf8, true));
    }

    #[test]
    fn what_is_no_text() {
        for (bytes, said) in [
            (b"PK\x03\x04\x14\0".to_vec(), "Excel"),
            (gz(&gz(b"a")), "gzip within gzip"),
            (b"\xff\xfe\0\0E\0\0\0".to_vec(), "UTF-32"),
            (b"E\0x\0t\0e\0r\0".to_vec(), "UTF-16 without"),
            (vec![1, 2, 3, 4, 5], "binary"),
            (vec![0; 9000], "binary"),
        ] {
            let error = decode(bytes).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn what_breaks_on_the_way() {
        assert!(decode(gz(&vec![b'a'; 2 << 20])).unwrap_err().contains("more than 1048576 bytes"));
        let mut cut = gz(b"ExternalUserId\nab\n");
        cut.truncate(cut.len() - 9);
        assert!(decode(cut).is_err());
        let mut odd = utf16("ab", true);
        odd.push(b'x');
        assert!(decode(odd).unwrap_err().contains("not UTF-16"));
        assert!(decode(vec![0xff, 0xfe, 0x00, 0xd8, b'a', 0]).unwrap_err().contains("not UTF-16"));
    }

    proptest! {
        #[test]
        fn utf16_of_any_length_round_trips(text in "\\PC{0,200}", times in 1usize..600, low_first: bool) {
            let text = text.repeat(times);
            prop_assert_eq!(decode(utf16(&text, low_first)).unwrap().0, text);
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), mark in 0usize..4) {
            let mark: &[u8] = [&b""[..], b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b\x08"][mark];
            let _ = decode([mark, &bytes].concat());
        }
    }
}
