//! Caches of a warm process, bounded in size and in time.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use quick_cache::sync;
use quick_cache::sync::DefaultLifecycle;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};

/// Capacity of a cache, in values.
const MAX_VALUES: u64 = 10_000;
/// Shards of a cache, each with its own lock. The default would first look up the number of
/// processors.
const SHARDS: usize = 8;

/// A point in time by two clocks. Lambda suspends a process between requests, and its monotonic
/// clock may stand still during that time. The wall clock continues, but it can be set back.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    monotonic: Instant,
    /// The time of the wall clock.
    pub wall: SystemTime,
}

impl Moment {
    /// This moment, at which the wall clock shows `wall`.
    #[must_use]
    pub fn now(wall: SystemTime) -> Self {
        Self {
            monotonic: Instant::now(),
            wall,
        }
    }

    /// Whether less than `time` has passed since `earlier`, by both clocks. If the wall clock was
    /// set back, the result is `false`.
    fn is_within(self, time: Duration, earlier: Self) -> bool {
        let wall = self.wall.duration_since(earlier.wall);
        self.monotonic.duration_since(earlier.monotonic) < time
            && wall.is_ok_and(|passed| passed < time)
    }
}

/// A cache. All clones share their values.
#[derive(Debug, Clone)]
pub struct Cache<K, V> {
    values: Arc<sync::Cache<K, (Moment, V)>>,
    time_to_live: Duration,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// Caches each value for this long; zero disables the cache.
    #[must_use]
    #[expect(clippy::expect_used, reason = "both capacities are set")]
    pub fn new(time_to_live: Duration) -> Self {
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(usize::try_from(MAX_VALUES).unwrap_or(usize::MAX))
            .weight_capacity(MAX_VALUES)
            .build()
            .expect("both capacities are set");
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        let values = sync::Cache::with_options(options, UnitWeighter, hasher, lifecycle);
        Self {
            values: Arc::new(values),
            time_to_live,
        }
    }

    /// The value of this key, unless it has expired by now.
    #[must_use]
    pub fn get<Q>(&self, key: &Q, now: Moment) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let (since, value) = self.values.get(key)?;
        now.is_within(self.time_to_live, since).then_some(value)
    }

    /// Caches a value. Its time to live starts at `since`, before the lookup: the value may miss a
    /// later change.
    pub fn insert(&self, key: K, value: V, since: Moment) {
        self.values.insert(key, (since, value));
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const TIME: Duration = Duration::from_secs(3);

    fn later(moment: Moment, monotonic: Duration, wall: Duration) -> Moment {
        Moment {
            monotonic: moment.monotonic + monotonic,
            wall: moment.wall + wall,
        }
    }

    #[test]
    fn a_value_expires_by_whichever_clock_is_earlier() {
        let start = Moment::now(UNIX_EPOCH + TIME);
        let cache = Cache::new(TIME);
        cache.insert("key", 1, start);
        let little = TIME - Duration::from_millis(1);
        assert_eq!(cache.get(&"key", later(start, little, little)), Some(1));
        assert_eq!(
            cache.clone().get(&"key", start),
            Some(1),
            "a clone is the same cache"
        );
        assert_eq!(cache.get(&"other", start), None);
        for (monotonic, wall) in [(TIME, TIME), (Duration::ZERO, TIME), (TIME, Duration::ZERO)] {
            assert_eq!(
                cache.get(&"key", later(start, monotonic, wall)),
                None,
                "{monotonic:?}, {wall:?}"
            );
        }
        let set_back = Moment {
            wall: UNIX_EPOCH,
            ..start
        };
        assert_eq!(
            cache.get(&"key", set_back),
            None,
            "the wall clock was set back"
        );
        cache.insert("key", 2, later(start, TIME, TIME));
        assert_eq!(cache.get(&"key", later(start, TIME, TIME)), Some(2));
    }

    #[test]
    fn a_time_to_live_of_zero_disables_the_cache() {
        let now = Moment::now(UNIX_EPOCH);
        let never = Cache::new(Duration::ZERO);
        never.insert("key", 1, now);
        assert_eq!(never.get(&"key", now), None);
    }

    #[test]
    fn the_capacity_of_a_cache_is_bounded() {
        let now = Moment::now(UNIX_EPOCH);
        let cache = Cache::new(TIME);
        for key in 0..MAX_VALUES * 3 {
            cache.insert(key, (), now);
        }
        assert!(u64::try_from(cache.values.len()).unwrap() <= MAX_VALUES);
        assert_eq!(
            cache.get(&(MAX_VALUES * 3 - 1), now),
            Some(()),
            "the latest is in the cache"
        );
    }
}
