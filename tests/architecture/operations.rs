//! The rules of the operations: what is written once, and what may not know of what.

use std::fs;
use std::path::Path;

use crate::{code, files};

/// The pipeline calls the operations and the HTTP edge. Neither imports it.
#[test]
fn nothing_but_the_program_imports_the_pipeline() {
    for file in files("src") {
        let is_program = matches!(file.to_str().unwrap(), "src/main.rs" | "src/lib.rs");
        let names_it = code(&file).contains("crate::app");
        assert!(is_program || !names_it, "{}", file.display());
    }
}

/// A second place that decides by operation or by path would have to be kept in step by hand.
#[test]
fn only_the_rows_tell_operations_and_paths_apart() {
    for file in files("src") {
        let name = file.to_str().unwrap();
        let code = code(&file);
        let is_row = name.starts_with("src/operations/");
        let fills_urls = matches!(name, "src/http/public_url.rs" | "src/http/json/project.rs");
        assert!(
            is_row || fills_urls || !code.contains("paths::"),
            "{name} names a path"
        );
        for choice in [
            "OPERATIONS",
            "facts.name ==",
            "match facts.name",
            "match row.facts",
        ] {
            assert!(
                is_row || !code.contains(choice),
                "{name} chooses by {choice}"
            );
        }
        let may_write = matches!(name, "src/http/paths.rs" | "src/operations/find/tests.rs");
        let writes_path = code.contains("api/v4/") && !may_write;
        assert!(!writes_path, "{name} writes a path");
    }
}

/// No operation takes a fact from a default (`..`), and each one has a row in `OPERATIONS`.
#[test]
fn every_operation_writes_its_facts_without_defaults() {
    let (mut operations, mut facts) = (0, 0);
    for file in files("src/operations") {
        let code = code(&file);
        operations += code.matches("impl Operation for ").count();
        for text in code.split("const FACTS: &'static Facts = &Facts {").skip(1) {
            let text = text.split("\n    };").next().unwrap();
            assert!(!text.contains(".."), "{}", file.display());
            facts += 1;
        }
    }
    assert_eq!(facts, operations);
    let rows = fs::read_to_string(Path::new("src/operations/mod.rs")).unwrap();
    assert_eq!(
        rows.matches("Row::for_").count(),
        operations,
        "a row is missing"
    );
}

/// A link as a client sends it, a new one, a stored one, and the one that clients see.
#[test]
fn a_link_is_four_structs() {
    let mut structs = Vec::new();
    for file in files("src") {
        let code = code(&file);
        for text in code.split("struct ").skip(1) {
            let (name, rest) = text.split_once('{').unwrap_or((text, ""));
            let fields = rest.split('}').next().unwrap();
            let has = |field: &str| fields.contains(&format!("{field}: "));
            if has("url") && has("link_type") {
                structs.push(name.trim().to_owned());
            }
        }
    }
    structs.sort_unstable();
    assert_eq!(structs, ["Link", "LinkInput", "LinkView<'a>", "NewLink"]);
}
