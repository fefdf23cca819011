//! The JSON of a project. The order of the fields is the order in the JSON.

use serde::Serialize;

use super::to_json;
use crate::http::paths;
use crate::http::public_url::PublicUrl;
use crate::project::{Project, ProjectId, Role};

/// A project (R71).
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "Project")
)]
pub(super) struct ProjectView<'a> {
    /// The ID of the project.
    #[cfg_attr(feature = "schemas", schemars(with = "u64"))]
    id: ProjectId,
    /// Always null.
    description: Option<&'a str>,
    /// The last segment of the path.
    name: &'a str,
    /// The path with ` / ` between its segments.
    name_with_namespace: String,
    /// The last segment of the path.
    path: &'a str,
    /// The path of the project.
    path_with_namespace: &'a str,
    /// Always `main`.
    default_branch: &'static str,
    /// Always empty.
    tag_list: [&'static str; 0],
    /// Always empty.
    topics: [&'static str; 0],
    /// The URL that leads to the page with the releases (R92).
    web_url: String,
    /// Always 0.
    forks_count: u8,
    /// Always null.
    avatar_url: Option<&'a str>,
    /// Always 0.
    star_count: u8,
    /// The URLs of the API for the project.
    #[serde(rename = "_links")]
    links: ProjectLinks,
    /// Always true: there is no repository.
    empty_repo: bool,
    /// Always false.
    archived: bool,
    /// Who sees the project: everybody, or its members.
    #[cfg_attr(
        feature = "schemas",
        schemars(with = "String", extend("enum" = visibilities()))
    )]
    visibility: &'static str,
    /// The access of the caller, if it has sent a token (R72).
    #[cfg_attr(feature = "schemas", schemars(with = "Permissions"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Permissions>,
}

#[cfg(feature = "schemas")]
fn visibilities() -> Vec<&'static str> {
    let all = <crate::project::Visibility as strum::VariantArray>::VARIANTS;
    all.iter().map(|visibility| visibility.as_str()).collect()
}

#[derive(Serialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
struct ProjectLinks {
    /// The URL of the project.
    #[serde(rename = "self")]
    this: String,
}

/// The access of the caller (R72). There are no groups.
#[derive(Serialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
struct Permissions {
    /// The access by a role in the project.
    project_access: Option<ProjectAccess>,
    /// Always null: there are no groups.
    group_access: Option<ProjectAccess>,
}

/// The access by a role.
#[derive(Serialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
struct ProjectAccess {
    /// GitLab's number of the role: 10 guest, 20 reporter, 30 developer, 40 maintainer, 50
    /// owner.
    access_level: u8,
    /// Always 3.
    notification_level: u8,
}

/// The caller to whom a project is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// A caller without a token, to whom GitLab shows no permissions.
    Anonymous,
    /// The holder of a token, with its role in the project, if any.
    Holder(Option<Role>),
}

/// The JSON of a project.
#[must_use]
pub fn project(public_url: &PublicUrl, project: &Project, viewer: Viewer) -> Vec<u8> {
    let path = project.path.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    let access = |role: Role| ProjectAccess {
        access_level: role.access_level(),
        notification_level: 3,
    };
    to_json(&ProjectView {
        id: project.id,
        description: None,
        name,
        name_with_namespace: path.replace('/', " / "),
        path: name,
        path_with_namespace: path,
        default_branch: "main",
        tag_list: [],
        topics: [],
        web_url: public_url.project(project),
        forks_count: 0,
        avatar_url: None,
        star_count: 0,
        links: ProjectLinks {
            this: public_url.endpoint(paths::PROJECT, &[("id", &project.id.to_string())]),
        },
        empty_repo: true,
        archived: false,
        visibility: project.visibility.as_str(),
        permissions: match viewer {
            Viewer::Anonymous => None,
            Viewer::Holder(role) => Some(Permissions {
                project_access: role.map(access),
                group_access: None,
            }),
        },
    })
}
