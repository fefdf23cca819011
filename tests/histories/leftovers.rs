//! Items that belong to no existing release.

use aws_sdk_dynamodb::types::AttributeValue;
use testkit::app::Item;

/// The sort keys of the items that past and unborn lives of this tag of project 24 have left.
pub fn of_tag(items: &[Item], tag: &str) -> Vec<String> {
    let pk = format!("24#{tag}");
    let own = items.iter().filter(|item| text(item, "pk") == pk);
    let own: Vec<&Item> = own.collect();
    let release = own.iter().find(|item| text(item, "sk") == "release");
    let exists = release.is_some_and(|release| release.contains_key("created_at"));
    let is_left = |item: &&&Item| match text(item, "sk").as_str() {
        "release" => false,
        "release#details" => !exists,
        key => !exists || !belongs(item, key, release.expect("it exists")),
    };
    own.iter()
        .filter(is_left)
        .map(|item| text(item, "sk"))
        .collect()
}

/// Whether the release of this tag is locked.
pub fn is_locked(items: &[Item], tag: &str) -> bool {
    let pk = format!("24#{tag}");
    items
        .iter()
        .any(|item| text(item, "pk") == pk && item.contains_key("immutable_at"))
}

/// Whether an item belongs to the release, which exists.
fn belongs(item: &Item, key: &str, release: &Item) -> bool {
    if release.contains_key("generation") {
        let generation: u64 = text(release, "generation").parse().unwrap();
        return key.starts_with(&format!("g{generation:0>12}#"));
    }
    let deleted_through: u64 = text(release, "deleted_through").parse().unwrap_or_default();
    let id = ["id", "link_id"].map(|name| text(item, name).parse::<u64>());
    let id = id.into_iter().find_map(Result::ok);
    // An idempotency record goes by itself.
    id.is_none_or(|id| id > deleted_through) || key.starts_with("idempotency#")
}

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
        _ => String::new(),
    }
}
