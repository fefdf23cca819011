//! All changes that a request can make, as one type that requires a [`Writer`].

use super::error::StoreError;
use super::links::{CreatedLink, Links};
use super::release_creation::CreatedRelease;
use super::releases::Releases;
use super::session::Session;
use crate::idempotency::IdempotencyKey;
use crate::link::{Link, LinkId, LinkInput, NewLink};
use crate::release::{NewRelease, ReleaseChanges, ReleaseWithLinks, ResponseSize, TagName};
use crate::writer::Writer;

/// The releases and links of the project in which a [`Writer`] may write. A change names its
/// release by the tag alone, so it cannot concern another project.
///
/// An operation that has checked the right to write compiles:
///
/// ```
/// use release_links::link::LinkId;
/// use release_links::release::TagName;
/// use release_links::store::{StoreError, StoreSession};
/// use release_links::writer::Writer;
///
/// async fn delete(
///     session: &StoreSession<'_>,
///     writer: &Writer,
///     tag: &TagName,
///     id: LinkId,
/// ) -> Result<(), StoreError> {
///     session.write_as(writer).delete_link(tag, id).await?;
///     Ok(())
/// }
/// ```
///
/// The same operation without the check does not, because nothing else makes a writer:
///
/// ```compile_fail,E0451
/// use release_links::link::LinkId;
/// use release_links::project::ProjectId;
/// use release_links::release::{Author, TagName};
/// use release_links::store::{StoreError, StoreSession};
/// use release_links::writer::Writer;
///
/// async fn delete(
///     session: &StoreSession<'_>,
///     project: ProjectId,
///     author: Author,
///     tag: &TagName,
///     id: LinkId,
/// ) -> Result<(), StoreError> {
///     let writer = Writer { project, author };
///     session.write_as(&writer).delete_link(tag, id).await?;
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct WriteSession<'s> {
    session: &'s Session<'s>,
    writer: &'s Writer,
}

impl<'s> WriteSession<'s> {
    pub(super) fn new(session: &'s Session<'s>, writer: &'s Writer) -> Self {
        Self { session, writer }
    }

    /// Creates a link, and the release if it does not exist (R11). If an earlier request with the
    /// same idempotency key created a link, that link is returned instead.
    ///
    /// # Errors
    ///
    /// [`StoreError::Immutable`], [`StoreError::Taken`], [`StoreError::IdempotencyKeyReused`],
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn create_link(
        self,
        tag: &TagName,
        new: NewLink,
        key: Option<&IdempotencyKey>,
    ) -> Result<CreatedLink, StoreError> {
        let request = key.map(|key| key.for_creation(self.writer.token_id(), &new));
        let (release, author) = (self.writer.release(tag), self.writer.author());
        let links = Links::new(self.session, &release);
        links.create(new, author, request.as_ref()).await
    }

    /// Updates a link.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Immutable`], [`StoreError::Invalid`] with all rules
    /// that the changes break, [`StoreError::Taken`], [`StoreError::Unavailable`], and [`StoreError::Corrupt`], including
    /// when another link has claimed a unique value of this one.
    pub async fn update_link(
        self,
        tag: &TagName,
        id: LinkId,
        input: &LinkInput,
    ) -> Result<Link, StoreError> {
        let release = self.writer.release(tag);
        Links::new(self.session, &release).update(id, input).await
    }

    /// Deletes a link and returns it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::Immutable`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn delete_link(self, tag: &TagName, id: LinkId) -> Result<Link, StoreError> {
        let release = self.writer.release(tag);
        Links::new(self.session, &release).delete(id).await
    }

    /// Creates a release with its links: all of them or nothing. If an earlier request with the
    /// same idempotency key created it, its response is returned instead.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseExists`], [`StoreError::IdempotencyKeyReused`],
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn create_release(
        self,
        tag: &TagName,
        new: &NewRelease,
        key: Option<&IdempotencyKey>,
    ) -> Result<CreatedRelease, StoreError> {
        let request = key.map(|key| key.for_creation(self.writer.token_id(), new));
        let (releases, release) = (Releases::new(self.session), self.writer.release(tag));
        releases.create(&release, new, request.as_ref()).await
    }

    /// Updates a release.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::ReleaseTooLarge`],
    /// [`StoreError::Immutable`] if the changes would unlock it, [`StoreError::ChangeTooLarge`],
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn update_release(
        self,
        tag: &TagName,
        changes: &ReleaseChanges,
        size: ResponseSize,
    ) -> Result<ReleaseWithLinks, StoreError> {
        let (releases, release) = (Releases::new(self.session), self.writer.release(tag));
        releases.update(&release, changes, size).await
    }

    /// Deletes a release with its links, and returns it without links (R21).
    ///
    /// # Errors
    ///
    /// [`StoreError::ReleaseNotFound`], [`StoreError::Immutable`], [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    pub async fn delete_release(self, tag: &TagName) -> Result<ReleaseWithLinks, StoreError> {
        let (releases, release) = (Releases::new(self.session), self.writer.release(tag));
        releases.delete(&release).await
    }
}
