//! The files that `make openapi` writes are those in the repository.

/// Asserts that a file in the repository is what the code makes.
#[track_caller]
fn assert_current(file: &str, written: &str, made: &str) {
    let mut lines = made.lines().zip(written.lines()).enumerate();
    let difference = lines.find(|(_, (made, written))| made != written);
    assert!(
        made == written,
        "{file} is not what the code says, which `make openapi` mends; the first difference, with \
         its line: {difference:?}"
    );
}

#[test]
fn the_document_in_the_repository_is_what_the_code_says() {
    assert_current(
        "docs/openapi.json",
        include_str!("../../../docs/openapi.json"),
        &openapi::text(&openapi::document()),
    );
}

#[test]
fn the_reference_in_the_repository_is_what_the_code_says() {
    assert_current(
        "docs/api.md",
        include_str!("../../../docs/api.md"),
        &openapi::markdown::page(&openapi::document()),
    );
}

#[test]
fn the_document_is_at_most_320_kb_large() {
    let bytes = openapi::text(&openapi::document()).len();
    assert!(
        bytes <= 320 * 1024,
        "docs/openapi.json has {bytes} bytes: trim its examples"
    );
}
