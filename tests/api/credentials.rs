//! Credentials that the function fetches from a container credentials endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use testkit::app::{LINKS, TABLE, seeded_engine};
use testkit::emulator::bootstrap;
use testkit::event::Event;
use testkit::runtime_api::RuntimeApi;

/// A container credentials endpoint, which requires the container's authorization token.
async fn credentials_endpoint(fetched: Arc<AtomicUsize>) -> String {
    async fn credentials(
        State(fetched): State<Arc<AtomicUsize>>,
        headers: HeaderMap,
    ) -> (StatusCode, Json<Value>) {
        if headers
            .get("authorization")
            .is_none_or(|token| token != "the container's")
        {
            return (StatusCode::UNAUTHORIZED, Json(json!({})));
        }
        fetched.fetch_add(1, Ordering::SeqCst);
        let credentials = json!({
            "AccessKeyId": "id", "SecretAccessKey": "secret", "Token": "token", "Expiration": "2100-01-01T00:00:00Z",
        });
        (StatusCode::OK, Json(credentials))
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/credentials", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/credentials", get(credentials))
        .with_state(fetched);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_fetched_once_from_the_container_endpoint() {
    let fetched = Arc::new(AtomicUsize::new(0));
    let (credentials_url, engine) = (
        credentials_endpoint(Arc::clone(&fetched)).await,
        seeded_engine().await,
    );
    let runtime_api = RuntimeApi::start().await;
    let endpoint = format!("http://{engine}");
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            credentials_url.as_str(),
        ),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the container's"),
    ];
    let mut function =
        runtime_api.function(bootstrap(env!("CARGO_BIN_EXE_release-links")), &settings);
    let _function = function.env_remove("AWS_ACCESS_KEY_ID").spawn().unwrap();
    for _ in 0..3 {
        assert_eq!(
            runtime_api.invoke(Event::new("GET", LINKS)).await["statusCode"],
            200
        );
    }
    assert_eq!(
        fetched.load(Ordering::SeqCst),
        1,
        "the credentials are cached"
    );
}
