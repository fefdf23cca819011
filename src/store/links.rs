//! Links of a release: get, update, delete, and where a filepath leads.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Attributes, Item, StoredLink, link_item, read_link};
use super::keys::{Partition, key_of};
use super::transaction::{Condition, Refusal, Step, Transaction};
use super::{Session, Store};
use crate::error::Error;
use crate::link::{Link, LinkChanges, LinkId, Violation};
use crate::project::ProjectId;

/// How often a write starts anew because the link changed between its read and its write.
pub(super) const MAX_ROUNDS: usize = 20;

impl Session<'_> {
    /// One link.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn get_link(&self, project: ProjectId, tag: &str, id: LinkId) -> Result<Link, Error> {
        Ok(self
            .stored_link(&Partition::of(project, tag), id)
            .await?
            .link)
    }

    async fn stored_link(&self, partition: &Partition, id: LinkId) -> Result<StoredLink, Error> {
        read_link(
            &self
                .get_item(partition.link(id))
                .await?
                .ok_or(Error::NotFound)?,
        )
    }

    /// Where the link with this filepath leads.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn url_of_filepath(
        &self,
        project: ProjectId,
        tag: &str,
        filepath: &str,
    ) -> Result<String, Error> {
        let key = Partition::of(project, tag).taken_filepath(filepath);
        let item = self.get_item(key).await?.ok_or(Error::NotFound)?;
        Attributes(&item).text("url").map(str::to_owned)
    }

    /// Changes a link.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Invalid`] with all of name, url and filepath that are taken,
    /// [`Error::Unavailable`], and [`Error::Corrupt`] where another link holds a unique-constraint
    /// item of this one.
    pub async fn update_link(
        &self,
        project: ProjectId,
        tag: &str,
        id: LinkId,
        changes: &LinkChanges,
    ) -> Result<Link, Error> {
        let partition = Partition::of(project, tag);
        for _ in 0..MAX_ROUNDS {
            let before = self.stored_link(&partition, id).await?;
            let link = changes.apply(&before.link);
            if link == before.link {
                return Ok(link);
            }
            let after = StoredLink {
                link,
                created_at: before.created_at.clone(),
                revision: before.revision + 1,
            };
            match self
                .store
                .change(&partition, &before, &after)
                .commit(self)
                .await
            {
                Ok(()) => return Ok(after.link),
                // Another request changed the link after the read: what is taken has to be judged
                // by what it is now.
                Err(Refusal::Steps(steps)) if steps.contains(&Step::Link) => {}
                Err(Refusal::Steps(steps)) => {
                    let corrupt = held_by_another(&partition, &before.link, &steps);
                    return Err(corrupt.unwrap_or_else(|| Error::Invalid(taken(&steps))));
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Err(Error::Unavailable(
            "the link kept changing under the request".to_owned(),
        ))
    }

    /// Removes a link and returns what it was.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn delete_link(
        &self,
        project: ProjectId,
        tag: &str,
        id: LinkId,
    ) -> Result<Link, Error> {
        let partition = Partition::of(project, tag);
        let mut not_held = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let stored = self.stored_link(&partition, id).await?;
            match self
                .store
                .removal(&partition, &stored, &not_held)
                .commit(self)
                .await
            {
                Ok(()) => return Ok(stored.link),
                Err(Refusal::Steps(steps)) if steps.contains(&Step::Link) => not_held.clear(),
                // Another link holds a unique-constraint item of this one, and keeps it.
                Err(Refusal::Steps(steps)) => not_held = held(&steps),
                Err(refusal) => return Err(refusal.into()),
            }
        }
        Err(Error::Unavailable(
            "the link kept changing under the request".to_owned(),
        ))
    }
}

/// What of the steps says that another link has a name, url or filepath.
pub(super) fn taken(steps: &[Step]) -> Vec<Violation> {
    steps
        .iter()
        .filter_map(|step| {
            if let Step::Take(violation) = step {
                Some(*violation)
            } else {
                None
            }
        })
        .collect()
}

fn held(steps: &[Step]) -> Vec<Violation> {
    steps
        .iter()
        .filter_map(|step| {
            if let Step::Held(violation) = step {
                Some(*violation)
            } else {
                None
            }
        })
        .collect()
}

/// That a unique-constraint item which the link should hold is another link's, with the name of the
/// item.
fn held_by_another(partition: &Partition, link: &Link, steps: &[Step]) -> Option<Error> {
    let violation = *held(steps).first()?;
    let (_, item) = taken_items(partition, link)
        .into_iter()
        .find(|(other, _)| *other == violation)?;
    let key = |name| {
        item.get(name)
            .and_then(|value| value.as_s().ok())
            .map_or("?", String::as_str)
    };
    let [pk, sk] = ["pk", "sk"].map(key);
    Some(Error::Corrupt(format!(
        "unique-constraint item {pk}/{sk} of link {} is held by another link",
        link.id
    )))
}

impl Store {
    /// Claims the new unique values, releases those no longer used, and updates the URL that the
    /// filepath item duplicates.
    fn change(
        &self,
        partition: &Partition,
        before: &StoredLink,
        after: &StoredLink,
    ) -> Transaction<'_> {
        let is_own = Condition::OfLinkOrAbsent(before.link.id);
        let mut transaction = Transaction::on(&self.table);
        transaction.put(
            Step::Link,
            link_item(partition, after),
            Condition::Revision(before.revision),
        );
        let old = taken_items(partition, &before.link);
        let new = taken_items(partition, &after.link);
        for (violation, item) in &new {
            match old.iter().find(|(_, other)| other["sk"] == item["sk"]) {
                None => transaction.put(Step::Take(*violation), item.clone(), Condition::Absent),
                Some((_, other)) if other != item => {
                    transaction.put(Step::Held(*violation), item.clone(), is_own)
                }
                Some(_) => {}
            }
        }
        for (violation, item) in old {
            if new.iter().all(|(_, other)| other["sk"] != item["sk"]) {
                transaction.delete(Step::Held(violation), key_of(item), is_own);
            }
        }
        transaction
    }

    /// Deletes the link and the unique-constraint items that it holds, which are all but those in
    /// `not_held`.
    fn removal(
        &self,
        partition: &Partition,
        stored: &StoredLink,
        not_held: &[Violation],
    ) -> Transaction<'_> {
        let mut transaction = Transaction::on(&self.table);
        transaction.delete(
            Step::Link,
            partition.link(stored.link.id),
            Condition::Revision(stored.revision),
        );
        for (violation, item) in taken_items(partition, &stored.link) {
            if !not_held.contains(&violation) {
                let is_own = Condition::OfLinkOrAbsent(stored.link.id);
                transaction.delete(Step::Held(violation), key_of(item), is_own);
            }
        }
        transaction
    }
}

/// The items that make a link's url, name and filepath unique, in the order in which GitLab reports
/// them (D2). The filepath's item also holds the url, so that a permanent URL is one read.
pub(super) fn taken_items(partition: &Partition, link: &Link) -> Vec<(Violation, Item)> {
    let owned = |mut item: Item| {
        item.insert("link_id".to_owned(), AttributeValue::N(link.id.to_string()));
        item
    };
    let mut items = vec![
        (Violation::UrlTaken, owned(partition.taken_url(&link.url))),
        (
            Violation::NameTaken,
            owned(partition.taken_name(&link.name)),
        ),
    ];
    if let Some(filepath) = &link.filepath {
        let mut item = owned(partition.taken_filepath(filepath));
        item.insert("url".to_owned(), AttributeValue::S(link.url.clone()));
        items.push((Violation::FilepathTaken, item));
    }
    items
}
