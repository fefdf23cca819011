//! The minimal function that handles the measured requests as the service does: it makes the
//! same DynamoDB calls and returns the same JSON or redirect, but does not validate, cache or log
//! anything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, Put, ReturnConsumedCapacity, ReturnValue, Select,
    TransactWriteItem,
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
            return redirect(text(&item, "url"));
        }
        if path.ends_with("/latest") {
            let place = self.query("24/releases", ["0", "~"], Some(1)).await?;
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
            _ => serde_json::to_string(&link(&self.get_item(&format!("link#{:020}", 1)).await?))?,
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
        let mut items = self.query(RELEASE, ["link#", "release"], Some(22)).await?;
        items.retain(|item| text(item, "sk") != "release");
        Ok(items)
    }

    async fn query(
        &self,
        partition: &str,
        [first, last]: [&str; 2],
        limit: Option<i32>,
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
            .set_limit(limit)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        Ok(output.items.unwrap_or_default())
    }

    /// The release with all its links.
    async fn release(&self) -> Result<String, Error> {
        let items = self
            .query(RELEASE, ["link#", "release#details"], None)
            .await?;
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
        let links = body["assets"]["links"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let partition = format!("24#{tag}");
        let id = self.reserve(&partition, links.len()).await?;
        let mut request = self.client.transact_write_items();
        let mut items = Vec::new();
        for (index, new) in links.iter().enumerate() {
            let id = (id - links.len() as u64 + 1 + index as u64).to_string();
            let attribute = |name: &str| new[name].as_str().unwrap_or_default().to_owned();
            let item = link_item(&partition, &id, &attribute("name"), &attribute("url"));
            for kind in ["name", "url"] {
                let mut constraint = key(&partition, &format!("taken#{kind}#{index:064}"));
                constraint.insert("link_id".to_owned(), AttributeValue::N(id.clone()));
                request = request.transact_items(self.claim(constraint)?);
            }
            request = request.transact_items(self.put(item.clone())?);
            items.push(item);
        }
        for item in [key(&partition, "release#details"), key("24/releases", tag)] {
            request = request.transact_items(self.put(item)?);
        }
        let request = request.client_request_token(format!("{id:018}{tag:0>18.18}"));
        request
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        let links: Vec<Link<'_>> = items.iter().rev().map(link).collect();
        release_json(tag, &links)
    }

    /// Reserves link IDs, and returns the last one.
    async fn reserve(&self, partition: &str, links: usize) -> Result<u64, Error> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(partition, "release")))
            .update_expression("ADD last_link_id :more")
            .expression_attribute_values(":more", AttributeValue::N(links.to_string()))
            .return_values(ReturnValue::AllNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let attributes = request.send().await?.attributes.unwrap_or_default();
        Ok(text(&attributes, "last_link_id").parse()?)
    }

    async fn create(&self) -> Result<String, Error> {
        let n = self.created.fetch_add(1, Ordering::Relaxed);
        let id = self.reserve(NEW_RELEASE, 1).await?.to_string();
        let (name, url) = (format!("bare-{n}"), format!("https://example.com/{n}"));
        let item = link_item(NEW_RELEASE, &id, &name, &url);
        let json = serde_json::to_string(&link(&item))?;
        let mut request = self
            .client
            .transact_write_items()
            .transact_items(self.put(item)?);
        for kind in ["name", "url"] {
            // The key has the same length as the service's, which contains a SHA-256 digest.
            let mut constraint = key(NEW_RELEASE, &format!("taken#{kind}#{:064}", n));
            constraint.insert("link_id".to_owned(), AttributeValue::N(id.clone()));
            request = request.transact_items(self.claim(constraint)?);
        }
        let request = request.client_request_token(format!("{n:036}"));
        request
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        Ok(json)
    }

    /// Writes a link, which must be absent.
    fn put(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)");
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// Writes a unique-constraint item, which no link may hold.
    fn claim(&self, item: Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put
            .condition_expression("attribute_not_exists(pk) OR link_id <= :expected")
            .expression_attribute_values(":expected", AttributeValue::N("0".to_owned()));
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }
}

fn redirect(location: &str) -> Result<Response<Body>, Error> {
    let response = Response::builder().status(302).header("location", location);
    Ok(response.body(Body::Empty)?)
}

fn link_item(partition: &str, id: &str, name: &str, url: &str) -> Item {
    let mut item = key(partition, &format!("link#{id:0>20}"));
    for (attribute, value) in [
        ("name", name),
        ("url", url),
        ("created_at", "2026-11-24T00:00:00Z"),
        ("link_type", "other"),
    ] {
        item.insert(attribute.to_owned(), AttributeValue::S(value.to_owned()));
    }
    for (attribute, value) in [("id", id), ("revision", "1")] {
        item.insert(attribute.to_owned(), AttributeValue::N(value.to_owned()));
    }
    item
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
