//! `release-links-admin --version`, and the build script that finds the commit.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::SystemTime;

use super::Ended;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");
const TMP: &str = env!("CARGO_TARGET_TMPDIR");
/// A file of each kind that decides what the command does, and one that does not.
const FILES: [&str; 8] = [
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain.toml",
    "src/lib.rs",
    "admin/Cargo.toml",
    "admin/build.rs",
    "admin/src/main.rs",
    "README.md",
];

/// The build script as a program, which reads the checkout that it is started in.
static SCRIPT: LazyLock<PathBuf> = LazyLock::new(|| {
    let script = Path::new(TMP).join("admin-build-script");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiled = Command::new(compiler)
        .env("CARGO_PKG_VERSION", VERSION)
        .args(["--edition=2024", "build.rs", "-o"])
        .arg(&script)
        .current_dir(PACKAGE)
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    script
});

fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(TMP).join("version").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A command without the machine's own settings of Git. It sees neither the repository around the
/// folder of the tests nor one whose hook runs the tests.
fn isolated(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    command.current_dir(folder).envs([
        ("GIT_CEILING_DIRECTORIES", TMP),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "a"),
        ("GIT_AUTHOR_EMAIL", "a@example.com"),
        ("GIT_COMMITTER_NAME", "a"),
        ("GIT_COMMITTER_EMAIL", "a@example.com"),
    ]);
    command
}

/// Runs these lines, which contain no quotes, and returns what the last one prints.
#[track_caller]
fn run(folder: &Path, lines: &str) -> String {
    let mut printed = String::new();
    for line in lines.lines() {
        let mut words = line.split_whitespace();
        let output = isolated(words.next().unwrap(), folder).args(words).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        printed = String::from_utf8(output.stdout).unwrap();
    }
    printed.trim_end().to_owned()
}

/// Writes the files into the folder, and the project's own settings for source archives.
fn write_files(folder: &Path) {
    for file in FILES {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    for file in [".gitattributes", "admin/commit.txt"] {
        fs::copy(Path::new(PACKAGE).join("..").join(file), folder.join(file)).unwrap();
    }
}

/// A repository with one commit. Versions of Git that know one format only ignore `format`.
fn repository(name: &str, format: &str) -> PathBuf {
    let folder = empty_folder(name);
    write_files(&folder);
    let init = "git init --quiet --initial-branch=main";
    let format = format!("GIT_DEFAULT_REF_FORMAT={format}");
    run(&folder, &format!("env {format} {init}"));
    run(&folder, "git add .\ngit commit --quiet --message=first");
    folder
}

/// The version that the build script finds in this checkout, and what Cargo watches.
#[track_caller]
fn build(checkout: &Path) -> (String, Vec<PathBuf>) {
    let package = checkout.join("admin");
    let output = isolated(SCRIPT.as_path(), &package).output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    let paths = printed
        .lines()
        .filter_map(|line| line.strip_prefix("cargo::rerun-if-changed="));
    let watched: Vec<PathBuf> = paths.map(|path| package.join(path)).collect();
    for path in &watched {
        // Cargo would run the script in each build.
        assert!(path.exists(), "{}", path.display());
    }
    let version = printed.lines().last().unwrap();
    let version = version.strip_prefix("cargo::rustc-env=VERSION_AND_COMMIT=");
    (version.unwrap().to_owned(), watched)
}

fn commit(checkout: &Path) -> String {
    run(checkout, "git rev-parse --short=12 HEAD")
}

#[track_caller]
fn assert_version(checkout: &Path, in_brackets: &str) {
    assert_eq!(build(checkout).0, format!("{VERSION} ({in_brackets})"));
}

/// The files that Cargo watches in this checkout, with the times of their changes and their bytes.
fn watched_files(checkout: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let mut files = BTreeMap::new();
    let mut left = build(checkout).1;
    while let Some(path) = left.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            left.extend(entries.map(|entry| entry.unwrap().path()));
        } else {
            let changed = path.metadata().unwrap().modified().unwrap();
            let bytes = fs::read(&path).unwrap();
            files.insert(path, (changed, bytes));
        }
    }
    files
}

#[test]
fn the_command_prints_its_version_with_the_commit() {
    // The value of this build. HEAD may have moved since.
    let built = env!("VERSION_AND_COMMIT");
    let output = Command::new(env!("CARGO_BIN_EXE_release-links-admin"))
        .arg("--version")
        .env_clear()
        .output()
        .unwrap();
    Ended::of(output).assert(0, &format!("release-links-admin {built}\n"), "");
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        let output = git.args(arguments).current_dir(PACKAGE).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    if git(&["rev-parse", "--show-prefix"]) == "admin/\n" {
        let commit = built.trim_end_matches(')').trim_end_matches("-dirty");
        let commit = commit.strip_prefix(&format!("{VERSION} (")).unwrap();
        assert_eq!(git(&["cat-file", "-t", commit]), "commit\n", "{built}");
    }
}

#[test]
fn the_commit_is_that_of_the_branch_or_the_detached_head() {
    let main = repository("commit", "files");
    assert_version(&main, &commit(&main));
    run(&main, "git pack-refs --all");
    assert_version(&main, &commit(&main));
    let second = "git commit --quiet --allow-empty --message=second";
    run(&main, second);
    assert_version(&main, &commit(&main));
    run(&main, "git worktree add --quiet linked HEAD~");
    let worktree = main.join("linked");
    assert_ne!(commit(&worktree), commit(&main));
    assert_version(&worktree, &commit(&worktree));
    run(&main, "git switch --quiet --detach HEAD~");
    assert_version(&main, &commit(&main));
}

#[test]
fn only_a_change_to_what_the_command_is_built_from_marks_it_as_dirty() {
    let folder = repository("dirty", "files");
    let commit = commit(&folder);
    for file in FILES {
        fs::write(folder.join(file), "changed").unwrap();
        let mark = if file == "README.md" { "" } else { "-dirty" };
        assert_version(&folder, &format!("{commit}{mark}"));
        run(&folder, "git add .");
        assert_version(&folder, &format!("{commit}{mark}"));
        run(&folder, "git reset --quiet --hard");
        assert_version(&folder, &commit);
    }
    fs::write(folder.join("src/untracked.rs"), "").unwrap();
    assert_version(&folder, &commit);
}

#[test]
fn a_source_archive_keeps_its_commit() {
    let folder = repository("archived", "files");
    let commit = commit(&folder);
    // The archive lies in the checkout of another project, which has another commit.
    let other = repository("other", "files");
    run(&other, "git commit --quiet --amend --message=other");
    let archive = other.join("archive");
    fs::create_dir(&archive).unwrap();
    let tar = archive.join("a.tar");
    run(
        &folder,
        &format!("git archive HEAD --output={}", tar.display()),
    );
    run(&archive, "tar -xf a.tar");
    assert_version(&archive, &commit);
}

#[test]
fn without_a_commit_there_is_only_the_version() {
    let folder = empty_folder("without");
    write_files(&folder);
    assert_eq!(build(&folder).0, VERSION, "no repository");
    run(&folder, "git init --quiet");
    assert_eq!(build(&folder).0, VERSION, "a repository without a commit");
    let other = repository("around", "files");
    let inside = other.join("copy");
    write_files(&inside);
    assert_eq!(
        build(&inside).0,
        VERSION,
        "the repository of another project"
    );
    let without_git = isolated(SCRIPT.as_path(), &other.join("admin"))
        .env("PATH", TMP)
        .output()
        .unwrap();
    let printed = String::from_utf8(without_git.stdout).unwrap();
    let last = printed.lines().last();
    let expected = format!("cargo::rustc-env=VERSION_AND_COMMIT={VERSION}");
    assert_eq!(last, Some(expected.as_str()), "no program git");
}

/// Asserts that the files that Cargo watches change if HEAD moves, and stay if it does not.
#[track_caller]
fn assert_watched(checkout: &Path) {
    let before = watched_files(checkout);
    fs::write(checkout.join("README.md"), "changed").unwrap();
    let still = "git add README.md\ngit status\ngit restore --staged --worktree README.md";
    run(checkout, still);
    let changes = watched_files(checkout).into_iter();
    let changes = changes.filter(|(path, now)| before.get(path) != Some(now));
    let changes: Vec<PathBuf> = changes.map(|(path, _)| path).collect();
    assert!(changes.is_empty(), "HEAD has not moved: {changes:?}");
    for movement in [
        "git commit --quiet --allow-empty --message=second",
        "git switch --quiet --detach HEAD~",
        "git commit --quiet --allow-empty --message=third",
        "git switch --quiet --create other HEAD~",
    ] {
        let (version, before) = (build(checkout).0, watched_files(checkout));
        run(checkout, movement);
        assert_ne!(build(checkout).0, version, "{movement}");
        let is_seen = watched_files(checkout) != before;
        assert!(is_seen, "{}: {movement}", checkout.display());
    }
}

#[test]
fn cargo_runs_the_script_again_only_if_head_moves() {
    for (name, format, before) in [
        ("branch", "files", ""),
        ("packed", "files", "git pack-refs --all"),
        ("detached", "files", "git switch --quiet --detach"),
        ("no-log", "files", "rm -r .git/logs"),
        ("both", "files", "rm -r .git/logs\ngit pack-refs --all"),
        ("reftable", "reftable", ""),
    ] {
        let main = repository(&format!("moves-{name}"), format);
        // Only the log that exists is kept: that of the first checkout, but not of the second one.
        run(&main, "git config core.logAllRefUpdates false");
        run(&main, before);
        run(
            &main,
            "git worktree add --quiet -b linked linked\ngit status",
        );
        let linked = main.join("linked");
        assert_watched(&linked);
        run(&linked, "git switch --quiet linked\ngit branch -D other");
        assert_watched(&main);
    }
}
