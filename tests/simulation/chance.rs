//! Seeded chance: the same seed gives the same season of fieldwork.

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to draw answers with.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// A stream for a seed.
    pub fn new(seed: u64) -> Chance {
        Chance(seed ^ 0x5a4d_50a4_0000_0001)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number from 0 to `end - 1`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.draw() % end }
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = (high.saturating_sub(low).max(0) as u64).saturating_add(1);
        low.saturating_add(self.below(span) as i64)
    }

    /// One of some.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.below(from.len() as u64) as usize;
        &from[index]
    }

    /// True in `percent` of 100 draws.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A stream of its own for a part of the work.
    pub fn fork(&mut self) -> Chance {
        Chance(self.draw())
    }
}
