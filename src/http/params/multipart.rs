//! Multipart bodies (C1, C15).

use std::convert::Infallible;

use multer::Multipart;
use multer::bytes::Bytes;

use super::limits::Limits;
use super::nested::insert;
use super::{Object, Value, without_nul};
use crate::excerpt::excerpt;
use crate::http::error::ApiError;

/// Reads the parts of a body. The last of equal names wins.
pub(super) async fn parse(
    content_type: &str,
    body: Vec<u8>,
    limits: &mut Limits,
) -> Result<Object, ApiError> {
    // multer's message may contain the name of a part or of a header.
    let malformed = |error: multer::Error| {
        let cause = error.to_string();
        let cause = excerpt(&cause);
        ApiError::Malformed(format!(
            "the body is not valid multipart/form-data: {cause}"
        ))
    };
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let stream = futures_util::stream::once(async move { Ok::<_, Infallible>(Bytes::from(body)) });
    let mut parts = Multipart::new(stream, boundary);
    let mut values = Object::default();
    while let Some(part) = parts.next_field().await.map_err(malformed)? {
        let Some(name) = part.name().map(str::to_owned) else {
            continue;
        };
        let is_file = part.file_name().is_some();
        let bytes = part.bytes().await.map_err(malformed)?;
        let value = if is_file {
            Value::File
        } else {
            Value::Text(decode_text(bytes.to_vec())?)
        };
        let name = without_nul(name, "multipart body")?;
        insert(&mut values, name, value, limits)?;
    }
    Ok(values)
}

fn decode_text(bytes: Vec<u8>) -> Result<String, ApiError> {
    let text = String::from_utf8(bytes).map_err(|_| {
        ApiError::Malformed("the multipart body contains text that is not UTF-8".to_owned())
    })?;
    without_nul(text, "multipart body")
}
