//! Shared code of the tests and the development tools.

#![expect(
    clippy::unwrap_used,
    reason = "a panic fails the test at the line that caused it"
)]

pub mod altered;
pub mod app;
pub mod builder;
mod calls;
pub mod clock;
pub mod database;
pub mod description;
pub mod emulator;
pub mod engine;
pub mod event;
mod fault;
pub mod faults;
pub mod gateway;
pub mod import;
pub mod invariants;
pub mod log;
pub mod network;
pub mod persona;
pub mod policy;
pub mod proxy;
pub mod reply;
pub mod runtime_api;
pub mod seed;
pub mod usage;
mod wrapped;
