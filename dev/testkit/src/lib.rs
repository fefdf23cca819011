//! Shared code of the tests and the development tools.
//!
//! `make run` needs only [`engine`], [`seed`] and [`emulator`]. The feature `tests` adds the rest.

#![expect(
    clippy::unwrap_used,
    reason = "a panic fails the test at the line that caused it"
)]

pub mod emulator;
pub mod engine;
pub mod seed;

#[cfg(feature = "tests")]
pub mod altered;
#[cfg(feature = "tests")]
pub mod app;
#[cfg(feature = "tests")]
pub mod clock;
#[cfg(feature = "tests")]
pub mod event;
#[cfg(feature = "tests")]
mod fault;
#[cfg(feature = "tests")]
pub mod faults;
#[cfg(feature = "tests")]
pub mod import;
#[cfg(feature = "tests")]
pub mod invariants;
#[cfg(feature = "tests")]
pub mod log;
#[cfg(feature = "tests")]
pub mod network;
#[cfg(feature = "tests")]
pub mod policy;
#[cfg(feature = "tests")]
pub mod proxy;
#[cfg(feature = "tests")]
pub mod reply;
#[cfg(feature = "tests")]
pub mod runtime_api;
#[cfg(feature = "tests")]
pub mod usage;
#[cfg(feature = "tests")]
mod wrapped;
