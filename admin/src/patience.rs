//! A note for the operator when a response takes long.

use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use tokio::task::AbortHandle;

use crate::output;

/// The time without a response after which the command says that it is still trying.
const PATIENCE: Duration = Duration::from_secs(3);

/// Prints a sentence after three seconds, unless it is dropped before that.
#[derive(Debug)]
pub struct Note(AbortHandle);

impl Note {
    /// Starts to wait for a response. `responder` completes the sentence.
    pub fn about(responder: &str) -> Self {
        let seconds = PATIENCE.as_secs();
        let sentence = format!("no answer from {responder} for {seconds} s: still trying");
        let task = tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            output::note(&sentence);
        });
        Self(task.abort_handle())
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Storable for Note {
    type Storer = StoreReplace<Self>;
}

/// Keeps a [`Note`] with each call, including its retries. The SDK drops it with the call, whether
/// that succeeds, fails or is given up.
#[derive(Debug)]
pub struct Patience {
    /// The service for whose responses the command waits.
    pub responder: String,
}

impl Intercept for Patience {
    fn name(&self) -> &'static str {
        "Patience"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        call: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        call.interceptor_state()
            .store_put(Note::about(&self.responder));
        Ok(())
    }
}
