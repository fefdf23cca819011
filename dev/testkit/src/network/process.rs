//! A process of the service on a network.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};
use release_links::app::App;
use serde_json::Value;

use super::Connection;
use crate::app::TABLE;
use crate::builder;
use crate::clock::Clock;
use crate::description::{self, Asked};
use crate::reply::Reply;

/// The timeout of an invocation, as the template sets it.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A process with caches of its own.
#[derive(Debug, Clone)]
pub struct Process {
    app: Arc<App>,
    clock: Clock,
    /// Its connection.
    pub connection: Connection,
}

impl Process {
    /// Starts a process on this connection, with this clock.
    #[must_use]
    pub fn start(connection: Connection, clock: &Clock) -> Self {
        let store = connection.store(TABLE);
        let (settings, time) = (builder::settings(), clock.clone());
        Self {
            app: Arc::new(App::new(store, settings, move || time.now())),
            clock: clock.clone(),
            connection,
        }
    }

    /// Invokes the function. There is no reply if the process is killed before, or if the
    /// invocation times out.
    pub async fn invoke(&self, event: impl Into<Value>) -> Option<Reply> {
        let event = event.into();
        let asked = Asked::read(&event, builder::settings().public_url.as_ref());
        let payload: LambdaRequest = serde_json::from_value(event).unwrap();
        let mut context = Context::default();
        let deadline = self.clock.now() + TIMEOUT;
        let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        context.deadline = deadline.as_millis().try_into().unwrap();
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
        let response = self.app.invoke(LambdaEvent::new(payload, context));
        tokio::select! {
            biased;
            () = self.connection.killed() => None,
            () = tokio::time::sleep(TIMEOUT) => {
                // Lambda ends the process.
                self.connection.kill();
                None
            }
            response = response => {
                let reply = Reply::read(&serde_json::to_value(response.unwrap()).unwrap());
                description::check(&asked, &reply, None);
                Some(reply)
            }
        }
    }
}
