//! Pages, redirects and failures that pass, on the way from GitLab.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::response::Response;
use futures_util::stream;
use serde_json::{Value, json};
use testkit::app::TestApp;

use super::double::{
    Asked, Double, Instance, error, json_text, link, page, plain, project, release,
};
use super::{file, get, import, import_from, serve, token};

/// A token that no other address may get.
const TOKEN: &str = "glpat-a-secret-of-somebody-2";

/// This many releases with one link each.
pub fn releases(count: usize) -> Vec<Value> {
    let release = |n: usize| release(&format!("v{n:04}"), vec![link(n as i64 + 1, "app")]);
    (0..count).map(release).collect()
}

/// The request for a page of the releases of project 24.
fn list(page: usize) -> String {
    format!("GET /api/v4/projects/1/releases?order_by=created_at&sort=asc&page={page}&per_page=100")
}

/// The requests that one reading of two pages makes, for which the answers of the double repeat
/// their parameters in the order of their names.
fn two_pages() -> [String; 2] {
    let second = "GET /api/v4/projects/1/releases?order_by=created_at&page=2&per_page=100&sort=asc";
    [list(1), second.to_owned()]
}

pub fn instance(count: usize) -> Instance {
    Instance::with(project(1, "a/b"), releases(count))
}

const PROJECT: &str = "GET /api/v4/projects/a%2Fb";

/// What an import of this many releases prints that lacks nothing.
fn created(count: usize) -> (String, String) {
    (
        format!("created 1 project, {count} releases and {count} links\n"),
        "importing project 1 (a/b, public)\n".to_owned(),
    )
}

#[track_caller]
fn assert_created(ended: &super::Ended, count: usize) {
    let (stdout, stderr) = created(count);
    ended.assert(0, &stdout, &stderr);
}

/// Asserts that both pages were read, and read again.
#[track_caller]
fn assert_read_twice(double: &Double) {
    let [first, second] = two_pages();
    assert_eq!(
        double.requests()[1..],
        [&first, &second, &first, &second].map(String::clone)
    );
}

/// The first part of the body that the instance would send, and then an error.
fn cut_off(response: Response) -> Response {
    let (parts, _) = response.into_parts();
    let chunks = [
        Ok("[{\"tag_name\":\"v0"),
        Err(std::io::Error::other("the connection breaks")),
    ];
    Response::from_parts(parts, Body::from_stream(stream::iter(chunks)))
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_failures_are_retried() {
    let app = TestApp::start().await;
    let instance = instance(120);
    let double = Double::start(move |asked| match asked.number {
        1 => plain(429, ("retry-after", "0"), "Retry later\n"),
        3 => plain(
            503,
            ("retry-after", "0"),
            "<html>503 Service Unavailable</html>",
        ),
        4 => error(500, "500 Internal Server Error"),
        6 => cut_off(instance.answer(asked)),
        _ => instance.answer(asked),
    })
    .await;
    let ended = import(&app, &double, "--project a/b");
    assert_created(&ended, 120);
    let [first, second] = two_pages();
    let repeated = [&first, &first, &first, &second, &second];
    let expected = [PROJECT, PROJECT]
        .into_iter()
        .chain(repeated.map(String::as_str));
    assert_eq!(double.requests(), expected.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_may_arrive_in_small_parts() {
    let app = TestApp::start().await;
    let instance = instance(1);
    let double = Double::start(move |asked| {
        let (parts, body) = instance.answer(asked).into_parts();
        let stream = stream::unfold(body.into_data_stream(), |mut stream| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let chunk = futures_util::StreamExt::next(&mut stream).await?;
            Some((chunk, stream))
        });
        Response::from_parts(parts, Body::from_stream(stream))
    })
    .await;
    let ended = import(&app, &double, "--project a/b");
    ended.assert(
        0,
        "created 1 project, 1 release and 1 link\n",
        "importing project 1 (a/b, public)\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_lose_a_release_are_read_again() {
    let app = TestApp::start().await;
    let (before, after) = (
        instance(120),
        Instance::with(project(1, "a/b"), releases(120).split_off(1)),
    );
    // The first release is deleted before the second page, so that another one moves to the first.
    let double = Double::start(move |asked| match asked.number {
        1 | 2 => before.answer(asked),
        _ => after.answer(asked),
    })
    .await;
    assert_created(&import(&app, &double, "--project a/b"), 120);
    assert_read_twice(&double);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_on_two_pages_counts_once() {
    let app = TestApp::start().await;
    let (all, late) = (releases(120), releases(119));
    // The newest comes first, and one is created before the second page.
    let double = Double::start(move |asked| match asked.number {
        1 => json_text(project(1, "a/b").to_string()),
        2 => page(asked, &late.iter().rev().cloned().collect::<Vec<_>>()),
        _ => page(asked, &all.iter().rev().cloned().collect::<Vec<_>>()),
    })
    .await;
    assert_created(&import(&app, &double, "--project a/b"), 120);
    assert_read_twice(&double);
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_that_stay_missing_are_reported() {
    let app = TestApp::start().await;
    let double = Double::start(move |asked| {
        let mut response = instance(2).answer(asked);
        response
            .headers_mut()
            .insert("x-total", HeaderValue::from_static("3"));
        response
    })
    .await;
    import(&app, &double, "--project a/b").assert(
        1,
        "created 1 project, 2 releases and 2 links\n\
         PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
         a/b      -    -     only 2 of 3 releases could be read, because others were created or \
         deleted meanwhile\n",
        "importing project 1 (a/b, public)\n\
         release-links-admin: left out 1 project: the list says why\n",
    );
}

/// The pages of 120 releases, changed by this function.
async fn with_headers(change: fn(&Asked, &mut Response)) -> Double {
    let instance = instance(120);
    Double::start(move |asked| {
        let mut response = instance.answer(asked);
        change(asked, &mut response);
        response
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_page_is_never_on_another_address() {
    let app = TestApp::start().await;
    let other = serve(instance(120)).await;
    let token = file("gitlab-pages.token", TOKEN);
    let arguments = format!("--project a/b --dry-run --token-file {}", token.display());
    let base = other.base.clone();
    let instance = instance(120);
    let double = Double::start(move |asked| {
        let mut response = instance.answer(asked);
        if let Some(link) = response.headers().get("link") {
            let link = link.to_str().unwrap().replace(&asked.base, &base);
            response.headers_mut().insert("link", link.parse().unwrap());
        }
        response
    })
    .await;
    let ended = import(&app, &double, &arguments);
    ended.assert(
        0,
        "would create 1 project, 120 releases and 120 links\n",
        "comparing project 1 (a/b, public)\n",
    );
    let [first, second] = two_pages();
    let expected = [PROJECT, &first, &second].map(|line| format!("{line} {TOKEN}"));
    assert_eq!(
        (double.requests(), other.requests()),
        (expected.to_vec(), Vec::new())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_found_whatever_a_proxy_does_to_the_headers() {
    let app = TestApp::start().await;
    let changes: [fn(&Asked, &mut Response); 4] = [
        |_, response| drop(response.headers_mut().remove("link")),
        |_, response| drop(response.headers_mut().remove("x-next-page")),
        |_, response| {
            for name in ["link", "x-next-page", "x-total", "x-total-pages"] {
                response.headers_mut().remove(name);
            }
        },
        // The pages lead in a circle.
        |asked, response| {
            let page = if asked.line.contains("page=2") { 1 } else { 2 };
            let link = format!(
                "<http://[::1]/?{}page={page}&per_page=100>; rel=\"next\"",
                "a=b&"
            );
            response.headers_mut().insert("link", link.parse().unwrap());
        },
    ];
    for change in changes {
        let double = with_headers(change).await;
        import(&app, &double, "--project a/b --dry-run").assert(
            0,
            "would create 1 project, 120 releases and 120 links\n",
            "comparing project 1 (a/b, public)\n",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_list_is_abandoned() {
    let app = TestApp::start().await;
    let double = with_headers(|asked, response| {
        let page = asked.number;
        let link = format!("<?page={page}&per_page=100>; rel=\"next\"");
        response.headers_mut().insert("link", link.parse().unwrap());
        *response.body_mut() = json!([release("v1", Vec::new())]).to_string().into();
        if asked.path.ends_with("b") {
            *response.body_mut() = project(1, "a/b").to_string().into();
        }
        for name in ["x-total", "content-length"] {
            response.headers_mut().remove(name);
        }
    })
    .await;
    import(&app, &double, "--project a/b --dry-run").assert(
        1,
        "would create 1 project and 1 release\n\
         PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
         a/b      -    -     its pages repeat, so more than 1 release could not be read\n",
        "comparing project 1 (a/b, public)\n\
         release-links-admin: left out 1 project: the list says why\n",
    );
    assert_eq!(double.requests().len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_never_reaches_another_origin_by_a_redirect() {
    let app = TestApp::start().await;
    let token = file("gitlab-redirects.token", TOKEN);
    let arguments = format!("--project a/b --token-file {}", token.display());
    let other = serve(instance(1)).await;
    let base = other.base.clone();
    let double =
        Double::start(move |asked| plain(302, ("location", &format!("{base}{}", asked.path)), ""))
            .await;
    let ended = import(&app, &double, &arguments);
    ended.assert_fails(&format!(
        "BASE redirects to another address, on {}, where the command sends no token: pass the URL \
         without redirects to --from",
        other.base
    ));
    assert_eq!(double.requests(), [format!("{PROJECT} {TOKEN}")]);
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_was_renamed_is_left_out_with_its_new_path() {
    let app = TestApp::start().await;
    let token = token(&app);
    let instance = Instance {
        prefix: "/git/lab",
        ..instance(1)
    };
    let double = Double::start(move |asked| match asked.path.as_str() {
        "/git/lab/api/v4/projects/old%2Fname" => {
            let target = format!("{}/git/lab/api/v4/projects/1", asked.base);
            plain(
                301,
                ("location", &target),
                "This resource has been moved permanently",
            )
        }
        _ => instance.answer(asked),
    })
    .await;
    let base = format!("{}/git/lab/", double.base);
    import_from(&app, &base, "--project old/name=77").assert(
        1,
        "created nothing\n\
         PROJECT   TAG  LINK  LEFT OUT BECAUSE\n\
         old/name  -    -     it is a/b there: pass --project a/b\n",
        "release-links-admin: left out 1 project: the list says why\n",
    );
    import_from(&app, &base, "--project a/b=77").assert(
        0,
        "created 1 project, 1 release and 1 link\n",
        "importing project 77 (a/b, public)\n",
    );
    let shown = get(&app, &token, "/api/v4/projects/77/releases/v0000").await;
    assert_eq!(shown["assets"]["links"][0]["id"], 1);
    let paths = double.requests();
    assert!(
        paths
            .iter()
            .all(|line| line.starts_with("GET /git/lab/api/v4/projects/")),
        "{paths:?}"
    );
}
