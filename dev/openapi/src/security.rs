//! The ways to send a token (E14, E16).

use release_links::authorization::Access;

use crate::model::{Map, SecurityScheme};

/// The names of the schemes.
const NAMES: [&str; 4] = [
    "privateToken",
    "bearer",
    "jobToken",
    "privateTokenParameter",
];

fn scheme(kind: &str, description: &str) -> SecurityScheme {
    SecurityScheme {
        kind: kind.to_owned(),
        description: description.to_owned(),
        name: None,
        place: None,
        scheme: None,
    }
}

fn api_key(place: &str, name: &str, description: &str) -> SecurityScheme {
    SecurityScheme {
        name: Some(name.to_owned()),
        place: Some(place.to_owned()),
        ..scheme("apiKey", description)
    }
}

/// The components.
pub(crate) fn schemes() -> Map<SecurityScheme> {
    let schemes = [
        api_key(
            "header",
            "PRIVATE-TOKEN",
            "A token of the service, as GitLab's access token.",
        ),
        SecurityScheme {
            scheme: Some("bearer".to_owned()),
            ..scheme("http", "The same token, as OAuth 2.0 sends it.")
        },
        api_key(
            "header",
            "JOB-TOKEN",
            "The same token, as GitLab's job token.",
        ),
        api_key(
            "query",
            "private_token",
            "The same token. Prefer a header: addresses end up in logs.",
        ),
    ];
    NAMES.map(str::to_owned).into_iter().zip(schemes).collect()
}

/// What an operation with this access requires: one of the schemes or, to read a public project,
/// none.
pub(crate) fn requirements(access: Access) -> Vec<Map<Vec<String>>> {
    let of_scheme = |name: &str| [(name.to_owned(), Vec::new())].into();
    let mut requirements: Vec<_> = NAMES.into_iter().map(of_scheme).collect();
    match access {
        Access::Public => requirements.clear(),
        Access::Read => requirements.push(Map::new()),
        Access::Token | Access::Write => {}
    }
    requirements
}
