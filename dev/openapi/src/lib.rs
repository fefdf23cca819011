//! The description of the API in the format OpenAPI 3.1. It is made from the rows of the operations
//! and from the types of the responses, so that no fact is written twice.

mod differences;
mod envelopes;
mod errors;
mod examples;
mod headers;
pub mod json;
pub mod markdown;
pub mod model;
mod operations;
mod parameters;
mod responses;
mod schemas;
mod security;
mod sources;

use crate::differences::Differences;
use crate::examples::Exchanges;
use crate::model::{Components, Document, Info, License, Server, Tag};
use crate::sources::Sources;

const DESCRIPTION: &str = include_str!("description.md");

/// The description of the API.
#[must_use]
pub fn document() -> Document {
    let mut sources = Sources {
        differences: Differences::read(),
        exchanges: Exchanges::read(),
        views: schemas::Views::new(),
    };
    let paths = operations::all(&mut sources);
    let Sources {
        differences,
        exchanges,
        views,
    } = sources;
    let mut schemas = operations::request_schemas(&differences, &exchanges);
    schemas.extend(views.into_components(&differences));
    schemas.extend(envelopes::schemas());
    let mut responses = responses::components();
    responses.extend(errors::responses(&differences));
    Document {
        openapi: "3.1.0".to_owned(),
        info: info(),
        servers: vec![Server {
            url: "../..".to_owned(),
            description: "The service that has served this document.".to_owned(),
        }],
        tags: tags(),
        paths,
        components: Components {
            schemas,
            responses,
            parameters: parameters::components(&differences, &exchanges),
            headers: headers::components(&differences),
            security_schemes: security::schemes(),
        },
    }
}

fn info() -> Info {
    Info {
        title: "release-links".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        summary: "GitLab's Releases API and Release links API on AWS Lambda.".to_owned(),
        description: DESCRIPTION.trim().to_owned(),
        license: License {
            name: "MIT".to_owned(),
            identifier: "MIT".to_owned(),
        },
    }
}

fn tags() -> Vec<Tag> {
    let tags = operations::TAGS.iter().map(|(name, description)| Tag {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
    });
    tags.collect()
}

/// The text of `docs/openapi.json`.
///
/// # Panics
///
/// Never: the document has no map whose keys are not text.
#[must_use]
pub fn text(document: &Document) -> String {
    serde_json::to_string_pretty(document).expect("the document serializes") + "\n"
}
