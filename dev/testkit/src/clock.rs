//! The clock of a test: the service reads the time from it, and the test kit computes the deadlines
//! of invocations from it.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A clock that tests can advance. All clones show the same time.
#[derive(Clone)]
pub struct Clock {
    time: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    ahead: Arc<Mutex<Duration>>,
}

impl Clock {
    /// A clock that starts at the current time and runs with tokio's clock. The time limits of the
    /// store run with that clock, too. If it is paused, no time passes while the test computes,
    /// however busy the machine is.
    pub fn start() -> Self {
        let (started, wall) = (Instant::now(), SystemTime::now());
        Self::from_fn(move || wall + started.elapsed())
    }

    /// A clock that shows what this function returns.
    pub fn from_fn(time: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            time: Arc::new(time),
            ahead: Arc::default(),
        }
    }

    /// The time.
    pub fn now(&self) -> SystemTime {
        (self.time)() + *self.ahead.lock().unwrap()
    }

    /// Advances the clock. Tokio's clock, and with it timeouts and pauses, stays as it is.
    pub fn advance(&self, time: Duration) {
        *self.ahead.lock().unwrap() += time;
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Clock").field(&self.now()).finish()
    }
}
