//! The rules of releases and links, applied to the records of an import. A value that breaks a rule
//! is not shortened or changed: its link, or its release, is left out.

use release_links::link::{Link, LinkId, LinkInput, LinkType};
use release_links::patch::Patch;
use release_links::project::ProjectId;
use release_links::release::{
    Attribute, Author, Details, Invalid, Release, ReleaseAttributes, TagName, parse_commit,
};
use release_links::timestamp::Timestamp;

use crate::record::{LinkRecord, ReleaseRecord};
use crate::values::MAX_LABEL;

/// The highest ID that is imported. The next one must still exist, also in JavaScript.
const MAX_LINK_ID: i128 = 1 << 53;

/// A release whose record obeys the rules.
pub struct ReadRelease {
    pub release: Release,
    pub last_link_id: u64,
    /// Whether the record has a commit that is not a whole ID.
    pub has_other_commit: bool,
}

/// The release of a record, or why it is left out.
pub fn read_release(project: ProjectId, record: ReleaseRecord) -> Result<ReadRelease, String> {
    let tag = TagName::parse_new(&record.tag);
    let tag = tag.map_err(|reason| format!("Tag name invalid: the tag {reason}"))?;
    let created_at = read_time("created_at", &record.created_at)?;
    let released_at = read_time("released_at", &record.released_at)?;
    let immutable_at = record.immutable_at.as_deref();
    let immutable_at = immutable_at.map(|text| read_time("immutable_at", text));
    let immutable_at = immutable_at.transpose()?;
    let last_link_id = match record.last_link_id {
        0 => 0,
        id => importable(id)
            .ok_or_else(|| format!("last_link_id {id} is not between 0 and {MAX_LINK_ID}"))?
            .number(),
    };
    check_texts(&record.details)?;
    let commit = record.details.commit.as_deref().and_then(parse_commit);
    let has_other_commit = record.details.commit.is_some() && commit.is_none();
    let details = Details {
        commit,
        ..record.details
    };
    Ok(ReadRelease {
        release: Release {
            project,
            tag,
            details,
            created_at,
            released_at,
            immutable_at,
        },
        last_link_id,
        has_other_commit,
    })
}

/// Whether name, description and author are as short as those of the service.
fn check_texts(details: &Details) -> Result<(), String> {
    let patch = |text: &Option<String>| text.clone().map_or(Patch::Keep, Patch::Set);
    let attributes = ReleaseAttributes {
        name: patch(&details.name),
        description: patch(&details.description),
        ..ReleaseAttributes::default()
    };
    let mut problems = match attributes.into_changes() {
        Ok(_) => Vec::new(),
        Err(broken) => broken.into_iter().map(Attribute::problem).collect(),
    };
    let label = |author: &Author| author.label.chars().count();
    if details.author.as_ref().map_or(0, label) > MAX_LABEL {
        let problem = format!("is too long (maximum is {MAX_LABEL} characters)");
        problems.push(("author's label", problem));
    }
    let problems = problems.into_iter();
    let problems: Vec<String> = problems
        .map(|(name, problem)| format!("{} {problem}", capitalized(name)))
        .collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems.join(", ")),
    }
}

/// The link of a record and the time of its creation, or why it is left out.
pub fn read_link(record: LinkRecord) -> Result<(Link, Timestamp), String> {
    let id = read_id("ID", record.id)?;
    let created_at = read_time("created_at", &record.created_at)?;
    let input = LinkInput {
        name: Patch::Set(record.name),
        url: Patch::Set(record.url),
        filepath: record.filepath.map_or(Patch::Keep, Patch::Set),
        link_type: Patch::Set(read_type(&record.link_type)?),
        digest: record.digest.map_or(Patch::Keep, Patch::Set),
    };
    match input.into_new_link() {
        Ok(link) => Ok((link.with_id(id), created_at)),
        Err(violations) => {
            let messages: Vec<String> = violations.iter().map(ToString::to_string).collect();
            Err(messages.join(", "))
        }
    }
}

/// The ID of a link if it can be imported.
pub fn importable(id: i128) -> Option<LinkId> {
    LinkId::new(id).filter(|_| id <= MAX_LINK_ID)
}

fn read_id(name: &str, id: i128) -> Result<LinkId, String> {
    importable(id).ok_or_else(|| format!("{name} {id} is not between 1 and {MAX_LINK_ID}"))
}

fn read_type(text: &str) -> Result<LinkType, String> {
    match text {
        "" => Ok(LinkType::default()),
        text => {
            let unknown = |_| Invalid::LinkType(text.to_owned()).to_string();
            text.parse().map_err(unknown)
        }
    }
}

fn read_time(name: &str, text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|problem| format!("{name} is invalid: {problem}"))
}

fn capitalized(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_ascii_uppercase())
}
