//! Writes `docs/openapi.json` and `docs/api.md`.

use std::process::ExitCode;
use std::{fs, io};

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        #[expect(clippy::print_stderr, reason = "whoever runs the program reads this")]
        Err(error) => {
            eprintln!("openapi: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> io::Result<()> {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let document = openapi::document();
    fs::write(format!("{docs}/openapi.json"), openapi::text(&document))?;
    fs::write(format!("{docs}/api.md"), openapi::markdown::page(&document))
}
