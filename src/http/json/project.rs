//! The JSON of a project. The order of the fields is the order in the JSON.

use serde::Serialize;

use super::to_json;
use crate::http::paths;
use crate::http::public_url::PublicUrl;
use crate::project::{Project, ProjectId, Role};

/// A project (R71).
#[derive(Serialize)]
struct ProjectView<'a> {
    id: ProjectId,
    description: Option<&'a str>,
    name: &'a str,
    name_with_namespace: String,
    path: &'a str,
    path_with_namespace: &'a str,
    default_branch: &'static str,
    tag_list: [&'static str; 0],
    topics: [&'static str; 0],
    web_url: String,
    forks_count: u8,
    avatar_url: Option<&'a str>,
    star_count: u8,
    #[serde(rename = "_links")]
    links: ProjectLinks,
    empty_repo: bool,
    archived: bool,
    visibility: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Permissions>,
}

#[derive(Serialize)]
struct ProjectLinks {
    #[serde(rename = "self")]
    this: String,
}

/// The access of the caller (R72). There are no groups, so nobody has access by one.
#[derive(Serialize)]
struct Permissions {
    project_access: Option<ProjectAccess>,
    group_access: Option<ProjectAccess>,
}

#[derive(Serialize)]
struct ProjectAccess {
    access_level: u8,
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
