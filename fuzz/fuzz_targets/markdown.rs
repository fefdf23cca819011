//! Fuzzes the HTML of Markdown; the harness contains the checks.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::markdown(data));
