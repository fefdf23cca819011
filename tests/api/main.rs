//! Black-box tests: Lambda events pass through the real deserializer and the real SDK to a real
//! DynamoDB engine.

#![expect(
    clippy::unwrap_used,
    reason = "an unexpected None or Err fails the test"
)]

mod access;
mod attacks;
mod bad_input;
mod cases;
mod checksums;
mod concurrency;
mod concurrent_requests;
mod connection;
mod constraints;
mod costs;
mod credentials;
mod descriptions;
mod digests;
mod downloads;
mod edge;
mod fault_cases;
mod faults;
mod fixtures;
mod gateways;
mod generation_costs;
mod hidden_projects;
mod html_descriptions;
mod idempotency;
mod immutable;
mod imports;
mod large_lists;
mod latest;
mod limits;
mod links;
mod markdown;
mod members;
mod methods;
mod openapi;
mod outage;
mod pages;
mod pagination;
mod parameters;
mod policy;
mod projects;
mod properties;
mod races;
mod redirects;
mod reference;
mod release_access;
mod release_concurrency;
mod release_deletion;
mod release_parameters;
mod releases;
mod renames;
mod retries;
mod server_time;
mod start_log;
mod status_requests;
mod statuses;
mod tags;
mod token_locations;
mod tokens;
mod walk;
