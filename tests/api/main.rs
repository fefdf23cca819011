//! Black-box tests: real events in, through the real deserialiser and the real SDK, on a real engine.

#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/seed.rs"]
mod seed;
mod support;

mod bad_input;
mod concurrency;
mod costs;
mod downloads;
mod fixtures;
mod gateways;
mod links;
mod pagination;
mod parameters;
mod properties;
