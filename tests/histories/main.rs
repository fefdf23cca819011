//! Random histories of many clients over several processes, checked against a model, and the
//! network on which they run.

#![expect(
    clippy::unwrap_used,
    reason = "an unexpected None or Err fails the test"
)]

mod checker;
mod examples;
mod facts;
mod history;
mod leftovers;
mod model;
mod network;
mod reads;
mod run;
mod search;
mod sightings;
mod workload;
