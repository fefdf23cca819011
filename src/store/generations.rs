//! The generations in which a process has seen releases live.
//!
//! Most releases live in generation 1. A reader guesses the generation, so that one call reads the
//! release together with what belongs to it. A wrong guess costs one call more, and nothing else.

use std::sync::{Arc, OnceLock};

use quick_cache::sync::Cache;

use super::partition::Partition;

/// Largest number of releases to remember.
const CAPACITY: usize = 1_000;
/// The generation of a release that the process does not remember.
const FIRST: u64 = 1;

/// What a process remembers; all clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Generations(Arc<Memory>);

/// Allocated with the first release that does not live in generation 1.
type Memory = OnceLock<Cache<String, u64>>;

impl Generations {
    /// The generation in which this release probably lives.
    pub(super) fn guess(&self, partition: &Partition) -> u64 {
        let memory = self.0.get();
        memory
            .and_then(|memory| memory.get(&partition.0))
            .unwrap_or(FIRST)
    }

    /// Remembers that this release lives in this generation.
    pub(super) fn remember(&self, partition: &Partition, generation: u64) {
        if self.guess(partition) != generation {
            let memory = self.0.get_or_init(|| Cache::new(CAPACITY));
            memory.insert(partition.0.clone(), generation);
        }
    }
}
