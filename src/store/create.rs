//! New links: created under the next number, once for each idempotency key, or imported under their
//! own.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{
    Attributes, Item, StoredLink, epoch_seconds, link_attributes, link_item, read_link_attributes,
    timestamp,
};
use super::keys::Partition;
use super::links::{MAX_ROUNDS, taken, taken_items};
use super::transaction::{Condition, Refusal, Step, Transaction};
use super::{Session, Store};
use crate::error::Error;
use crate::idempotency::Once;
use crate::link::{Link, LinkId, NewLink};
use crate::project::ProjectId;

/// How long an idempotency key is remembered.
const KEEP_IDEMPOTENCY_KEY: Duration = Duration::from_secs(24 * 60 * 60);

/// A link as its creation returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedLink {
    /// The link as it was created.
    pub link: Link,
    /// Whether an earlier request with the same idempotency key created it.
    pub is_replayed: bool,
}

impl Session<'_> {
    /// Adds a link, and the release if this is its first. With `once`, a link that was made under
    /// the same idempotency key is returned as it was made, instead of another one.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with all of name, url and filepath that are taken,
    /// [`Error::IdempotencyKeyReused`], [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn create_link(
        &self,
        project: ProjectId,
        tag: &str,
        new: NewLink,
        once: Option<&Once>,
        now: SystemTime,
    ) -> Result<CreatedLink, Error> {
        let partition = Partition::of(project, tag);
        let created_at = timestamp(now);
        for _ in 0..MAX_ROUNDS {
            let id = self.next_link_id(&partition, &created_at).await?;
            let stored = StoredLink {
                link: new.clone().with_id(id),
                created_at: created_at.clone(),
                revision: 1,
            };
            let mut transaction = self.store.creation(&partition, &stored);
            if let Some(once) = once {
                let item = once_item(&partition, once, &stored.link, now);
                transaction.put(
                    Step::Once,
                    item,
                    Condition::AbsentOrExpired(epoch_seconds(now)),
                );
            }
            match (transaction.commit(self).await, once) {
                (Ok(()), _) => {
                    return Ok(CreatedLink {
                        link: stored.link,
                        is_replayed: false,
                    });
                }
                (Err(Refusal::Steps(steps)), Some(once)) if steps.contains(&Step::Once) => {
                    if let Some(link) = self.first_answer(&partition, once, now).await? {
                        return Ok(CreatedLink {
                            link,
                            is_replayed: true,
                        });
                    }
                }
                // The number belongs to a link that came with an import or a backup: the next one
                // may be free.
                (Err(Refusal::Steps(steps)), _) if steps == [Step::Link] => {}
                (Err(Refusal::Steps(steps)), _) => return Err(Error::Invalid(taken(&steps))),
                (Err(refusal), _) => return Err(refusal.into()),
            }
        }
        Err(Error::Unavailable("no free link id was found".to_owned()))
    }

    /// The link that was made under the key, as it was made; `None` where the key has just expired.
    async fn first_answer(
        &self,
        partition: &Partition,
        once: &Once,
        now: SystemTime,
    ) -> Result<Option<Link>, Error> {
        let Some(item) = self.get_item(partition.once(once)).await? else {
            return Ok(None);
        };
        let attributes = Attributes(&item);
        let expires_at: u64 = attributes.parsed("expires_at", |text| text.parse().ok())?;
        if expires_at <= epoch_seconds(now) {
            return Ok(None);
        }
        if attributes.text("fingerprint")? != once.fingerprint {
            return Err(Error::IdempotencyKeyReused);
        }
        read_link_attributes(&attributes).map(Some)
    }

    /// Adds a link under the number that it has elsewhere, and the release if it is not there;
    /// numbers that are given out later go around it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with all of name, url and filepath that are taken,
    /// [`Error::Unavailable`], also where the number is another link's.
    pub async fn import_link(
        &self,
        project: ProjectId,
        tag: &str,
        number: u32,
        new: NewLink,
        now: SystemTime,
    ) -> Result<(), Error> {
        let partition = Partition::of(project, tag);
        let created_at = timestamp(now);
        let id = LinkId::new(number.into()).ok_or(Error::NotFound)?;
        self.count_links(&partition, &created_at, 0).await?;
        let stored = StoredLink {
            link: new.with_id(id),
            created_at,
            revision: 1,
        };
        match self.store.creation(&partition, &stored).commit(self).await {
            Ok(()) => Ok(()),
            Err(Refusal::Steps(steps)) if !taken(&steps).is_empty() => {
                Err(Error::Invalid(taken(&steps)))
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Counts the release's links up by one. A single item's update never conflicts, so parallel
    /// creators do not wait for one another; a number whose link is then refused stays a gap.
    async fn next_link_id(&self, partition: &Partition, now: &str) -> Result<LinkId, Error> {
        let attributes = self.count_links(partition, now, 1).await?;
        Attributes(&attributes).parsed("last_link_id", |text| LinkId::new(text.parse().ok()?))
    }

    /// Adds to the number of the release's last link; makes the release where it is not there.
    async fn count_links(
        &self,
        partition: &Partition,
        now: &str,
        more: u32,
    ) -> Result<Item, Error> {
        const COUNT: &str = "ADD last_link_id :more SET created_at = if_not_exists(created_at, :now), \
                             released_at = if_not_exists(released_at, :now)";
        let values = [
            (":more", AttributeValue::N(more.to_string())),
            (":now", AttributeValue::S(now.to_owned())),
        ];
        self.update_item(partition.release(), COUNT, values).await
    }
}

impl Store {
    fn creation(&self, partition: &Partition, stored: &StoredLink) -> Transaction<'_> {
        let mut transaction = Transaction::on(&self.table);
        transaction.put(Step::Link, link_item(partition, stored), Condition::Absent);
        for (violation, item) in taken_items(partition, &stored.link) {
            transaction.put(Step::Take(violation), item, Condition::Absent);
        }
        transaction
    }
}

/// What is remembered of an idempotency key: what it was used for, and the answer.
fn once_item(partition: &Partition, once: &Once, link: &Link, now: SystemTime) -> Item {
    let mut item = partition.once(once);
    item.extend(link_attributes(link));
    item.insert(
        "fingerprint".to_owned(),
        AttributeValue::S(once.fingerprint.clone()),
    );
    let end = epoch_seconds(now + KEEP_IDEMPOTENCY_KEY);
    item.insert("expires_at".to_owned(), AttributeValue::N(end.to_string()));
    item
}
