//! Releases as operators see and delete them.

use crate::project::ProjectId;
use crate::release::{ReleaseKey, TagName};
use crate::store::error::StoreError;
use crate::store::releases::Releases;
use crate::store::session::Session;

/// A release in the list for operators, which reads nothing but the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseEntry {
    /// The tag.
    pub tag: TagName,
    /// When it was released, or will be: RFC 3339 in UTC.
    pub released_at: String,
    /// When it was created, in the same form.
    pub created_at: String,
}

/// The releases of all projects.
#[derive(Debug, Clone, Copy)]
pub struct OperatorReleases<'a> {
    pub(super) store: &'a Session<'a>,
}

impl<'a> OperatorReleases<'a> {
    pub(super) fn new(store: &'a Session<'a>) -> Self {
        Self { store }
    }

    /// All releases of a project, the latest first. It takes one query for each megabyte of their
    /// order, whatever their links are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn list(self, project: ProjectId) -> Result<Vec<ReleaseEntry>, StoreError> {
        let places = self.store.places(project).await?.into_iter();
        let entries = places.map(|place| ReleaseEntry {
            tag: place.tag,
            released_at: place.released_at,
            created_at: place.created_at,
        });
        Ok(entries.collect())
    }

    /// Whether the release is locked; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn is_locked(self, key: &ReleaseKey) -> Result<Option<bool>, StoreError> {
        Releases::new(self.store).is_locked(key).await
    }

    /// Deletes a release with its links. The command's credentials are the operator's right to
    /// write, so this needs no [`crate::writer::Writer`].
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::Immutable`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn delete(self, key: &ReleaseKey) -> Result<(), StoreError> {
        Releases::new(self.store).delete(key).await.map(drop)
    }
}
