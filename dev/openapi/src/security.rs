//! The ways to send a token (E14, E16).

use release_links::authorization::Access;

use crate::model::{Map, SecurityScheme};

/// The name of the scheme of job tokens.
const JOB_TOKEN: &str = "jobToken";
/// The names of the schemes.
const NAMES: [&str; 4] = ["privateToken", "bearer", JOB_TOKEN, "privateTokenParameter"];

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
            "A token that the operator has issued. GitLab's clients send an access token so.",
        ),
        SecurityScheme {
            scheme: Some("bearer".to_owned()),
            ..scheme("http", "The same token, as OAuth 2.0 sends it.")
        },
        api_key(
            "header",
            "JOB-TOKEN",
            "The same token. GitLab's clients send a job token so.",
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
    let all = || NAMES.map(of_scheme).to_vec();
    match access {
        Access::Public => Vec::new(),
        Access::Read => [all(), vec![Map::new()]].concat(),
        Access::Token | Access::Write => all(),
        Access::JobToken => vec![of_scheme(JOB_TOKEN)],
    }
}
