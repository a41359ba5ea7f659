//! Numbers as a person reads them.
//!
//! Holds one function a kind of number. Called by every report. It never sees where a number comes from.

/// What stands where there is no number.
pub const NONE: &str = "–";

/// A number with its thousands apart.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let head = digits.len() % 3;
    let mut groups: Vec<&str> = (head..digits.len()).step_by(3).map(|at| &digits[at..at + 3]).collect();
    if head > 0 {
        groups.insert(0, &digits[..head]);
    }
    groups.join(",")
}

/// Milliseconds to a tenth, or to a thousandth where they are few.
pub fn ms(ms: f64) -> String {
    match ms {
        ms if ms >= 100.0 => format!("{ms:.0}"),
        ms if ms >= 1.0 => format!("{ms:.1}"),
        ms => format!("{ms:.3}"),
    }
}

/// Microseconds with a unit that fits.
pub fn us(us: u64) -> String {
    if us >= 1_000_000 { format!("{:.2} s", us as f64 / 1e6) } else { format!("{} ms", ms(us as f64 / 1e3)) }
}

/// A rate, without its unit.
pub fn rate(rate: f64) -> String {
    format!("{rate:.1}")
}

/// A rate with its unit, to what a search for it is good for.
pub fn per_second(rate: f64) -> String {
    match rate {
        rate if rate >= 1000.0 => format!("{rate:.0}/s"),
        rate if rate >= 10.0 => format!("{rate:.1}/s"),
        rate => format!("{rate:.2}/s"),
    }
}

/// A share from 0 to 1 that is known as such.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// A share from 0 to 1; a small one is never called nothing, nor a large one all.
pub fn share(part: u64, of: u64) -> String {
    let percent = if of == 0 { 0.0 } else { part as f64 / of as f64 * 100.0 };
    match percent {
        p if part > 0 && p < 0.01 => "< 0.01 %".to_owned(),
        p if part < of && p > 99.99 => "> 99.99 %".to_owned(),
        p => format!("{p:.2} %"),
    }
}

/// Seconds, as a stretch of time.
pub fn span(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// Bytes, in units of a thousand.
pub fn bytes(n: u64) -> String {
    match n {
        0..1000 => format!("{n} B"),
        1000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.2} GB", n as f64 / 1e9),
    }
}

/// A number and its noun.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_neither_rounded_to_nothing_nor_to_all() {
        assert_eq!([count(0), count(999), count(1000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([ms(0.0214), ms(21.44), ms(1863.2)], ["0.021", "21.4", "1863"]);
        assert_eq!([us(999_400), us(1_863_000)], ["999 ms", "1.86 s"]);
        assert_eq!([share(1, 1_000_000), share(999_999, 1_000_000), share(0, 0)], ["< 0.01 %", "> 99.99 %", "0.00 %"]);
        assert_eq!([span(9.96), span(59.6), span(125.0), span(7260.0)], ["10.0 s", "1 min 00 s", "2 min 05 s", "2 h 01 min"]);
        assert_eq!([bytes(999), bytes(24_766), bytes(54_104_064)], ["999 B", "24.8 kB", "54.1 MB"]);
    }
}
