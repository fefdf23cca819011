//! Compresses the description of the API, and tells the linker how to arrange the program.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    compress_description()?;
    arrange_program()
}

/// Writes `openapi.json.gz`, which is less than a tenth as large, for `src/http/openapi.rs`.
fn compress_description() -> io::Result<()> {
    println!("cargo::rerun-if-changed=docs/openapi.json");
    let folder = std::env::var_os("OUT_DIR").unwrap_or_default();
    let file = File::create(Path::new(&folder).join("openapi.json.gz"))?;
    let mut encoder = GzEncoder::new(file, Compression::best());
    encoder.write_all(&fs::read("docs/openapi.json")?)?;
    encoder.finish()?;
    Ok(())
}

/// The functions that a start runs come first, so that they lie in few pages of the program. The
/// program has a fixed address, so that a start need not relocate it: `SECURITY.md` says what that
/// costs. Builds for development do without either, because the order takes time.
fn arrange_program() -> io::Result<()> {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
    println!("cargo::rerun-if-changed=src/startup.ld");
    if is("CARGO_CFG_TARGET_OS", "linux") && is("PROFILE", "release") {
        // Cargo starts a build script in the package's folder, but the linker elsewhere.
        let script = std::path::absolute("src/startup.ld")?;
        println!(
            "cargo::rustc-link-arg-bin=release-links=-T{}",
            script.display()
        );
        println!("cargo::rustc-link-arg-bin=release-links=-no-pie");
    }
    Ok(())
}
