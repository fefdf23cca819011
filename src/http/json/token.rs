//! The JSON of a token: as the user, the member and the job that GitLab shows for it. The order of
//! the fields is the order in the JSON.

use serde::Serialize;

use super::to_json;
use crate::http::public_url::PublicUrl;
use crate::project::Role;
use crate::timestamp::Timestamp;
use crate::token::{Token, TokenId};

/// The holder of a token, as GitLab shows the user of a project access token.
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "User")
)]
pub(super) struct UserView<'a> {
    /// The ID of the token.
    #[cfg_attr(feature = "schemas", schemars(with = "u64"))]
    id: TokenId,
    /// `token_` and the ID.
    username: String,
    /// The label of the token.
    name: &'a str,
    /// Always `active`.
    state: &'static str,
    /// The URL of a page that does not exist here.
    web_url: String,
    /// Always true: the holder of a token is no person.
    bot: bool,
}

impl<'a> UserView<'a> {
    fn new(public_url: &PublicUrl, token: &'a Token) -> Self {
        let username = token.id.username();
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
    to_json(&UserView::new(public_url, token))
}

/// The holder of a token as a member of a project (R75).
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "Member")
)]
pub(super) struct MemberView<'a> {
    /// The ID of the token.
    #[cfg_attr(feature = "schemas", schemars(with = "u64"))]
    id: TokenId,
    /// `token_` and the ID.
    username: String,
    /// The label of the token.
    name: &'a str,
    /// Always `active`.
    state: &'static str,
    /// Always null.
    avatar_url: Option<String>,
    /// The URL of a page that does not exist here.
    web_url: String,
    /// GitLab's number of the role in the project: 10 guest, 20 reporter, 30 developer, 40 maintainer, 50
    /// owner.
    access_level: u8,
    /// When the token was created.
    #[cfg_attr(feature = "schemas", schemars(extend("format" = "date-time")))]
    created_at: String,
    /// The date on which the token expires, if it does.
    #[cfg_attr(feature = "schemas", schemars(extend("format" = "date")))]
    expires_at: Option<String>,
    /// Always `active`.
    membership_state: &'static str,
}

/// The JSON of a token's holder as a member with this role.
#[must_use]
pub fn member(public_url: &PublicUrl, token: &Token, role: Role) -> Vec<u8> {
    let user = UserView::new(public_url, token);
    let expires_at = token.settings.expires_at.map(Timestamp::from_clock);
    to_json(&MemberView {
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
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "Job")
)]
pub(super) struct JobView<'a> {
    /// The ID of the token.
    #[cfg_attr(feature = "schemas", schemars(with = "u64"))]
    id: TokenId,
    /// The label of the token.
    name: &'a str,
    /// Always `running`.
    status: &'static str,
    /// The holder of the token.
    user: UserView<'a>,
}

/// The JSON of a token as a job.
#[must_use]
pub fn job(public_url: &PublicUrl, token: &Token) -> Vec<u8> {
    let user = UserView::new(public_url, token);
    to_json(&JobView {
        id: user.id,
        name: user.name,
        status: "running",
        user,
    })
}
