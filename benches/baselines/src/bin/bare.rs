//! The minimal function that handles the four measured requests as the service does: it makes the
//! same DynamoDB calls and returns the same JSON or redirect, but does not validate, cache or log
//! anything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnConsumedCapacity, ReturnValue, Select, TransactWriteItem,
};
use aws_sdk_dynamodb::{Client, Config};
use lambda_http::http::{Method, Response};
use lambda_http::{Body, Error, Request, RequestExt, run, service_fn};

type Item = HashMap<String, AttributeValue>;

const RELEASE: &str = "24#v0.1";
/// The release in which links are created.
const NEW_RELEASE: &str = "24#new";

struct Bare {
    client: Client,
    table: String,
    created: AtomicU64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let credentials = Credentials::new(
        std::env::var("AWS_ACCESS_KEY_ID")?,
        std::env::var("AWS_SECRET_ACCESS_KEY")?,
        None,
        None,
        "env",
    );
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(std::env::var("AWS_REGION")?))
        .credentials_provider(credentials);
    config.set_endpoint_url(std::env::var("AWS_ENDPOINT_URL_DYNAMODB").ok());
    let table = std::env::var("TABLE_NAME")?;
    // The time makes the link names unique across processes.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    let bare = Bare {
        client: Client::from_conf(config.build()),
        table,
        created: AtomicU64::new(now.try_into()?),
    };
    run(service_fn(|request: Request| bare.handle(request))).await
}

impl Bare {
    async fn handle(&self, request: Request) -> Result<Response<Body>, Error> {
        let path = request.raw_http_path();
        if path.contains("/downloads/") {
            let item = self.get_item("taken#filepath#/bin/app").await?;
            return Ok(Response::builder()
                .status(302)
                .header("location", text(&item, "url"))
                .body(Body::Empty)?);
        }
        let json = match *request.method() {
            Method::POST => self.create().await?,
            _ if path.ends_with("/links") => links_json(&self.list().await?)?,
            _ => serde_json::to_string(&link(&self.get_item(&format!("link#{:020}", 1)).await?))?,
        };
        Ok(Response::builder()
            .header("content-type", "application/json")
            .body(Body::Text(json))?)
    }

    async fn get_item(&self, sk: &str) -> Result<Item, Error> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(RELEASE, sk)))
            .consistent_read(true);
        let output = request
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        output.item.ok_or_else(|| "the item is missing".into())
    }

    async fn list(&self) -> Result<Vec<Item>, Error> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true);
        let output = request
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(RELEASE.to_owned()))
            .expression_attribute_values(":first", AttributeValue::S("link#".to_owned()))
            .expression_attribute_values(":last", AttributeValue::S("release".to_owned()))
            .scan_index_forward(false)
            .select(Select::AllAttributes)
            .limit(22)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        Ok(output
            .items
            .unwrap_or_default()
            .into_iter()
            .filter(|item| text(item, "sk") != "release")
            .collect())
    }

    async fn create(&self) -> Result<String, Error> {
        let n = self.created.fetch_add(1, Ordering::Relaxed);
        let now = "2026-11-24T00:00:00Z".to_owned();
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(NEW_RELEASE, "release")));
        let output = request
            .update_expression(
                "ADD last_link_id :more SET created_at = if_not_exists(created_at, :now), \
                 released_at = if_not_exists(released_at, :now)",
            )
            .expression_attribute_values(":more", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":now", AttributeValue::S(now.clone()))
            .return_values(ReturnValue::UpdatedNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        let id = text(&output.attributes.unwrap_or_default(), "last_link_id").to_owned();
        let (name, url) = (format!("bare-{n}"), format!("https://example.com/{n}"));
        let mut item = key(NEW_RELEASE, &format!("link#{id:0>20}"));
        for (attribute, value) in [("name", &name), ("url", &url), ("created_at", &now)] {
            item.insert(attribute.to_owned(), AttributeValue::S(value.clone()));
        }
        item.insert(
            "link_type".to_owned(),
            AttributeValue::S("other".to_owned()),
        );
        for (attribute, value) in [("id", id.as_str()), ("revision", "1")] {
            item.insert(attribute.to_owned(), AttributeValue::N(value.to_owned()));
        }
        let json = serde_json::to_string(&link(&item))?;
        let mut request = self
            .client
            .transact_write_items()
            .transact_items(self.put(item)?);
        for kind in ["name", "url"] {
            // The key has the same length as the service's, which contains a SHA-256 digest.
            let mut constraint = key(NEW_RELEASE, &format!("taken#{kind}#{:064}", n));
            constraint.insert("link_id".to_owned(), AttributeValue::N(id.clone()));
            request = request.transact_items(self.put(constraint)?);
        }
        let request = request.client_request_token(format!("{n:036}"));
        request
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        Ok(json)
    }

    fn put(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        Ok(TransactWriteItem::builder()
            .put(
                put.condition_expression("attribute_not_exists(pk)")
                    .build()?,
            )
            .build())
    }
}

fn key(pk: &str, sk: &str) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    match item.get(name) {
        Some(AttributeValue::S(text) | AttributeValue::N(text)) => text,
        _ => "",
    }
}

fn links_json(items: &[Item]) -> Result<String, Error> {
    Ok(serde_json::to_string(
        &items.iter().map(link).collect::<Vec<_>>(),
    )?)
}

#[derive(serde::Serialize)]
struct Link<'a> {
    id: u64,
    name: &'a str,
    url: &'a str,
    external: bool,
    direct_asset_url: &'a str,
    link_type: &'a str,
}

fn link(item: &Item) -> Link<'_> {
    Link {
        id: text(item, "id").parse().unwrap_or_default(),
        name: text(item, "name"),
        url: text(item, "url"),
        external: true,
        direct_asset_url: text(item, "url"),
        link_type: text(item, "link_type"),
    }
}
