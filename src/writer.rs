//! [`Writer`]: the right to write in one project. The store changes nothing without it.

use crate::project::{ProjectId, Role};
use crate::release::{Author, ReleaseKey, TagName};
use crate::token::{Scope, Token, TokenId};

/// The holder of a token that may write in a project.
///
/// The fields are private. Outside tests, only `from_token` makes a writer. It checks the
/// scope and the role; whether the token is still valid was checked before, by [`Token::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    project: ProjectId,
    author: Author,
}

impl Writer {
    /// The writer, if the token has the scope `api` (E17) and the role developer or a higher one in
    /// this project (E7).
    pub(crate) fn from_token(token: &Token, project: ProjectId) -> Option<Self> {
        let role = token.settings.grants.role_in(project);
        let may_write = token.settings.scope == Scope::Api && role >= Some(Role::Developer);
        may_write.then(|| Self {
            project,
            author: Author::from(token),
        })
    }

    /// A writer without a token, for tests and measurements that call the store directly.
    #[cfg(feature = "test-writer")]
    #[must_use]
    pub fn for_tests(project: ProjectId) -> Self {
        let (id, label) = (TokenId(0), "tests".to_owned());
        Self {
            project,
            author: Author { id, label },
        }
    }

    /// The ID of the token.
    #[must_use]
    pub fn token_id(&self) -> TokenId {
        self.author.id
    }

    /// The author of the releases that the writer creates.
    #[must_use]
    pub fn author(&self) -> &Author {
        &self.author
    }

    /// The key of a release in the project.
    #[must_use]
    pub fn release(&self, tag: &TagName) -> ReleaseKey {
        ReleaseKey {
            project: self.project,
            tag: tag.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::SystemTime;

    use super::*;
    use crate::token::{Grants, NewToken};

    fn project(number: u64) -> ProjectId {
        ProjectId::new(number).unwrap()
    }

    fn may_write(scope: Scope, role: Role) -> bool {
        let token = Token {
            id: TokenId(7),
            settings: NewToken {
                label: "ci".to_owned(),
                grants: Grants {
                    every: None,
                    projects: BTreeMap::from([(project(1), role)]),
                },
                scope,
                created_at: SystemTime::UNIX_EPOCH,
                expires_at: None,
            },
            revoked_at: None,
        };
        assert_eq!(Writer::from_token(&token, project(2)), None);
        Writer::from_token(&token, project(1)).is_some()
    }

    #[test]
    fn a_writer_has_the_scope_api_and_at_least_the_role_developer() {
        for (role, writes) in [
            (Role::Guest, false),
            (Role::Reporter, false),
            (Role::Developer, true),
            (Role::Maintainer, true),
            (Role::Owner, true),
        ] {
            assert_eq!(may_write(Scope::Api, role), writes, "{role:?}");
            assert!(!may_write(Scope::ReadApi, role), "{role:?}");
        }
    }
}
