//! A wall clock that follows tokio's clock. Where a test pauses that one, both advance together,
//! and a run sees the same times whenever it is repeated.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// What the clock shows at first, 2027-01-01T00:00:00Z, since 1970.
const START: Duration = Duration::from_secs(1_798_761_600);

thread_local! {
    static STARTED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Starts the clock of this thread.
pub fn start() {
    STARTED.set(Some(Instant::now()));
}

/// The time.
///
/// # Panics
///
/// If the thread has started no clock.
#[must_use]
pub fn now() -> SystemTime {
    let started = STARTED.get().expect("the clock was started");
    SystemTime::UNIX_EPOCH + START + started.elapsed()
}
