//! What the HTTP clients of the tests wrap.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// A client of the SDK, or the connector that it has created.
#[derive(Debug, Clone)]
pub(crate) enum Wrapped {
    Client(SharedHttpClient),
    Connector(SharedHttpConnector),
}

impl Wrapped {
    /// The connector that this client creates.
    pub(crate) fn connect(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> Self {
        let Self::Client(client) = self else {
            panic!("a connector cannot create connectors")
        };
        Self::Connector(client.http_connector(settings, components))
    }

    /// This connector.
    pub(crate) fn connector(&self) -> SharedHttpConnector {
        let Self::Connector(connector) = self else {
            panic!("only a connector can send requests")
        };
        connector.clone()
    }
}
