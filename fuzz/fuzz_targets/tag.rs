//! Fuzzes tags and filepaths that are to be created; the harness contains the checks.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::tag(data));
