//! Items of the table to values of the service and back.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::AttributeValue;

use super::ProjectChanges;
use super::keys::{Partition, project_by_id, project_by_path};
use crate::error::Error;
use crate::link::{Link, LinkId, LinkType};
use crate::project::{Project, ProjectId, ProjectPath, Visibility};

pub(super) type Item = HashMap<String, AttributeValue>;

/// A link as it was read, with the revision that a write has to find unchanged.
#[derive(Debug, Clone)]
pub(super) struct StoredLink {
    pub(super) link: Link,
    pub(super) created_at: String,
    pub(super) revision: u64,
}

pub(super) fn link_item(partition: &Partition, stored: &StoredLink) -> Item {
    let mut item = partition.link(stored.link.id);
    item.extend(link_attributes(&stored.link));
    item.insert(
        "created_at".to_owned(),
        AttributeValue::S(stored.created_at.clone()),
    );
    item.insert(
        "revision".to_owned(),
        AttributeValue::N(stored.revision.to_string()),
    );
    item
}

/// What a client sees of a link.
pub(super) fn link_attributes(link: &Link) -> Item {
    let filepath = link
        .filepath
        .as_ref()
        .map(|filepath| ("filepath", AttributeValue::S(filepath.clone())));
    let attributes = [
        ("id", AttributeValue::N(link.id.to_string())),
        ("name", AttributeValue::S(link.name.clone())),
        ("url", AttributeValue::S(link.url.clone())),
        (
            "link_type",
            AttributeValue::S(link.link_type.as_str().to_owned()),
        ),
    ];
    attributes
        .into_iter()
        .chain(filepath)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub(super) fn read_link(item: &Item) -> Result<StoredLink, Error> {
    let attributes = Attributes(item);
    let created_at = attributes.text("created_at")?.to_owned();
    let revision = attributes.parsed("revision", |text| text.parse().ok())?;
    Ok(StoredLink {
        link: read_link_attributes(&attributes)?,
        created_at,
        revision,
    })
}

pub(super) fn read_link_attributes(attributes: &Attributes<'_>) -> Result<Link, Error> {
    Ok(Link {
        id: attributes.parsed("id", |text| LinkId::new(text.parse().ok()?))?,
        name: attributes.text("name")?.to_owned(),
        url: attributes.text("url")?.to_owned(),
        filepath: attributes.optional("filepath", |text| Some(text.to_owned()))?,
        link_type: attributes.parsed("link_type", LinkType::parse)?,
    })
}

/// A project as it was read, with the revision that a write has to find unchanged.
#[derive(Debug, Clone)]
pub(super) struct StoredProject {
    pub(super) project: Project,
    pub(super) revision: u64,
    /// The paths that it had before, in lower case, the latest last. Other projects may have taken
    /// some of them.
    pub(super) former_paths: Vec<String>,
    /// When its deletion began; it is invisible from then on (F9).
    pub(super) deleting_since: Option<SystemTime>,
    /// When its deletion was finished. The item stays, so that its ID is never used again.
    pub(super) deleted_at: Option<SystemTime>,
}

impl StoredProject {
    pub(super) fn new(project: Project) -> Self {
        Self {
            project,
            revision: 1,
            former_paths: Vec::new(),
            deleting_since: None,
            deleted_at: None,
        }
    }

    /// The project after these changes. A path that it leaves becomes a former one.
    pub(super) fn with(&self, changes: &ProjectChanges) -> Self {
        let project = Project {
            id: self.project.id,
            path: changes
                .path
                .clone()
                .unwrap_or_else(|| self.project.path.clone()),
            visibility: changes.visibility.unwrap_or(self.project.visibility),
        };
        let [old_path, new_path] =
            [&self.project.path, &project.path].map(ProjectPath::to_lowercase);
        let mut former_paths = self.former_paths.clone();
        former_paths.push(old_path);
        former_paths.retain(|path| *path != new_path);
        Self {
            project,
            revision: self.revision + 1,
            former_paths,
            ..self.clone()
        }
    }

    /// The item by ID, which alone has the former paths.
    pub(super) fn by_id(&self) -> Item {
        let mut item = self.with_attributes(project_by_id(self.project.id.number()));
        if !self.former_paths.is_empty() {
            let paths = self
                .former_paths
                .iter()
                .cloned()
                .map(AttributeValue::S)
                .collect();
            item.insert("former_paths".to_owned(), AttributeValue::L(paths));
        }
        item
    }

    /// The item by the path.
    pub(super) fn by_path(&self) -> Item {
        self.with_attributes(project_by_path(&self.project.path.to_lowercase()))
    }

    /// The item by a former path.
    pub(super) fn by_former_path(&self, path: &str, now: SystemTime) -> Item {
        let mut item = self.with_attributes(project_by_path(path));
        item.insert("moved_at".to_owned(), AttributeValue::S(timestamp(now)));
        item
    }

    fn with_attributes(&self, mut item: Item) -> Item {
        let project = &self.project;
        item.insert("id".to_owned(), AttributeValue::N(project.id.to_string()));
        item.insert(
            "path".to_owned(),
            AttributeValue::S(project.path.as_str().to_owned()),
        );
        item.insert(
            "visibility".to_owned(),
            AttributeValue::S(project.visibility.as_str().to_owned()),
        );
        item.insert(
            "revision".to_owned(),
            AttributeValue::N(self.revision.to_string()),
        );
        for (name, time) in [
            ("deleting_since", self.deleting_since),
            ("deleted_at", self.deleted_at),
        ] {
            item.extend(time.map(|time| (name.to_owned(), AttributeValue::S(timestamp(time)))));
        }
        item
    }
}

pub(super) fn read_project(item: &Item) -> Result<StoredProject, Error> {
    let attributes = Attributes(item);
    Ok(StoredProject {
        project: Project {
            id: attributes.parsed("id", |text| ProjectId::new(text.parse().ok()?))?,
            path: attributes.parsed("path", |text| ProjectPath::parse(text).ok())?,
            visibility: attributes.parsed("visibility", Visibility::parse)?,
        },
        revision: attributes.parsed("revision", |text| text.parse().ok())?,
        former_paths: attributes.texts("former_paths")?,
        deleting_since: attributes.optional("deleting_since", read_time)?,
        deleted_at: attributes.optional("deleted_at", read_time)?,
    })
}

/// A time as the table holds it: RFC 3339 in UTC.
pub(super) fn timestamp(time: SystemTime) -> String {
    DateTime::from(time)
        .fmt(DateTimeFormat::DateTime)
        .unwrap_or_default()
}

/// A time as the table's TTL attribute holds it: whole seconds since 1970.
pub(super) fn epoch_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// The time that stands in the table.
pub(super) fn read_time(text: &str) -> Option<SystemTime> {
    DateTime::from_str(text, DateTimeFormat::DateTime)
        .ok()?
        .try_into()
        .ok()
}

/// Reads attributes of an item, of which a missing or mistyped one makes the item corrupt.
pub(super) struct Attributes<'a>(pub(super) &'a Item);

impl Attributes<'_> {
    /// A string or a number as text.
    pub(super) fn text(&self, name: &str) -> Result<&str, Error> {
        match self.0.get(name) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => Ok(text),
            _ => Err(self.corrupt(name)),
        }
    }

    /// Text that has to make sense to `parse`.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Error> {
        parse(self.text(name)?).ok_or_else(|| self.corrupt(name))
    }

    /// Text that may be missing, but has to make sense to `parse` where it is there.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        self.0
            .contains_key(name)
            .then(|| self.parsed(name, parse))
            .transpose()
    }

    /// A list of texts; empty where it is missing.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Error> {
        let Some(value) = self.0.get(name) else {
            return Ok(Vec::new());
        };
        let texts = value
            .as_l()
            .ok()
            .map(|texts| texts.iter().map(|text| text.as_s().cloned()).collect());
        texts.and_then(Result::ok).ok_or_else(|| self.corrupt(name))
    }

    /// That this attribute is missing or mistyped.
    pub(super) fn corrupt(&self, name: &str) -> Error {
        let part = |name| {
            self.0
                .get(name)
                .and_then(|value| value.as_s().ok())
                .map_or("?", String::as_str)
        };
        Error::Corrupt(format!(
            "attribute {name} of item {}/{} is missing or mistyped",
            part("pk"),
            part("sk")
        ))
    }
}
