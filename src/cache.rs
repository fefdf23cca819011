//! What a warm process remembers: so much at the most, and each for a limited time.

use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::sync;
use quick_cache::sync::DefaultLifecycle;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};

/// Values that a cache holds at the most.
const MAX_VALUES: u64 = 10_000;
/// The parts of a cache, each with a lock of its own. The default would look for the number of processors first.
const SHARDS: usize = 8;

/// A cache of which all clones are one.
#[derive(Debug, Clone)]
pub struct Cache<K, V> {
    values: Arc<sync::Cache<K, (Instant, V)>>,
    time_to_live: Duration,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// Remembers each value for this long; zero means never.
    #[must_use]
    pub fn new(time_to_live: Duration) -> Self {
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(usize::try_from(MAX_VALUES).unwrap_or(usize::MAX))
            .weight_capacity(MAX_VALUES)
            .build()
            .expect("both capacities are set");
        let (hasher, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        let values = sync::Cache::with_options(options, UnitWeighter, hasher, lifecycle);
        Self { values: Arc::new(values), time_to_live }
    }

    /// The value that was remembered under this key, unless that was too long ago.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        let (since, value) = self.values.get(key)?;
        (since.elapsed() < self.time_to_live).then_some(value)
    }

    /// Remembers the value from now on.
    pub fn insert(&self, key: K, value: V) {
        self.values.insert(key, (Instant::now(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_remembered_for_its_time_and_anew_when_it_is_learnt_again() {
        let cache = Cache::new(Duration::from_millis(50));
        cache.insert("key", 1);
        assert_eq!((cache.get(&"key"), cache.clone().get(&"key"), cache.get(&"other")), (Some(1), Some(1), None));
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(cache.get(&"key"), None);
        cache.insert("key", 2);
        assert_eq!(cache.get(&"key"), Some(2));
    }

    #[test]
    fn no_time_means_never_and_no_flood_makes_it_grow() {
        let never = Cache::new(Duration::ZERO);
        never.insert("key", 1);
        assert_eq!(never.get(&"key"), None);
        let cache = Cache::new(Duration::from_secs(60));
        for key in 0..MAX_VALUES * 3 {
            cache.insert(key, ());
        }
        assert!(u64::try_from(cache.values.len()).unwrap() <= MAX_VALUES);
        assert_eq!(cache.get(&(MAX_VALUES * 3 - 1)), Some(()), "the latest is among what is remembered");
    }
}
