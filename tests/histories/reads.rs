//! What an answer says about the state, and at which moments it has to be true.
//!
//! DynamoDB reads one item at one moment, but several items at several. So an answer about several
//! links need not be true at any single moment. It consists of facts, each of which must be true at
//! some moment between request and answer, all in one life of the release.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::history::{Link, Record};
use crate::model::{Generation, State};

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The release does not exist.
    NoRelease,
    /// It exists.
    Release,
    /// It exists, and is locked.
    Locked,
    Link(u64, Link),
    NoLink(u64),
    /// The URL of the link with this filepath, if there is one.
    Download(String, Option<String>),
    /// These values of the link, which has the ID unless it is new, are another link's.
    Taken {
        id: Option<u64>,
        link: Link,
        attributes: Vec<String>,
    },
    /// The key was used, by the request that got this ID or first ID; and the release was created
    /// at this time, if the answer says so.
    Replay {
        key: String,
        id: u64,
        created_at: Option<String>,
    },
    /// A release, these links in it, and none with the other IDs.
    Snapshot {
        /// When the release was created, if the answer says so.
        created_at: Option<String>,
        record: Option<Record>,
        present: Vec<(u64, Link)>,
        absent: BTreeSet<u64>,
    },
}

/// What remains to be seen of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Progress {
    Done,
    /// For each life of the release by its time of creation.
    Open(Rc<Vec<(String, Rest)>>),
}

/// What remains to be seen in one life of the release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rest {
    record: bool,
    present: BTreeSet<u64>,
    absent: BTreeSet<u64>,
}

impl Progress {
    pub fn start() -> Self {
        Self::Open(Rc::default())
    }
}

impl Claim {
    /// The progress after a moment of this state, if it is another one.
    pub fn observe(&self, state: &State, progress: &Progress) -> Option<Progress> {
        let Progress::Open(rests) = progress else {
            return None;
        };
        let Self::Snapshot {
            created_at: expected,
            record,
            present,
            absent,
        } = self
        else {
            return self.is_true(state).then_some(Progress::Done);
        };
        let life = state.as_deref()?;
        let created_at = &life.record.created_at;
        if expected
            .as_ref()
            .is_some_and(|expected| expected != created_at)
        {
            return None;
        }
        let position = rests.iter().position(|(life, _)| life == created_at);
        let before = match position {
            Some(position) => rests[position].1.clone(),
            None => Rest {
                record: record.is_some(),
                present: present.iter().map(|(id, _)| *id).collect(),
                absent: absent.clone(),
            },
        };
        let mut after = before.clone();
        after.see(life, record.as_ref(), present);
        if after.is_empty() {
            return Some(Progress::Done);
        }
        if position.is_some() && after == before {
            return None;
        }
        let mut rests = rests.as_ref().clone();
        match position {
            Some(position) => rests[position].1 = after,
            None => rests.push((created_at.clone(), after)),
        }
        Some(Progress::Open(Rc::new(rests)))
    }

    fn is_true(&self, state: &State) -> bool {
        let link = |id: &u64| state.as_ref().and_then(|life| life.links.get(id));
        match self {
            Self::NoRelease => state.is_none(),
            Self::Release => state.is_some(),
            Self::Locked => state.as_ref().is_some_and(|life| life.lock.is_some()),
            Self::Link(id, expected) => link(id) == Some(expected),
            Self::NoLink(id) => link(id).is_none(),
            Self::Download(filepath, url) => {
                let mut links = state.iter().flat_map(|life| life.links.values());
                let found = links.find(|link| link.filepath.as_ref() == Some(filepath));
                found.map(|link| &link.url) == url.as_ref()
            }
            Self::Taken {
                id,
                link,
                attributes,
            } => state.as_ref().is_some_and(|life| {
                let taken = life.taken(*id, link);
                attributes.iter().all(|name| taken.contains(&name.as_str()))
            }),
            Self::Replay {
                key,
                id,
                created_at,
            } => state.as_ref().is_some_and(|life| {
                let created_at = created_at.as_ref();
                let is_life = created_at.is_none_or(|time| *time == life.record.created_at);
                is_life && life.keys.get(key) == Some(id)
            }),
            Self::Snapshot { .. } => unreachable!("it is observed bit by bit"),
        }
    }
}

impl Rest {
    fn see(&mut self, life: &Generation, record: Option<&Record>, present: &[(u64, Link)]) {
        self.record &= record != Some(&life.record);
        for (id, link) in present {
            if life.links.get(id) == Some(link) {
                self.present.remove(id);
            }
        }
        self.absent.retain(|id| life.links.contains_key(id));
    }

    fn is_empty(&self) -> bool {
        !self.record && self.present.is_empty() && self.absent.is_empty()
    }
}
