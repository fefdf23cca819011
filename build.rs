//! Tells the linker how to arrange the program.

/// The functions that a start runs come first, so that they lie in few pages of the program. The
/// program has a fixed address, so that a start need not relocate it: `SECURITY.md` says what that
/// costs. Builds for development do without either, because the order takes time.
fn main() -> std::io::Result<()> {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set == value);
    println!("cargo::rerun-if-changed=build.rs");
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
