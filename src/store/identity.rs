//! Who asks for what: a request's token and project, both in one call.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};

use super::Session;
use super::item::{Item, read_project};
use super::keys::{self, Key};
use super::tokens::read_token;
use crate::error::Error;
use crate::project::{Project, ProjectRef};
use crate::token::{HashedToken, Token};

impl Session<'_> {
    /// The token with this hash, and the first project that there is of these names. A project that
    /// is being deleted, or was, does not exist (F9).
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn identify(
        &self,
        token: Option<&HashedToken>,
        projects: &[ProjectRef],
    ) -> Result<(Option<Token>, Option<Project>), Error> {
        let token = token.map(keys::token_by_hash);
        let projects: Vec<Key> = projects.iter().map(keys::project).collect();
        let keys: Vec<Key> = token.iter().chain(&projects).cloned().collect();
        let items = self
            .retry_unprocessed(keys, |keys| self.get_batch(keys))
            .await?;
        let has_key = |item: &Item, key: &Key| {
            key.iter()
                .all(|(name, value)| item.get(name) == Some(value))
        };
        let find = |key: &Key| items.iter().find(|item| has_key(item, key));
        let token = token.as_ref().and_then(find).map(read_token).transpose()?;
        let projects = projects
            .iter()
            .filter_map(find)
            .map(read_project)
            .collect::<Result<Vec<_>, _>>()?;
        let project = projects
            .into_iter()
            .find(|stored| stored.deleting_since.is_none());
        Ok((
            token.map(|stored| stored.token),
            project.map(|stored| stored.project),
        ))
    }

    /// The items with these keys, and the keys that are unprocessed.
    async fn get_batch(&self, keys: Vec<Key>) -> Result<(Vec<Item>, Vec<Key>), Error> {
        // The builder only fails without keys.
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .ok();
        let wanted = wanted.map(|wanted| HashMap::from([(self.store.table.clone(), wanted)]));
        let request = self.store.client.batch_get_item().set_request_items(wanted);
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.read(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        let items = output
            .responses
            .into_iter()
            .flat_map(HashMap::into_values)
            .flatten();
        let unprocessed = output
            .unprocessed_keys
            .into_iter()
            .flat_map(HashMap::into_values);
        Ok((
            items.collect(),
            unprocessed.flat_map(|keys| keys.keys).collect(),
        ))
    }
}
