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
    sentence: &'a str,
    home_url: &'a str,
}

/// The page of an error with this status.
#[must_use]
pub fn error(status: StatusCode, home_url: &str) -> Page {
    let template = ErrorPage {
        status,
        sentence: sentence(status),
        home_url,
    };
    Page::html(&template, Visibility::Public)
}

fn sentence(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "The address of this page is not valid.",
        StatusCode::UNAUTHORIZED => "The token of this request is not valid.",
        StatusCode::FORBIDDEN => "The token of this request does not allow it.",
        StatusCode::NOT_FOUND => "This page does not exist, or you may not see it.",
        StatusCode::PAYLOAD_TOO_LARGE => "The request is too large.",
        StatusCode::URI_TOO_LONG => "The address of this page is too long.",
        StatusCode::SERVICE_UNAVAILABLE => "The service is busy; please try again in a moment.",
        _ => "Something went wrong; please try again later.",
    }
}
