//! The HTTP edge: from a gateway's event to the parts of a request, and from an answer to the
//! response.

pub mod credentials;
pub mod error;
pub mod event;
pub mod headers;
pub mod json;
pub mod openapi;
pub mod page;
pub mod pagination;
pub mod param_error;
pub mod params;
pub mod paths;
pub mod pattern;
pub mod public_url;
pub mod redirect;
mod representation;
pub mod request;
pub mod response;
pub mod text_file;

pub use lambda_http::http::Method;
