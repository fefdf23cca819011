//! What the clients for URLs have in common.

use reqwest::ClientBuilder;
use reqwest::redirect::Policy;
use rustls::crypto::ring;

/// What servers see of the command.
const USER_AGENT: &str = concat!("release-links-admin/", env!("VERSION_AND_COMMIT"));

/// A client with the cryptography of the SDK's client. Redirects are for the caller to follow, who
/// looks at their targets.
pub fn builder() -> ClientBuilder {
    // It fails if the other client has installed it before.
    let _ = ring::default_provider().install_default();
    let builder = reqwest::Client::builder().user_agent(USER_AGENT);
    builder.redirect(Policy::none())
}
