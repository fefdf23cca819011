//! The minimal function that handles the measured requests as the service does: it makes the
//! same DynamoDB calls and returns the same JSON or redirect, but does not validate, cache or log
//! anything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, Put, ReturnConsumedCapacity, ReturnValue, Select,
    TransactWriteItem, Update,
};
use aws_sdk_dynamodb::{Client, Config};
use lambda_http::http::{Method, Response};
use lambda_http::{Body, Error, Request, RequestExt, run, service_fn};

type Item = HashMap<String, AttributeValue>;
/// The values of an expression by their names.
type Values<'a> = &'a [(&'a str, AttributeValue)];

const RELEASE: &str = "24#v0.1";
/// The release in which links are created.
const NEW_RELEASE: &str = "24#new";
/// The order of the project's releases.
const ORDER: &str = "24/releases";
/// What the keys of the links of the first generation begin with.
const LINKS: &str = "g000000000001#l#";
/// The times of a release that is created.
const TIME: &str = "2020-01-01T00:00:00.000000Z";

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
            let item = self.get_item("g000000000001#c#f#/bin/app").await?;
            return redirect(text(&item, "url"));
        }
        if path.ends_with("/latest") {
            let place = self.query(ORDER, ["0", ":"], 1).await?;
            let tag = text(&place[0], "sk").rsplit('#').next().unwrap_or_default();
            return redirect(&format!("/api/v4/projects/24/releases/{tag}"));
        }
        let json = match *request.method() {
            Method::POST if path.ends_with("/releases") => {
                self.create_release(request.body()).await?
            }
            Method::POST => self.create().await?,
            _ if path.ends_with("/v0.1") => self.release().await?,
            _ if path.ends_with("/links") => links_json(&self.list().await?)?,
            _ => {
                let item = self.get_item(&format!("{LINKS}{:0>12}", 1)).await?;
                serde_json::to_string(&link(&item))?
            }
        };
        Ok(Response::builder()
            .header("content-type", "application/json")
            .body(Body::Text(json))?)
    }

    async fn get_item(&self, sk: &str) -> Result<Item, Error> {
        let keys = KeysAndAttributes::builder()
            .keys(key(RELEASE, "release"))
            .keys(key(RELEASE, sk))
            .consistent_read(true)
            .build()?;
        let request = self
            .client
            .batch_get_item()
            .request_items(&self.table, keys);
        let output = request
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        let items = output
            .responses
            .into_iter()
            .flat_map(HashMap::into_values)
            .flatten();
        let mut found = items.filter(|item| text(item, "sk") == sk);
        found.next().ok_or_else(|| "the item is missing".into())
    }

    async fn list(&self) -> Result<Vec<Item>, Error> {
        let mut items = self.query(RELEASE, [LINKS, "release"], 22).await?;
        items.retain(|item| text(item, "sk") != "release");
        Ok(items)
    }

    async fn query(
        &self,
        partition: &str,
        [first, last]: [&str; 2],
        limit: i32,
    ) -> Result<Vec<Item>, Error> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true);
        let output = request
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
            .expression_attribute_values(":first", AttributeValue::S(first.to_owned()))
            .expression_attribute_values(":last", AttributeValue::S(last.to_owned()))
            .scan_index_forward(false)
            .select(Select::AllAttributes)
            .limit(limit)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        Ok(output.items.unwrap_or_default())
    }

    /// The release with all its links.
    async fn release(&self) -> Result<String, Error> {
        let items = self.query(RELEASE, [LINKS, "release#details"], 31).await?;
        let links: Vec<Link<'_>> = items
            .iter()
            .filter(|item| item.contains_key("url"))
            .map(link)
            .collect();
        release_json("v0.1", &links)
    }

    /// A release with the links of the request, which has no other attributes than they.
    async fn create_release(&self, body: &Body) -> Result<String, Error> {
        let body: serde_json::Value = serde_json::from_slice(body)?;
        let tag = body["tag_name"].as_str().unwrap_or_default();
        let links = body["assets"]["links"].as_array();
        let links = links.cloned().unwrap_or_default();
        let partition = format!("24#{tag}");
        let is_new = Some("attribute_not_exists(created_at)");
        let (last_id, generation) = self.reserve(&partition, links.len(), is_new).await?;
        let first_id = last_id + 1 - links.len() as u64;
        let mut request = self.client.transact_write_items();
        let mut items = Vec::new();
        for ((index, new), id) in links.iter().enumerate().zip(first_id..) {
            let attribute = |name: &str| new[name].as_str().unwrap_or_default().to_owned();
            let (name, url) = (attribute("name"), attribute("url"));
            let item = link_item(&partition, generation, id, &name, &url);
            for constraint in constraint_items(&partition, generation, id, index as u64) {
                request = request.transact_items(self.put(constraint)?);
            }
            request = request.transact_items(self.put(item.clone())?);
            items.push(item);
        }
        request = request.transact_items(self.birth(&partition, generation, links.len())?);
        let mut details = key(&partition, "release#details");
        details.extend([
            ("generation".to_owned(), number(generation)),
            ("version".to_owned(), number(1)),
        ]);
        let place = key(ORDER, &format!("{TIME}#{TIME}#{tag}"));
        for item in [details, place] {
            request = request.transact_items(self.put(item)?);
        }
        request = request.transact_items(self.count(tag)?);
        let request = request.client_request_token(format!("{last_id:018}{tag:0>18.18}"));
        request
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        let links: Vec<Link<'_>> = items.iter().rev().map(link).collect();
        release_json(tag, &links)
    }

    /// Reserves link IDs and a generation. Returns the last ID and the generation.
    async fn reserve(
        &self,
        partition: &str,
        links: usize,
        condition: Option<&str>,
    ) -> Result<(u64, u64), Error> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(partition, "release")))
            .update_expression("ADD last_link_id :links, last_generation :one")
            .set_condition_expression(condition.map(str::to_owned))
            .expression_attribute_values(":links", number(links as u64))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let attributes = request.send().await?.attributes.unwrap_or_default();
        Ok((
            text(&attributes, "last_link_id").parse()?,
            text(&attributes, "last_generation").parse()?,
        ))
    }

    async fn create(&self) -> Result<String, Error> {
        let n = self.created.fetch_add(1, Ordering::Relaxed);
        let (id, _) = self.reserve(NEW_RELEASE, 1, None).await?;
        let (name, url) = (format!("bare-{n}"), format!("https://example.com/{n}"));
        let item = link_item(NEW_RELEASE, 1, id, &name, &url);
        let json = serde_json::to_string(&link(&item))?;
        let mut request = self
            .client
            .transact_write_items()
            .transact_items(self.put(item)?);
        for constraint in constraint_items(NEW_RELEASE, 1, id, n) {
            request = request.transact_items(self.put(constraint)?);
        }
        let request = request.client_request_token(format!("{n:036}"));
        request
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        Ok(json)
    }

    /// Writes an item, which must be absent.
    fn put(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)");
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// Brings a release to life in a generation.
    fn birth(
        &self,
        partition: &str,
        generation: u64,
        links: usize,
    ) -> Result<TransactWriteItem, Error> {
        let set = "SET created_at = :created, released_at = :released, generation = :generation, \
                   version = :one, links_at_birth = :links";
        let is_new = "attribute_not_exists(created_at) \
                      AND (attribute_not_exists(generation) OR generation < :generation)";
        let time = || AttributeValue::S(TIME.to_owned());
        let values = [
            (":created", time()),
            (":released", time()),
            (":generation", number(generation)),
            (":one", number(1)),
            (":links", number(links as u64)),
        ];
        self.update(key(partition, "release"), set, Some(is_new), &values)
    }

    /// Adds one to one of the eight numbers whose sum is the number of releases.
    fn count(&self, tag: &str) -> Result<TransactWriteItem, Error> {
        let sum: u64 = tag.bytes().map(u64::from).sum();
        let shard = key(ORDER, &format!("~count#{}", sum % 8));
        self.update(shard, "ADD releases :one", None, &[(":one", number(1))])
    }

    fn update(
        &self,
        key: Item,
        expression: &str,
        condition: Option<&str>,
        values: Values<'_>,
    ) -> Result<TransactWriteItem, Error> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(expression)
            .set_condition_expression(condition.map(str::to_owned));
        for (name, value) in values {
            update = update.expression_attribute_values(*name, value.clone());
        }
        let update = update.build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

fn redirect(location: &str) -> Result<Response<Body>, Error> {
    let response = Response::builder().status(302).header("location", location);
    Ok(response.body(Body::Empty)?)
}

fn link_item(partition: &str, generation: u64, id: u64, name: &str, url: &str) -> Item {
    let mut item = key(partition, &format!("g{generation:0>12}#l#{id:0>12}"));
    for (attribute, value) in [
        ("name", name),
        ("url", url),
        ("created_at", TIME),
        ("link_type", "other"),
    ] {
        item.insert(attribute.to_owned(), AttributeValue::S(value.to_owned()));
    }
    // The service's versions are random and have about as many digits.
    for (attribute, value) in [("id", id), ("version", u64::MAX)] {
        item.insert(attribute.to_owned(), number(value));
    }
    item
}

/// The unique-constraint items of a link's name and URL. Their keys have the same length as the
/// service's, which contain a SHA-256 digest in base64url.
fn constraint_items(partition: &str, generation: u64, id: u64, n: u64) -> [Item; 2] {
    ["n", "u"].map(|kind| {
        let mut item = key(partition, &format!("g{generation:0>12}#c#{kind}#{n:043}"));
        item.insert("link_id".to_owned(), number(id));
        item
    })
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn release_json(tag: &str, links: &[Link<'_>]) -> Result<String, Error> {
    let time = "2026-11-24T00:00:00.000Z";
    Ok(serde_json::to_string(&serde_json::json!({
        "name": tag, "tag_name": tag, "description": null, "created_at": time, "released_at": time,
        "upcoming_release": false, "commit": {"id": "", "created_at": time}, "evidences": [],
        "assets": {"count": links.len(), "sources": [], "links": links}, "_links": {"self": tag},
    }))?)
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
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
}

fn link(item: &Item) -> Link<'_> {
    Link {
        id: text(item, "id").parse().unwrap_or_default(),
        name: text(item, "name"),
        url: text(item, "url"),
        external: true,
        direct_asset_url: text(item, "url"),
        link_type: text(item, "link_type"),
        digest: item.contains_key("digest").then(|| text(item, "digest")),
    }
}
