//! The rounds of all retries: of calls that conflict, of batches that DynamoDB leaves unprocessed,
//! and of changes whose conditions failed because of others.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

/// Largest number of retries of a call that conflicts, or of the unprocessed part of a batch.
const MAX_RETRIES: usize = 12;
/// Largest number of times that a change begins again after others changed the same data.
const MAX_CHANGES: usize = 19;

/// The rounds of a loop, with a delay between them.
#[derive(Debug)]
pub(super) struct Rounds {
    deadline: Instant,
    delays: ExponentialBackoff,
    has_begun: bool,
    is_late: bool,
}

impl Rounds {
    /// The attempts of one call until this deadline.
    pub(super) fn for_call(deadline: Instant) -> Self {
        Self::new(deadline, MAX_RETRIES, Duration::from_millis(500))
    }

    /// The rounds of a change that begins again with a read, until this deadline.
    pub(super) fn for_change(deadline: Instant) -> Self {
        Self::new(deadline, MAX_CHANGES, Duration::from_millis(100))
    }

    /// Each delay is up to twice as long as the one before, and has jitter of up to its own length.
    fn new(deadline: Instant, retries: usize, longest: Duration) -> Self {
        let delays = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(10))
            .with_max_delay(longest)
            .with_max_times(retries);
        Self {
            deadline,
            delays: delays.build(),
            has_begun: false,
            is_late: false,
        }
    }

    /// Waits for the next round. `false` means that there is none: too many failed, or the next
    /// one would begin after the deadline.
    pub(super) async fn next(&mut self) -> bool {
        if !std::mem::replace(&mut self.has_begun, true) {
            return true;
        }
        match self.delays.next() {
            Some(delay) if Instant::now() + delay < self.deadline => {
                tokio::time::sleep(delay).await;
                true
            }
            delay => {
                self.is_late = delay.is_some();
                false
            }
        }
    }

    /// Whether there was no next round because of the deadline.
    pub(super) fn is_late(&self) -> bool {
        self.is_late
    }
}
