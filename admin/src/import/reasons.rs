//! Why projects, releases and links are left out, and what the operator can do.

use std::borrow::Cow;

use release_links::project::{Project, ProjectId, ProjectPath, Visibility};
use release_links::release::Release;
use release_links::store::operator::{AdminError, ImportOutcome};

use crate::failure::cut;
use crate::output::escape;
use crate::record::ProjectRecord;

/// Longest tag in a reason.
pub const MAX_TAG: usize = 60;

/// Why the releases of a project are left out that existed when the import began.
pub const GONE: &str = "the project was hidden or deleted during the import";

/// The project that a record describes.
pub fn new_project(record: &ProjectRecord) -> Result<Project, String> {
    let path = ProjectPath::parse_new(&record.path)?;
    let id = ProjectId::new(record.id).ok_or_else(|| {
        let (id, max) = (record.id, i64::MAX);
        format!(
            "the ID {id} is not between 1 and {max}: {}",
            another_id(&path)
        )
    })?;
    let visibility: Visibility = record.visibility.parse().map_err(|_| {
        let visibility = cut(&record.visibility, MAX_TAG);
        format!("visibility \"{visibility}\" is neither private nor public")
    })?;
    Ok(Project {
        id,
        path,
        visibility,
    })
}

/// Why no project can be imported under this path.
pub fn explain_path(error: &AdminError, path: &ProjectPath) -> Option<String> {
    let take = "create a project with `project create --take-former-path`, and then import into \
                it";
    Some(match error {
        AdminError::FormerPath { project, .. } => {
            let (id, now) = (project.id, &project.path);
            format!("{path} is a former path of project {id}, which is now {now}: {take}")
        }
        AdminError::FormerPathOfAnother { owner, .. } => format!("{path} {owner}: {take}"),
        AdminError::Deleted { id, .. } => {
            format!("{path} is reserved for project {id}, which was deleted: {take}")
        }
        AdminError::Hidden(_) | AdminError::Purging(_) => error.to_string(),
        _ => return None,
    })
}

/// Why no project can be created with its ID.
pub fn explain_id(error: &AdminError, path: &ProjectPath) -> Option<String> {
    let (id, owner) = match error {
        AdminError::IdTaken(id) => (id, "is the ID of another project"),
        AdminError::Hidden(id) => (id, "is the ID of a hidden project"),
        AdminError::Purging(id) => (id, "is the ID of a project that is being deleted"),
        AdminError::IdUsed { id, .. } => (id, "was the ID of a deleted project"),
        error => return explain_path(error, path),
    };
    Some(format!("{id} {owner}: {}", another_id(path)))
}

fn another_id(path: &ProjectPath) -> String {
    format!("create the project with another ID first: `project create --path {path} --id ID`")
}

pub fn explain_deletion(release: &Release) -> String {
    let (tag, id) = (argument(release.tag.as_str()), release.project);
    format!(
        "it was deleted here: `--recreate` imports it, and `release restore {tag} --project {id} \
         --from TABLE` restores it from another table"
    )
}

/// The tag as an argument in a shell, or a placeholder for one that nobody could type.
fn argument(tag: &str) -> String {
    let is_plain = tag.chars().count() <= MAX_TAG && escape(tag) == tag && !tag.starts_with('-');
    let quoted = shlex::try_quote(tag).ok().filter(|_| is_plain);
    quoted.map_or_else(|| "TAG".to_owned(), Cow::into_owned)
}

pub fn explain_link(outcome: &ImportOutcome) -> String {
    match outcome {
        ImportOutcome::Differs => "another link has its ID".to_owned(),
        ImportOutcome::Taken(violations) => {
            let messages: Vec<String> = violations.iter().map(ToString::to_string).collect();
            messages.join(", ")
        }
        ImportOutcome::Immutable => "the release is immutable: unlock it first".to_owned(),
        _ => "its ID was assigned here before: create the link through the API, with a new \
              ID"
        .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_in_a_command_is_quoted_for_a_shell() {
        for (tag, expected) in [
            ("v1.0", "v1.0"),
            ("release/1.0", "release/1.0"),
            ("v1;touch x", "'v1;touch x'"),
            ("$(touch x)", "'$(touch x)'"),
            ("it's", "\"it's\""),
            ("v1\r", "TAG"),
            ("-v", "TAG"),
            (
                "0123456789012345678901234567890123456789012345678901234567890",
                "TAG",
            ),
        ] {
            assert_eq!(argument(tag), expected);
        }
    }
}
