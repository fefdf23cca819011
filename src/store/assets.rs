//! The assets of a release by filepath: the URL of a link, and the digest of its file.

use super::error::StoreError;
use super::items::{ConstraintItem, Item, read};
use super::keys::item_name;
use super::links::Links;
use crate::link::Digest;
use crate::timestamp::Timestamp;

/// What a release has at a filepath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The URL of the link with the filepath.
    pub url: Option<String>,
    /// The digest of the link whose checksum file the filepath names.
    pub digest: Option<Digest>,
    /// See [`Release::immutable_at`](crate::release::Release::immutable_at).
    pub immutable_at: Option<Timestamp>,
}

impl Links<'_> {
    /// The link with this filepath, in one call.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn asset(&self, filepath: &str) -> Result<Asset, StoreError> {
        let key = |generation| self.partition.filepath_constraint(generation, filepath);
        let found = self.session.living_item(&self.partition, key).await?;
        let (release, item) = found.ok_or(StoreError::ReleaseNotFound)?;
        Ok(Asset {
            url: item.map(url_of).transpose()?,
            digest: None,
            immutable_at: release.immutable_at,
        })
    }

    /// The link with this filepath, and the digest of the link with the filepath `file`, in one
    /// call.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn asset_or_digest(&self, filepath: &str, file: &str) -> Result<Asset, StoreError> {
        let key = |generation, filepath| self.partition.filepath_constraint(generation, filepath);
        let keys = |generation| [key(generation, filepath), key(generation, file)];
        let found = self.session.living_items(&self.partition, keys).await?;
        let (release, [item, file]) = found.ok_or(StoreError::ReleaseNotFound)?;
        let file: Option<ConstraintItem> = file.map(read).transpose()?;
        Ok(Asset {
            url: item.map(url_of).transpose()?,
            digest: file.and_then(|file| file.digest),
            immutable_at: release.immutable_at,
        })
    }
}

/// The URL in the unique-constraint item of a filepath.
fn url_of(item: Item) -> Result<String, StoreError> {
    let name = item_name(&item);
    let corrupt = || StoreError::Corrupt(format!("attribute url of {name} is missing"));
    read::<ConstraintItem>(item)?.url.ok_or_else(corrupt)
}
