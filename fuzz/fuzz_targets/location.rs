//! Fuzzes the `Location` header of a redirect; the harness contains the checks.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::location(data));
