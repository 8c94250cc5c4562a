//! Ratios of paired runs: each pair is measured one after the other, so that what disturbs the machine disturbs both.

use std::fmt;

/// A ratio over several pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The middle one.
    pub median: f64,
    /// The smallest.
    pub least: f64,
    /// The greatest.
    pub most: f64,
}

impl Ratio {
    /// Of pairs of numerator and denominator; `None` without any.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let mut ratios: Vec<f64> = pairs.into_iter().map(|(above, below)| above / below).collect();
        ratios.sort_by(f64::total_cmp);
        Some(Self { median: median(&ratios)?, least: *ratios.first()?, most: *ratios.last()? })
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.2} ({:.2}–{:.2})", self.median, self.least, self.most)
    }
}

/// The middle of any numbers; of an even count the lower of both in the middle.
pub fn median_of(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    median(&sorted)
}

fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// What a ratio is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

impl Aim {
    /// Whether the median is there.
    pub fn met(self, ratio: &Ratio) -> bool {
        match self {
            Self::AtLeast(least) => ratio.median >= least,
            Self::AtMost(most) => ratio.median <= most,
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(formatter, "≥ {least}"),
            Self::AtMost(most) => write!(formatter, "≤ {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Aim, Ratio};

    #[test]
    fn a_ratio_is_the_middle_of_its_pairs_and_shows_how_far_they_lie_apart() {
        let ratio = Ratio::of([(8.0, 1.0), (2.0, 1.0), (9.0, 3.0)]).unwrap();
        assert_eq!(ratio.to_string(), "3.00 (2.00–8.00)");
        assert!(Aim::AtLeast(3.0).met(&ratio) && !Aim::AtLeast(3.1).met(&ratio));
        assert!(Aim::AtMost(3.0).met(&ratio) && !Aim::AtMost(2.9).met(&ratio));
        assert_eq!(Ratio::of([]), None);
    }
}
