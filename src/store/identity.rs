//! Tokens and projects as requests read them. Only the operator changes them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::batch::find;
use super::error::StoreError;
use super::items::{epoch_seconds, read};
use super::keys::{self, Key, token_by_hash};
use super::session::Session;
use crate::project::{Project, ProjectId, ProjectPath, ProjectRef, Role, Visibility};
use crate::timestamp::Timestamp;
use crate::token::{EVERY_PROJECT, Grants, HashedToken, NewToken, Scope, Token, TokenId};

/// How long DynamoDB keeps a token after its expiry. Until then, its holder receives "expired"
/// instead of "unauthorized".
const KEEP_EXPIRED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A project with the version that an update must find unchanged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ProjectItem {
    pub(super) id: ProjectId,
    pub(super) path: ProjectPath,
    pub(super) visibility: Visibility,
    pub(super) version: u64,
    /// Its earlier paths in lower case, the latest last, in the item by ID alone. Other projects
    /// may have taken some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) former_paths: Vec<String>,
    /// When its deletion began. The project is hidden from then on (F9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleting_since: Option<Timestamp>,
    /// When the removal of its releases began. From then on, it cannot be restored from this table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) purging_since: Option<Timestamp>,
    /// When its deletion finished. The item stays, so that its ID is never reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleted_at: Option<Timestamp>,
    /// In the item by a former path: when the project left the path, or changed after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moved_at: Option<Timestamp>,
}

impl ProjectItem {
    pub(super) fn new(project: Project, version: u64) -> Self {
        let Project {
            id,
            path,
            visibility,
        } = project;
        let [deleting_since, purging_since, deleted_at, moved_at] = [None; 4];
        let former_paths = Vec::new();
        Self {
            id,
            path,
            visibility,
            version,
            former_paths,
            deleting_since,
            purging_since,
            deleted_at,
            moved_at,
        }
    }

    pub(super) fn project(&self) -> Project {
        Project {
            id: self.id,
            path: self.path.clone(),
            visibility: self.visibility,
        }
    }
}

/// A token with the version that an update must find unchanged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TokenItem {
    id: TokenId,
    pub(super) hash: HashedToken,
    label: String,
    grants: BTreeMap<String, Role>,
    scope: Scope,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    /// In seconds since 1970, for DynamoDB's TTL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    pub(super) version: u64,
}

impl TokenItem {
    pub(super) fn new(token: &Token, hash: HashedToken, version: u64) -> Self {
        let Token {
            id,
            settings,
            revoked_at,
        } = token.clone();
        let NewToken {
            label,
            grants,
            scope,
            created_at,
            expires_at,
        } = settings;
        Self {
            id,
            hash,
            label,
            grants: grants.by_name().collect(),
            scope,
            created_at: Timestamp::from_clock(created_at),
            valid_until: expires_at.map(Timestamp::from_clock),
            expires_at: expires_at.map(|end| epoch_seconds(end + KEEP_EXPIRED)),
            revoked_at: revoked_at.map(Timestamp::from_clock),
            version,
        }
    }

    /// The token; a grant whose key is neither a project ID nor "all" is [`StoreError::Corrupt`].
    pub(super) fn token(self) -> Result<Token, StoreError> {
        let mut grants = Grants {
            every: None,
            projects: BTreeMap::new(),
        };
        for (name, role) in self.grants {
            match name.parse().ok().and_then(ProjectId::new) {
                Some(project) => drop(grants.projects.insert(project, role)),
                None if name == EVERY_PROJECT => grants.every = Some(role),
                None => {
                    let id = self.id;
                    return Err(StoreError::Corrupt(format!(
                        "token {id} has a grant '{name}'"
                    )));
                }
            }
        }
        let settings = NewToken {
            label: self.label,
            grants,
            scope: self.scope,
            created_at: self.created_at.into(),
            expires_at: self.valid_until.map(SystemTime::from),
        };
        Ok(Token {
            id: self.id,
            settings,
            revoked_at: self.revoked_at.map(SystemTime::from),
        })
    }
}

impl Session<'_> {
    /// The token with this hash, and those of the named projects that exist, in the order of the
    /// names. A project that is being deleted, or was, does not exist (F9). One call reads all.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn identify(
        &self,
        token: Option<&HashedToken>,
        projects: &[ProjectRef],
    ) -> Result<(Option<Token>, Vec<Project>), StoreError> {
        let token = token.map(token_by_hash);
        let projects: Vec<Key> = projects.iter().map(keys::project).collect();
        let keys: Vec<Key> = token.iter().chain(&projects).cloned().collect();
        let items = self.get_items(keys).await?;
        let find = |key: &Key| find(&items, key);
        let token = token
            .as_ref()
            .and_then(find)
            .map(read::<TokenItem>)
            .transpose()?;
        let projects = projects.iter().filter_map(find).map(read::<ProjectItem>);
        let projects = projects.collect::<Result<Vec<_>, _>>()?;
        let existing = projects.iter().filter(|item| item.deleting_since.is_none());
        Ok((
            token.map(TokenItem::token).transpose()?,
            existing.map(ProjectItem::project).collect(),
        ))
    }
}
