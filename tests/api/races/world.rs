//! Several processes of the service on one table, which a test can hold and kill at any call.

use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use release_links::store::Store;
use serde_json::{Value, json};
use testkit::altered::Altered;
use testkit::app::{TABLE, TestApp};
use testkit::event::Event;
use testkit::invariants::assert_invariants;
use testkit::network::{Call, Connection, Hold, Network, Point};
use testkit::reply::Reply;
use tokio::task::JoinHandle;

use crate::releases::RELEASES;

/// Time until the deadline of an invocation: `Timeout` of the template.
pub(super) const INVOCATION: Duration = Duration::from_secs(15);
/// After this time, nothing that an earlier invocation has sent can arrive any more, and what was
/// left of deleted releases and failed creations may be removed.
pub(super) const MUCH_LATER: Duration = Duration::from_secs(40 * 60);

/// The releases of the tests.
pub(super) const V1: &str = "/api/v4/projects/24/releases/v1";
/// The links of that release.
pub(super) const V1_LINKS: &str = "/api/v4/projects/24/releases/v1/assets/links";
/// The prefix of its permanent URLs.
pub(super) const V1_DOWNLOADS: &str = "/group/app/-/releases/v1/downloads";

/// A table and its network.
pub(super) struct World {
    network: Network,
}

/// A process of the service.
pub(super) struct Process {
    app: TestApp,
    pub(super) connection: Connection,
}

impl World {
    pub(super) async fn start() -> Self {
        let network = Network::seeded().await;
        Self { network }
    }

    /// A new process, with empty caches.
    pub(super) fn process(&self) -> Process {
        let connection = self.network.connect();
        let store = connection.store(TABLE);
        self.process_with(store, connection)
    }

    /// A process whose calls and answers are changed on the way.
    pub(super) fn altered(&self, alter: impl FnOnce(Altered) -> Altered) -> Process {
        let connection = self.network.connect();
        let store = alter(Altered::new(connection.clone())).store(TABLE);
        self.process_with(store, connection)
    }

    fn process_with(&self, store: Store, connection: Connection) -> Process {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let mut app = TestApp::builder(nowhere).store(store).start();
        app.client = self.network.connect().client();
        app.operator = connection.operator(TABLE);
        Process { app, connection }
    }

    /// Begins a request in a process of its own, and waits for this call of it, which is held.
    pub(super) async fn begin_held(
        &self,
        event: Event,
        call: impl Fn(&Call) -> bool + Send + 'static,
    ) -> (Hold, JoinHandle<Reply>) {
        let slow = self.process();
        let hold = slow.hold(call);
        let request = slow.begin(event);
        hold.reached().await;
        (hold, request)
    }

    /// Asserts the table's invariants.
    pub(super) async fn assert_consistent(&self) {
        assert_invariants(&self.process().items().await);
    }
}

impl Deref for Process {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

impl Process {
    /// Holds the first call that matches from now on, before it reaches DynamoDB.
    pub(super) fn hold(&self, matches: impl Fn(&Call) -> bool + Send + 'static) -> Hold {
        self.hold_nth(1, matches)
    }

    /// Holds the `n`th call that matches from now on, before it reaches DynamoDB.
    pub(super) fn hold_nth(
        &self,
        n: usize,
        matches: impl Fn(&Call) -> bool + Send + 'static,
    ) -> Hold {
        self.connection.hold(Point::Call, n, matches)
    }

    /// Begins a request.
    pub(super) fn begin(&self, event: Event) -> JoinHandle<Reply> {
        let app = self.app.clone();
        tokio::spawn(async move { app.send_within(event, INVOCATION).await })
    }

    /// Sends a request, and kills the process at this call: it never arrives, and nothing follows.
    pub(super) async fn killed_before(
        &self,
        event: Event,
        matches: impl Fn(&Call) -> bool + Send + 'static,
    ) {
        let hold = self.hold(matches);
        self.killed_at(event, &hold).await;
    }

    /// Sends a request, and kills the process after DynamoDB has executed the `n`th such call.
    pub(super) async fn killed_after(
        &self,
        event: Event,
        n: usize,
        matches: impl Fn(&Call) -> bool + Send + 'static,
    ) {
        let hold = self.connection.hold(Point::Answer, n, matches);
        self.killed_at(event, &hold).await;
    }

    async fn killed_at(&self, event: Event, hold: &Hold) {
        let request = self.begin(event);
        hold.reached().await;
        request.abort();
        assert!(request.await.is_err(), "the process was killed");
    }

    /// Creates a release of the tag `v1` with these links, and returns it.
    pub(super) async fn create(&self, links: impl IntoIterator<Item = Value>) -> Value {
        let reply = self.post(RELEASES, release(links)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.body
    }

    /// Deletes that release.
    pub(super) async fn delete_release(&self) {
        let reply = self.delete(V1).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    /// Lets much time pass for this process.
    pub(super) fn wait(&self) {
        self.clock.advance(MUCH_LATER);
    }
}

/// Waits until the call is held; `false` if the request ends without such a call.
pub(super) async fn is_held<T>(hold: &Hold, request: &JoinHandle<T>) -> bool {
    while !hold.is_held() && !request.is_finished() {
        // The paused clock goes on while nobody has anything else to do.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    hold.is_held()
}

/// The creation of a release of the tag `v1`.
pub(super) fn creation(links: impl IntoIterator<Item = Value>) -> Event {
    Event::new("POST", RELEASES).json(release(links))
}

/// A release of the tag `v1` with a name, a description and these links.
pub(super) fn release(links: impl IntoIterator<Item = Value>) -> Value {
    let links: Vec<Value> = links.into_iter().collect();
    json!({
        "tag_name": "v1", "name": "One", "description": "The first one.",
        "released_at": "2026-01-02T03:04:05.000Z", "assets": {"links": links},
    })
}

/// Links with these names, each with a URL and a filepath of its own.
pub(super) fn links<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    names.into_iter().map(link).collect()
}

/// This number of links.
pub(super) fn many_links(prefix: &str, count: usize) -> Vec<Value> {
    (0..count).map(|n| link(&format!("{prefix}{n}"))).collect()
}

/// A link with a URL and a filepath of its own.
pub(super) fn link(name: &str) -> Value {
    let url = format!("https://e.com/{name}");
    json!({"name": name, "url": url, "direct_asset_path": format!("/bin/{name}")})
}
