//! What the documentation's requests expect to find: project 24 and release v0.1.

use std::time::{Duration, SystemTime};

use release_links::error::Error;
use release_links::link::{LinkInput, NewLink};
use release_links::params::Field;
use release_links::project::{Project, ProjectId, Visibility};
use release_links::store::Store;

/// Adds the project `group/app` and, in its release v0.1, the second link of the documentation's list; the first one is
/// created by its create request. Nothing is written where the project is there already.
pub async fn seed(store: &Store) -> Result<(), Error> {
    let session = store.session(Duration::from_secs(30));
    let id = ProjectId::new(24).expect("24 is a project's number");
    let project = Project { id, path: "group/app".to_owned(), visibility: Visibility::Public };
    if !session.create_project(&project).await? {
        return Ok(());
    }
    let text = |text: &str| Field::Value(text.to_owned());
    let input = LinkInput {
        name: text("awesome-v0.2.msi"),
        url: text("http://192.168.10.15:3000/msi"),
        filepath: Field::Absent,
        link_type: Field::Absent,
    };
    let link = NewLink::parse(input).map_err(Error::Invalid)?;
    session.import_link(id, "v0.1", 2, link, SystemTime::now()).await
}
