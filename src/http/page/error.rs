//! The page of an error: its status and one sentence. It says nothing about the request, so that
//! the page of a hidden project is the page of a missing one.

use askama::Template;
use lambda_http::http::StatusCode;

use super::{Page, SCRIPT, STYLE};
use crate::project::Visibility;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    status: StatusCode,
    /// What people call the error, where it is not the status.
    heading: Option<&'a str>,
    sentence: &'a str,
    home_url: &'a str,
}

/// The page of an error with this status.
#[must_use]
pub fn error(status: StatusCode, home_url: &str) -> Page {
    let template = ErrorPage {
        status,
        heading: (status == StatusCode::NOT_FOUND).then_some("Page not found"),
        sentence: sentence(status),
        home_url,
    };
    Page::html(&template, Visibility::Public)
}

fn sentence(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "The address of this page is not valid.",
        StatusCode::UNAUTHORIZED => "The access token is not valid.",
        StatusCode::NOT_FOUND => {
            "This page does not exist, or you do not have access to it. Check the link, or ask the \
             person who sent it."
        }
        StatusCode::PAYLOAD_TOO_LARGE => "The request is too large.",
        StatusCode::URI_TOO_LONG => "The address of this page is too long.",
        StatusCode::SERVICE_UNAVAILABLE => "The service is busy; please try again in a moment.",
        _ => "Something went wrong; please try again later.",
    }
}
