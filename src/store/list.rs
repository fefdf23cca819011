//! Pages of a release's links. DynamoDB has no offset: what comes before a page is counted, not read. All links together
//! are counted by their taken names, which are a third as large as they are.

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Select};

use super::Session;
use super::item::{Item, read_link};
use super::keys::{FIRST_LINK, FIRST_NAME, LAST_NAME, Partition, RELEASE};
use crate::error::Error;
use crate::link::Link;
use crate::page::{MAX_COUNT, Page, Paged};
use crate::project::ProjectId;

/// A walk backwards over a part of a partition.
struct Walk<'a> {
    partition: &'a Partition,
    first_key: &'static str,
    last_key: &'static str,
    /// Where it goes on; `None` before the first step and after the last.
    position: Option<Item>,
    is_over: bool,
    /// How many items it has passed.
    passed: u64,
}

impl<'a> Walk<'a> {
    /// Over the release and then its links, the newest first.
    fn over_links(partition: &'a Partition) -> Self {
        Self { partition, first_key: FIRST_LINK, last_key: RELEASE, position: None, is_over: false, passed: 0 }
    }

    /// Over the taken names, of which each link has one.
    fn over_names(partition: &'a Partition) -> Self {
        Self { first_key: FIRST_NAME, last_key: LAST_NAME, ..Self::over_links(partition) }
    }
}

impl Session<'_> {
    /// A page of the release's links, the newest first. It costs what it shows; where it does not reach the end, all links
    /// are counted, up to one more than GitLab counts (B16).
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] without such a release, [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn list_links(&self, project: ProjectId, tag: &str, page: Page) -> Result<Paged<Link>, Error> {
        let partition = Partition::of(project, tag);
        let mut walk = Walk::over_links(&partition);
        // The release is passed together with what comes before the page. The first page is read with the release in
        // front, and every page with one more link behind, so that the end is met without another call.
        let before = page.offset();
        if before > 0 {
            self.pass(&mut walk, before.saturating_add(1)).await?;
        }
        let in_front = u64::from(before == 0);
        let mut links = self.read_on(&mut walk, in_front + page.per_page + 1).await?;
        links.truncate(usize::try_from(page.per_page).unwrap_or(usize::MAX));
        let passed = walk.passed.checked_sub(1).ok_or(Error::NotFound)?;
        let counted =
            if walk.is_over || passed > MAX_COUNT { passed } else { self.count(&partition).await?.max(passed) };
        Ok(Paged { items: links, counted })
    }

    /// Counts the release's links, up to one more than GitLab counts.
    async fn count(&self, partition: &Partition) -> Result<u64, Error> {
        let mut walk = Walk::over_names(partition);
        self.pass(&mut walk, MAX_COUNT + 1).await?;
        Ok(walk.passed)
    }

    /// Passes so many items without reading them.
    async fn pass(&self, walk: &mut Walk<'_>, mut items: u64) -> Result<(), Error> {
        while items > 0 && !walk.is_over {
            let output = self.step(walk, Select::Count, items).await?;
            items = items.saturating_sub(u64::try_from(output.count()).unwrap_or_default());
        }
        Ok(())
    }

    /// Reads the links among the next so many items.
    async fn read_on(&self, walk: &mut Walk<'_>, items: u64) -> Result<Vec<Link>, Error> {
        let (mut links, end) = (Vec::new(), walk.passed.saturating_add(items));
        while walk.passed < end && !walk.is_over {
            let output = self.step(walk, Select::AllAttributes, end - walk.passed).await?;
            let is_link = |item: &&Item| item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk != RELEASE);
            for item in output.items().iter().filter(is_link) {
                links.push(read_link(item)?.link);
            }
        }
        Ok(links)
    }

    /// One query: so many items or one megabyte at the most.
    async fn step(&self, walk: &mut Walk<'_>, select: Select, items: u64) -> Result<QueryOutput, Error> {
        let request = self.store.client.query().table_name(&self.store.table).consistent_read(true);
        let request = request
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(walk.partition.0.clone()))
            .expression_attribute_values(":first", AttributeValue::S(walk.first_key.to_owned()))
            .expression_attribute_values(":last", AttributeValue::S(walk.last_key.to_owned()))
            .scan_index_forward(false)
            .select(select)
            .limit(i32::try_from(items).unwrap_or(i32::MAX))
            .set_exclusive_start_key(walk.position.take())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.read(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        walk.passed += u64::try_from(output.count()).unwrap_or_default();
        walk.position.clone_from(&output.last_evaluated_key);
        walk.is_over = walk.position.is_none();
        Ok(output)
    }
}
