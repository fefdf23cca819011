//! Instructions of a request in a warm process, counted by callgrind.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use release_links::link::NewLink;
use serde_json::Value;

use crate::process::{BARE, HELLO, Program, SERVICE};
use testkit::usage;

use crate::{Bound, TABLE, Table, store};

const MAX_OF_BARE: f64 = 1.25;

/// A request that is measured, and the status of its answer.
#[derive(Clone, Copy)]
pub struct Measured {
    pub name: &'static str,
    event: &'static str,
    /// The path instead of the event's own.
    path: &'static str,
    status: u64,
}

/// Links are created in a release of their own, so that the list stays as it is.
pub const REQUESTS: [Measured; 4] = [
    Measured {
        name: "get",
        event: include_str!("../../../../../events/get-link.json"),
        path: "/api/v4/projects/24/releases/v0.1/assets/links/1",
        status: 200,
    },
    Measured {
        name: "list of 20",
        event: include_str!("../../../../../events/list-links.json"),
        path: "/api/v4/projects/24/releases/v0.1/assets/links",
        status: 200,
    },
    Measured {
        name: "redirect",
        event: include_str!("../../../../../events/get-link.json"),
        path: "/group/app/-/releases/v0.1/downloads/bin/app",
        status: 302,
    },
    Measured {
        name: "create",
        event: include_str!("../../../../../events/create-link.json"),
        path: "/api/v4/projects/24/releases/new/assets/links",
        status: 201,
    },
];

impl Measured {
    /// The next event; a link that is created has a name and a url of its own.
    pub fn event(self) -> Value {
        static CREATED: AtomicU64 = AtomicU64::new(0);
        let mut event: Value = serde_json::from_str(self.event).unwrap();
        event["requestContext"]["http"]["path"] = self.path.into();
        event["rawPath"] = self.path.into();
        if self.status == 201 {
            let n = CREATED.fetch_add(1, Ordering::Relaxed);
            event["body"] = STANDARD
                .encode(format!(
                    "name=new-{n}&url=https%3A%2F%2Fexample.com%2Fnew-{n}"
                ))
                .into();
        }
        event
    }

    /// Instructions of this request in this program, on the releases of [`fill`], with these
    /// settings besides.
    pub async fn instructions(
        self,
        program: &str,
        engine: SocketAddr,
        more: &[(&str, &str)],
    ) -> f64 {
        let endpoint = format!("http://{engine}");
        let settings = [
            ("TABLE_NAME", TABLE),
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
            ("IDENTITY_CACHE_SECONDS", "3600"),
        ];
        let settings: Vec<(&str, &str)> =
            settings.into_iter().chain(more.iter().copied()).collect();
        let check = |answer: &Value| {
            let is_right =
                program == HELLO || answer["statusCode"] == self.status || program == BARE;
            assert!(
                is_right && answer["statusCode"].is_number(),
                "{program}, {}: {answer}",
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

/// Makes the documentation's release one of twenty links, of which the first has a filepath.
pub async fn fill(engine: SocketAddr) {
    let store = store(engine);
    let session = store.session(Duration::from_secs(30));
    for n in 1..20 {
        let mut link = NewLink::new(format!("n{n}"), format!("https://example.com/{n}")).unwrap();
        if n == 1 {
            link = link.with_filepath("/bin/app").unwrap();
        }
        let release = usage::release("v0.1");
        session
            .create_link(&release, link, None, SystemTime::now())
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
        let (what, baseline) = (format!("instructions of {}", request.name), "`bare`");
        bounds.push(Bound {
            what,
            baseline,
            ratio,
            middle_half: None,
            most: MAX_OF_BARE,
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
