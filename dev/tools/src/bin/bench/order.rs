//! Writes `src/startup.ld`, the order in which the linker arranges the functions of the service.
//!
//! A program is read in pages, and the kernel maps sixteen of them at a time. The functions that a
//! start runs are a quarter of the program, but without an order they lie in two thirds of it.
//! callgrind's processor has no instructions for SHA-256, so `HEAD` names the functions that use
//! them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::process::{Program, SERVICE};
use crate::{TABLE, start_engine};

/// The length of a pattern in bytes. Longer ones would not make the start touch fewer pages.
const PREFIX: usize = 34;
const FILE: &str = "src/startup.ld";
const HEAD: &str = "\
/* The functions that a start runs, first those of a start without the warm-up call. The linker
 * places them before all others, see build.rs. `make startup-order` writes this file. A name that
 * no longer exists has no effect, and a function that is missing here lies among the others. */
SECTIONS {
  .text.startup : {
    *(.text.main)
    *(.text.*sha2*compress*)
";
const FOOT: &str = "  }\n} INSERT BEFORE .text;\n";

/// Builds the service with symbols, starts it under callgrind without and with the warm-up call,
/// and writes the functions that ran.
pub async fn write() {
    build();
    let (engine, _) = start_engine().await;
    let engine = format!("http://{engine}");
    let alone = functions(("WARM_UP_SECONDS", "0")).await;
    let warmed = functions(("AWS_ENDPOINT_URL_DYNAMODB", &engine)).await;
    std::fs::write(FILE, script(&alone, &warmed)).unwrap();
}

fn build() {
    let mut cargo = Command::new("cargo");
    cargo.args("rustc --locked --release --package release-links --bin release-links".split(' '));
    let status = cargo.args(["--", "-C", "strip=none"]).status().unwrap();
    assert!(status.success(), "the service cannot be built");
}

/// The patterns of the functions that a start with this setting runs.
async fn functions(setting: (&str, &str)) -> BTreeSet<String> {
    let profile = Path::new("target/startup-order.callgrind");
    let program = Program {
        path: SERVICE,
        settings: &[("TABLE_NAME", TABLE), setting],
    };
    program.profile_start(profile).await;
    let text = std::fs::read_to_string(profile).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("fn="));
    names.filter_map(pattern).collect()
}

/// A pattern of the sections of a Rust function and of those beside it: the beginning of its
/// mangled name, which names the module, without the hash, which changes with every build.
fn pattern(name: &str) -> Option<String> {
    let end = name.rfind("17h").unwrap_or(name.len()).min(PREFIX);
    let start = &name[..end];
    if name.starts_with("_R") {
        return Some(format!("{}*", any_build(start)));
    }
    name.starts_with("_ZN").then(|| format!("{start}*"))
}

/// Replaces the disambiguator of a crate, the letters and digits between `Cs` and `_`. It differs
/// between versions of Rust and between processors.
fn any_build(name: &str) -> String {
    let (start, crates) = name.split_once("Cs").unwrap_or((name, ""));
    let crates = crates.split_once('_').map(|(_, path)| path);
    crates.map_or(name.to_owned(), |path| format!("{start}Cs*_{path}"))
}

fn script(alone: &BTreeSet<String>, warmed: &BTreeSet<String>) -> String {
    let mut script = HEAD.to_owned();
    for name in alone.iter().chain(warmed.difference(alone)) {
        writeln!(script, "    *(.text.{name} .text.unlikely.{name})").unwrap();
    }
    script + FOOT
}
