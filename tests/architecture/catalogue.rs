//! The table of ARCHITECTURE.md against the catalogue of the table's items.

use std::fs;

use super::{code, files};
use release_links::store::schema::{ITEM_KINDS, ItemKind, Owner, SortKey, kind_of};

/// The row of a kind.
fn row(kind: &ItemKind) -> String {
    let ItemKind {
        name,
        partition,
        sort,
        ..
    } = kind;
    let owner = match kind.owner {
        Owner::Function => "function",
        Owner::Command => "operator",
    };
    let attributes = kind.attributes.iter().map(|attribute| {
        if kind.ttl == Some(*attribute) {
            format!("{attribute} (TTL)")
        } else {
            (*attribute).to_owned()
        }
    });
    let attributes = attributes.collect::<Vec<_>>().join(", ");
    format!("| {name} | `{partition}` | `{sort}` | {owner} | {attributes} |")
}

#[test]
fn the_table_of_items_has_a_row_for_each_kind_of_the_catalogue_and_no_other() {
    let document = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let (_, table) = document
        .split_once("| item | pk | sk | owner | attributes |\n| --- | --- | --- | --- | --- |\n")
        .expect("ARCHITECTURE.md has the table");
    let found: Vec<&str> = table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected: Vec<String> = ITEM_KINDS.iter().map(row).collect();
    assert_eq!(found, expected, "write the rows as the catalogue has them");
}

#[test]
fn the_example_of_a_key_is_one_of_its_kind() {
    for kind in &ITEM_KINDS {
        let found = kind_of(kind.partition, kind.sort).expect("the example is a key");
        assert_eq!(found.name, kind.name);
        if kind.partition == "24#v0.1" {
            let key = SortKey::parse(kind.sort).expect("the example is a sort key");
            assert_eq!(key.to_string(), kind.sort);
        }
    }
}

/// A Query for a release reads backward from its links, and ends at the first key of another kind.
#[test]
fn links_have_the_greatest_sort_keys_of_a_generation() {
    let sort_keys = ITEM_KINDS.iter().map(|kind| kind.sort);
    let of_generation = sort_keys.filter(|sort| sort.starts_with("g000000000001#"));
    let link = ITEM_KINDS.iter().find(|kind| kind.name == "link");
    assert_eq!(of_generation.max(), link.map(|kind| kind.sort));
}

#[test]
fn the_ttl_of_every_kind_is_the_attribute_that_the_template_names() {
    let template: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(&fs::read_to_string("template.yaml").unwrap()).unwrap();
    let ttl = &template["Resources"]["Table"]["Properties"]["TimeToLiveSpecification"];
    for kind in &ITEM_KINDS {
        let is_listed = kind.attributes.contains(&"expires_at");
        assert_eq!(kind.ttl.is_some(), is_listed, "{kind:?}");
        assert!(kind.ttl.is_none_or(|name| ttl["AttributeName"] == name));
    }
}

/// So a change of these keys touches one file.
#[test]
fn only_the_catalogue_writes_the_sort_keys_of_a_release() {
    for file in files("src") {
        let is_catalogue = file.ends_with("store/schema.rs");
        let code = code(&file);
        let keys = [
            "l#",
            "c#n#",
            "c#u#",
            "c#f#",
            "i#",
            "work#",
            "release#details",
        ];
        let found: Vec<&str> = keys.into_iter().filter(|key| code.contains(key)).collect();
        assert_eq!(
            !found.is_empty(),
            is_catalogue,
            "{}: {found:?}",
            file.display()
        );
    }
}
