//! GitLab's Releases API and Release links API on AWS Lambda and DynamoDB.
//!
//! # The pipeline
//!
//! [`app`] takes an event through these stages and calls each of them once:
//!
//! 1. [`http::event`] normalizes the gateway's event and takes path and query out of it.
//! 2. [`operations::find()`] finds the operation in [`operations::OPERATIONS`], and the parameters
//!    of the path.
//! 3. [`http::params`] reads the query string and the body.
//! 4. [`http::credentials`] takes the token out of headers and parameters, and hashes it.
//! 5. [`operations`] checks the parameters: `parse`.
//! 6. [`authorization`] looks up token and project, and grants access.
//! 7. [`operations`] performs the operation: `run`. The rules of links and releases are in
//!    [`mod@link`] and [`mod@release`], which do no I/O; [`store`] calls DynamoDB.
//! 8. [`http::response`] turns the [`http::response::Answer`] into a response.
//!
//! A stage that fails returns an [`http::error::ApiError`], which has one conversion to a response.
//! Statement codes such as B10 refer to `docs/gitlab-behaviour.md`.
//!
//! The operator's command, `release-links-admin`, works on [`store::operator`], which the function
//! never uses.

// Nothing that a client sends may end a request in a panic. Where the SDK's builders return a
// result that cannot be an error, the code says why.
#![warn(clippy::expect_used)]

pub mod app;

// The HTTP edge.
pub mod http;

// The stages behind the HTTP edge.
pub mod authorization;
pub mod operations;

// The domain: plain data and rules, without I/O and without HTTP.
pub mod excerpt;
pub mod idempotency;
pub mod link;
pub mod markdown;
pub mod page;
pub mod patch;
pub mod project;
pub mod release;
pub mod timestamp;
pub mod token;
pub mod visible;
pub mod writer;

// DynamoDB.
pub mod aws;
pub mod store;

// The process.
pub mod cache;
pub mod config;
pub mod telemetry;
