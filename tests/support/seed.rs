//! What the documentation's requests expect to find: project 24, release v0.1, and a token with
//! developer rights.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use release_links::error::Error;
use release_links::link::{LinkInput, NewLink};
use release_links::params::Field;
use release_links::project::{Project, ProjectId, ProjectPath, Role, Visibility};
use release_links::store::{Refused, Store};
use release_links::token::{Grants, NewToken, PlainToken, Scope};

/// The documentation's token.
pub const TOKEN: &str = "gDybLx3yrUK_HLp3qPjS";

/// Adds the public project `group/app`, the documentation's token and, in release v0.1, the second
/// link of the documentation's list; the first one is created by its create request. What is there
/// already stays as it is.
pub async fn seed(store: &Store) -> Result<(), Refused> {
    let session = store.session(Duration::from_secs(30));
    let id = ProjectId::new(24).expect("24 is a project's number");
    let path = ProjectPath::parse("group/app").expect("group/app is a project's path");
    let is_new = match session
        .create_project(&Project {
            id,
            path,
            visibility: Visibility::Public,
        })
        .await
    {
        Err(Refused::NumberTaken(_)) => false,
        created => created.map(|()| true)?,
    };
    match session
        .create_token(
            PlainToken::from(TOKEN.to_owned()).hash(),
            documented_token(id),
        )
        .await
    {
        Ok(_) | Err(Refused::TokenTaken) => {}
        Err(refused) => return Err(refused),
    }
    if is_new {
        let link = NewLink::parse(documented_link()).map_err(Error::Invalid)?;
        session
            .import_link(id, "v0.1", 2, link, SystemTime::now())
            .await?;
    }
    Ok(())
}

fn documented_token(project: ProjectId) -> NewToken {
    NewToken {
        label: "documentation".to_owned(),
        grants: Grants {
            every: None,
            projects: BTreeMap::from([(project, Role::Developer)]),
        },
        scope: Scope::Api,
        created_at: SystemTime::now(),
        expires_at: None,
    }
}

fn documented_link() -> LinkInput {
    let text = |text: &str| Field::Value(text.to_owned());
    LinkInput {
        name: text("awesome-v0.2.msi"),
        url: text("http://192.168.10.15:3000/msi"),
        filepath: Field::Absent,
        link_type: Field::Absent,
    }
}
