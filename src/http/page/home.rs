//! The page about the service.

use askama::Template;

use super::{Page, SCRIPT, STYLE};
use crate::http::public_url::PublicUrl;
use crate::project::Visibility;

/// GitLab's description of the API, which applies here too.
const REFERENCE: &str = "https://docs.gitlab.com/api/releases/";

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    api: &'a str,
    openapi: &'a str,
    reference: &'a str,
    home_url: &'a str,
}

/// The page. It names no project.
#[must_use]
pub fn home(public_url: &PublicUrl) -> Page {
    let openapi = public_url.openapi();
    let (api, _) = openapi.rsplit_once('/').unwrap_or_default();
    let template = HomePage {
        api,
        openapi: &openapi,
        reference: REFERENCE,
        home_url: &public_url.home(),
    };
    Page::html(&template, Visibility::Public)
}
