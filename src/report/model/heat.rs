//! Latencies sorted into bands that grow with the latency: the rows of a heat map.
//!
//! Holds [`edge_us`], [`band`] and [`Bands`]. Called for each bin of the timeline. Eight bands a decade, their edges whole microseconds,
//! so that whoever counts again sorts every value alike.

use hdrhistogram::Histogram;
use std::collections::BTreeMap;

/// Bands a decade.
const A_DECADE: u32 = 8;

/// How many values fell into each band.
pub type Bands = BTreeMap<u32, u64>;

/// Where a band begins, in microseconds: 10^(band / 8), rounded.
pub fn edge_us(band: u32) -> u64 {
    10f64.powf(f64::from(band) / f64::from(A_DECADE)).round() as u64
}

/// The band of a value: the last that begins at or below it.
pub fn band(us: u64) -> u32 {
    let near = (us.max(1) as f64).log10() * f64::from(A_DECADE);
    // One too high, in case the logarithm is a hair too small; edges decide.
    let mut band = near as u32 + 1;
    while band > 0 && edge_us(band) > us {
        band -= 1;
    }
    // The first edges fall on the same microsecond: the lowest of them stands for all.
    while band > 0 && edge_us(band - 1) == edge_us(band) {
        band -= 1;
    }
    band
}

/// Sorts what a histogram holds.
pub fn bands(histogram: &Histogram<u64>) -> Bands {
    let mut bands = Bands::new();
    for value in histogram.iter_recorded() {
        *bands.entry(band(value.value_iterated_to())).or_default() += value.count_at_value();
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_between_the_edges_of_its_band() {
        for us in (1..5000).chain([9_999, 10_000, 10_001, 999_999, 1_000_000, 3_600_000_000]) {
            let band = band(us);
            assert!(edge_us(band) <= us, "{us}");
            let next = (band..).map(edge_us).find(|edge| *edge > edge_us(band)).unwrap();
            assert!(us < next, "{us}");
        }
        assert_eq!((edge_us(24), band(1000), band(999)), (1000, 24, 23));
    }
}
