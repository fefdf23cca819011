//! The rules of the module structure, by reading the imports, and the rules of the repository.

#![expect(
    clippy::unwrap_used,
    reason = "a None or an Err ends the test, where it is seen"
)]

mod calls;
mod catalogue;
mod operations;
mod repository;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the domain: plain data and rules.
const DOMAIN: [&str; 12] = [
    "excerpt",
    "idempotency",
    "link",
    "markdown",
    "page",
    "patch",
    "project",
    "release",
    "timestamp",
    "token",
    "visible",
    "writer",
];

/// The Rust files below a folder.
fn files(folder: &str) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::from(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !matches!(name, "target" | "node_modules") && !name.starts_with('.')
            {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The code of a file without its comments and its unit tests.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    code.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// The identifiers that follow a prefix such as `crate::`, also those in braces.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let name = |text: &str| {
        text.split(|c| !is_part(c))
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(is_part) {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(list) => names.extend(
                list.split('}')
                    .next()
                    .unwrap()
                    .split(',')
                    .map(|item| name(item.trim())),
            ),
            None => drop(names.insert(name(rest))),
        }
    }
    names
}

/// The top-level module of a file below `src`.
fn module(file: &Path) -> String {
    let first = file
        .strip_prefix("src")
        .unwrap()
        .iter()
        .next()
        .unwrap()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn the_domain_names_neither_http_nor_dynamodb() {
    for file in files("src")
        .iter()
        .filter(|file| DOMAIN.contains(&module(file).as_str()))
    {
        let code = code(file);
        for name in [
            "lambda_http",
            "crate::http",
            "aws_sdk_dynamodb",
            "crate::store",
        ] {
            assert!(!code.contains(name), "{} names {name}", file.display());
        }
    }
}

#[test]
fn only_the_http_edge_names_lambda_http() {
    for file in files("src") {
        let is_edge = matches!(module(&file).as_str(), "http" | "app" | "main");
        assert!(
            is_edge || !code(&file).contains("lambda_http"),
            "{}",
            file.display()
        );
    }
}

#[test]
fn only_the_store_names_the_operations_of_dynamodb() {
    for file in files("src") {
        let (module, code) = (module(&file), code(&file));
        assert!(
            module != "store" || !code.contains("crate::http"),
            "{}",
            file.display()
        );
        let names = names_after(&code, "aws_sdk_dynamodb::");
        let is_setup = module == "aws"
            && names
                .iter()
                .all(|name| matches!(name.as_str(), "Config" | "config" | "error"));
        assert!(
            module == "store" || names.is_empty() || is_setup,
            "{}: {names:?}",
            file.display()
        );
    }
}

/// What the function's policy forbids, only the operator's half of the store can call.
#[test]
fn the_function_never_names_the_operators_half_of_the_store() {
    for file in files("src") {
        let is_inside = file.starts_with("src/store/operator");
        let declares_it = file == Path::new("src/store/mod.rs");
        let code = code(&file).replace("pub mod operator;", "");
        for name in ["operator::", "mod operator", "Operator"] {
            let is_allowed = is_inside || !code.contains(name);
            assert!(is_allowed, "{} names {name}", file.display());
        }
        assert!(!declares_it || !code.contains("pub use operator"));
        for name in ["batch_write_item", ".scan()", "ConditionCheck::builder"] {
            let is_allowed = is_inside || !code.contains(name);
            assert!(is_allowed, "{} calls {name}", file.display());
        }
    }
}

/// Follows the imports from one module to all others.
fn reachable(from: &str, imports: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let (mut found, mut left) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(module) = left.pop() {
        for next in imports.get(&module).into_iter().flatten() {
            if found.insert(next.clone()) {
                left.push(next.clone());
            }
        }
    }
    found
}

fn assert_no_circle(imports: &BTreeMap<String, BTreeSet<String>>) {
    for module in imports.keys() {
        let reachable = reachable(module, imports);
        assert!(
            !reachable.contains(module),
            "{module} imports itself by way of {reachable:?}"
        );
    }
}

#[test]
fn modules_have_no_circular_dependencies() {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files("src") {
        let module = module(&file);
        let mut names = names_after(&code(&file), "crate::");
        names.remove(&module);
        imports.entry(module).or_default().extend(names);
    }
    imports.remove("lib");
    assert!(
        imports["app"].contains("operations"),
        "the imports are found: {imports:?}"
    );
    assert_no_circle(&imports);
}

#[test]
fn files_of_a_module_have_no_circular_dependencies() {
    for folder in [
        "src/http",
        "src/operations",
        "src/store",
        "src/link",
        "src/markdown",
        "src/aws",
    ] {
        let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for file in files(folder) {
            let inside = file.strip_prefix(folder).unwrap();
            let module = inside
                .iter()
                .next()
                .unwrap()
                .to_str()
                .unwrap()
                .trim_end_matches(".rs");
            if module == "mod" {
                continue;
            }
            let code = code(&file);
            let is_nested = inside.iter().count() > 1;
            let mut names = if is_nested {
                BTreeSet::new()
            } else {
                names_after(&code, "super::")
            };
            names.extend(names_after(
                &code,
                &format!("crate::{}::", folder.trim_start_matches("src/")),
            ));
            names.remove(module);
            imports.entry(module.to_owned()).or_default().extend(names);
        }
        assert_no_circle(&imports);
    }
}

#[test]
fn no_file_is_included_by_path() {
    for file in files(".") {
        assert!(
            !code(&file).contains(concat!("#[", "path")),
            "{}",
            file.display()
        );
    }
}

/// The lengths of the functions with a body in this text, by the line where they begin.
fn function_lengths(lines: &[&str]) -> Vec<(usize, usize)> {
    const BEGINNINGS: [&str; 6] = [
        "fn ",
        "pub fn ",
        "async fn ",
        "pub async fn ",
        "pub(super) fn ",
        "pub(super) async fn ",
    ];
    let mut lengths = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        let is_function = BEGINNINGS.iter().any(|word| text.starts_with(word));
        let signature_end = |line: &&str| line.ends_with(['{', ';', '}']);
        let has_body = lines[start..].iter().find(|line| signature_end(line));
        if is_function && has_body.is_some_and(|line| line.ends_with('{')) {
            let end = lines[start..]
                .iter()
                .position(|line| *line == format!("{indent}}}"));
            lengths.push((start + 1, end.unwrap() + 1));
        }
    }
    lengths
}

#[test]
fn files_stay_short() {
    for folder in ["src", "admin", "dev", "tests", "benches", "fuzz"] {
        for file in files(folder) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 400, "{} has {lines} lines", file.display());
        }
    }
}

/// A table of many cases in a test is a text, or a file beside the test.
#[test]
fn functions_stay_short() {
    for (folders, most) in [
        (["src", "admin/src", "dev"].as_slice(), 40),
        (&["tests", "admin/tests"], 60),
    ] {
        for file in folders.iter().flat_map(|folder| files(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            for (line, length) in function_lengths(&lines) {
                assert!(length <= most, "{}:{line}: {length} lines", file.display());
            }
        }
    }
}

#[test]
fn lines_stay_short() {
    let (mut long, mut all) = (0, 0);
    for folder in ["src", "admin/src", "dev"] {
        for file in files(folder) {
            for line in fs::read_to_string(&file).unwrap().lines() {
                all += 1;
                long += usize::from(line.chars().count() > 100);
            }
        }
    }
    // rustfmt leaves long texts alone.
    assert!(
        long * 200 < all,
        "{long} of {all} lines have more than 100 columns"
    );
}
