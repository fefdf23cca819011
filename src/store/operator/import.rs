//! The import of one release from another system, with the IDs that its links have there.
//!
//! A release that never lived here comes to life with all its links, in a new generation. An
//! existing release does not change, but gets the links whose IDs were never assigned here. A
//! release that was deleted here stays deleted, unless the operator passes `--recreate`. An import
//! recognizes what was imported before, so an interrupted one is run again as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::backup::{LinkBackup, ReleaseBackup, RestoreOutcome, UniqueValues};
use super::error::AdminError;
use super::rebirth::Rebirth;
use super::releases::OperatorReleases;
use super::restore::RestoreInto;
use crate::link::{Link, LinkId, Violation};
use crate::release::{Release, ReleaseKey};
use crate::store::birth::LinkIds;
use crate::store::condition::Condition;
use crate::store::constraints::claim_conflicts;
use crate::store::error::{StoreError, kept_changing_error};
use crate::store::items::{ReleaseItem, number, read};
use crate::store::partition::Partition;
use crate::store::schema::attribute::LAST_LINK_ID;
use crate::store::transaction::{Step, TransactionError};
use crate::timestamp::Timestamp;

/// A release of another system.
#[derive(Debug, Clone)]
pub struct ReleaseImport {
    release: Release,
    /// Its links in the order of their IDs.
    content: ReleaseBackup,
}

/// What an import may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportMode {
    /// Whether it brings back releases that were deleted here.
    pub recreates: bool,
    /// Whether it changes nothing, and only reports what it would do.
    pub is_trial: bool,
}

/// The outcome of the import of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportedRelease {
    /// It was created, with those of its links that were added.
    Created(Vec<ImportedLink>),
    /// It existed, and has not changed except for the links that were added.
    Existed(Vec<ImportedLink>),
    /// It was deleted here, and stays deleted.
    Deleted,
}

/// A link, and the outcome of its import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedLink {
    /// The link of the other system.
    pub link: Link,
    /// The outcome.
    pub outcome: ImportOutcome,
}

/// The outcome of the import of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It was added.
    Added,
    /// The release has it.
    Exists,
    /// The release has another link with its ID.
    Differs,
    /// Other links have its name, URL or filepath.
    Taken(Vec<Violation>),
    /// Its ID was assigned here before, to a link that was deleted since or to a failed request.
    Used,
    /// The release is locked.
    Immutable,
}

/// A release that exists, as it was read.
struct Existing<'p> {
    item: ReleaseItem,
    links: BTreeMap<LinkId, Link>,
    values: UniqueValues<'p>,
}

impl ReleaseImport {
    /// A release with these links, each with the time of its creation. This link ID and those of
    /// the links count as assigned. If several links have one ID, the first one counts.
    #[must_use]
    pub fn new(release: Release, mut links: Vec<(Link, Timestamp)>, last_link_id: u64) -> Self {
        links.sort_by_key(|(link, _)| link.id);
        links.dedup_by_key(|(link, _)| link.id);
        let links = links.into_iter().map(|(link, created_at)| LinkBackup {
            link,
            created_at: created_at.to_string(),
        });
        let item = ReleaseItem {
            last_link_id,
            ..ReleaseItem::default()
        };
        let content = ReleaseBackup {
            item,
            release: None,
            links: links.collect(),
        };
        Self { release, content }
    }
}

/// An import that runs.
struct Import<'i> {
    releases: OperatorReleases<'i>,
    partition: &'i Partition,
    new: &'i ReleaseImport,
    mode: ImportMode,
    into: &'i RestoreInto,
    /// The links that it has added to a release that existed.
    added: BTreeSet<LinkId>,
}

impl OperatorReleases<'_> {
    /// Imports a release. A repeated call continues an interrupted one.
    ///
    /// # Errors
    ///
    /// [`AdminError::Changed`] if the project is no longer as required, [`AdminError::Failed`]. In
    /// a release that existed, some links may be added.
    pub async fn import(
        self,
        new: &ReleaseImport,
        mode: ImportMode,
        into: &RestoreInto,
    ) -> Result<ImportedRelease, AdminError> {
        let partition = new.partition();
        let mut import = Import {
            releases: self,
            partition: &partition,
            new,
            mode,
            into,
            added: BTreeSet::new(),
        };
        loop {
            match import.run().await {
                Err(error) if is_transient(&error) && self.store.outlast_throttling().await => {}
                imported => return imported,
            }
        }
    }
}

impl<'i> Import<'i> {
    async fn run(&mut self) -> Result<ImportedRelease, AdminError> {
        let mut changes = self.releases.store.changes();
        while changes.next().await {
            let item = self.item().await?;
            let imported = if item.exists() {
                let links = self.add_new_links(item).await?;
                links.map(ImportedRelease::Existed)
            } else if item.generation > 0 && !self.mode.recreates {
                Some(ImportedRelease::Deleted)
            } else if self.mode.is_trial {
                let (_, links) = self.new.at_birth(self.partition);
                Some(ImportedRelease::Created(links))
            } else {
                let links = self.create(item.generation).await?;
                links.map(ImportedRelease::Created)
            };
            if let Some(imported) = imported {
                return Ok(imported);
            }
        }
        Err(kept_changing_error().into())
    }

    /// The item of the tag, whose release may not exist.
    async fn item(&self) -> Result<ReleaseItem, StoreError> {
        let key = self.partition.release();
        let item = self.releases.store.get_item(key).await?;
        Ok(item.map(read).transpose()?.unwrap_or_default())
    }

    /// Creates the release, if it has not lived since this generation; otherwise `None`.
    async fn create(&self, lived: u64) -> Result<Option<Vec<ImportedLink>>, AdminError> {
        let (releases, partition) = (self.releases, self.partition);
        let Some(reserved) = releases.store.reserve_release(partition, 0).await? else {
            return Ok(None);
        };
        if reserved.release.generation != lived {
            return Ok(None);
        }
        let (links, outcome) = self.new.at_birth(partition);
        let last = self.new.content.last_link_id();
        let last = last.max(reserved.release.last_link_id);
        let rebirth = Rebirth {
            release: &self.new.release,
            links: &links,
            ids: LinkIds::Imported { lived, last },
            into: self.into,
        };
        let is_born = releases.give_life(partition, &reserved, &rebirth).await?;
        Ok(is_born.then_some(outcome))
    }

    /// Adds the links that the release lacks, in the order of their IDs; `None` if it was deleted
    /// in the meantime.
    async fn add_new_links(
        &mut self,
        item: ReleaseItem,
    ) -> Result<Option<Vec<ImportedLink>>, AdminError> {
        let mut existing = self.read(item).await?;
        let mut imported = Vec::new();
        for stored in &self.new.content.links {
            let Some(outcome) = self.add_new_link(&mut existing, stored).await? else {
                return Ok(None);
            };
            let link = stored.link.clone();
            imported.push(ImportedLink { link, outcome });
        }
        Ok(Some(imported))
    }

    async fn add_new_link(
        &mut self,
        existing: &mut Existing<'i>,
        stored: &LinkBackup,
    ) -> Result<Option<ImportOutcome>, AdminError> {
        let (link, mut changes) = (&stored.link, self.releases.store.changes());
        while changes.next().await {
            let added = match existing.judge(link) {
                Some(ImportOutcome::Exists) if self.added.contains(&link.id) => {
                    return Ok(Some(ImportOutcome::Added));
                }
                None if self.mode.is_trial => Some(ImportOutcome::Added),
                None => self.add_above(existing.item.generation, stored).await?,
                judged => return Ok(judged),
            };
            if added == Some(ImportOutcome::Added) {
                existing.add(link.clone());
                self.added.insert(link.id);
            }
            if added.is_some() {
                return Ok(added);
            }
            let item = self.item().await?;
            if !item.exists() {
                return Ok(None);
            }
            *existing = self.read(item).await?;
        }
        Err(kept_changing_error().into())
    }

    /// Reads a release that exists, with all its links.
    async fn read(&self, item: ReleaseItem) -> Result<Existing<'i>, StoreError> {
        let links = self.partition.links(item.generation);
        let mut existing = Existing {
            item,
            links: BTreeMap::new(),
            values: UniqueValues::new(self.partition),
        };
        for link in self.releases.store.query_all(&links).await? {
            existing.keep(read(link)?);
        }
        Ok(existing)
    }

    /// Adds a link, and raises the last ID to that of the link. `None` if this ID or a higher one
    /// was assigned before, or if the release was locked or deleted.
    async fn add_above(
        &self,
        generation: u64,
        stored: &LinkBackup,
    ) -> Result<Option<ImportOutcome>, AdminError> {
        let (releases, partition) = (self.releases, self.partition);
        let mut transaction = releases.links_transaction(partition, generation, &[stored]);
        self.into.check(&mut transaction);
        let link_id = stored.link.id;
        let raise = format!("SET {LAST_LINK_ID} = :last_link_id");
        let last = [(":last_link_id", number(link_id.number()))];
        let is_new = Condition::NeverGiven {
            generation,
            link_id,
        };
        transaction.update(Step::Release, partition.release(), &raise, last, is_new);
        let steps = match transaction.commit(releases.store).await {
            Ok(()) => return Ok(Some(ImportOutcome::Added)),
            Err(TransactionError::Steps(steps)) => steps,
            Err(error) => return Err(AdminError::from_part(error)),
        };
        if Step::any_about_project(&steps) {
            Err(AdminError::Changed)
        } else if steps.contains(&Step::Release) || steps.contains(&Step::Link) {
            Ok(None)
        } else {
            Ok(Some(ImportOutcome::Taken(claim_conflicts(&steps))))
        }
    }
}

impl ReleaseImport {
    /// What the import does if the project is new, too.
    #[must_use]
    pub fn into_new_project(&self) -> ImportedRelease {
        ImportedRelease::Created(self.at_birth(&self.partition()).1)
    }

    fn partition(&self) -> Partition {
        let Release { project, tag, .. } = &self.release;
        let (project, tag) = (*project, tag.clone());
        Partition::new(&ReleaseKey { project, tag })
    }

    /// The links with which the release comes to life, and the outcome for all of them. If several
    /// links have a unique value in common, the one with the lowest ID comes to life.
    fn at_birth(&self, partition: &Partition) -> (Vec<&LinkBackup>, Vec<ImportedLink>) {
        let (links, restored) = self.content.without_rivals(partition);
        let imported = restored.links.into_iter().map(|restored| ImportedLink {
            link: restored.link,
            outcome: match restored.outcome {
                RestoreOutcome::Taken(rivals) => ImportOutcome::Taken(rivals),
                _ => ImportOutcome::Added,
            },
        });
        (links, imported.collect())
    }
}

impl Existing<'_> {
    /// The outcome for a link that is not added; `None` for one that may be added.
    fn judge(&mut self, link: &Link) -> Option<ImportOutcome> {
        if let Some(stored) = self.links.get(&link.id) {
            let outcome = if is_same(stored, link) {
                ImportOutcome::Exists
            } else {
                ImportOutcome::Differs
            };
            return Some(outcome);
        }
        if self.item.immutable_at.is_some() {
            return Some(ImportOutcome::Immutable);
        }
        let rivals = self.values.rivals(link);
        if !rivals.is_empty() {
            return Some(ImportOutcome::Taken(rivals));
        }
        (link.id.number() <= self.item.last_link_id).then_some(ImportOutcome::Used)
    }

    /// The release has this link, as it was read.
    fn keep(&mut self, link: Link) {
        self.values.claim(&link);
        self.links.insert(link.id, link);
    }

    /// The link was added, and its ID is the last one.
    fn add(&mut self, link: Link) {
        self.item.last_link_id = self.item.last_link_id.max(link.id.number());
        self.keep(link);
    }
}

/// Whether the same import may succeed if it is tried again: it conflicted with clients, or
/// DynamoDB throttled a call.
fn is_transient(error: &AdminError) -> bool {
    match error {
        AdminError::Busy => true,
        AdminError::Failed(error) => error.is_throttled(),
        _ => false,
    }
}

/// Whether the link exists here. A system without digests cannot contradict a digest that was added
/// here.
fn is_same(stored: &Link, link: &Link) -> bool {
    let digest = link.digest.as_ref().or(stored.digest.as_ref()).cloned();
    let link = link.clone();
    *stored == Link { digest, ..link }
}
