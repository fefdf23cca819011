//! What is found at a URL.

use super::server::Server;
use super::{check, results, with_links};

/// Paths of the server, and what is found there, with the cause.
const RESULTS: [(&str, &str); 40] = [
    ("/file", "ok"),
    ("/no-head/400", "ok"),
    ("/no-head/403", "ok"),
    ("/no-head/404", "ok"),
    ("/no-head/405", "ok"),
    ("/no-head/500", "ok"),
    ("/no-head/501", "ok"),
    ("/no-head/503", "uncertain: status 503"),
    ("/empty", "ok"),
    ("/endless", "ok"),
    ("/status/204", "ok"),
    ("/to/302//file", "ok"),
    ("/to/303/http://127.0.0.1:PORT/file", "ok"),
    ("/to/307//file#part", "ok"),
    ("/to/301//file", "moved to http://127.0.0.1:12345/file"),
    (
        "/to/308//file?signature=secret",
        "moved to http://127.0.0.1:12345/file",
    ),
    (
        "/to/301//to/308//file",
        "moved to http://127.0.0.1:12345/file",
    ),
    (
        "/to/301//to/302//file",
        "moved to http://127.0.0.1:12345/to/302//file",
    ),
    ("/to/302//to/301//file", "ok"),
    ("/hops/10", "ok"),
    ("/hops/11", "uncertain: more than 10 redirects"),
    ("/to/301//status/404", "dead: status 404"),
    ("/to/302//to/302//to/302/", "dead: redirect loop"),
    ("/to/302/ftp://e.com/a", "skipped: redirects to ftp"),
    (
        "/to/302/mailto:a@e.com",
        "uncertain: redirects to an invalid URL",
    ),
    ("/to/302/http://[", "uncertain: redirects to an invalid URL"),
    (
        "/to/302//users/sign_in",
        "uncertain: redirects to a sign-in page",
    ),
    ("/status/304", "uncertain: status 304"),
    ("/status/401", "uncertain: status 401"),
    ("/status/403", "uncertain: status 403"),
    ("/status/404", "dead: status 404"),
    (
        "/hidden",
        "uncertain: status 404, which may hide a private file",
    ),
    ("/status/410", "dead: status 410"),
    ("/status/451", "uncertain: status 451"),
    ("/status/500", "uncertain: status 500"),
    ("/reset", "uncertain: connection reset"),
    ("/close", "uncertain: invalid response"),
    ("/garbage", "uncertain: invalid response"),
    ("/silent", "uncertain: no response"),
    ("/with-password", "ok"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_response_has_its_result() {
    let server = Server::start().await;
    let url = |path: &str| match path {
        "/with-password" => server.url(path).replace("//", "//user:secret@"),
        _ => server.url(path),
    };
    let names: Vec<String> = (0..RESULTS.len()).map(|n| format!("{n}")).collect();
    let links = RESULTS.iter().zip(&names);
    let app = with_links(links.map(|((path, _), name)| (name.as_str(), url(path)))).await;
    let ended = check(&app, "--json --allow-private --timeout 5s").await;
    let found = results(&ended).into_iter();
    let found: Vec<String> = found.map(|result| server.without_port(&result)).collect();
    for ((path, expected), found) in RESULTS.iter().zip(&found) {
        assert_eq!(found, expected, "{path}");
    }
    assert_eq!(found.len(), RESULTS.len());
    let summary = "release-links-admin: checked 40 URLs of 40 links: 16 ok, 4 moved, 4 dead, 15 \
                   uncertain, 1 skipped\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), summary));
    assert!(!ended.stdout.contains("secret"), "{}", ended.stdout);
    let sent = server.sent();
    assert!(
        sent < 100_000_000,
        "{sent} bytes of an endless file were sent"
    );
}
