//! The JSON of the API's version. The order of the fields is the order in the JSON.

use serde::Serialize;

use super::to_json;

/// The version of the API (R73).
#[derive(Serialize)]
struct VersionView {
    version: &'static str,
    revision: &'static str,
    kas: KasView,
    enterprise: bool,
}

/// GitLab's agent server for Kubernetes, which does not exist here.
#[derive(Serialize)]
struct KasView {
    enabled: bool,
    #[serde(rename = "externalUrl")]
    external_url: Option<&'static str>,
    version: Option<&'static str>,
}

/// The JSON of the version of GitLab whose API the service implements. Clients compare it.
#[must_use]
pub fn version() -> Vec<u8> {
    to_json(&VersionView {
        version: "18.0.0",
        revision: env!("CARGO_PKG_VERSION"),
        kas: KasView {
            enabled: false,
            external_url: None,
            version: None,
        },
        enterprise: false,
    })
}
