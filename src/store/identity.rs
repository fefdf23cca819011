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
    /// The token with this hash and the project of this name, each if it is asked for and exists. A project that is
    /// being deleted does not (F9).
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`], [`Error::Corrupt`].
    pub async fn identify(
        &self,
        token: Option<&HashedToken>,
        project: Option<&ProjectRef>,
    ) -> Result<(Option<Token>, Option<Project>), Error> {
        let token = token.map(keys::token_by_hash);
        let project = project.map(keys::project);
        let keys: Vec<Key> = token.iter().chain(&project).cloned().collect();
        let items = self.whole_batch(|| self.get_batch(&keys)).await?;
        let has_key = |item: &Item, key: &Key| key.iter().all(|(name, value)| item.get(name) == Some(value));
        let find = |key: &Key| items.iter().find(|item| has_key(item, key));
        let token = token.as_ref().and_then(find).map(read_token).transpose()?;
        let project = project.as_ref().and_then(find).map(read_project).transpose()?;
        let project = project.filter(|stored| stored.deleting_since.is_none());
        Ok((token.map(|stored| stored.token), project.map(|stored| stored.project)))
    }

    async fn get_batch(&self, keys: &[Key]) -> Result<Option<Vec<Item>>, Error> {
        // The builder only fails without keys.
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys.to_vec())).consistent_read(true).build().ok();
        let wanted = wanted.map(|wanted| HashMap::from([(self.store.table.clone(), wanted)]));
        let request = self.store.client.batch_get_item().set_request_items(wanted);
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.read(Box::pin(request.send())).await?;
        self.note_read(output.consumed_capacity());
        let is_whole = output.unprocessed_keys.is_none_or(|left| left.is_empty());
        Ok(is_whole.then(|| output.responses.into_iter().flat_map(HashMap::into_values).flatten().collect()))
    }
}
