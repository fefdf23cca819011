//! The files that `make openapi` writes are those in the repository.

#[test]
fn the_document_in_the_repository_is_what_the_code_says() {
    let written = include_str!("../../../docs/openapi.json");
    let made = openapi::text(&openapi::document());
    let mut lines = made.lines().zip(written.lines()).enumerate();
    let difference = lines.find(|(_, (made, written))| made != written);
    assert!(
        made == written,
        "docs/openapi.json is not what the code says, which `make openapi` mends; the first \
         difference, with its line: {difference:?}"
    );
}

#[test]
fn the_document_is_at_most_256_kb_large() {
    let bytes = openapi::text(&openapi::document()).len();
    assert!(
        bytes <= 256 * 1024,
        "docs/openapi.json has {bytes} bytes: trim its examples"
    );
}
