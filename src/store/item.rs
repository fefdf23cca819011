//! Items of the table to values of the service and back.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::AttributeValue;

use super::keys::Partition;
use crate::error::Error;
use crate::link::{Link, LinkId, LinkType};
use crate::project::{Project, ProjectId, Visibility};

pub(super) type Item = HashMap<String, AttributeValue>;

/// A link as it was read, with the revision that a write has to find unchanged.
#[derive(Debug, Clone)]
pub(super) struct StoredLink {
    pub(super) link: Link,
    pub(super) created_at: String,
    pub(super) revision: u64,
}

pub(super) fn link_item(partition: &Partition, stored: &StoredLink) -> Item {
    let link = &stored.link;
    let mut item = partition.link(link.id);
    item.insert("id".to_owned(), AttributeValue::N(link.id.to_string()));
    item.insert("name".to_owned(), AttributeValue::S(link.name.clone()));
    item.insert("url".to_owned(), AttributeValue::S(link.url.clone()));
    if let Some(filepath) = &link.filepath {
        item.insert("filepath".to_owned(), AttributeValue::S(filepath.clone()));
    }
    item.insert("link_type".to_owned(), AttributeValue::S(link.link_type.as_str().to_owned()));
    item.insert("created_at".to_owned(), AttributeValue::S(stored.created_at.clone()));
    item.insert("revision".to_owned(), AttributeValue::N(stored.revision.to_string()));
    item
}

pub(super) fn read_link(item: &Item) -> Result<StoredLink, Error> {
    let attributes = Attributes(item);
    let link = Link {
        id: attributes.parsed("id", |text| LinkId::new(text.parse().ok()?))?,
        name: attributes.text("name")?.to_owned(),
        url: attributes.text("url")?.to_owned(),
        filepath: item.contains_key("filepath").then(|| attributes.text("filepath").map(str::to_owned)).transpose()?,
        link_type: attributes.parsed("link_type", LinkType::parse)?,
    };
    let created_at = attributes.text("created_at")?.to_owned();
    Ok(StoredLink { link, created_at, revision: attributes.parsed("revision", |text| text.parse().ok())? })
}

pub(super) fn read_project(item: &Item) -> Result<Project, Error> {
    let attributes = Attributes(item);
    Ok(Project {
        id: attributes.parsed("id", |text| ProjectId::new(text.parse().ok()?))?,
        path: attributes.text("path")?.to_owned(),
        visibility: attributes.parsed("visibility", Visibility::parse)?,
    })
}

/// The attributes that both items of a project carry.
pub(super) fn project_item(mut key: Item, project: &Project) -> Item {
    key.insert("id".to_owned(), AttributeValue::N(project.id.to_string()));
    key.insert("path".to_owned(), AttributeValue::S(project.path.clone()));
    key.insert("visibility".to_owned(), AttributeValue::S(project.visibility.as_str().to_owned()));
    key
}

/// A time as the table holds it: RFC 3339 in UTC.
pub(super) fn timestamp(time: SystemTime) -> String {
    DateTime::from(time).fmt(DateTimeFormat::DateTime).unwrap_or_default()
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
    pub(super) fn parsed<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Error> {
        parse(self.text(name)?).ok_or_else(|| self.corrupt(name))
    }

    fn corrupt(&self, name: &str) -> Error {
        Error::Corrupt(format!(
            "attribute {name} of item {:?}/{:?} is missing or mistyped",
            self.0.get("pk"),
            self.0.get("sk")
        ))
    }
}
