//! Pages of a list and their headers (section B).

use serde_json::json;

use testkit::app::{TABLE, TestApp};
use testkit::reply::Reply;
use testkit::usage;

const LIST: &str = "/api/v4/projects/24/releases/many/assets/links";

async fn with_links(count: usize) -> TestApp {
    let app = TestApp::start().await;
    for n in 1..=count {
        assert_eq!(
            app.post(
                LIST,
                json!({"name": format!("n{n}"), "url": format!("https://e.com/{n}")})
            )
            .await
            .status,
            201
        );
    }
    app
}

/// X-Page, X-Per-Page, X-Prev-Page, X-Next-Page, X-Total and X-Total-Pages.
fn numbers(reply: &Reply) -> [&str; 6] {
    [
        "x-page",
        "x-per-page",
        "x-prev-page",
        "x-next-page",
        "x-total",
        "x-total-pages",
    ]
    .map(|name| {
        assert!(reply.has_header(name), "{name}");
        reply.header(name)
    })
}

#[tokio::test]
async fn pages_follow_one_another_newest_first() {
    let app = with_links(45).await;
    let first = app.get(LIST).await;
    assert_eq!(first.ids(), (26..=45).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&first), ["1", "20", "", "2", "45", "3"]);
    let second = app.get(&format!("{LIST}?page=2")).await;
    assert_eq!(second.ids(), (6..=25).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&second), ["2", "20", "1", "3", "45", "3"]);
    let url = |page: u8| {
        format!("<http://127.0.0.1:9000{LIST}?id=24&page={page}&per_page=20&tag_name=many>")
    };
    assert_eq!(
        second.header("link"),
        format!(
            "{}; rel=\"prev\", {}; rel=\"next\", {}; rel=\"first\", {}; rel=\"last\"",
            url(1),
            url(3),
            url(1),
            url(3)
        )
    );
    let last = app.get(&format!("{LIST}?page=3")).await;
    assert_eq!(last.ids(), [5, 4, 3, 2, 1]);
    assert_eq!(numbers(&last), ["3", "20", "2", "", "45", "3"]);
}

#[tokio::test]
async fn odd_page_numbers_are_read_as_gitlab_reads_them() {
    let app = with_links(3).await;
    for (query, expected) in [
        ("per_page=1000", ["1", "100", "", "", "3", "1"]),
        (
            "per_page=99999999999999999999999999999999999999999",
            ["1", "100", "", "", "3", "1"],
        ),
        ("per_page=-5", ["1", "20", "", "", "3", "1"]),
        ("page=0&per_page=2", ["1", "2", "", "2", "3", "2"]),
        ("page=-7&per_page=2", ["1", "2", "", "2", "3", "2"]),
        ("page=9&per_page=2", ["9", "2", "", "", "3", "2"]),
        ("page=&per_page=", ["1", "20", "", "", "3", "1"]),
        ("page&per_page", ["1", "20", "", "", "3", "1"]),
        ("", ["1", "20", "", "", "3", "1"]),
        ("page=%2B2&per_page=0_1", ["2", "1", "1", "3", "3", "3"]),
        (
            "page=9223372036854775807",
            ["9223372036854775807", "20", "", "", "3", "1"],
        ),
    ] {
        let reply = app.get(&format!("{LIST}?{query}")).await;
        assert_eq!((reply.status, numbers(&reply)), (200, expected), "{query}");
    }
    for (query, error) in [
        ("per_page=0", "per_page has a value not allowed"),
        ("per_page=00", "per_page has a value not allowed"),
        ("page=abc", "page is invalid"),
        (
            "page=1.5&per_page=1e2",
            "page is invalid, per_page is invalid",
        ),
        ("page%5B%5D=1", "page is invalid"),
        ("page=9223372036854775808", "page is invalid"),
    ] {
        app.get(&format!("{LIST}?{query}"))
            .await
            .assert_error(400, error);
    }
}

#[tokio::test]
async fn an_empty_list_has_one_page() {
    let app = with_links(1).await;
    assert_eq!(app.delete(&format!("{LIST}/1")).await.status, 200);
    let reply = app.get(LIST).await;
    reply.assert(200, json!([]));
    assert_eq!(numbers(&reply), ["1", "20", "", "", "0", "1"]);
}

#[tokio::test]
async fn the_links_carry_every_parameter_but_credentials() {
    let app = with_links(1).await;
    let token = testkit::seed::TOKEN;
    let query =
        format!("foo=a+b&private_token={token}&token=x&x%5By%5D=1&order_by=z&pagination=keyset");
    let reply = app.get(&format!("{LIST}?{query}")).await;
    let url = format!(
        "http://127.0.0.1:9000{LIST}?foo=a%20b&id=24&order_by=z&page=1&pagination=keyset&per_page=20&tag_name=many&x%5By%5D=1"
    );
    assert_eq!(
        reply.header("link"),
        format!("<{url}>; rel=\"first\", <{url}>; rel=\"last\"")
    );
}

/// Clients and gateways limit headers, the strictest to some 10 KB.
#[tokio::test]
async fn a_long_query_is_not_echoed() {
    let app = with_links(1).await;
    let query = |length: usize| format!("foo={}&per_page=1&page=1", "x".repeat(length));
    let own = format!("http://127.0.0.1:9000{LIST}?id=24&page=1&per_page=1&tag_name=many");
    let short = app.get(&format!("{LIST}?{}", query(2_000))).await;
    assert!(short.header("link").contains(&"x".repeat(2_000)));
    for length in [2_048, 8_000, 16_000] {
        let long = app.get(&format!("{LIST}?{}", query(length))).await;
        assert_eq!((long.status, long.ids()), (200, vec![1]));
        assert_eq!(
            long.header("link"),
            format!("<{own}>; rel=\"first\", <{own}>; rel=\"last\"")
        );
    }
    let tag = "é".repeat(500);
    let list = format!("/api/v4/projects/24/releases/{tag}/assets/links");
    assert_eq!(
        app.post(&list, json!({"name": "a", "url": "http://a"}))
            .await
            .status,
        201
    );
    let reply = app.get(&list).await;
    assert_eq!((reply.status, reply.ids()), (200, vec![1]));
    assert!(
        reply
            .header("link")
            .contains("/assets/links?page=1&per_page=20>;"),
        "the path has the tag already"
    );
}

#[tokio::test]
async fn a_page_is_the_same_from_whichever_end_it_is_read() {
    let app = with_links(43).await;
    for id in [1, 7, 20, 21, 43] {
        assert_eq!(app.delete(&format!("{LIST}/{id}")).await.status, 200);
    }
    let all = app.get(&format!("{LIST}?per_page=100")).await.ids();
    assert_eq!(all.len(), 38);
    for per_page in [1, 3, 10, 19, 37, 38] {
        let (mut read, mut page) = (Vec::new(), 1);
        loop {
            let reply = app
                .get(&format!("{LIST}?per_page={per_page}&page={page}"))
                .await;
            assert_eq!(reply.header("x-total"), "38");
            read.extend(reply.ids());
            match reply.header("x-next-page") {
                "" => break,
                next => page = next.parse().unwrap(),
            }
        }
        assert_eq!(read, all, "{per_page}");
        let behind = app
            .get(&format!("{LIST}?per_page={per_page}&page={}", page + 1))
            .await;
        assert_eq!(
            (behind.status, behind.ids(), behind.header("x-total")),
            (200, vec![], "38")
        );
    }
    app.get("/api/v4/projects/24/releases/none/assets/links?page=2")
        .await
        .assert(404, json!({"message": "404 Not found"}));
    app.get("/api/v4/projects/24/releases/none/assets/links?page=999999")
        .await
        .assert(404, json!({"message": "404 Not found"}));
}

#[tokio::test]
async fn a_release_of_ten_thousand_links_lists_pages_and_totals() {
    let (app, database) = TestApp::start_with_database().await;
    usage::import_release(&database, TABLE, "many", 10_000);
    app.calls();
    let reply = app.get(&format!("{LIST}?per_page=100&page=100")).await;
    assert_eq!(reply.ids(), (1..=100).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&reply), ["100", "100", "99", "", "10000", "100"]);
    assert_eq!(
        app.operations(),
        ["BatchGetItem", "Query", "Query"],
        "the count, and the page from the nearer end"
    );
    let reply = app
        .get(&format!("{LIST}?per_page=100&page=9223372036854775807"))
        .await;
    assert_eq!(
        (reply.status, reply.ids(), reply.header("x-total")),
        (200, vec![], "10000")
    );
    assert_eq!(
        app.operations(),
        ["GetItem", "Query"],
        "the release, and the count"
    );
    let reply = app.get(&format!("{LIST}?per_page=100&page=50")).await;
    assert_eq!(reply.ids(), (5_001..=5_100).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&reply), ["50", "100", "49", "51", "10000", "100"]);
    assert_eq!(
        app.operations(),
        ["Query", "Query", "Query"],
        "the count, what comes before, and the page"
    );

    let body = json!({"name": "one-more", "url": "https://e.com/one-more"});
    assert_eq!(app.post(LIST, body).await.status, 201);
    let reply = app.get(&format!("{LIST}?per_page=100")).await;
    assert_eq!(reply.ids(), (9_902..=10_001).rev().collect::<Vec<_>>());
    assert_eq!(
        (reply.header("x-next-page"), reply.has_header("x-total")),
        ("2", false)
    );
    assert!(!reply.has_header("x-total-pages") && !reply.header("link").contains("rel=\"last\""));
}
