//! Parts of the tests and of the development tools.
//!
//! `make run` needs [`engine`], [`seed`] and [`emulator`]. The feature `tests` adds the rest.

#![expect(
    clippy::unwrap_used,
    reason = "a None or an Err ends the test, where it is seen"
)]

pub mod emulator;
pub mod engine;
pub mod seed;

#[cfg(feature = "tests")]
pub mod app;
#[cfg(feature = "tests")]
pub mod event;
#[cfg(feature = "tests")]
pub mod faults;
#[cfg(feature = "tests")]
pub mod invariants;
#[cfg(feature = "tests")]
pub mod log;
#[cfg(feature = "tests")]
pub mod reply;
#[cfg(feature = "tests")]
pub mod runtime_api;
#[cfg(feature = "tests")]
pub mod usage;
#[cfg(feature = "tests")]
pub mod wire;
