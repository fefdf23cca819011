//! What clients send and receive.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::event::Event;
use testkit::reply::Reply;

/// The project's API.
const RELEASES: &str = "/api/v4/projects/24/releases";
/// The base of the URLs of downloads.
const DOWNLOADS: &str = "http://127.0.0.1:9000/group/app/-/releases";

/// The tags of a history.
pub const TAGS: [&str; 2] = ["v1", "v2"];

/// What a client knows about a link.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link {
    pub name: String,
    pub url: String,
    pub filepath: Option<String>,
}

impl Link {
    /// Reads the ID and the link from a response about the tag.
    pub fn read(tag: &str, body: &Value) -> Result<(u64, Self), String> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let link = || {
            let [name, url, direct] = ["name", "url", "direct_asset_url"].map(text);
            let (name, url, direct) = (name?, url?, direct?);
            let downloads = format!("{DOWNLOADS}/{tag}/downloads");
            let filepath = direct.strip_prefix(&downloads).map(str::to_owned);
            let is_consistent = filepath.is_some() || direct == url;
            let link = Self {
                name,
                url,
                filepath,
            };
            Some((body["id"].as_u64()?, link)).filter(|_| is_consistent)
        };
        link().ok_or_else(|| format!("this is no link: {body}"))
    }

    fn json(&self) -> Value {
        let mut body = json!({"name": self.name, "url": self.url});
        if let Some(filepath) = &self.filepath {
            body["filepath"] = json!(filepath);
        }
        body
    }
}

/// What a client knows about a release besides its links.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Record {
    /// It is different in each life of the tag, because no two requests of a history start in the
    /// same millisecond.
    pub created_at: String,
    pub released_at: String,
    pub name: String,
    pub description: Option<String>,
    /// From when on its links no longer change, if it is locked.
    pub immutable_at: Option<String>,
}

impl Record {
    pub fn read(body: &Value) -> Result<Self, String> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let record = || {
            let immutable_at = text("immutable_at");
            let is_consistent = body["immutable"].is_boolean() == immutable_at.is_some();
            let record = Self {
                created_at: text("created_at")?,
                released_at: text("released_at")?,
                name: text("name")?,
                description: text("description"),
                immutable_at,
            };
            is_consistent.then_some(record)
        };
        record().ok_or_else(|| format!("this is no release: {body}"))
    }
}

/// A change of a link. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkChanges {
    pub name: Option<String>,
    pub url: Option<String>,
    pub filepath: Option<String>,
}

/// A change of a release. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseChanges {
    pub name: Option<String>,
    pub released_at: Option<String>,
    /// Whether it is locked.
    pub locks: bool,
}

/// What a request does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// All links have URLs of their own, by which a reader knows the request.
    CreateRelease {
        tag: usize,
        name: String,
        links: Vec<Link>,
        /// Whether it is immutable from its creation on.
        locks: bool,
        key: Option<String>,
    },
    UpdateRelease {
        tag: usize,
        changes: ReleaseChanges,
    },
    DeleteRelease(usize),
    GetRelease(usize),
    CreateLink {
        tag: usize,
        link: Link,
        key: Option<String>,
    },
    UpdateLink {
        tag: usize,
        id: u64,
        changes: LinkChanges,
    },
    DeleteLink(usize, u64),
    GetLink(usize, u64),
    ListLinks {
        tag: usize,
        page: usize,
        per_page: usize,
    },
    ListReleases,
    Latest,
    Download {
        tag: usize,
        filepath: String,
    },
}

impl Request {
    /// The tag that the request concerns, if it is one.
    pub fn tag(&self) -> Option<usize> {
        match self {
            Self::CreateRelease { tag, .. }
            | Self::UpdateRelease { tag, .. }
            | Self::DeleteRelease(tag)
            | Self::GetRelease(tag)
            | Self::CreateLink { tag, .. }
            | Self::UpdateLink { tag, .. }
            | Self::DeleteLink(tag, _)
            | Self::GetLink(tag, _)
            | Self::ListLinks { tag, .. }
            | Self::Download { tag, .. } => Some(*tag),
            Self::ListReleases | Self::Latest => None,
        }
    }

    /// The event of the request.
    pub fn event(&self) -> Event {
        let release = |tag: &usize| format!("{RELEASES}/{}", TAGS[*tag]);
        let links = |tag: &usize| format!("{}/assets/links", release(tag));
        let link = |tag: &usize, id: &u64| format!("{}/{id}", links(tag));
        match self {
            Self::CreateRelease {
                tag,
                name,
                links,
                locks,
                key,
            } => {
                let links: Vec<Value> = links.iter().map(Link::json).collect();
                let assets = json!({ "links": links });
                let body = json!({
                    "tag_name": TAGS[*tag], "name": name, "assets": assets, "immutable": locks,
                });
                with_key(Event::new("POST", RELEASES).json(body), key)
            }
            Self::UpdateRelease { tag, changes } => {
                Event::new("PUT", &release(tag)).json(changes.json())
            }
            Self::DeleteRelease(tag) => Event::new("DELETE", &release(tag)),
            Self::GetRelease(tag) => Event::new("GET", &release(tag)),
            Self::CreateLink { tag, link, key } => {
                with_key(Event::new("POST", &links(tag)).json(link.json()), key)
            }
            Self::UpdateLink { tag, id, changes } => {
                let changes = [
                    ("name", &changes.name),
                    ("url", &changes.url),
                    ("filepath", &changes.filepath),
                ];
                Event::new("PUT", &link(tag, id)).json(object(&changes))
            }
            Self::DeleteLink(tag, id) => Event::new("DELETE", &link(tag, id)),
            Self::GetLink(tag, id) => Event::new("GET", &link(tag, id)),
            Self::ListLinks {
                tag,
                page,
                per_page,
            } => {
                let target = format!("{}?page={page}&per_page={per_page}", links(tag));
                Event::new("GET", &target)
            }
            Self::ListReleases => Event::new("GET", RELEASES),
            Self::Latest => Event::new("GET", &format!("{RELEASES}/permalink/latest")),
            Self::Download { tag, filepath } => {
                let tag = TAGS[*tag];
                let target = format!("/group/app/-/releases/{tag}/downloads{filepath}");
                Event::new("GET", &target)
            }
        }
    }
}

impl ReleaseChanges {
    fn json(&self) -> Value {
        let lock = self.locks.then(|| "true".to_owned());
        object(&[
            ("name", &self.name),
            ("released_at", &self.released_at),
            ("immutable", &lock),
        ])
    }
}

fn with_key(event: Event, key: &Option<String>) -> Event {
    match key {
        Some(key) => event.header("idempotency-key", key),
        None => event,
    }
}

fn object(fields: &[(&str, &Option<String>)]) -> Value {
    let fields = fields.iter();
    let present = fields.filter_map(|(name, value)| Some((*name, value.as_ref()?)));
    json!(present.collect::<BTreeMap<_, _>>())
}

/// A request of a history with its answer. Times are in milliseconds.
#[derive(Debug, Clone)]
pub struct Operation {
    pub request: Request,
    pub invoked: u64,
    /// The creation time of what the request creates.
    pub time: String,
    /// `None` if the outcome is unknown: the process was killed, or the service answered 503.
    pub answer: Option<(u64, Reply)>,
}
