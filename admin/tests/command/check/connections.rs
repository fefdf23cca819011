//! Hosts that cannot be reached, and those that get no request.

use std::net::Ipv4Addr;

use rcgen::CertificateParams;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

use super::server::Server;
use super::{check, results, with_links};
use crate::platform::end;
use crate::tls::{Authority, acceptor, authority, certificate};
use crate::{command, file};

/// A name of more than 63 characters, which no system looks up.
const NO_NAME: &str =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com";

/// A server with this certificate, which answers every connection with 200. It returns its URL.
async fn tls_server(certificate: CertificateParams, issuer: &Authority) -> String {
    let acceptor = acceptor(certificate, issuer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut connection = acceptor.accept(connection).await.ok()?;
                let asked = connection.read(&mut [0; 1 << 12]).await.ok()?;
                assert!(asked > 0);
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                connection.write_all(answer).await.ok()?;
                connection.shutdown().await.ok()
            });
        }
    });
    format!("https://127.0.0.1:{port}/")
}

/// A server that does not know TLS. It returns its URL.
async fn plain_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let _ = connection.write_all(b"220 smtp.e.com ESMTP\r\n").await;
        let _ = connection.read(&mut [0; 1 << 12]).await;
    });
    format!("https://127.0.0.1:{port}/")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_valid_is_dead() {
    let (known, unknown) = (authority("known"), authority("unknown"));
    let mut expired = certificate("127.0.0.1");
    expired.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let mut future = certificate("127.0.0.1");
    future.not_before = rcgen::date_time_ymd(3000, 1, 1);
    let other = CertificateParams::new(vec!["127.0.0.2".to_owned()]).unwrap();
    let links = [
        ("good", tls_server(certificate("127.0.0.1"), &known).await),
        ("expired", tls_server(expired, &known).await),
        ("future", tls_server(future, &known).await),
        ("other", tls_server(other, &known).await),
        (
            "unknown",
            tls_server(certificate("127.0.0.1"), &unknown).await,
        ),
        ("plain", plain_server().await),
    ];
    let app = with_links(links).await;
    let roots = file("check-roots.pem", &known.pem());
    let mut check = command(app.address, "check --allow-private --json");
    check.env("SSL_CERT_FILE", roots);
    let ended = end(check).await;
    assert_eq!(
        results(&ended),
        [
            "ok",
            "dead: certificate expired",
            "dead: certificate not valid yet",
            "dead: certificate for another name",
            "dead: certificate from an unknown issuer",
            "uncertain: the TLS handshake failed",
        ]
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_reached_is_dead_only_if_that_is_certain() {
    // It is bound, so that nobody else gets it, but it does not listen.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let closed_port = closed.local_addr().unwrap().port();
    let app = with_links([
        ("refused", format!("http://127.0.0.1:{closed_port}/")),
        ("unknown", format!("http://{NO_NAME}/")),
        ("port", "http://e.com:99999/".to_owned()),
    ])
    .await;
    let ended = check(&app, "--allow-private --json").await;
    assert_eq!(
        results(&ended),
        [
            "dead: connection refused",
            "dead: name not found",
            "uncertain: invalid URL",
        ]
    );
}

/// URLs that are not requested, and the kinds of their addresses.
const NOT_ASKED: [(&str, &str); 16] = [
    ("http://127.0.0.1:PORT/", "a loopback address"),
    ("http://127.1:PORT/", "a loopback address"),
    ("http://0x7f.1:PORT/", "a loopback address"),
    ("http://2130706433:PORT/", "a loopback address"),
    ("http://017700000001:PORT/", "a loopback address"),
    ("http://localhost:PORT/", "a loopback address"),
    ("http://localhost.:PORT/", "a loopback address"),
    ("http://１２７.0.0.1:PORT/", "a loopback address"),
    ("http://[::1]:PORT/", "a loopback address"),
    ("http://0:PORT/", "a reserved address"),
    ("http://[::ffff:127.0.0.1]:PORT/", "an IPv4-in-IPv6 address"),
    (
        "http://169.254.169.254/latest/meta-data/",
        "a link-local address",
    ),
    (
        "http://[fd00:ec2::254]/latest/meta-data/",
        "a private address",
    ),
    ("http://10.0.0.1/", "a private address"),
    ("http://100.64.0.1/", "a shared address"),
    ("ftp://127.0.0.1/", "ftp"),
];

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_are_not_public_are_not_requested() {
    let server = Server::start().await;
    let port = server.port.to_string();
    let url = |url: &str| url.replace("PORT", &port);
    let app = with_links(NOT_ASKED.map(|(name, _)| (name, url(name)))).await;
    let ended = check(&app, "--json").await;
    let expected = NOT_ASKED.map(|(_, cause)| format!("skipped: {cause}"));
    assert_eq!(results(&ended), expected);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(server.take_requests(), [""; 0]);
}
