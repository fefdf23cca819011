//! The sentence about a path that a project takes from another one.

use release_links::project::Project;
use release_links::store::operator::FormerOwner;

/// What a takeover does to the project that had the path before.
pub fn loss(project: &Project, former: &FormerOwner) -> String {
    let (path, id) = (&project.path, project.id);
    format!("; {path} {former}: its published download URLs now lead to project {id}")
}
