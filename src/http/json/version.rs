//! The JSON of the API's version. The order of the fields is the order in the JSON.

use serde::Serialize;

use super::to_json;

/// The version of GitLab whose API the service implements (R73).
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "Version")
)]
pub(super) struct VersionView {
    /// The version of GitLab whose API the service implements.
    version: &'static str,
    /// The revision of that version.
    revision: &'static str,
    /// GitLab's agent server for Kubernetes, which does not exist here.
    kas: KasView,
    /// Whether it is GitLab's Enterprise Edition.
    enterprise: bool,
}

/// GitLab's agent server for Kubernetes, which does not exist here.
#[derive(Serialize)]
#[cfg_attr(
    feature = "schemas",
    derive(schemars::JsonSchema),
    schemars(rename = "AgentServer")
)]
struct KasView {
    /// Whether it is enabled.
    enabled: bool,
    /// Its URL, always null.
    #[serde(rename = "externalUrl")]
    external_url: Option<&'static str>,
    /// Its version, always null.
    version: Option<&'static str>,
}

/// The JSON of the version of GitLab whose API the service implements. Clients compare it.
///
/// The service is built from no commit of GitLab's, so the revision is the word with which GitLab
/// answers if it does not know its own.
#[must_use]
pub fn version() -> Vec<u8> {
    to_json(&VersionView {
        version: "18.0.0",
        revision: "Unknown",
        kas: KasView {
            enabled: false,
            external_url: None,
            version: None,
        },
        enterprise: false,
    })
}
