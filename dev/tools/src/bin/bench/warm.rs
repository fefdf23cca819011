//! Counts the instructions of a request in a warm process with callgrind.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use release_links::link::NewLink;
use serde_json::{Value, json};

use crate::process::{BARE, HELLO, Program, SERVICE};
use testkit::usage;

use crate::{Bound, TABLE, Table, store};

const MAX_RATIO_TO_BARE: f64 = 1.25;
/// For a creation with 20 links: the service validates 20 URLs and hashes 40 values, which `bare`
/// does not.
const MAX_RATIO_OF_CREATION: f64 = 1.40;

/// A request to measure, and the status of its response.
#[derive(Clone, Copy)]
pub struct MeasuredRequest {
    pub name: &'static str,
    event: &'static str,
    /// The path that replaces the event's path.
    path: &'static str,
    status: u64,
}

/// The create request uses a separate release, so that the list keeps its length.
pub const REQUESTS: [MeasuredRequest; 7] = [
    MeasuredRequest {
        name: "get",
        event: include_str!("../../../../../events/get-link.json"),
        path: "/api/v4/projects/24/releases/v0.1/assets/links/1",
        status: 200,
    },
    MeasuredRequest {
        name: "list of 20",
        event: include_str!("../../../../../events/list-links.json"),
        path: "/api/v4/projects/24/releases/v0.1/assets/links",
        status: 200,
    },
    MeasuredRequest {
        name: "redirect",
        event: include_str!("../../../../../events/get-link.json"),
        path: "/group/app/-/releases/v0.1/downloads/bin/app",
        status: 302,
    },
    MeasuredRequest {
        name: "create",
        event: include_str!("../../../../../events/create-link.json"),
        path: "/api/v4/projects/24/releases/new/assets/links",
        status: 201,
    },
    MeasuredRequest {
        name: "get a release with 20 links",
        event: include_str!("../../../../../events/get-release.json"),
        path: "/api/v4/projects/24/releases/v0.1",
        status: 200,
    },
    MeasuredRequest {
        name: "redirect to the latest release",
        event: include_str!("../../../../../events/latest-release.json"),
        path: "/api/v4/projects/24/releases/permalink/latest",
        status: 302,
    },
    MeasuredRequest {
        name: CREATE_RELEASE,
        event: include_str!("../../../../../events/create-release.json"),
        path: "/api/v4/projects/24/releases",
        status: 201,
    },
];

const CREATE_RELEASE: &str = "create a release with 20 links";

impl MeasuredRequest {
    /// Returns the next event. Each create request has a unique name and URL.
    pub fn event(self) -> Value {
        static CREATED: AtomicU64 = AtomicU64::new(0);
        let mut event: Value = serde_json::from_str(self.event).unwrap();
        event["requestContext"]["http"]["path"] = self.path.into();
        event["rawPath"] = self.path.into();
        if self.status == 201 {
            let n = CREATED.fetch_add(1, Ordering::Relaxed);
            if self.name == CREATE_RELEASE {
                event["body"] = new_release(n).to_string().into();
                return event;
            }
            event["body"] = STANDARD
                .encode(format!(
                    "name=new-{n}&url=https%3A%2F%2Fexample.com%2Fnew-{n}"
                ))
                .into();
        }
        event
    }

    /// The bound of the ratio to `bare`.
    fn max_ratio(self) -> f64 {
        if self.name == CREATE_RELEASE {
            MAX_RATIO_OF_CREATION
        } else {
            MAX_RATIO_TO_BARE
        }
    }

    /// Counts the instructions of this request in this program, on the release that [`fill`] fills.
    /// `extra` adds environment variables.
    pub async fn instructions(
        self,
        program: &str,
        engine: SocketAddr,
        extra: &[(&str, &str)],
    ) -> f64 {
        let endpoint = format!("http://{engine}");
        let settings = [
            ("TABLE_NAME", TABLE),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
            ("IDENTITY_CACHE_SECONDS", "3600"),
        ];
        let settings: Vec<(&str, &str)> =
            settings.into_iter().chain(extra.iter().copied()).collect();
        let check = |response: &Value| {
            let is_expected =
                program == HELLO || response["statusCode"] == self.status || program == BARE;
            assert!(
                is_expected && response["statusCode"].is_number(),
                "{program}, {}: {response}",
                self.name
            );
        };
        Program {
            path: program,
            settings: &settings,
        }
        .instructions(|| self.event(), check)
        .await
    }
}

/// The body of a request for a new release with 20 links. It is older than the seeded release, so
/// that the latest one stays the same.
fn new_release(n: u64) -> Value {
    let link = |link| json!({"name": link, "url": format!("https://example.com/{link}")});
    let links: Vec<Value> = (0..20).map(|n| link(n.to_string())).collect();
    let tag = format!("new-{n}-{:08x}", std::process::id());
    json!({"tag_name": tag, "released_at": "2020-01-01", "assets": {"links": links}})
}

/// Adds links to the seeded release until it has twenty. The first new one has a filepath.
pub async fn fill(engine: SocketAddr) {
    let store = store(engine);
    let session = store.session(Duration::from_secs(30), SystemTime::now());
    for n in 1..20 {
        let mut link = NewLink::new(format!("n{n}"), format!("https://example.com/{n}")).unwrap();
        if n == 1 {
            link = link.with_filepath("/bin/app").unwrap();
        }
        let release = usage::release("v0.1");
        session
            .write_as(&usage::writer())
            .create_link(&release.tag, link, None)
            .await
            .unwrap();
    }
}

pub async fn measure(engine: SocketAddr) -> Table {
    fill(engine).await;
    let (mut rows, mut bounds) = (Vec::new(), Vec::new());
    for request in REQUESTS {
        let hello = request.instructions(HELLO, engine, &[]).await;
        let bare = request.instructions(BARE, engine, &[]).await;
        let service = request.instructions(SERVICE, engine, &[]).await;
        let ratio = service / bare;
        let counts = [hello, bare, service].map(|count| format!("{count:.0}"));
        rows.push(
            [request.name.to_owned()]
                .into_iter()
                .chain(counts)
                .chain([format!("{ratio:.2}")])
                .collect(),
        );
        let (metric, baseline) = (format!("instructions of {}", request.name), "`bare`");
        bounds.push(Bound {
            metric,
            baseline,
            ratio,
            interquartile_range: None,
            max: request.max_ratio(),
        });
    }
    let columns = vec![
        "request",
        "`hello`",
        "`bare`",
        "the service",
        "the service / `bare`",
    ];
    Table {
        name: "warm requests",
        columns,
        rows,
        bounds,
    }
}
