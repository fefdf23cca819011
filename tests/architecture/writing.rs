//! The right to write: a type that only a grant makes.

use std::fs;
use std::path::Path;

use super::{code, files};

#[test]
fn only_a_grant_makes_a_writer() {
    let made = files("src").into_iter().filter(|file| {
        let code = code(file);
        code.contains("Writer::from_token") || code.contains("Writer {")
    });
    let made: Vec<_> = made.collect();
    let expected = ["src/authorization/grants.rs", "src/writer.rs"];
    assert_eq!(made.len(), expected.len(), "{made:?}");
    for file in expected {
        assert!(made.contains(&Path::new(file).to_owned()), "{made:?}");
    }
}

#[test]
fn only_the_test_kit_enables_writers_without_a_token() {
    let mut manifests = vec!["Cargo.toml".into(), "admin/Cargo.toml".into()];
    let packages = fs::read_dir("dev").unwrap();
    let packages = packages.map(|entry| entry.unwrap().path().join("Cargo.toml"));
    manifests.extend(packages.filter(|path| path.is_file()));
    manifests.retain(|path| path != Path::new("dev/testkit/Cargo.toml"));
    assert!(
        manifests.len() >= 4,
        "the packages are found: {manifests:?}"
    );
    for manifest in manifests {
        let text = fs::read_to_string(&manifest).unwrap();
        let text = text.replace("test-writer = []", "");
        assert!(!text.contains("test-writer"), "{}", manifest.display());
        assert!(!text.contains("default = ["), "{}", manifest.display());
    }
    let kit = fs::read_to_string("dev/testkit/Cargo.toml").unwrap();
    assert!(kit.contains("test-writer"));
}
