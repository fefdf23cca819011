//! The HTTP edge: from a gateway's event to the parts of a request, and from an answer to the
//! response.

pub mod credentials;
pub mod error;
pub mod event;
pub mod headers;
pub mod pagination;
pub mod param_error;
pub mod params;
pub mod public_url;
mod redirect;
mod release_view;
pub mod response;
mod response_context;
pub mod route;
pub mod view;
