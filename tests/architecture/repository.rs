//! The rules of the repository, by reading the documents, the template and the Makefile.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::files;

/// A statement code, such as B10, in this text.
fn codes(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_code = |word: &&str| {
        word.len() >= 2
            && word.starts_with(|c| ('A'..='K').contains(&c) || c == 'R')
            && word.len() <= 3
            && word[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    words.filter(is_code).map(str::to_owned).collect()
}

#[test]
fn every_statement_code_has_its_anchor_in_the_specification() {
    let specification = fs::read_to_string("docs/gitlab-behaviour.md").unwrap();
    let mut found = BTreeSet::new();
    let sources = ["src", "tests", "admin", "dev"].into_iter().flat_map(files);
    let documents = ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(PathBuf::from);
    for file in sources.chain(documents) {
        let text = fs::read_to_string(&file).unwrap();
        let is_code = file.extension().is_some_and(|extension| extension == "rs");
        let is_prose = |line: &&str| !is_code || line.trim_start().starts_with("//");
        let prose: Vec<&str> = text.lines().filter(is_prose).collect();
        for code in codes(&prose.join("\n")) {
            let anchor = format!("<a id=\"{}\"></a>**{code}.**", code.to_lowercase());
            let anchors = specification.matches(&anchor).count();
            assert_eq!(anchors, 1, "{code} of {}", file.display());
            found.insert(code);
        }
    }
    assert!(found.len() > 50, "the codes are found: {found:?}");
}

/// The version of a deployment is found in the log and in the description of the API. A response
/// that named it would change with each version.
#[test]
fn the_version_of_the_service_stands_in_three_places() {
    let version = concat!("CARGO_PKG", "_VERSION");
    let mut places = Vec::new();
    for file in ["src", "admin/src", "dev"].into_iter().flat_map(files) {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let is_code = file.extension().is_some_and(|extension| extension == "rs");
        if is_code && text.contains(version) {
            places.push(file.display().to_string());
        }
    }
    if fs::read_to_string("admin/build.rs")
        .unwrap()
        .contains(version)
    {
        places.push("admin/build.rs".to_owned());
    }
    let expected = ["src/main.rs", "dev/openapi/src/lib.rs", "admin/build.rs"];
    assert_eq!(places, expected);
}

#[test]
fn every_alarm_names_its_row_of_the_runbook() {
    let template: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(&fs::read_to_string("template.yaml").unwrap()).unwrap();
    let runbook = fs::read_to_string("docs/operations.md").unwrap();
    let mut alarms = BTreeSet::new();
    for (_, resource) in template["Resources"].as_mapping().unwrap() {
        if resource["Type"] == "AWS::CloudWatch::Alarm" {
            let description = resource["Properties"]["AlarmDescription"].as_str().unwrap();
            let row = description
                .split('"')
                .nth(1)
                .expect("the description names a row");
            assert!(
                runbook.contains(&format!("\n| {row} | ")),
                "the runbook lacks {row}"
            );
            assert!(alarms.insert(row.to_owned()), "two alarms for {row}");
        }
    }
    assert!((1..=6).contains(&alarms.len()), "{alarms:?}");
}

#[test]
fn make_help_lists_every_target() {
    let makefile = fs::read_to_string("Makefile").unwrap();
    let phony = makefile
        .split(".PHONY:")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    for target in phony.split_whitespace().filter(|word| *word != "\\") {
        let is_listed = makefile
            .lines()
            .any(|line| line.starts_with(&format!("{target}:")) && line.contains(" ## "));
        assert!(
            is_listed || target.starts_with("need-"),
            "{target} has no ## comment"
        );
    }
}

/// The crates of the packages, each with its features.
fn crates(edges: &str, packages: &[String]) -> BTreeSet<String> {
    let format = ["--prefix", "none", "--format", "{p} {f}"];
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", edges])
        .args(format)
        .args(packages)
        .output()
        .unwrap();
    assert!(tree.status.success(), "{tree:?}");
    let tree = String::from_utf8(tree.stdout).unwrap();
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    lines.map(str::to_owned).collect()
}

#[test]
fn make_run_compiles_no_test_only_crates() {
    let packages = [
        "release-links",
        "release-links-tools",
        "release-links-admin",
        "dynamodb-engine",
    ];
    let packages = packages.map(|package| format!("--package={package}"));
    let tree = crates("normal,build", &packages);
    let names: BTreeSet<&str> = tree
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(names.contains("dynoxide-rs"), "{tree:?}");
    for test_only in ["criterion", "harness", "insta", "proptest", "rcgen"] {
        assert!(!names.contains(test_only), "{test_only}");
    }
}

/// Otherwise cargo would compile the SDK once for the tests and once for the programs.
#[test]
fn the_programs_share_their_crates_with_the_tests() {
    let makefile = fs::read_to_string("Makefile").unwrap();
    assert!(makefile.contains("BUILD_SERVICE := cargo build --locked --workspace "));
    let workspace = ["--workspace".to_owned()];
    let tests = crates("normal,build,dev", &workspace);
    for program in crates("normal,build", &workspace) {
        assert!(
            tests.contains(&program),
            "{program} has other features in the tests; add them to dev/testkit/Cargo.toml"
        );
    }
}

/// It takes minutes to compile, so that nothing but its own program may wait for it.
#[test]
fn only_the_engines_program_depends_on_the_engine() {
    let packages = [
        "release-links",
        "release-links-tools",
        "release-links-admin",
        "harness",
        "testkit",
    ];
    for package in packages {
        let tree = crates("normal,build,dev", &[format!("--package={package}")]);
        assert!(tree.iter().any(|line| line.starts_with("tokio ")));
        let engine = tree.iter().find(|line| line.starts_with("dynoxide-rs "));
        assert_eq!(engine, None, "{package} depends on the engine");
    }
}

/// Everyone who may write a link chooses its URL, so the function must not request it.
#[test]
fn only_the_operators_command_has_a_client_for_urls() {
    let has_client = |package: &str| {
        let tree = crates("normal,build", &[format!("--package={package}")]);
        tree.iter().any(|line| line.starts_with("reqwest "))
    };
    assert!(has_client("release-links-admin"));
    assert!(!has_client("release-links"));
}

/// The names in backticks that could be those of tests.
fn test_names(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name = |name: &&str| {
        name.matches('_').count() >= 3
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    quoted.filter(is_name).collect()
}

#[test]
fn every_statement_about_security_names_a_test_that_exists() {
    let document = fs::read_to_string("SECURITY.md").unwrap();
    let start = document.find("## Threat model").unwrap();
    let end = document.find("## Your responsibility").unwrap();
    let mut code = String::new();
    for file in ["src", "tests", "admin"].into_iter().flat_map(files) {
        code += &fs::read_to_string(file).unwrap();
    }
    for folder in ["tests/clients", "tests/deployed", "tests/template"] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "py") {
                code += &fs::read_to_string(path).unwrap();
            }
        }
    }
    let statements = document[start..end].split("\n- ").skip(1);
    let statements: Vec<&str> = statements.collect();
    assert!(statements.len() > 30, "the statements are found");
    for statement in statements {
        let names = test_names(statement);
        let is_promise = statement.contains("(*AWS*)") || statement.contains("no test asserts it");
        assert!(!names.is_empty() || is_promise, "no test: {statement}");
        for name in names {
            let is_defined = ["fn", "def"]
                .iter()
                .any(|word| code.contains(&format!("{word} {name}(")));
            assert!(is_defined, "there is no test {name}");
        }
    }
}
