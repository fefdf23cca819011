//! Black-box tests: real events in, through the real deserialiser and the real SDK, on a real
//! engine.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets a None or an Err has failed, and stops there"
)]

#[path = "../support/engine.rs"]
mod engine;
#[path = "../../fuzz/harness.rs"]
mod harness;
#[path = "../support/invariants.rs"]
mod invariants;
#[path = "../support/runtime_api.rs"]
mod runtime_api;
#[path = "../support/seed.rs"]
mod seed;
mod support;
#[path = "../support/usage.rs"]
mod usage;

mod access;
mod admin;
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
mod faulty;
mod fixtures;
mod gateways;
mod idempotency;
mod links;
mod log;
mod outage;
mod pagination;
mod parameters;
mod properties;
mod renames;
mod retries;
mod tokens;
mod wire;
