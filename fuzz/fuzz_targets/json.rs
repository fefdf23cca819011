//! Fuzzes JSON bodies; the harness contains the checks.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::json(data));
