//! How long the reader waits before it sends a request again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Attempts of a request that fails.
const MAX_TRIES: u32 = 5;
/// Waits in a row for the rate limit.
const MAX_LIMITED: u32 = 30;
/// Longest wait that doubling leads to.
const LONGEST: Duration = Duration::from_secs(60);
/// Longest wait that a response may request.
const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);

/// The waits of one request.
#[derive(Debug, Default)]
pub struct Waits {
    failed: u32,
    limited: u32,
}

impl Waits {
    /// The wait after a failure or a response with a status of 500 or above; `None` after the last
    /// attempt.
    pub fn after_failure(&mut self, headers: &HeaderMap) -> Option<Duration> {
        self.failed += 1;
        let wait = seconds(headers, RETRY_AFTER.as_str()).unwrap_or(doubled(self.failed));
        (self.failed < MAX_TRIES && wait <= LONGEST_ASKED).then_some(wait)
    }

    /// The wait after a response with the status 429 (J6); `None` if it is longer than an hour, or
    /// if waiting does not help.
    pub fn after_limit(&mut self, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
        self.limited += 1;
        let wait = seconds(headers, RETRY_AFTER.as_str())
            .or_else(|| until(seconds(headers, "ratelimit-reset")?, now))
            .unwrap_or(doubled(self.limited));
        (self.limited <= MAX_LIMITED && wait <= LONGEST_ASKED).then_some(wait)
    }
}

/// 1 s, 2 s, 4 s, up to a minute.
fn doubled(count: u32) -> Duration {
    let doublings = count.saturating_sub(1).min(6);
    Duration::from_secs(1 << doublings).min(LONGEST)
}

/// A header with a number of seconds.
fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    let text = headers.get(name)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// The time until this moment, if it is still to come.
fn until(since_1970: Duration, now: SystemTime) -> Option<Duration> {
    let now = now.duration_since(UNIX_EPOCH).ok()?;
    since_1970.checked_sub(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_failing_request_is_sent_five_times() {
        let mut waits = Waits::default();
        let waits: Vec<_> = (0..5)
            .map(|_| waits.after_failure(&HeaderMap::new()))
            .collect();
        let seconds = |count| Some(Duration::from_secs(count));
        assert_eq!(
            waits,
            [seconds(1), seconds(2), seconds(4), seconds(8), None]
        );
    }

    #[test]
    fn the_rate_limit_says_how_long_to_wait() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let wait = |pairs: &[(&'static str, &'static str)]| {
            Waits::default().after_limit(&headers(pairs), now)
        };
        let (after, reset) = (("retry-after", "7"), ("ratelimit-reset", "1700000030"));
        assert_eq!(wait(&[after, reset]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[reset]), Some(Duration::from_secs(30)));
        let second = Some(Duration::from_secs(1));
        assert_eq!(wait(&[("ratelimit-reset", "1600000000")]), second);
        assert_eq!(wait(&[("retry-after", "soon")]), second);
        assert_eq!(wait(&[]), second);
        assert_eq!(wait(&[("retry-after", "3601")]), None);
        assert_eq!(wait(&[("ratelimit-reset", "99999999999999999999")]), second);
    }

    #[test]
    fn waits_for_the_rate_limit_double_to_a_minute() {
        let mut waits = Waits::default();
        let mut wait = || waits.after_limit(&HeaderMap::new(), UNIX_EPOCH);
        let seconds: Vec<_> = (0..31).map(|_| wait().map(|wait| wait.as_secs())).collect();
        let first = [1, 2, 4, 8, 16, 32, 60, 60].map(Some);
        assert_eq!(seconds[..8], first);
        assert_eq!((seconds[29], seconds[30]), (Some(60), None));
    }
}
