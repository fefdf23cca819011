//! Starts a [`TestApp`] with other settings, another store or another clock than usual.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use release_links::app::App;
use release_links::config::Settings;
use release_links::store::Store;

use crate::app::{TestApp, serve};
use crate::calls::Calls;
use crate::clock::Clock;
use crate::database::Database;
use crate::engine::{self, TABLE};

/// The environment of a process, unless a test changes it.
const ENVIRONMENT: [(&str, &str); 2] = [
    ("TABLE_NAME", TABLE),
    ("PUBLIC_URL", "http://127.0.0.1:9000"),
];

/// The settings of a process, unless a test changes them.
pub(crate) fn settings() -> Settings {
    let variable = |name: &str| ENVIRONMENT.iter().find(|(other, _)| *other == name);
    Settings::read(|name| variable(name).map(|(_, value)| (*value).to_owned())).unwrap()
}

impl TestApp {
    /// Starts the service on a new engine with the seeded project and release.
    pub async fn start() -> Self {
        let database = Database::memory();
        let engine = serve(database.clone()).await;
        let mut app = Self::builder(engine).start();
        app.database = Some(database);
        app
    }

    /// Describes a process of the service on this engine. Nothing needs to listen on the address
    /// yet.
    #[must_use]
    pub fn builder(engine: SocketAddr) -> Builder {
        Builder::new(engine)
    }

    /// Starts another process of the service on the same engine. Its caches are empty.
    #[must_use]
    pub fn another_process(&self) -> Self {
        Self::builder(self.address).start()
    }
}

/// A process of the service that is not started yet. Its caches are empty.
#[derive(Debug, Clone)]
pub struct Builder {
    engine: SocketAddr,
    store: Option<Store>,
    settings: BTreeMap<String, String>,
    clock: Option<Clock>,
}

impl Builder {
    /// A process on this engine. Nothing needs to listen on the address yet.
    pub(crate) fn new(engine: SocketAddr) -> Self {
        let settings = ENVIRONMENT.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            engine,
            store: None,
            settings: settings.into(),
            clock: None,
        }
    }

    /// Uses this store, which may inject faults. The engine's address is for direct access only.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets a variable of the service's environment.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets the service's base URL in responses.
    #[must_use]
    pub fn public_url(self, url: &str) -> Self {
        self.setting("PUBLIC_URL", url)
    }

    /// Makes the service derive its address from the events.
    #[must_use]
    pub fn without_public_url(mut self) -> Self {
        self.settings.remove("PUBLIC_URL");
        self
    }

    /// Makes the service read the time from this function.
    #[must_use]
    pub fn clock(mut self, time: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Some(Clock::from_fn(time));
        self
    }

    /// Starts the process.
    #[must_use]
    pub fn start(self) -> TestApp {
        let calls = Calls::default();
        let config = engine::client_config(self.engine);
        let recorded = || Store::new(config.interceptor(calls.clone()), TABLE.to_owned());
        let store = self.store.unwrap_or_else(recorded);
        let clock = self.clock.unwrap_or_else(Clock::start);
        let settings = Settings::read(|name| self.settings.get(name).cloned()).unwrap();
        let public_url = settings.public_url.clone();
        let time = clock.clone();
        let app = App::new(store.clone(), settings, move || time.now());
        TestApp {
            app: Arc::new(app),
            store,
            operator: engine::operator(self.engine),
            client: engine::client(self.engine),
            address: self.engine,
            clock,
            database: None,
            calls,
            public_url,
            seen: None,
        }
    }
}
