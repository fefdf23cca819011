//! The write units a second of a long command, so that it leaves some to the service.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How many write units a second the transactions of all sessions may take together.
#[derive(Debug)]
pub(super) struct WriteLimit {
    units_per_second: f64,
    /// When the units that were taken so far are within the limit.
    free_from: Mutex<Instant>,
}

impl WriteLimit {
    pub(super) fn new(units_per_second: u32) -> Self {
        Self {
            units_per_second: units_per_second.into(),
            free_from: Mutex::new(Instant::now()),
        }
    }

    /// Waits until more units are within the limit.
    pub(super) async fn wait(&self) {
        let free_from = *self
            .free_from
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        sleep_until(free_from).await;
    }

    /// DynamoDB has charged these units.
    pub(super) fn take(&self, units: f64) {
        let mut free_from = self
            .free_from
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let time = Duration::from_secs_f64(units / self.units_per_second);
        *free_from = (*free_from).max(Instant::now()) + time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_thousand_units_take_two_seconds_at_500_a_second() {
        let (limit, started) = (WriteLimit::new(500), Instant::now());
        for _ in 0..5 {
            limit.wait().await;
            limit.take(200.0);
        }
        limit.wait().await;
        assert_eq!(started.elapsed().as_secs_f64().round(), 2.0);
    }
}
