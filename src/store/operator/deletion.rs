//! The deletion of a project, which can be interrupted and resumed.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};

use super::Operator;
use super::error::AdminError;
use super::projects::{Projects, by_former_path, by_id, not_deleted, without_taken_paths};
use super::rounds::in_rounds;
use crate::project::{Project, ProjectId};
use crate::store::entities::Item;
use crate::store::error::StoreError;
use crate::store::identity::ProjectItem;
use crate::store::transaction::{Condition, Step, Transaction, TransactionError};
use crate::timestamp::Timestamp;

/// Largest number of items in one batch, which is DynamoDB's limit.
const BATCH: usize = 25;
/// Time limit for one page of the table.
const PAGE_TIMEOUT: Duration = Duration::from_secs(60);

/// A deletion that has begun: the project is hidden, but its releases still exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The project.
    pub project: Project,
    /// When the deletion began.
    pub since: SystemTime,
}

impl<'a> Projects<'a> {
    /// Hides a project. Its paths stay reserved. A deletion that has already begun is returned as it
    /// is.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::Deleted`], [`AdminError::Changed`],
    /// [`AdminError::Failed`].
    pub async fn begin_deletion(
        self,
        id: ProjectId,
        now: SystemTime,
    ) -> Result<Deletion, AdminError> {
        let mut taken_paths: Vec<String> = Vec::new();
        in_rounds(async || {
            let mut before = not_deleted(self.item_by_id(id).await?)?;
            if let Some(since) = before.deleting_since {
                let (project, since) = (before.project(), since.into());
                return Ok(Some(Deletion { project, since }));
            }
            before
                .former_paths
                .retain(|path| !taken_paths.contains(path));
            match self.hiding(&before, now).commit(self.store).await {
                Ok(()) => {
                    let (project, since) = (before.project(), now);
                    return Ok(Some(Deletion { project, since }));
                }
                // Another operator was faster, or other projects have taken former paths.
                Err(error @ TransactionError::Steps(_)) => {
                    if let Some(left) = without_taken_paths(&before, &error) {
                        let taken = |path: &String| !left.contains(path);
                        taken_paths.extend(before.former_paths.into_iter().filter(taken));
                    }
                }
                Err(error) => return Err(error.into()),
            }
            Ok(None)
        })
        .await
    }

    /// Marks a project as deleted after its releases were deleted. The item stays, so that the ID
    /// is never reused: a late request or operator finds no other project under it.
    ///
    /// # Errors
    ///
    /// [`AdminError::UnknownProject`], [`AdminError::Changed`], [`AdminError::Failed`].
    pub async fn finish_deletion(self, id: ProjectId, now: SystemTime) -> Result<(), AdminError> {
        in_rounds(async || {
            let before = self.item_by_id(id).await?;
            if before.deleted_at.is_some() {
                return Ok(Some(()));
            }
            if before.deleting_since.is_none() {
                return Err(AdminError::Changed);
            }
            let unchanged = Condition::Version(before.version);
            let (version, deleted_at) = (before.version + 1, Some(Timestamp::from_clock(now)));
            let after = ProjectItem {
                version,
                deleted_at,
                ..before
            };
            let mut transaction = Transaction::on(&self.store.table.name);
            transaction.put(Step::Own, by_id(&after), unchanged);
            match transaction.commit(self.store).await {
                Ok(()) => Ok(Some(())),
                Err(TransactionError::Steps(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    fn hiding(self, before: &ProjectItem, now: SystemTime) -> Transaction<'a> {
        let unchanged = Condition::Version(before.version);
        let after = ProjectItem {
            version: before.version + 1,
            former_paths: Vec::new(),
            deleting_since: Some(Timestamp::from_clock(now)),
            ..before.clone()
        };
        let mut transaction = Transaction::on(&self.store.table.name);
        transaction.put(Step::Own, by_id(&after), unchanged);
        // The items of its paths stay, so that no project takes over its downloads unasked.
        let path = after.path.to_lowercase();
        transaction.put(Step::Own, by_former_path(&after, &path, now), unchanged);
        for (index, path) in before.former_paths.iter().enumerate() {
            let is_own = Condition::FormerPathOf(before.id);
            let item = by_former_path(&after, path, now);
            transaction.put(Step::FormerPath(index), item, is_own);
        }
        transaction
    }
}

impl Operator {
    /// Deletes the releases and links of a project, and reports to `progress` how many items are
    /// deleted so far. No item lists the releases of a project, so this scans the table. It can be
    /// interrupted and run again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn delete_releases(
        &self,
        project: ProjectId,
        mut progress: impl FnMut(usize),
    ) -> Result<usize, StoreError> {
        let (mut deleted, mut start) = (0, None);
        loop {
            let session = self.session(PAGE_TIMEOUT);
            let (keys, next) = session.keys_of_releases(project, start).await?;
            for batch in keys.chunks(BATCH) {
                let requests = batch.iter().map(delete_request).collect();
                session.write_items(requests).await?;
                deleted += batch.len();
                progress(deleted);
            }
            start = next;
            if start.is_none() {
                return Ok(deleted);
            }
        }
    }
}

#[expect(clippy::expect_used, reason = "all required fields are set")]
fn delete_request(key: &Item) -> WriteRequest {
    let request = DeleteRequest::builder().set_key(Some(key.clone())).build();
    let request = request.expect("the key is set");
    WriteRequest::builder().delete_request(request).build()
}
