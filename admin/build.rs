//! Tells the command which version it is, and from which commit it is built.
//!
//! Cargo compiles the command anew whenever this script runs. It runs only if HEAD moves, or if one
//! of the files changes that decide what the command does. The mark `-dirty` depends on those files
//! alone, so it is right without a look at any other file.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The files and folders that decide what the command does.
const SOURCES: [&str; 7] = [
    "../Cargo.lock",
    "../Cargo.toml",
    "../rust-toolchain.toml",
    "../src",
    "Cargo.toml",
    "build.rs",
    "src",
];
/// `git archive` writes the commit into this file, as `.gitattributes` says.
const COMMIT_OF_ARCHIVE: &str = "commit.txt";

fn main() {
    for path in SOURCES {
        println!("cargo::rerun-if-changed={path}");
    }
    println!("cargo::rerun-if-changed={COMMIT_OF_ARCHIVE}");
    let version = env!("CARGO_PKG_VERSION");
    let version = match commit_of_checkout().or_else(commit_of_archive) {
        Some(commit) => format!("{version} ({commit})"),
        None => version.to_owned(),
    };
    println!("cargo::rustc-env=VERSION_AND_COMMIT={version}");
}

/// The commit of a Git checkout, as `git describe --dirty` writes it.
fn commit_of_checkout() -> Option<String> {
    // The checkout of another project that contains this one has another commit.
    if git(&["rev-parse", "--show-prefix"])? != "admin/" {
        return None;
    }
    watch_head(
        Path::new(&git(&["rev-parse", "--git-dir"])?),
        Path::new(&git(&["rev-parse", "--git-common-dir"])?),
    );
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let status = ["status", "--porcelain", "--untracked-files=no", "--"];
    let changes = git(&[&status[..], &SOURCES].concat())?;
    let mark = if changes.is_empty() { "" } else { "-dirty" };
    Some(format!("{commit}{mark}"))
}

/// Makes Cargo run this script again when HEAD moves. The common folder of all worktrees has the
/// branches. Cargo takes a file that does not exist for a changed one, so only others are named.
fn watch_head(folder: &Path, common: &Path) {
    let head_log = folder.join("logs/HEAD");
    let mut watched = vec![folder.join("HEAD")];
    if head_log.exists() {
        watched.push(head_log);
    } else {
        // Without the log, any branch may be the one that HEAD names.
        watched.extend(["refs", "reftable"].map(|name| common.join(name)));
        watched.push(folder.join("reftable"));
    }
    for path in watched.iter().filter(|path| path.exists()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// What git prints; `None` if there is no git or it fails.
fn git(arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    // They name another repository if a hook of that one runs the build.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(variable);
    }
    // Otherwise `git status` would lock the index, in which other commands may write.
    let output = git.arg("--no-optional-locks").args(arguments).output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// The commit of a source archive. In a checkout, the file has no commit.
fn commit_of_archive() -> Option<String> {
    let text = fs::read_to_string(COMMIT_OF_ARCHIVE).ok()?;
    let commit = text.get(..12)?;
    let is_hexadecimal = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal.then(|| commit.to_owned())
}
