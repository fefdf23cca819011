//! Seeds the data that the documented requests expect: project 24, its release v0.1 with the second
//! link of the documented list, and a token with the role developer.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;
use release_links::project::{Project, ProjectId, ProjectPath, Role, Visibility};
use release_links::store::operator::{AdminError, Operator, Takeover};
use release_links::store::schema::{SortKey, digest, shard_sort_key};
use release_links::token::{Grants, NewToken, PlainToken, Scope};

/// The token that GitLab's documentation uses.
pub const TOKEN: &str = "gDybLx3yrUK_HLp3qPjS";

/// When the token was created, 2026-11-24T00:00:00Z, since 1970.
const TOKEN_CREATION: Duration = Duration::from_secs(1_795_478_400);

/// The one documented link that no documented request creates. Its ID is 2, because the documented
/// create request gets ID 1.
const LINK: [(&str, &str); 4] = [
    ("name", "awesome-v0.2.msi"),
    ("url", "http://192.168.10.15:3000/msi"),
    ("link_type", "other"),
    ("created_at", TIME),
];
const TIME: &str = "2026-11-24T00:00:00.000000Z";
/// The place of the release in the order of the project's releases.
const PLACE: &str = "2026-11-24T00:00:00.000000Z#2026-11-24T00:00:00.000000Z#v0.1";

/// Creates the public project `group/app`, its release and the documentation's token. Existing data
/// stays unchanged.
///
/// # Errors
///
/// Fails with a message for the developer if the data cannot be stored.
pub async fn seed(operator: &Operator, client: &Client, table: &str) -> Result<(), String> {
    let session = operator.session(Duration::from_secs(30));
    let id = ProjectId::new(24).expect("24 is a valid project ID");
    let path = ProjectPath::parse("group/app").expect("group/app is a valid project path");
    let project = Project {
        id,
        path,
        visibility: Visibility::Public,
    };
    let is_new = match session.projects().create(&project, Takeover::Refuse).await {
        Err(AdminError::IdTaken(_)) => false,
        created => created.map(|_| true).map_err(|error| error.to_string())?,
    };
    let hash = PlainToken::from(TOKEN.to_owned()).hash();
    match session.tokens().create(hash, documented_token(id)).await {
        Ok(_) | Err(AdminError::TokenTaken) => {}
        Err(error) => return Err(error.to_string()),
    }
    if is_new {
        put_release(client, table).await
    } else {
        Ok(())
    }
}

fn documented_token(project: ProjectId) -> NewToken {
    NewToken {
        label: "documentation".to_owned(),
        grants: Grants {
            every: None,
            projects: BTreeMap::from([(project, Role::Developer)]),
        },
        scope: Scope::Api,
        created_at: SystemTime::UNIX_EPOCH + TOKEN_CREATION,
        expires_at: None,
    }
}

async fn put_release(client: &Client, table: &str) -> Result<(), String> {
    for (pk, sk, attributes) in release_items() {
        let mut put = client.put_item().table_name(table);
        put = put.item("pk", text(pk)).item("sk", AttributeValue::S(sk));
        for (name, value) in attributes {
            put = put.item(name, value);
        }
        put.send()
            .await
            .map_err(|error| DisplayErrorContext(error).to_string())?;
    }
    Ok(())
}

/// The partition key, the sort key and the attributes of an item.
type SeedItem = (&'static str, String, Vec<(&'static str, AttributeValue)>);

/// The items of the release and its link, and its place in the order.
fn release_items() -> Vec<SeedItem> {
    let [(_, name), (_, url), ..] = LINK;
    let stamp = vec![("generation", number(1)), ("version", number(1))];
    let mut release = vec![
        ("last_link_id", number(0)),
        ("last_generation", number(1)),
        ("links_at_birth", number(1)),
        ("created_at", text(TIME)),
        ("released_at", text(TIME)),
    ];
    release.extend(stamp.clone());
    let mut link = vec![("id", number(2)), ("version", number(1))];
    link.extend(LINK.map(|(name, value)| (name, text(value))));
    let held = vec![("link_id", number(2))];
    let of_release = [
        (SortKey::Release, release),
        (SortKey::Details, stamp),
        (SortKey::Link(1, 2), link),
        (SortKey::Name(1, digest(name)), held.clone()),
        (SortKey::Url(1, digest(url)), held),
    ];
    let of_release = of_release.map(|(key, item)| ("24#v0.1", key.to_string(), item));
    let count = vec![("releases", number(1))];
    let in_order = [
        ("24/releases", PLACE.to_owned(), Vec::new()),
        ("24/releases", shard_sort_key("v0.1"), count),
    ];
    of_release.into_iter().chain(in_order).collect()
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u8) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
