//! The sequential model of one tag: what a release is if one request is served after the other.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::history::{Link, LinkChanges, Record, ReleaseChanges};

/// A life of the release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Generation {
    pub record: Record,
    pub links: BTreeMap<u64, Link>,
    /// The idempotency keys that were used, with the ID or the first ID that each request got.
    pub keys: BTreeMap<String, u64>,
}

/// The release, if it exists.
pub type State = Option<Rc<Generation>>;

/// A write that was or may have been successful, with the part of the answer that depends on the
/// state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    CreateRelease {
        record: Record,
        links: Vec<(u64, Link)>,
        key: Option<(String, u64)>,
    },
    /// The first link creates a release with this record.
    CreateLink {
        record: Record,
        id: u64,
        link: Link,
        key: Option<String>,
    },
    UpdateRelease {
        changes: ReleaseChanges,
        answer: Option<Record>,
    },
    UpdateLink {
        id: u64,
        changes: LinkChanges,
        answer: Option<Link>,
    },
    DeleteRelease {
        answer: Option<Record>,
    },
    DeleteLink {
        id: u64,
        answer: Option<Link>,
    },
}

impl Generation {
    /// A life without links.
    fn new(record: &Record) -> Self {
        Self {
            record: record.clone(),
            links: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }

    /// The attributes of the link that another one has.
    pub fn taken(&self, id: Option<u64>, link: &Link) -> Vec<&'static str> {
        let others = || self.links.iter().filter(|(other, _)| Some(**other) != id);
        let mut taken = Vec::new();
        if others().any(|(_, other)| other.name == link.name) {
            taken.push("name");
        }
        if others().any(|(_, other)| other.url == link.url) {
            taken.push("url");
        }
        let filepath = link.filepath.as_ref();
        if filepath.is_some() && others().any(|(_, other)| other.filepath.as_ref() == filepath) {
            taken.push("filepath");
        }
        taken
    }

    /// Adds a link, unless a value of it is taken.
    fn add(&mut self, id: u64, link: &Link) -> Option<()> {
        let is_free = self.taken(None, link).is_empty();
        let is_new = is_free && self.links.insert(id, link.clone()).is_none();
        is_new.then_some(())
    }

    fn use_key(&mut self, key: Option<(&String, u64)>) -> Option<()> {
        let Some((key, id)) = key else {
            return Some(());
        };
        let is_new = self.keys.insert(key.clone(), id).is_none();
        is_new.then_some(())
    }
}

/// The link after the changes.
pub fn changed(link: &Link, changes: &LinkChanges) -> Link {
    let mut link = link.clone();
    let LinkChanges {
        name,
        url,
        filepath,
    } = changes.clone();
    link.name = name.unwrap_or(link.name);
    link.url = url.unwrap_or(link.url);
    link.filepath = filepath.or(link.filepath);
    link
}

/// Whether the answer, if there is one, says this.
fn says<T: PartialEq>(answer: &Option<T>, value: &T) -> bool {
    answer.as_ref().is_none_or(|answer| answer == value)
}

impl Write {
    /// The state after the write; `None` if it would fail in this state, or would answer
    /// differently.
    pub fn apply(&self, state: &State) -> Option<State> {
        match self {
            Self::CreateRelease { record, links, key } => {
                let mut new = state.is_none().then(|| Generation::new(record))?;
                for (id, link) in links {
                    new.add(*id, link)?;
                }
                new.use_key(key.as_ref().map(|(key, id)| (key, *id)))?;
                Some(Some(Rc::new(new)))
            }
            Self::CreateLink {
                record,
                id,
                link,
                key,
            } => {
                let existing = state.as_deref().cloned();
                let mut new = existing.unwrap_or_else(|| Generation::new(record));
                new.add(*id, link)?;
                new.use_key(key.as_ref().map(|key| (key, *id)))?;
                Some(Some(Rc::new(new)))
            }
            Self::UpdateRelease { changes, answer } => {
                let mut new = state.as_deref()?.clone();
                let ReleaseChanges { name, released_at } = changes.clone();
                new.record.name = name.unwrap_or(new.record.name);
                new.record.released_at = released_at.unwrap_or(new.record.released_at);
                says(answer, &new.record).then(|| Some(Rc::new(new)))
            }
            Self::UpdateLink {
                id,
                changes,
                answer,
            } => {
                let mut new = state.as_deref()?.clone();
                let link = changed(new.links.get(id)?, changes);
                let is_free = new.taken(Some(*id), &link).is_empty();
                let is_so = is_free && says(answer, &link);
                new.links.insert(*id, link);
                is_so.then(|| Some(Rc::new(new)))
            }
            Self::DeleteRelease { answer } => {
                says(answer, &state.as_deref()?.record).then_some(None)
            }
            Self::DeleteLink { id, answer } => {
                let mut new = state.as_deref()?.clone();
                let link = new.links.remove(id)?;
                says(answer, &link).then(|| Some(Rc::new(new)))
            }
        }
    }
}
