//! The sentence about a path that a project takes from another one.

use release_links::project::Project;
use release_links::store::operator::FormerOwner;

/// The end of a sentence about the project that loses its path.
pub fn describe_loss(project: &Project, former: &FormerOwner) -> String {
    let (path, id) = (&project.path, project.id);
    let former = if former.is_deleted {
        let former = former.project.id;
        format!("was reserved for project {former}, which is hidden or deleted")
    } else {
        former.to_string()
    };
    format!("; {path} {former}: its published download URLs now lead to project {id}")
}
