//! Why a request failed, in a few words, and whether that is certain.

use std::error::Error;
use std::io::{self, ErrorKind};

use rustls::CertificateError;

use crate::failure::causes;

use super::finding::Finding;
use super::resolver::Unresolved;

/// The finding for a request that brought no response, or no end of one.
pub fn explain(error: &reqwest::Error) -> Finding {
    if let Some(finding) = causes(error).find_map(explain_cause) {
        finding
    } else if error.is_connect() {
        Finding::uncertain("cannot connect")
    } else if error.is_body() || error.is_decode() {
        Finding::uncertain("the response was cut off")
    } else {
        Finding::uncertain("invalid response")
    }
}

fn explain_cause(error: &(dyn Error + 'static)) -> Option<Finding> {
    if let Some(unresolved) = error.downcast_ref::<Unresolved>() {
        let sentence = unresolved.to_string();
        return Some(match unresolved {
            Unresolved::NotFound => Finding::dead(sentence),
            Unresolved::Failed => Finding::uncertain(sentence),
            Unresolved::NotPublic(_) => Finding::skipped(sentence),
        });
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(reason) => {
                Finding::dead(format!("certificate {}", explain_certificate(reason)))
            }
            _ => Finding::uncertain("the TLS handshake failed"),
        });
    }
    let error = error.downcast_ref::<io::Error>()?;
    match error.kind() {
        ErrorKind::ConnectionRefused => Some(Finding::dead("connection refused")),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            Some(Finding::uncertain("connection reset"))
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Some(Finding::uncertain("no route to the host"))
        }
        ErrorKind::TimedOut => Some(Finding::uncertain("no response")),
        _ => None,
    }
}

/// Completes a sentence about a certificate.
fn explain_certificate(reason: &CertificateError) -> &'static str {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "for another name"
        }
        CertificateError::UnknownIssuer => "from an unknown issuer",
        CertificateError::Revoked => "revoked",
        _ => "invalid",
    }
}
