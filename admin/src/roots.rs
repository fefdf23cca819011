//! The root certificates of the system, without which no connection with TLS can begin.

use rustls::RootCertStore;
use rustls_native_certs::load_native_certs;

use crate::Outcome;
use crate::failure::Failure;

/// What is wrong on a computer without root certificates.
pub const MISSING: &str = "this computer has no root certificates: install them, or set \
                           SSL_CERT_FILE to a file with root certificates in PEM";
/// The variables that name other root certificates than those of the system.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Fails if there are no root certificates. The AWS SDK assumes that there are some.
pub fn check() -> Outcome {
    let loaded = load_native_certs();
    let (valid, _) = RootCertStore::empty().add_parsable_certificates(loaded.certs);
    if valid > 0 {
        return Ok(());
    }
    let mut set = VARIABLES
        .iter()
        .filter(|name| std::env::var_os(name).is_some());
    let sentence = set.next().map_or_else(
        || MISSING.to_owned(),
        |name| {
            format!(
                "{name} leads to no root certificates: set SSL_CERT_FILE to a file with root \
                 certificates in PEM"
            )
        },
    );
    let errors: Vec<String> = loaded.errors.iter().map(ToString::to_string).collect();
    Err(Failure {
        sentence,
        details: (!errors.is_empty()).then(|| errors.join("\n")),
    })
}
