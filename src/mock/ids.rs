//! Ids and tokens as the service shapes them, made from the seed alone.
//!
//! Holds [`Guid`] and the functions that make meeting ids, attendee ids, JoinTokens and request ids. Called by the service when
//! something comes into being or is shown. It never sees a clock or the order of calls: the same seed, meeting, user and
//! generation give the same attendee and token, so a restarted mock agrees with itself.

use crate::chime::id::is_guid;
use crate::seed::Seed;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;

/// A GUID of any version, kept as a number: 16 bytes instead of 36, and letter case is gone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid(pub u128);

impl Guid {
    /// Reads the model's GUID form in either letter case.
    pub fn parse(text: &str) -> Option<Guid> {
        if !is_guid(text) {
            return None;
        }
        text.bytes().filter(|b| *b != b'-').try_fold(0u128, |n, b| Some(n << 4 | u128::from((b as char).to_digit(16)?))).map(Guid)
    }

    /// The 36 characters, in lower case as the service writes them.
    pub fn text(self) -> [u8; 36] {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut out = [b'-'; 36];
        let mut nibble = 0;
        for (at, slot) in out.iter_mut().enumerate() {
            if !matches!(at, 8 | 13 | 18 | 23) {
                *slot = HEX[(self.0 >> (124 - 4 * nibble) & 15) as usize];
                nibble += 1;
            }
        }
        out
    }

    /// The same bits as a random (version 4) UUID.
    fn version_4(self) -> Guid {
        Guid(self.0 & !(0xf000 << 64) & !(0b11 << 62) | 0x4000 << 64 | 0b10 << 62)
    }

    /// The same bits, made certain to be no version-4 UUID: the attendee ids of the real service are none.
    fn not_version_4(self) -> Guid {
        if self.0 >> 76 & 15 == 4 { Guid(self.0 ^ 0x8000 << 64) } else { self }
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.text()).expect("hexadecimal digits and hyphens are ASCII"))
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn halves(digest: [u8; 32]) -> (Guid, Guid) {
    let (left, right) = digest.split_at(16);
    let number = |half: &[u8]| Guid(half.iter().fold(0, |n, b| n << 8 | u128::from(*b)));
    (number(left), number(right))
}

/// An attendee's id, and the UUID that its JoinToken hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttendeeKeys {
    /// The AttendeeId: GUID-shaped, never a version-4 UUID.
    pub id: Guid,
    secret: Guid,
}

impl AttendeeKeys {
    /// What an attendee of this meeting, user key and generation is called. The key is the folded or the exact id, as the mock
    /// is told to match; the generation counts how often the same user has been deleted there before.
    pub fn derive(seed: Seed, meeting: Guid, key: &str, generation: u32) -> Self {
        let digest = seed.digest(&[b"attendee", &meeting.0.to_be_bytes(), key.as_bytes(), &generation.to_be_bytes()]);
        let (id, secret) = halves(digest);
        AttendeeKeys { id: id.not_version_4(), secret: secret.version_4() }
    }

    /// The same attendee with a token that it had never before: the n-th.
    pub fn renewed(self, seed: Seed, n: u64) -> Self {
        let (secret, _) = halves(seed.digest(&[b"renewed", &self.id.0.to_be_bytes(), &n.to_be_bytes()]));
        AttendeeKeys { secret: secret.version_4(), ..self }
    }

    /// The JoinToken: 98 characters, unpadded base64 of `<AttendeeId>:<UUID-v4>`, as seen in real answers.
    pub fn join_token(self) -> String {
        let mut plain = [b':'; 73];
        plain[..36].copy_from_slice(&self.id.text());
        plain[37..].copy_from_slice(&self.secret.text());
        STANDARD_NO_PAD.encode(plain)
    }
}

/// A meeting's id: shaped like a version-4 UUID whose last four digits name the cell of its media region.
pub fn meeting_id(seed: Seed, realm: &str, request_token: &str, generation: u32, media_region: &str) -> Guid {
    let digest = seed.digest(&[b"meeting", realm.as_bytes(), request_token.as_bytes(), &generation.to_be_bytes()]);
    let (id, _) = halves(digest);
    Guid(id.version_4().0 & !0xffff | u128::from(cell(media_region)))
}

/// The four digits of a media region's cell; those of three regions are known from real answers, the others are made up.
pub fn cell(media_region: &str) -> u16 {
    match media_region {
        "us-east-1" => 0x2713,
        "eu-central-1" => 0x7979,
        "ap-southeast-1" => 0x2954,
        other => {
            let number = other.bytes().fold(17u32, |n, b| (n * 31 + u32::from(b)) % 9000) + 1000;
            // Decimal digits written as hexadecimal ones, as in the cells that were seen.
            (0..4).fold(0, |hex, i| hex | ((number / 10u32.pow(i) % 10) << (4 * i))) as u16
        }
    }
}

/// The id of the n-th request that this mock answers.
pub fn request_id(seed: Seed, n: u64) -> Guid {
    // A mixer (splitmix64), not a digest: it need only look random and differ, and it stands on every answer.
    let mix = |x: u64| {
        let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    };
    let start = (seed.0 ^ 0x6865_6164_636f_756e).wrapping_add(n.wrapping_mul(2).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let high = mix(start);
    let low = mix(start.wrapping_add(0x9e37_79b9_7f4a_7c15));
    Guid(u128::from(high) << 64 | u128::from(low)).version_4()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_read_back_in_any_case() {
        let guid = Guid::parse("0123ABCD-4567-89ab-CDEF-0123456789ab").unwrap();
        assert_eq!(guid.to_string(), "0123abcd-4567-89ab-cdef-0123456789ab");
        assert_eq!(Guid::parse(&guid.to_string()), Some(guid));
        assert_eq!(Guid::parse("0123abcd-4567-89ab-cdef-0123456789a"), None);
    }

    #[test]
    fn attendees_have_the_shapes_that_were_seen() {
        for n in 0..200 {
            let keys = AttendeeKeys::derive(Seed(7), Guid(n), "bob", 0);
            assert_ne!(keys.id.to_string().as_bytes()[14], b'4');
            let token = keys.join_token();
            assert_eq!(token.len(), 98);
            let plain = String::from_utf8(STANDARD_NO_PAD.decode(&token).unwrap()).unwrap();
            let (id, secret) = plain.split_once(':').unwrap();
            assert_eq!(id, keys.id.to_string());
            assert_eq!((secret.as_bytes()[14], matches!(secret.as_bytes()[19], b'8' | b'9' | b'a' | b'b')), (b'4', true));
        }
        let at = |generation| AttendeeKeys::derive(Seed(7), Guid(1), "bob", generation);
        assert_eq!(at(0), at(0));
        assert_ne!(at(0).id, at(1).id);
    }

    #[test]
    fn meetings_end_in_their_cell() {
        let id = meeting_id(Seed(1), "111122223333/us-east-1", "room", 0, "eu-central-1").to_string();
        assert!(id.ends_with("7979") && id.as_bytes()[14] == b'4', "{id}");
        assert_ne!(request_id(Seed(1), 1), request_id(Seed(1), 2));
    }
}
