//! The digest of a file at a URL.

use std::time::Duration;

use release_links::link::Digest;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use url::Url;

use super::cause::explain;
use super::finding::{File, Finding};

/// Reads a file whole, however large it is, and keeps nothing but its digest. Each part of it must
/// arrive in time.
///
/// # Errors
///
/// The file did not arrive whole.
pub async fn read(mut response: Response, url: &Url, time: Duration) -> Result<File, Finding> {
    let doubt = doubt(&response, url);
    let mut hash = Sha256::new();
    loop {
        match timeout(time, response.chunk()).await {
            Ok(Ok(Some(part))) => hash.update(&part),
            Ok(Ok(None)) => break,
            Ok(Err(error)) => return Err(explain(&error)),
            Err(_) => return Err(Finding::uncertain("the response stalled")),
        }
    }
    let digits = base16ct::lower::encode_string(&hash.finalize());
    let digest = Digest::parse(&digits).map_err(|error| Finding::uncertain(error.to_string()))?;
    Ok(File { digest, doubt })
}

/// Why the body of the response may not be the file that was released.
fn doubt(response: &Response, url: &Url) -> Option<&'static str> {
    let headers = response.headers();
    let is_chunked = headers.contains_key(TRANSFER_ENCODING);
    let kind = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], |kind| kind.as_bytes());
    let path = url.path().to_ascii_lowercase();
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    let is_encoded =
        encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let is_page = kind.to_ascii_lowercase().starts_with(b"text/html");
    if is_page && !path.ends_with(".html") && !path.ends_with(".htm") {
        Some("the file is a web page")
    } else if is_encoded {
        // Some clients undo that, and save other bytes.
        Some("the response is compressed")
    } else if response.content_length().is_none() && !is_chunked {
        Some("the response has no length")
    } else {
        None
    }
}
