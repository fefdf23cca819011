//! Black-box tests: real events in, through the real deserialiser and the real SDK, on a real
//! engine.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets a None or an Err has failed, and stops there"
)]

mod access;
mod at_once;
mod attacks;
mod bad_input;
mod concurrency;
mod connection;
mod constraints;
mod costs;
mod credentials;
mod downloads;
mod faults;
mod fixtures;
mod gateways;
mod idempotency;
mod links;
mod outage;
mod pagination;
mod parameters;
mod properties;
mod renames;
mod retries;
mod tokens;
