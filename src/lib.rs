//! GitLab's Release links API on AWS Lambda and DynamoDB.
//!
//! # The pipeline
//!
//! A request goes through these stations, each of which makes one type of another; [`app`] is the
//! trunk that calls each of them once.
//!
//! 1. [`event`]: a gateway's event is made one that `lambda_http` can read.
//! 2. [`route`]: method and raw path → [`route::Route`].
//! 3. [`params`]: query string and body → [`params::Params`].
//! 4. [`auth`]: headers and parameters → the token that counts, as a [`token::HashedToken`].
//! 5. [`operation`]: route and parameters, after GitLab's first checks → [`operation::Request`].
//! 6. [`access`]: token and project → [`access::Access`], the proof that the caller may see the
//!    project.
//! 7. [`handlers`]: the operations, on [`link`] (every rule of a link, no I/O) and [`store`]
//!    (DynamoDB).
//! 8. [`view`]: what was found → the response, with [`page`]'s headers where it is a list.
//!
//! Both programs reach DynamoDB as [`aws`] says; what a warm process knows is in a [`cache`]. Of
//! each request, [`telemetry`] tells one log event and its metrics.
//!
//! The operator's command, `release-links-admin`, works on the same [`store`] with [`project`]s and
//! [`token`]s.
//!
//! Any station may end in an [`error::Error`], which has one conversion to a response. Statement
//! numbers such as B10 in these pages belong to the description of GitLab's behaviour that the
//! service is measured against.

pub mod access;
pub mod app;
pub mod auth;
pub mod aws;
pub mod cache;
pub mod config;
pub mod error;
pub mod event;
pub mod handlers;
pub mod idempotency;
pub mod link;
pub mod operation;
pub mod page;
pub mod params;
pub mod project;
pub mod public_url;
pub mod route;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod view;
