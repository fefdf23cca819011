//! The limits that the description states in words are those of the code.

use release_links::http::event::MAX_URI_BYTES;
use release_links::http::params::{MAX_BODY_BYTES, MAX_RELEASE_BODY_BYTES};

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes / 1024)
}

#[test]
fn the_limits_of_a_request_are_those_of_the_service() {
    let document = openapi::document();
    let (body, release, uri) = (MAX_BODY_BYTES, MAX_RELEASE_BODY_BYTES, MAX_URI_BYTES);
    let body = format!(
        "A body has at most {}, that of a POST or PUT of a release {}.",
        kib(body),
        kib(release)
    );
    let uri = format!("its path and query together at most {} (R82).", kib(uri));
    let words = document.info.description.replace("\n  ", " ");
    for sentence in [body, uri] {
        assert!(words.contains(&sentence), "'{sentence}' is not in: {words}");
    }
}

#[test]
fn the_statuses_of_requests_that_are_too_large_name_the_limits() {
    let document = openapi::document();
    let description = |name: &str| document.components.responses[name].description.clone();
    assert_eq!(
        description("ContentTooLarge"),
        format!(
            "The body is larger than {}, or than {} in a POST or PUT of a release.",
            kib(MAX_BODY_BYTES),
            kib(MAX_RELEASE_BODY_BYTES)
        )
    );
    let uri = format!(
        "The path and the query have more than {},",
        kib(MAX_URI_BYTES)
    );
    assert!(description("UriTooLong").starts_with(&uri), "{uri}");
}
