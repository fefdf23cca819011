//! Changes calls and answers between the SDK and its HTTP client, within what DynamoDB may do:
//! short pages, unprocessed keys, items that are not from one moment, lost answers.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use release_links::store::Store;
use serde_json::Value;

use crate::engine;
use crate::network::Call;
use crate::wrapped::Wrapped;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Arrives,
    /// It is lost: the connection is reset.
    Lost,
}

type ChangeCall = dyn Fn(&mut Call) + Send + Sync;
type ChangeAnswer = dyn Fn(&Call, &mut Value) -> Fate + Send + Sync;

/// An HTTP client that changes what passes through it.
#[derive(Clone)]
pub struct Altered {
    inner: Wrapped,
    call: Arc<ChangeCall>,
    answer: Arc<ChangeAnswer>,
}

impl fmt::Debug for Altered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Altered").finish_non_exhaustive()
    }
}

impl Altered {
    /// Changes nothing yet.
    pub fn new(client: impl HttpClient + 'static) -> Self {
        Self {
            inner: Wrapped::Client(SharedHttpClient::new(client)),
            call: Arc::new(|_| {}),
            answer: Arc::new(|_, _| Fate::Arrives),
        }
    }

    /// Changes each call before it is sent.
    #[must_use]
    pub fn calls(self, change: impl Fn(&mut Call) + Send + Sync + 'static) -> Self {
        Self {
            call: Arc::new(change),
            ..self
        }
    }

    /// Changes each answer, an error's body included.
    #[must_use]
    pub fn answers(
        self,
        change: impl Fn(&Call, &mut Value) -> Fate + Send + Sync + 'static,
    ) -> Self {
        Self {
            answer: Arc::new(change),
            ..self
        }
    }

    /// The store of a process that sends its calls through this client. It has a retry quota of its
    /// own.
    #[must_use]
    pub fn store(self, table: &str) -> Store {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let config = engine::client_config(nowhere)
            .http_client(self)
            .retry_partition(RetryPartition::custom("altered").build());
        Store::new(config, table.to_owned())
    }

    async fn send(self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let connector = self.inner.connector();
        let mut call = Call::read(&request);
        (self.call)(&mut call);
        let text = call.body.to_string();
        let length = text.len().to_string();
        request.headers_mut().insert("content-length", length);
        *request.body_mut() = SdkBody::from(text);
        let response = connector.call(request).await?;
        let (status, mut answer) = (response.status(), read_answer(response).await?);
        match (self.answer)(&call, &mut answer) {
            Fate::Arrives => Ok(HttpResponse::new(status, SdkBody::from(answer.to_string()))),
            Fate::Lost => {
                let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                Err(ConnectorError::io(reset.into()))
            }
        }
    }
}

async fn read_answer(mut response: HttpResponse) -> Result<Value, ConnectorError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let body = ByteStream::new(body).collect().await;
    let body = body.map_err(|error| ConnectorError::io(error.into()))?;
    Ok(serde_json::from_slice(&body.into_bytes()).expect("the engine returns JSON"))
}

impl HttpClient for Altered {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self {
            inner: self.inner.connect(settings, components),
            ..self.clone()
        })
    }
}

impl HttpConnector for Altered {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().send(request))
    }
}
