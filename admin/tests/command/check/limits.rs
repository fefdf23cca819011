//! How many requests run at the same time, and how many requests a server gets.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::server::Server;
use super::{add_release, check, with_links};

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_requested_once_whatever_its_fragment_and_number_of_links() {
    let server = Server::start().await;
    let links = |of: &str| {
        let urls = [server.url("/file"), server.url(&format!("/file#{of}"))];
        let names = ["a", "b"];
        names.into_iter().zip(urls)
    };
    let app = with_links(links("v1")).await;
    add_release(&app, "v2", links("v2")).await;
    let ended = check(&app, "--allow-private").await;
    ended.assert(0, "checked 1 URL of 4 links: 4 ok\n", "");
    assert_eq!(server.take_requests(), ["HEAD /file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn get_requests_the_first_byte_if_head_is_refused() {
    let server = Server::start().await;
    let paths = ["/no-head/405", "/status/404", "/status/410"];
    let app = with_links(paths.map(|path| (path, server.url(path)))).await;
    let ended = check(&app, "--allow-private").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        server.take_requests(),
        [
            "GET /no-head/405 0-0",
            "GET /status/404 0-0",
            "HEAD /no-head/405",
            "HEAD /status/404",
            "HEAD /status/410",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_gets_two_requests_at_a_time() {
    let server = Server::start().await;
    server.set_delay(Duration::from_millis(50));
    let urls: Vec<String> = (0..20).map(|n| server.url(&format!("/file/{n}"))).collect();
    let app = with_links(urls.iter().map(|url| (url.as_str(), url.clone()))).await;
    let ended = check(&app, "--allow-private").await;
    ended.assert(0, "checked 20 URLs of 20 links: 20 ok\n", "");
    assert_eq!(server.most(), (2, 2));
}

/// The time is that of hosts which take 50 ms for each answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_links_on_a_hundred_hosts_take_seconds() {
    let hosts: Vec<Ipv4Addr> = (1..=100).map(|n| Ipv4Addr::new(127, 0, 1, n)).collect();
    let server = Server::start_on(hosts.iter().copied()).await;
    server.set_delay(Duration::from_millis(50));
    let port = server.port;
    let urls = (0..1_000).map(|n| format!("http://{}:{port}/file/{n}", hosts[n % 100]));
    let urls: Vec<String> = urls.collect();
    let mut parts = urls
        .chunks(100)
        .map(|urls| urls.iter().map(|url| (url.as_str(), url.clone())));
    let app = with_links(parts.next().unwrap()).await;
    for (index, links) in parts.enumerate() {
        add_release(&app, &format!("v{}", index + 2), links).await;
    }
    let started = Instant::now();
    let ended = check(&app, "--allow-private").await;
    let time = started.elapsed();
    ended.assert(0, "checked 1000 URLs of 1000 links: 1000 ok\n", "");
    assert!(time < Duration::from_secs(60), "{time:?}");
    let (of_one_host, in_all) = server.most();
    assert!(
        of_one_host <= 2 && in_all <= 16,
        "{of_one_host} and {in_all}"
    );
}

/// No answer comes before so many requests were sent, whatever the computer does meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn sixteen_requests_wait_for_their_answers_at_a_time() {
    let hosts: Vec<Ipv4Addr> = (1..=10).map(|n| Ipv4Addr::new(127, 0, 3, n)).collect();
    let server = Server::start_on(hosts.iter().copied()).await;
    let port = server.port;
    let urls = (0..20).map(|n| format!("http://{}:{port}/held/{n}", hosts[n % 10]));
    let urls: Vec<String> = urls.collect();
    let app = with_links(urls.iter().map(|url| (url.as_str(), url.clone()))).await;
    let check = tokio::spawn(async move { check(&app, "--allow-private").await });
    server.asked_times(16).await;
    // A seventeenth request has the time to come.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.take_requests().len(), 16);
    server.release(20);
    let ended = check.await.unwrap();
    ended.assert(0, "checked 20 URLs of 20 links: 20 ok\n", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_returns_429_gets_one_pause() {
    let server = Server::start().await;
    let app = with_links([("a", server.url("/limited/1"))]).await;
    let started = Instant::now();
    let ended = check(&app, "--allow-private").await;
    ended.assert(0, "checked 1 URL of 1 link: 1 ok\n", "");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.take_requests(), ["HEAD /limited/1"; 2]);
}

/// The first two URLs are requested at the same time, so either may be the one that is retried in
/// vain.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_keeps_returning_429_gets_no_more_retries() {
    let server = Server::start().await;
    let paths = [
        "/always-limited/1",
        "/always-limited/1?b",
        "/always-limited/1?c",
    ];
    let app = with_links(paths.map(|path| (path, server.url(path)))).await;
    let ended = check(&app, "--allow-private --json").await;
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    for link in report["links"].as_array().unwrap() {
        assert_eq!(
            (&link["result"], &link["status"]),
            (&"uncertain".into(), &429.into())
        );
    }
    let asked = server.take_requests().len();
    assert!((4..=5).contains(&asked), "{asked} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_pause_is_longer_than_a_minute() {
    let server = Server::start().await;
    let times = ["61", "soon", "Fri, 31 Dec 2049 23:59:59 GMT"];
    let paths = times.map(|time| format!("/always-limited/{}", time.replace(' ', "%20")));
    let app = with_links(paths.iter().map(|path| (path.as_str(), server.url(path)))).await;
    let started = Instant::now();
    let ended = check(&app, "--allow-private --json").await;
    assert!(started.elapsed() < Duration::from_secs(20), "{ended:?}");
    let summary = "release-links-admin: checked 3 URLs of 3 links: 3 uncertain\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let strict = check(&app, "--allow-private --json --strict").await;
    assert_eq!((strict.code, strict.stderr.as_str()), (Some(1), summary));
}
