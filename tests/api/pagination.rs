//! Pagination of lists, and its headers (section B).

use serde_json::json;

use testkit::app::{TABLE, TestApp};
use testkit::import;
use testkit::reply::Reply;

const LIST: &str = "/api/v4/projects/24/releases/many/assets/links";

async fn app_with_links(count: usize) -> TestApp {
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
fn pagination_headers(reply: &Reply) -> [&str; 6] {
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
async fn pages_list_the_newest_links_first() {
    let app = app_with_links(45).await;
    let first = app.get(LIST).await;
    assert_eq!(first.ids(), (26..=45).rev().collect::<Vec<_>>());
    assert_eq!(pagination_headers(&first), ["1", "20", "", "2", "45", "3"]);
    let second = app.get(&format!("{LIST}?page=2")).await;
    assert_eq!(second.ids(), (6..=25).rev().collect::<Vec<_>>());
    assert_eq!(
        pagination_headers(&second),
        ["2", "20", "1", "3", "45", "3"]
    );
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
    assert_eq!(pagination_headers(&last), ["3", "20", "2", "", "45", "3"]);
}

#[tokio::test]
async fn unusual_page_parameters_are_parsed_as_in_gitlab() {
    let app = app_with_links(3).await;
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
        assert_eq!(
            (reply.status, pagination_headers(&reply)),
            (200, expected),
            "{query}"
        );
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
    let app = app_with_links(1).await;
    assert_eq!(app.delete(&format!("{LIST}/1")).await.status, 200);
    let reply = app.get(LIST).await;
    reply.assert(200, json!([]));
    assert_eq!(pagination_headers(&reply), ["1", "20", "", "", "0", "1"]);
}

#[tokio::test]
async fn the_link_header_keeps_all_parameters_except_credentials() {
    let app = app_with_links(1).await;
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

/// Rack reads each of these as `private_token`, which a client may therefore write.
#[tokio::test]
async fn the_link_header_omits_tokens_in_unusual_notations() {
    let app = app_with_links(1).await;
    let token = testkit::seed::TOKEN;
    for query in [
        format!("[private_token]={token}"),
        format!("private_token]={token}"),
        format!("a=1;private_token={token}"),
        format!("x[job_token]={token}"),
    ] {
        let reply = app.get(&format!("{LIST}?{query}")).await;
        assert_eq!(reply.status, 200, "{query}");
        assert!(
            reply.header("link").contains("id=24") && !reply.header("link").contains(token),
            "{query}: {reply:?}"
        );
    }
}

/// Clients and gateways limit the size of headers, the strictest to about 10 KB.
#[tokio::test]
async fn the_link_header_omits_a_long_query() {
    let app = app_with_links(1).await;
    let query = |length: usize| format!("foo={}&per_page=1&page=1", "x".repeat(length));
    let url = format!("http://127.0.0.1:9000{LIST}?id=24&page=1&per_page=1&tag_name=many");
    let short = app.get(&format!("{LIST}?{}", query(1_900))).await;
    assert!(short.header("link").contains(&"x".repeat(1_900)));
    for length in [2_000, 8_000, 16_000] {
        let long = app.get(&format!("{LIST}?{}", query(length))).await;
        assert_eq!((long.status, long.ids()), (200, vec![1]));
        assert_eq!(
            long.header("link"),
            format!("<{url}>; rel=\"first\", <{url}>; rel=\"last\"")
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
        "the path already contains the tag"
    );
}

#[tokio::test]
async fn the_link_header_has_at_most_8192_bytes() {
    let app = app_with_links(3).await;
    for length in (1_850..2_050).step_by(9) {
        let query = format!("per_page=1&page=2&foo={}", "x".repeat(length));
        let reply = app.get(&format!("{LIST}?{query}")).await;
        let link = reply.header("link");
        assert_eq!(link.matches("rel=").count(), 4, "{length}");
        assert!(link.len() <= 8_192, "{length}: {}", link.len());
    }
    let tag = "é".repeat(500);
    let list = format!("/api/v4/projects/24/releases/{tag}/assets/links");
    for n in 1..=3 {
        let body = json!({"name": n.to_string(), "url": format!("http://{n}")});
        assert_eq!(app.post(&list, body).await.status, 201);
    }
    let encoded = list.replace('é', "%C3%A9");
    let reply = app.get(&format!("{list}?per_page=1&page=2")).await;
    let next = format!("<http://127.0.0.1:9000{encoded}?page=3&per_page=1>; rel=\"next\"");
    assert_eq!(
        (reply.ids(), reply.header("link")),
        (vec![2], next.as_str())
    );
}

#[tokio::test]
async fn pages_are_the_same_when_read_from_either_end() {
    let app = app_with_links(43).await;
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
        let past_the_end = app
            .get(&format!("{LIST}?per_page={per_page}&page={}", page + 1))
            .await;
        assert_eq!(
            (
                past_the_end.status,
                past_the_end.ids(),
                past_the_end.header("x-total")
            ),
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
async fn totals_are_returned_for_up_to_ten_thousand_links() {
    let app = TestApp::start().await;
    import::release(app.database(), TABLE, "many", 10_000);
    let reply = app.get(&format!("{LIST}?per_page=100&page=100")).await;
    assert_eq!(reply.ids(), (1..=100).rev().collect::<Vec<_>>());
    assert_eq!(
        pagination_headers(&reply),
        ["100", "100", "99", "", "10000", "100"]
    );
    // The release, the count, the page, read from the nearer end, and the release again.
    reply.assert_calls(
        200,
        &["BatchGetItem", "GetItem", "Query", "Query", "GetItem"],
    );
    let reply = app
        .get(&format!("{LIST}?per_page=100&page=9223372036854775807"))
        .await;
    assert_eq!(
        (reply.status, reply.ids(), reply.header("x-total")),
        (200, vec![], "10000")
    );
    // The release, the count, and the release again.
    reply.assert_calls(200, &["GetItem", "Query", "GetItem"]);
    let reply = app.get(&format!("{LIST}?per_page=100&page=50")).await;
    assert_eq!(reply.ids(), (5_001..=5_100).rev().collect::<Vec<_>>());
    assert_eq!(
        pagination_headers(&reply),
        ["50", "100", "49", "51", "10000", "100"]
    );
    // The release, the count, the links before the page, the page, and the release again.
    reply.assert_calls(200, &["GetItem", "Query", "Query", "Query", "GetItem"]);

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

/// GitLab counts 10,000 links, and a page may begin before that number and end after it.
#[tokio::test]
async fn pages_follow_each_other_beyond_ten_thousand_links() {
    let app = TestApp::start().await;
    import::release(app.database(), TABLE, "many", 10_050);
    for per_page in [30, 60, 90] {
        let (mut ids, mut page) = (Vec::new(), 9_900 / per_page);
        let skipped = (page - 1) * per_page;
        loop {
            let reply = app
                .get(&format!("{LIST}?per_page={per_page}&page={page}"))
                .await;
            assert_eq!(reply.status, 200);
            ids.extend(reply.ids());
            if reply.header("x-next-page").is_empty() {
                break;
            }
            page += 1;
        }
        assert_eq!(
            ids,
            (1..=10_050 - skipped).rev().collect::<Vec<_>>(),
            "{per_page}"
        );
    }
}
