//! Compares each response with the description of the API, `docs/openapi.json`. A test fails at the
//! first response that the description does not allow.

mod asked;
mod document;
mod parameters;
mod read;
mod response;
mod schema;
mod seen;

pub(crate) use asked::Asked;
pub use document::{Operation, documented, operations, wrong_examples};
pub use parameters::Parameter;
pub use seen::Seen;

use crate::reply::Reply;

/// Asserts that the description allows this response to what was asked for.
#[track_caller]
pub(crate) fn check(asked: &Asked, reply: &Reply, seen: Option<&Seen>) {
    let Err(problem) = document::check(asked, reply, seen) else {
        return;
    };
    let status = reply.status;
    panic!(
        "{asked} returned {status}, which docs/openapi.json does not allow: {problem}. Correct the \
         service or, if it is right, write the description with `make openapi`. {reply:?}"
    );
}
