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
    /// Its lock, whose time the record has.
    pub lock: Option<Lock>,
}

/// What a lock still allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lock {
    /// A write that was invoked later, in milliseconds, is refused. An earlier one may have begun
    /// before the lock.
    pub last_invocation: u64,
    /// Whether the release is immutable by now.
    pub is_due: bool,
}

/// When a write was invoked, in milliseconds, and whether it was answered.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    pub invoked: u64,
    pub is_answered: bool,
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
        /// The time and the lock that the changes set, unless the release has a lock.
        lock: Option<(String, Lock)>,
        answer: Option<Record>,
    },
    /// The release becomes immutable if this is its time. No request does that.
    ImmutableAt(String),
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
            // Nobody can have begun to write to a release that is created with a lock.
            lock: record.immutable_at.as_ref().map(|_| Lock {
                last_invocation: 0,
                is_due: true,
            }),
        }
    }

    /// Whether this write can change a link. On the network of the histories, a call may arrive
    /// seconds after its process has ended, and so after the release is immutable; such a write has
    /// no answer. DynamoDB gets no such call, because the function closes its connections at its
    /// deadline.
    fn is_open_to(&self, write: Begun) -> bool {
        self.lock.is_none_or(|lock| {
            write.invoked <= lock.last_invocation && !(lock.is_due && write.is_answered)
        })
    }

    fn set_lock(&mut self, (immutable_at, lock): (String, Lock)) {
        self.record.immutable_at = Some(immutable_at);
        self.lock = Some(lock);
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

/// The release after the changes; `None` if they would set a lock whose time is not known.
fn updated(
    life: &Generation,
    changes: &ReleaseChanges,
    lock: Option<&(String, Lock)>,
) -> Option<Generation> {
    let mut new = life.clone();
    let ReleaseChanges {
        name,
        released_at,
        locks,
    } = changes.clone();
    new.record.name = name.unwrap_or(new.record.name);
    new.record.released_at = released_at.unwrap_or(new.record.released_at);
    if locks && new.lock.is_none() {
        new.set_lock(lock?.clone());
    }
    Some(new)
}

/// Whether the answer, if there is one, says this.
fn says<T: PartialEq>(answer: &Option<T>, value: &T) -> bool {
    answer.as_ref().is_none_or(|answer| answer == value)
}

impl Write {
    /// The state after the write; `None` if it would fail in this state, or would answer
    /// differently.
    pub fn apply(&self, state: &State, begun: Begun) -> Option<State> {
        match self {
            Self::CreateRelease { record, links, key } => {
                let mut new = state.is_none().then(|| Generation::new(record))?;
                for (id, link) in links {
                    new.add(*id, link)?;
                }
                new.use_key(key.as_ref().map(|(key, id)| (key, *id)))?;
                Some(Some(Rc::new(new)))
            }
            Self::UpdateRelease {
                changes,
                lock,
                answer,
            } => {
                let new = updated(state.as_deref()?, changes, lock.as_ref())?;
                says(answer, &new.record).then(|| Some(Rc::new(new)))
            }
            Self::ImmutableAt(time) => {
                let mut new = state.as_deref().cloned();
                let locked = new
                    .as_mut()
                    .filter(|new| new.record.immutable_at.as_ref() == Some(time));
                if let Some(lock) = locked.and_then(|new| new.lock.as_mut()) {
                    lock.is_due = true;
                }
                Some(new.map(Rc::new))
            }
            Self::DeleteRelease { answer } => {
                let life = state.as_deref()?;
                (life.lock.is_none() && says(answer, &life.record)).then_some(None)
            }
            _ => {
                let is_open = state.as_ref().is_none_or(|life| life.is_open_to(begun));
                let new = is_open.then(|| self.apply_to_link(state))??;
                Some(Some(Rc::new(new)))
            }
        }
    }

    /// The release after a write to one of its links.
    fn apply_to_link(&self, state: &State) -> Option<Generation> {
        let existing = state.as_deref().cloned();
        match self {
            Self::CreateLink {
                record,
                id,
                link,
                key,
            } => {
                let mut new = existing.unwrap_or_else(|| Generation::new(record));
                new.add(*id, link)?;
                new.use_key(key.as_ref().map(|key| (key, *id)))?;
                Some(new)
            }
            Self::UpdateLink {
                id,
                changes,
                answer,
            } => {
                let mut new = existing?;
                let link = changed(new.links.get(id)?, changes);
                let is_free = new.taken(Some(*id), &link).is_empty();
                let is_so = is_free && says(answer, &link);
                new.links.insert(*id, link);
                is_so.then_some(new)
            }
            Self::DeleteLink { id, answer } => {
                let mut new = existing?;
                let link = new.links.remove(id)?;
                says(answer, &link).then_some(new)
            }
            _ => unreachable!("it is no write to a link"),
        }
    }
}
