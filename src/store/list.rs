//! Pages of a release's links. DynamoDB has no offset: what comes before a page is counted, not read.

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, Select};

use super::Session;
use super::item::{Item, read_link};
use super::keys::{FIRST_LINK, Partition, RELEASE};
use crate::error::Error;
use crate::link::Link;
use crate::page::{MAX_COUNT, Page, Paged};
use crate::project::ProjectId;

/// A walk over a release and then its links, the newest first.
struct Walk {
    partition: Partition,
    /// Where it goes on; `None` before the first step and after the last.
    position: Option<Item>,
    is_over: bool,
    /// What it has passed: the release, and links.
    passed: u64,
}

impl Session<'_> {
    /// A page of the release's links, the newest first. It costs what it shows; where it does not reach the end, the
    /// links around it are counted, up to one more than GitLab counts (B16).
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] without such a release, [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn list_links(&self, project: ProjectId, tag: &str, page: Page) -> Result<Paged<Link>, Error> {
        let mut walk = Walk { partition: Partition::of(project, tag), position: None, is_over: false, passed: 0 };
        // The release is passed together with what comes before the page. The first page is read with the release in
        // front, and every page with one more link behind, so that the end is met without another call.
        let before = page.offset();
        if before > 0 {
            self.pass(&mut walk, before.saturating_add(1)).await?;
        }
        let in_front = u64::from(before == 0);
        let mut links = self.read_on(&mut walk, in_front + page.per_page + 1).await?;
        links.truncate(usize::try_from(page.per_page).unwrap_or(usize::MAX));
        // One for the release, and one more link than is counted.
        let enough = (MAX_COUNT + 2).saturating_sub(walk.passed);
        self.pass(&mut walk, enough).await?;
        let counted = walk.passed.checked_sub(1).ok_or(Error::NotFound)?;
        Ok(Paged { items: links, counted })
    }

    /// Passes so many items without reading them.
    async fn pass(&self, walk: &mut Walk, mut items: u64) -> Result<(), Error> {
        while items > 0 && !walk.is_over {
            let output = self.step(walk, Select::Count, items).await?;
            items = items.saturating_sub(u64::try_from(output.count()).unwrap_or_default());
        }
        Ok(())
    }

    /// Reads the links among the next so many items.
    async fn read_on(&self, walk: &mut Walk, items: u64) -> Result<Vec<Link>, Error> {
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
    async fn step(&self, walk: &mut Walk, select: Select, items: u64) -> Result<QueryOutput, Error> {
        let request = self.store.client.query().table_name(&self.store.table).consistent_read(true);
        let request = request
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(walk.partition.0.clone()))
            .expression_attribute_values(":first", AttributeValue::S(FIRST_LINK.to_owned()))
            .expression_attribute_values(":last", AttributeValue::S(RELEASE.to_owned()))
            .scan_index_forward(false)
            .select(select)
            .limit(i32::try_from(items).unwrap_or(i32::MAX))
            .set_exclusive_start_key(walk.position.take())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.read(request.send()).await?;
        self.note_read(output.consumed_capacity());
        walk.passed += u64::try_from(output.count()).unwrap_or_default();
        walk.position.clone_from(&output.last_evaluated_key);
        walk.is_over = walk.position.is_none();
        Ok(output)
    }
}
