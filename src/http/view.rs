//! The JSON of what the API describes. The order of the fields is the order in the JSON.

use serde::Serialize;

use super::public_url::PublicUrl;
use crate::link::{Link, LinkId, LinkType};
use crate::project::{Project, ProjectId, Role};
use crate::timestamp::Timestamp;
use crate::token::{Token, TokenId};

/// A link as clients see it (profile: "body of a link").
#[derive(Serialize)]
pub(super) struct LinkView<'a> {
    id: LinkId,
    name: &'a str,
    url: &'a str,
    external: bool,
    direct_asset_url: String,
    link_type: LinkType,
}

impl<'a> LinkView<'a> {
    pub(super) fn of(public_url: &PublicUrl, project: &Project, tag: &str, link: &'a Link) -> Self {
        // A new attribute of a link does not compile until this decides whether clients see it.
        let Link {
            id,
            name,
            url,
            filepath: _,
            link_type,
        } = link;
        Self {
            id: *id,
            name,
            url,
            // GitLab also compares prefixes as plain text (H1).
            external: !url.starts_with(&public_url.project(project)),
            direct_asset_url: public_url.direct_asset(project, tag, link),
            link_type: *link_type,
        }
    }
}

/// The JSON of one link.
#[must_use]
pub fn link(public_url: &PublicUrl, project: &Project, tag: &str, link: &Link) -> Vec<u8> {
    json(&LinkView::of(public_url, project, tag, link))
}

/// The JSON of a list of links.
#[must_use]
pub fn links(public_url: &PublicUrl, project: &Project, tag: &str, links: &[Link]) -> Vec<u8> {
    json(
        &links
            .iter()
            .map(|link| LinkView::of(public_url, project, tag, link))
            .collect::<Vec<_>>(),
    )
}

/// The holder of a token, as GitLab shows the user of a project access token.
#[derive(Serialize)]
struct UserView<'a> {
    id: TokenId,
    username: String,
    name: &'a str,
    state: &'static str,
    web_url: String,
    bot: bool,
}

impl<'a> UserView<'a> {
    fn of(public_url: &PublicUrl, token: &'a Token) -> Self {
        let username = format!("token_{}", token.id);
        Self {
            id: token.id,
            web_url: public_url.user(&username),
            username,
            name: &token.settings.label,
            state: "active",
            bot: true,
        }
    }
}

/// The JSON of a token's holder.
#[must_use]
pub fn user(public_url: &PublicUrl, token: &Token) -> Vec<u8> {
    json(&UserView::of(public_url, token))
}

/// The holder of a token as a member of a project (R75).
#[derive(Serialize)]
struct MemberView<'a> {
    id: TokenId,
    username: String,
    name: &'a str,
    state: &'static str,
    avatar_url: Option<String>,
    web_url: String,
    access_level: u8,
    created_at: String,
    /// A date.
    expires_at: Option<String>,
    membership_state: &'static str,
}

/// The JSON of a token's holder as a member with this role.
#[must_use]
pub fn member(public_url: &PublicUrl, token: &Token, role: Role) -> Vec<u8> {
    let user = UserView::of(public_url, token);
    let expires_at = token.settings.expires_at.map(Timestamp::from_clock);
    json(&MemberView {
        id: user.id,
        username: user.username,
        name: user.name,
        state: user.state,
        avatar_url: None,
        web_url: user.web_url,
        access_level: role.access_level(),
        created_at: Timestamp::from_clock(token.settings.created_at).to_milliseconds_text(),
        expires_at: expires_at.map(Timestamp::to_date_text),
        membership_state: "active",
    })
}

/// The job of a job token (R74).
#[derive(Serialize)]
struct JobView<'a> {
    id: TokenId,
    name: &'a str,
    status: &'static str,
    user: UserView<'a>,
}

/// The JSON of a token as a job.
#[must_use]
pub fn job(public_url: &PublicUrl, token: &Token) -> Vec<u8> {
    let user = UserView::of(public_url, token);
    json(&JobView {
        id: user.id,
        name: user.name,
        status: "running",
        user,
    })
}

/// The version of the API (R73).
#[derive(Serialize)]
struct VersionView {
    version: &'static str,
    revision: &'static str,
    kas: KasView,
    enterprise: bool,
}

/// GitLab's agent server for Kubernetes, which does not exist here.
#[derive(Serialize)]
struct KasView {
    enabled: bool,
    #[serde(rename = "externalUrl")]
    external_url: Option<&'static str>,
    version: Option<&'static str>,
}

/// The JSON of the version of GitLab whose API the service implements. Clients compare it.
#[must_use]
pub fn version() -> Vec<u8> {
    json(&VersionView {
        version: "18.0.0",
        revision: env!("CARGO_PKG_VERSION"),
        kas: KasView {
            enabled: false,
            external_url: None,
            version: None,
        },
        enterprise: false,
    })
}

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

/// The JSON of a project. `role` is the role of the caller's token, or `None` for an anonymous
/// caller, to whom GitLab shows no permissions.
#[must_use]
pub fn project(public_url: &PublicUrl, project: &Project, role: Option<Option<Role>>) -> Vec<u8> {
    let path = project.path.as_str();
    let name = path.rsplit('/').next().unwrap_or(path);
    let access = |role: Role| ProjectAccess {
        access_level: role.access_level(),
        notification_level: 3,
    };
    json(&ProjectView {
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
            this: public_url.project_api(&project.id.to_string()),
        },
        empty_repo: true,
        archived: false,
        visibility: project.visibility.as_str(),
        permissions: role.map(|role| Permissions {
            project_access: role.map(access),
            group_access: None,
        }),
    })
}

/// The JSON of a value. Text, numbers and booleans always serialize; should a view ever contain
/// something else, the log says so.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|error| {
        tracing::error!(cause = %error, "the response does not serialize");
        b"null".to_vec()
    })
}
