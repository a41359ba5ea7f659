//! What a request says about its own signature.
//!
//! Holds [`Claim`], read from the `Authorization` header or, for a presigned request, from the query. Called by the verifier.
//! It believes nothing: every part is checked there.

use super::canonical::Received;
use crate::mock::fault::Fault;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The only algorithm of Signature Version 4.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    /// `id/date/region/service/aws4_request`.
    pub credential: Cow<'a, str>,
    /// Names in order, `;` between them.
    pub signed_headers: Cow<'a, str>,
    /// 64 hexadecimal digits, if it is right.
    pub signature: Cow<'a, str>,
    /// `20150830T123600Z`.
    pub date: String,
    /// The session token that came with it.
    pub session_token: Option<Cow<'a, str>>,
    /// How long a presigned request is good for.
    pub good_for: Option<Duration>,
}

impl<'a> Claim<'a> {
    /// Reads the claim. A request without one gets MissingAuthenticationToken, half a one IncompleteSignature.
    pub fn read(request: &Received<'a>) -> Result<Claim<'a>, Fault> {
        match request.headers.get(http::header::AUTHORIZATION) {
            Some(value) => {
                let text = value.to_str().map_err(|_| incomplete("Authorization header is not text."))?;
                Claim::of_header(request, text)
            }
            None if request.query.contains("X-Amz-Algorithm=") => Claim::of_query(request),
            None => Err(Fault::front_end("MissingAuthenticationTokenException", 403, "Missing Authentication Token")),
        }
    }

    fn of_header(request: &Received<'a>, text: &'a str) -> Result<Claim<'a>, Fault> {
        let rest = text.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with(' '));
        let rest = rest.ok_or_else(|| incomplete("Unsupported AWS 'algorithm': AWS4-HMAC-SHA256 is expected."))?;
        let mut found = [None; 3];
        const NAMES: [&str; 3] = ["Credential", "SignedHeaders", "Signature"];
        for part in rest.split(',') {
            let Some((name, value)) = part.trim().split_once('=') else { continue };
            if let Some(at) = NAMES.iter().position(|n| *n == name) {
                found[at] = Some(value.trim());
            }
        }
        let part =
            |at: usize| found[at].ok_or_else(|| incomplete(format!("Authorization header requires '{}' parameter.", NAMES[at])));
        Ok(Claim {
            credential: part(0)?.into(),
            signed_headers: part(1)?.into(),
            signature: part(2)?.into(),
            date: header_date(request)?,
            session_token: request.headers.get("x-amz-security-token").and_then(|v| v.to_str().ok()).map(Cow::from),
            good_for: None,
        })
    }

    fn of_query(request: &Received<'a>) -> Result<Claim<'a>, Fault> {
        let find = |wanted: &str| {
            let value = request.query.split('&').filter_map(|p| p.split_once('=')).find(|(name, _)| *name == wanted)?.1;
            Some(percent_decode_str(value).decode_utf8_lossy())
        };
        let part =
            |name: &str| find(name).ok_or_else(|| incomplete(format!("AWS query-string parameters must include '{name}'.")));
        if part("X-Amz-Algorithm")? != ALGORITHM {
            return Err(incomplete("Unsupported AWS 'algorithm': AWS4-HMAC-SHA256 is expected."));
        }
        let seconds: u64 = part("X-Amz-Expires")?.parse().map_err(|_| incomplete("X-Amz-Expires must be a number."))?;
        Ok(Claim {
            credential: part("X-Amz-Credential")?,
            signed_headers: part("X-Amz-SignedHeaders")?,
            signature: part("X-Amz-Signature")?,
            date: part("X-Amz-Date")?.into_owned(),
            session_token: find("X-Amz-Security-Token"),
            // A week is the most that AWS accepts.
            good_for: Some(Duration::from_secs(seconds.min(604_800))),
        })
    }
}

/// `x-amz-date`, or the standard `Date` header written the same way.
fn header_date(request: &Received<'_>) -> Result<String, Fault> {
    if let Some(text) = request.header("x-amz-date") {
        return Ok(text.trim().to_owned());
    }
    let missing = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
    let text = request.header("date").ok_or_else(|| incomplete(missing))?;
    httpdate::parse_http_date(text).map(basic_date).map_err(|_| incomplete(missing))
}

/// IncompleteSignatureException.
pub fn incomplete(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::front_end("IncompleteSignatureException", 403, message)
}

/// Reads `20150830T123600Z`.
pub fn parse_basic(text: &str) -> Option<SystemTime> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let digits = &bytes[range];
        digits.iter().all(u8::is_ascii_digit).then(|| digits.iter().fold(0u64, |n, b| n * 10 + u64::from(b - b'0')))
    };
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since the epoch, counting years from March so that the leap day comes last (Hinnant's civil calendar).
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some(UNIX_EPOCH + Duration::from_secs(days * 86_400 + hour * 3600 + minute * 60 + second))
}

/// Writes `20150830T123600Z`.
pub fn basic_date(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    // The inverse of the above.
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dates_read_back(seconds in 0u64..32_503_680_000) {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            prop_assert_eq!(parse_basic(&basic_date(time)), Some(time));
        }
    }

    #[test]
    fn the_date_of_the_vectors() {
        assert_eq!(parse_basic("20150830T123600Z"), Some(UNIX_EPOCH + Duration::from_secs(1_440_938_160)));
        for bad in ["20150830T123600", "20151330T123600Z", "2015-08-30T12:36Z", "20150830t123600Z", "x0150830T123600Z"] {
            assert_eq!(parse_basic(bad), None, "{bad}");
        }
    }
}
