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
struct UserView<'a> {
    id: TokenId,
    username: String,
    name: &'a str,
    state: &'static str,
    web_url: String,
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
struct JobView<'a> {
    id: TokenId,
    name: &'a str,
    status: &'static str,
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
