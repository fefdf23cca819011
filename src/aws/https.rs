//! The SDK's HTTPS client and the certificate authorities that it trusts.
//!
//! Most of the SDK's startup time goes into reading the system's root store. In the partitions
//! `aws` and `aws-us-gov`, DynamoDB's certificates come from Amazon's own authority, so its five
//! roots are built in. The root store is chosen once, at start.

use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use url::Url;

/// All roots of <https://www.amazontrust.com/repository/> that are in the public root stores.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// Variables that name a root store of the operator's choice.
const ROOT_STORE_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
/// Variables that name a proxy, which may inspect TLS with certificates of its own.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The first parts of the names of regions in the partition `aws` and, with `us`, `aws-us-gov`.
const AREAS: [&str; 9] = ["af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"];

/// The trust anchors of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootStore {
    /// Amazon's five roots.
    Amazon,
    /// The system's roots, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    System,
}

impl RootStore {
    /// Amazon's roots, if nothing but AWS's own endpoint can answer: the region is in the partition
    /// `aws` or `aws-us-gov`, no other endpoint is set over https, and neither a proxy nor a root
    /// store is. An endpoint over http has no certificate, so the smaller root store suffices.
    #[must_use]
    pub fn choose(
        get: impl Fn(&str) -> Option<String>,
        region: &str,
        endpoint: Option<&Url>,
    ) -> Self {
        let is_set = |name: &&str| get(name).is_some();
        let is_chosen = ROOT_STORE_VARIABLES
            .iter()
            .chain(&PROXY_VARIABLES)
            .any(is_set);
        let mut parts = region.split('-');
        let is_in_area = parts.next().is_some_and(|area| AREAS.contains(&area));
        let is_isolated = parts.next().is_some_and(|part| part.starts_with("iso"));
        let is_of_amazon = match endpoint {
            Some(url) if url.scheme() == "http" => true,
            Some(url) => url
                .host_str()
                .is_some_and(|host| host.ends_with(".amazonaws.com")),
            None => is_in_area && !is_isolated,
        };
        if is_of_amazon && !is_chosen {
            Self::Amazon
        } else {
            Self::System
        }
    }
}

/// An HTTPS client for the SDK, over the proxy that the environment names, if any. The SDK asks for
/// a connector with the first call, so the certificates are not parsed before they are needed.
#[must_use]
pub fn https_client(roots: RootStore) -> SharedHttpClient {
    let client = Builder::new().build_with_connector_fn(move |settings, components| {
        let provider = Provider::rustls(CryptoMode::Ring);
        let mut connector = Connector::builder()
            .tls_provider(provider)
            .tls_context(tls_context(roots));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    });
    SharedHttpClient::new(OneConnector(client))
}

#[expect(clippy::expect_used, reason = "the root store is set")]
fn tls_context(roots: RootStore) -> TlsContext {
    let roots = match roots {
        RootStore::Amazon => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
        RootStore::System => TrustStore::default(),
    };
    let context = TlsContext::builder().with_trust_store(roots).build();
    context.expect("a context needs nothing but its root store")
}

/// A client that creates no connector until a call needs it.
///
/// The SDK's own client creates one more when the SDK validates its settings, to read the system's
/// root store early, and discards it. That would parse all certificates twice.
#[derive(Debug)]
struct OneConnector(SharedHttpClient);

impl HttpClient for OneConnector {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(region: &str, endpoint: Option<&str>, variable: Option<&str>) -> RootStore {
        let get = |name: &str| (Some(name) == variable).then(|| "set".to_owned());
        let endpoint = endpoint.map(|url| Url::parse(url).unwrap());
        RootStore::choose(get, region, endpoint.as_ref())
    }

    #[test]
    fn amazons_roots_serve_the_endpoints_of_two_partitions() {
        for region in [
            "eu-central-1",
            "us-east-1",
            "ap-southeast-7",
            "us-gov-west-1",
            "mx-central-1",
        ] {
            assert_eq!(choose(region, None, None), RootStore::Amazon, "{region}");
        }
        for region in [
            "cn-north-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
        ] {
            assert_eq!(choose(region, None, None), RootStore::System, "{region}");
        }
    }

    #[test]
    fn only_http_and_amazonaws_com_endpoints_use_amazons_roots() {
        for endpoint in [
            "https://dynamodb.eu-central-1.amazonaws.com",
            "https://vpce-1a2b3c4d-5e6f.dynamodb.us-east-1.vpce.amazonaws.com",
            "http://127.0.0.1:8000",
        ] {
            assert_eq!(
                choose("eu-central-1", Some(endpoint), None),
                RootStore::Amazon,
                "{endpoint}"
            );
        }
        for endpoint in [
            "https://localhost:8000",
            "https://dynamodb.cn-north-1.amazonaws.com.cn",
            "https://amazonaws.com.example",
        ] {
            assert_eq!(
                choose("eu-central-1", Some(endpoint), None),
                RootStore::System,
                "{endpoint}"
            );
        }
    }

    #[test]
    fn a_configured_root_store_or_proxy_selects_the_systems_roots() {
        for variable in ROOT_STORE_VARIABLES.into_iter().chain(PROXY_VARIABLES) {
            assert_eq!(
                choose("eu-central-1", None, Some(variable)),
                RootStore::System,
                "{variable}"
            );
        }
    }
}
