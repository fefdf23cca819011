//! The sentence about a path that a project takes from another one.

use release_links::project::Project;
use release_links::store::operator::FormerOwner;

/// What a takeover does to the project that had the path before.
pub fn loss(project: &Project, former: &FormerOwner) -> String {
    let (path, id) = (&project.path, project.id);
    let former = if former.is_deleted {
        let former = former.project.id;
        format!("was reserved for project {former}, which is hidden or deleted")
    } else {
        former.to_string()
    };
    format!("; {path} {former}: its published download URLs now lead to project {id}")
}
