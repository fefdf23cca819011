//! The rules of the operations: what is written once, and what may not know of what.

use std::fs;
use std::path::Path;

use crate::{code, files};

/// The pipeline calls the operations and the HTTP edge. Neither climbs back into it.
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

/// `name: …, method: …` in the order of [`Facts`], so that rows read alike.
///
/// [`Facts`]: release_links::operations::Facts
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
