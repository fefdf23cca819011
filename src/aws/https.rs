//! The SDK's HTTPS client, which reads the system's root certificates only where it needs them.
//!
//! To read and to parse them is most of what the SDK does at its start. Nearly everywhere
//! DynamoDB's certificates are Amazon's own, so the client begins with Amazon's five roots, which
//! are built in. A certificate of another issuer, as in some partitions of AWS or from an
//! inspecting proxy, turns it to the system's roots for good, and the SDK's next attempt is made
//! with those. So Amazon's roots are all that is trusted besides what the system trusts.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, iter};

use aws_sdk_dynamodb::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use url::Url;

/// All roots of <https://www.amazontrust.com/repository/> that are in the public trust stores.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// Whose certificates a client trusts.
#[derive(Debug)]
pub enum Trust {
    /// Those of the system's roots; `SSL_CERT_FILE` and `SSL_CERT_DIR` say where they are, if they
    /// are set.
    System,
    /// Those of Amazon's roots, until an endpoint has a certificate of another issuer; from there
    /// on, those of these.
    AmazonFirst(TrustStore),
}

impl Trust {
    /// Amazon's roots first, and then the system's.
    #[must_use]
    pub fn amazon_first() -> Self {
        Self::AmazonFirst(TrustStore::default())
    }

    /// For an endpoint that was set: what is not AWS's has hardly a certificate of Amazon's, so
    /// that one is spared a handshake in vain. Over http nobody has a certificate, and Amazon's
    /// roots are the fewest to read.
    #[must_use]
    pub fn of_endpoint(endpoint: &Url) -> Self {
        let is_of_aws = endpoint
            .host_str()
            .is_some_and(|host| host.ends_with(".amazonaws.com"));
        if endpoint.scheme() == "http" || is_of_aws {
            Self::amazon_first()
        } else {
            Self::System
        }
    }
}

/// An HTTPS client for the SDK, over the proxy that the environment names, if it names one.
#[must_use]
pub fn https_client(trust: Trust) -> SharedHttpClient {
    let (roots, is_amazon_refuted) = match trust {
        Trust::System => (TrustStore::default(), true),
        Trust::AmazonFirst(roots) => (roots, false),
    };
    let amazon = client_of(TrustStore::empty().with_pem_certificate(AMAZON_ROOTS));
    let other = client_of(roots);
    let is_amazon_refuted = Arc::new(AtomicBool::new(is_amazon_refuted));
    // The SDK asks for a connector at each attempt. That one is asked for later than the client is
    // made also keeps the certificates from being parsed before they are needed.
    http_client_fn(move |settings, components| {
        if is_amazon_refuted.load(Ordering::Relaxed) {
            return other.http_connector(settings, components);
        }
        let connector = amazon.http_connector(settings, components);
        SharedHttpConnector::new(AmazonConnector {
            connector,
            is_refuted: Arc::clone(&is_amazon_refuted),
        })
    })
}

fn client_of(roots: TrustStore) -> SharedHttpClient {
    let context = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .expect("a trust store is all that it takes");
    Builder::new().build_with_connector_fn(move |settings, components| {
        let provider = Provider::rustls(CryptoMode::Ring);
        let mut connector = Connector::builder()
            .tls_provider(provider)
            .tls_context(context.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}

/// Connects to who has a certificate of Amazon's, and notes who has not.
#[derive(Debug)]
struct AmazonConnector {
    connector: SharedHttpConnector,
    is_refuted: Arc<AtomicBool>,
}

impl HttpConnector for AmazonConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.connector.call(request);
        let is_refuted = Arc::clone(&self.is_refuted);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            if answer
                .as_ref()
                .is_err_and(|error| causes(error).any(is_about_certificate))
            {
                tracing::debug!(
                    "the endpoint's certificate is not Amazon's: trusting the system's roots from here on"
                );
                is_refuted.store(true, Ordering::Relaxed);
            }
            answer
        })
    }
}

fn is_about_certificate(error: &(dyn Error + 'static)) -> bool {
    matches!(
        error.downcast_ref(),
        Some(rustls::Error::InvalidCertificate(_))
    )
}

/// The error and what it wraps. An I/O error's source is not the error that it wraps, but that
/// one's source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>() {
            Some(error) => error.get_ref().map(|wrapped| wrapped as _),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_roots_are_tried_first_where_they_are_likely_or_not_needed() {
        let begins_with_amazon = |endpoint: &str| {
            matches!(
                Trust::of_endpoint(&Url::parse(endpoint).unwrap()),
                Trust::AmazonFirst(_)
            )
        };
        for endpoint in [
            "https://dynamodb.eu-central-1.amazonaws.com",
            "https://vpce-1a2b3c4d-5e6f.dynamodb.us-east-1.vpce.amazonaws.com",
            "http://127.0.0.1:8000",
        ] {
            assert!(begins_with_amazon(endpoint), "{endpoint}");
        }
        for endpoint in [
            "https://localhost:8000",
            "https://dynamodb.cn-north-1.amazonaws.com.cn",
            "https://amazonaws.com.example",
        ] {
            assert!(!begins_with_amazon(endpoint), "{endpoint}");
        }
    }
}
