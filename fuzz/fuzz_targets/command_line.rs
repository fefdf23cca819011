//! Fuzzes the operator's command line; the harness contains the checks.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::command_line(data));
