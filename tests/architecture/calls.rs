//! The files of the store build on each other in one direction, calls of methods included.
//!
//! Many files add methods to the type of a session, so imports alone do not show who calls whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{assert_no_circle, code, files, names_after};

const FOLDER: &str = "src/store";
/// The values on which other files' methods are called.
const RECEIVERS: [&str; 3] = ["self.", "session.", "store."];

/// The file without its extension, or the folder of a nested file.
fn part(file: &Path) -> String {
    let inside = file.strip_prefix(FOLDER).unwrap();
    let first = inside.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The names of the methods that a file defines.
fn methods(code: &str) -> BTreeSet<String> {
    let name = |line: &str| -> Option<String> {
        let line = line.trim_start();
        let line = line.strip_prefix("pub(super) ").unwrap_or(line);
        let line = line.strip_prefix("pub ").unwrap_or(line);
        let line = line.strip_prefix("async ").unwrap_or(line);
        let name = line.strip_prefix("fn ")?.split(['(', '<']).next()?;
        Some(name.to_owned())
    };
    let in_impl = code.lines().filter(|line| line.starts_with("    "));
    in_impl.filter_map(name).collect()
}

/// The names that a file calls on a session or on itself.
fn calls(code: &str) -> BTreeSet<String> {
    let flat: String = code.split_whitespace().collect();
    let mut names = BTreeSet::new();
    for receiver in RECEIVERS {
        for (at, _) in flat.match_indices(receiver) {
            let rest = &flat[at + receiver.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(end) = end.filter(|end| rest[*end..].starts_with('(')) {
                names.insert(rest[..end].to_owned());
            }
        }
    }
    names
}

#[test]
fn calls_between_files_of_the_store_run_in_one_direction() {
    let mut codes: BTreeMap<String, String> = BTreeMap::new();
    for file in files(FOLDER) {
        *codes.entry(part(&file)).or_default() += &code(&file);
    }
    codes.remove("mod");
    let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (part, code) in &codes {
        for method in methods(code) {
            owners.entry(method).or_default().insert(part);
        }
    }
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut found = 0;
    for (part, code) in &codes {
        let mut others = names_after(code, "super::");
        for method in calls(code) {
            // A name that several files define says nothing.
            let owner = owners.get(&method).filter(|owners| owners.len() == 1);
            let owner = owner.and_then(|owners| owners.first());
            if let Some(owner) = owner.filter(|owner| *owner != part) {
                others.insert((*owner).to_owned());
                found += 1;
            }
        }
        others.remove(part);
        uses.insert(part.clone(), others);
    }
    assert!(
        uses["purge"].contains("living"),
        "the calls are found: {uses:?}"
    );
    assert!(found > 40, "{found} calls are found");
    assert_no_circle(&uses);
}
