//! Seeds the data that the documented requests expect: project 24, its release v0.1 with the second
//! link of the documented list, and a token with the role developer.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;
use release_links::project::{Project, ProjectId, ProjectPath, Role, Visibility};
use release_links::store::operator::{AdminError, Operator, Takeover};
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
    ("created_at", "2026-11-24T00:00:00Z"),
];
/// The place of the release in the order of the project's releases.
const PLACE: &str = "2026-11-24T00:00:00.000000Z#2026-11-24T00:00:00.000000Z#v0.1";
/// The sort keys of the link's unique-constraint items, with the SHA-256 of its URL and its name.
const CONSTRAINTS: [&str; 2] = [
    "taken#url#74ff634528e665ea8eb17e8cdc92b1a0997cf2ba1a0be6b900555a85a7fcf82b",
    "taken#name#39d61c9a0bce289582bb88756d6888f31ce035ffe82530375887c3024a36c5a3",
];

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
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |number: u8| AttributeValue::N(number.to_string());
    let time = text("2026-11-24T00:00:00Z");
    let release = vec![
        ("last_link_id", number(0)),
        ("revision", number(1)),
        ("created_at", time.clone()),
        ("released_at", time),
    ];
    let mut link = vec![("id", number(2)), ("revision", number(1))];
    link.extend(LINK.map(|(name, value)| (name, text(value))));
    let constraints = CONSTRAINTS.map(|key| (key.to_owned(), vec![("link_id", number(2))]));
    let items = [
        ("release".to_owned(), release),
        (format!("link#{:0>20}", 2), link),
    ];
    let items = items.into_iter().chain(constraints);
    let place = ("24/releases", (PLACE.to_owned(), Vec::new()));
    for (pk, (sk, attributes)) in items.map(|item| ("24#v0.1", item)).chain([place]) {
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
