//! Compresses the description of the API, hashes the style and the script of pages, and tells the
//! linker how to arrange the program.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    compress_description()?;
    write_policy()?;
    arrange_program()
}

/// Writes `openapi.json.gz`, which is less than a tenth as large, for `src/http/openapi.rs`.
fn compress_description() -> io::Result<()> {
    println!("cargo::rerun-if-changed=docs/openapi.json");
    let file = File::create(output("openapi.json.gz"))?;
    let mut encoder = GzEncoder::new(file, Compression::best());
    encoder.write_all(&fs::read("docs/openapi.json")?)?;
    encoder.finish()?;
    Ok(())
}

/// Writes `policy.txt`, the value of `Content-Security-Policy` for pages, for `src/http/page`. It
/// allows the one style and the one script that every page contains, and nothing else.
fn write_policy() -> io::Result<()> {
    let [style, script] = ["page.css", "page.js"].map(|name| -> io::Result<String> {
        let path = format!("src/http/page/{name}");
        println!("cargo::rerun-if-changed={path}");
        Ok(STANDARD.encode(Sha256::digest(fs::read(path)?)))
    });
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        style?, script?
    );
    fs::write(output("policy.txt"), policy)
}

/// The file with this name that the build writes.
fn output(name: &str) -> PathBuf {
    Path::new(&std::env::var_os("OUT_DIR").unwrap_or_default()).join(name)
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
