//! The search for an order in which the requests of one tag could have been served one after the
//! other (Wing and Gong, 1993, with the memory of Lowe, 2017): a request takes effect at one moment
//! between its invocation and its answer. One of unknown outcome takes effect at any moment after
//! its invocation, or never.
//!
//! A claim of an answer changes nothing, so it is never wrong to accept it as soon as it is true.
//! Only writes are tried in several orders.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use crate::model::{Begun, State, Write};
use crate::reads::{Claim, Progress};

/// The most writes of one tag: each is a bit of a number.
pub const MAX_WRITES: usize = 128;
/// The most states that one search visits.
const MAX_STATES: usize = 200_000;

/// A write that changed something, or may have done so.
#[derive(Debug)]
pub struct Effect {
    /// What it did, or may have done.
    pub alternatives: Vec<Write>,
    pub invoked: u64,
    /// `None` if the outcome is unknown.
    pub answered: Option<u64>,
    /// Whether the write goes to one link of the release that it found. If the release is deleted
    /// meanwhile, the link is deleted with it, whatever has happened to the names of its links.
    pub may_be_lost: bool,
    /// The number of the operation in the history.
    pub operation: usize,
}

impl Effect {
    fn begun(&self) -> Begun {
        Begun {
            invoked: self.invoked,
            is_answered: self.answered.is_some(),
        }
    }
}

/// A claim of an answer.
#[derive(Debug)]
pub struct Read {
    pub claim: Claim,
    pub invoked: u64,
    pub answered: u64,
    /// The number of the operation in the history.
    pub operation: usize,
}

/// The requests of one tag.
#[derive(Debug, Default)]
pub struct Requests {
    pub effects: Vec<Effect>,
    pub reads: Vec<Read>,
}

/// What a search finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Finding {
    /// There is an order.
    Possible,
    /// There is none. In the longest one, these operations cannot follow.
    Impossible(Vec<usize>, String),
    /// The search took too long.
    Unknown,
}

/// A prefix of an order.
#[derive(Clone)]
struct Prefix {
    /// The effects that have happened.
    done: u128,
    state: State,
    progress: Vec<Progress>,
}

struct Search<'a> {
    requests: &'a Requests,
    seen: HashSet<u64>,
    longest: usize,
    stuck: (Vec<usize>, String),
}

/// Searches for an order.
pub fn search(requests: &Requests) -> Finding {
    assert!(requests.effects.len() <= MAX_WRITES, "the history is short");
    let mut search = Search {
        requests,
        seen: HashSet::new(),
        longest: 0,
        stuck: (Vec::new(), String::new()),
    };
    let start = Prefix {
        done: 0,
        state: None,
        progress: vec![Progress::start(); requests.reads.len()],
    };
    match search.extend(start) {
        Some(true) => Finding::Possible,
        Some(false) => Finding::Impossible(search.stuck.0, search.stuck.1),
        None => Finding::Unknown,
    }
}

impl Search<'_> {
    /// Whether the prefix can be extended to all requests; `None` if the search takes too long.
    fn extend(&mut self, mut prefix: Prefix) -> Option<bool> {
        let Some(bound) = self.observe(&mut prefix) else {
            return Some(true);
        };
        if self.seen.len() >= MAX_STATES {
            return None;
        }
        if !self.seen.insert(prefix.hash()) {
            return Some(false);
        }
        self.note(&prefix, bound);
        let mut order: Vec<usize> = (0..self.requests.effects.len())
            .filter(|n| prefix.done & (1 << n) == 0)
            .filter(|n| self.requests.effects[*n].invoked <= bound)
            .collect();
        // What was answered first is likely to have happened first.
        order.sort_by_key(|n| self.requests.effects[*n].answered.unwrap_or(u64::MAX));
        for n in order {
            for state in self.outcomes(&prefix, n) {
                let next = Prefix {
                    done: prefix.done | (1 << n),
                    state,
                    progress: prefix.progress.clone(),
                };
                if self.extend(next)? {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// The states to which an effect can lead.
    fn outcomes(&self, prefix: &Prefix, n: usize) -> Vec<State> {
        let effect = &self.requests.effects[n];
        let alternatives = effect.alternatives.iter();
        let mut states: Vec<State> = alternatives
            .filter_map(|write| write.apply(&prefix.state, effect.begun()))
            .collect();
        let others = self.requests.effects.iter().enumerate();
        let is_overtaken = effect.may_be_lost
            && effect.answered.is_some()
            && others
                .filter(|(n, _)| prefix.done & (1 << n) != 0)
                .any(|(_, other)| {
                    matches!(other.alternatives[..], [Write::DeleteRelease { .. }])
                        && other
                            .answered
                            .is_none_or(|answered| answered >= effect.invoked)
                });
        if is_overtaken {
            states.push(prefix.state.clone());
        }
        states
    }

    /// Accepts all claims that are true in this state. Returns the time before which the next
    /// request has to be invoked, or `None` if none is left.
    fn observe(&self, prefix: &mut Prefix) -> Option<u64> {
        loop {
            let bound = self.bound(prefix)?;
            let mut is_changed = false;
            let reads = self.requests.reads.iter().zip(&mut prefix.progress);
            for (read, progress) in reads.filter(|(read, _)| read.invoked <= bound) {
                if let Some(next) = read.claim.observe(&prefix.state, progress) {
                    is_changed |= next == Progress::Done;
                    *progress = next;
                }
            }
            if !is_changed {
                return Some(bound);
            }
        }
    }

    /// The time of the first answer to a request that is not yet in the order.
    fn bound(&self, prefix: &Prefix) -> Option<u64> {
        let effects = self.requests.effects.iter().enumerate();
        let effects = effects.filter(|(n, _)| prefix.done & (1 << n) == 0);
        let effects = effects.filter_map(|(_, effect)| effect.answered);
        let reads = self.requests.reads.iter().zip(&prefix.progress);
        let reads = reads.filter(|(_, progress)| **progress != Progress::Done);
        effects.chain(reads.map(|(read, _)| read.answered)).min()
    }

    /// Remembers the longest prefix, and which requests should come next.
    fn note(&mut self, prefix: &Prefix, bound: u64) {
        let done = prefix
            .progress
            .iter()
            .filter(|read| **read == Progress::Done);
        let length = done.count() + prefix.done.count_ones() as usize;
        if length < self.longest {
            return;
        }
        self.longest = length;
        let reads = self.requests.reads.iter().zip(&prefix.progress);
        let reads =
            reads.filter(|(read, progress)| **progress != Progress::Done && read.answered == bound);
        let effects = self.requests.effects.iter().enumerate();
        let effects = effects
            .filter(|(n, effect)| prefix.done & (1 << n) == 0 && effect.answered == Some(bound));
        let stuck = reads.map(|(read, _)| read.operation);
        let stuck = stuck.chain(effects.map(|(_, effect)| effect.operation));
        self.stuck = (stuck.collect(), describe(&prefix.state));
    }
}

impl Prefix {
    fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.done, &self.state, &self.progress).hash(&mut hasher);
        hasher.finish()
    }
}

/// The state in one line.
fn describe(state: &State) -> String {
    let Some(life) = state.as_ref().map(Rc::as_ref) else {
        return "no release".to_owned();
    };
    let links = life.links.iter().take(12);
    let links: Vec<String> = links
        .map(|(id, link)| format!("{id}={} {}", link.name, link.url))
        .collect();
    let (record, count) = (&life.record, life.links.len());
    let locked = record.immutable_at.as_ref();
    let locked = locked.map_or_else(String::new, |time| format!(", immutable at {time}"));
    format!(
        "{} of {}{locked}, {count} links: {}",
        record.name,
        record.created_at,
        links.join(", ")
    )
}
