//! Lists of many long links, which a function sends as a process.

use serde_json::Value;

use testkit::app::{TABLE, TestApp};
use testkit::emulator::bootstrap;
use testkit::event::Event;
use testkit::import;
use testkit::runtime_api::RuntimeApi;

const PAGE: &str = "/api/v4/projects/24/releases/large/assets/links?per_page=100";
/// The size of each link's URL is nearly the largest that the API allows.
const PADDING: usize = 4_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_sends_1000_long_links_as_the_code_makes_them() {
    let app = TestApp::start().await;
    import::long_release(app.database(), TABLE, "large", 1_000, PADDING);
    let endpoint = format!("http://{}", app.address);
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
        ("PUBLIC_URL", "http://127.0.0.1:9000"),
    ];
    let runtime_api = RuntimeApi::start().await;
    let _function = runtime_api
        .function(bootstrap(env!("CARGO_BIN_EXE_release-links")), &settings)
        .spawn()
        .unwrap();
    for page in 1..=10 {
        let target = format!("{PAGE}&page={page}");
        let response = runtime_api.invoke(Event::new("GET", &target)).await;
        let body = response["body"].as_str().unwrap();
        assert!(body.len() > 100 * PADDING, "page {page}");
        let links: Value = serde_json::from_str(body).unwrap();
        let expected = app.get(&target).await;
        assert_eq!(response["statusCode"], expected.status);
        assert!(links == expected.body, "page {page} differs");
        let newest = format!("n{}", 1_100 - 100 * page);
        assert_eq!(links[0]["name"], newest);
    }
}
