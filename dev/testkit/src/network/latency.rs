//! The time that calls take.

use std::ops::RangeInclusive;
use std::time::Duration;

use fastrand::Rng;

/// The time that a call takes from the SDK to DynamoDB and back.
#[derive(Debug, Clone)]
pub enum Latency {
    /// None.
    None,
    /// The same for each call.
    Fixed(Duration),
    /// Another for each call, in milliseconds from this range.
    Random(Rng, RangeInclusive<u64>),
}

impl Latency {
    pub(super) fn draw(&mut self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Fixed(duration) => *duration,
            Self::Random(random, range) => Duration::from_millis(random.u64(range.clone())),
        }
    }
}
