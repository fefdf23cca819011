//! The import at a terminal, interrupted, and over TLS.

use axum::body::Body;
use axum::response::Response;
use futures_util::stream;
use testkit::app::TestApp;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::tls::{Authority, acceptor, authority, certificate};

use super::double::{Double, Instance, link, project, release};
use super::{admin, command, ended, file, import, serve};
use crate::terminal::{at_terminal, interrupted};

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_import_says_what_it_has_done() {
    let app = TestApp::start().await;
    let instance = Instance::with(project(1, "a/b"), Vec::new());
    let double = Double::start(move |asked| match asked.path.as_str() {
        "/api/v4/projects/2" => Response::new(Body::from_stream(stream::pending::<
            Result<&str, std::io::Error>,
        >())),
        _ => instance.answer(asked),
    })
    .await;
    let arguments = format!("import --from {} --project 1 --project 2", double.base);
    interrupted(&app, &arguments).assert(
        1,
        "created 1 project\n",
        "importing project 1 (a/b, public)\n\
         release-links-admin: interrupted; run the command again to go on\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_a_bar_and_then_the_report() {
    let app = TestApp::start().await;
    let releases = (1..=20)
        .map(|n| release(&format!("v{n}"), vec![link(n, "app")]))
        .collect();
    let double = serve(Instance::with(project(1, "a/b"), releases)).await;
    let arguments = format!(
        "import --from {} --project a/b --write-units 200",
        double.base
    );
    let shown = at_terminal(&app, &arguments, "");
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let report = "created 1 project, 20 releases and 20 links\r\n";
    assert!(shown.stdout.ends_with(report), "{shown:?}");
    assert!(shown.stdout.contains("s left"), "{shown:?}");
    assert!(!shown.stdout.contains("importing project"), "{shown:?}");
}

/// A port that speaks TLS for the double, with a certificate for this name.
async fn with_tls(double: &Double, authority: &Authority, name: &str) -> u16 {
    let acceptor = acceptor(certificate(name), authority);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = double.base.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, target) = (acceptor.clone(), target.clone());
            tokio::spawn(async move {
                let mut client = acceptor.accept(client).await.ok()?;
                let mut server = TcpStream::connect(target).await.ok()?;
                copy_bidirectional(&mut client, &mut server).await.ok()
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_must_be_trusted_and_be_that_of_the_host() {
    let app = TestApp::start().await;
    let double = serve(Instance::with(project(1, "a/b"), Vec::new())).await;
    let known = authority("known");
    let roots = file("gitlab-roots.pem", &known.pem());
    let good = with_tls(&double, &known, "localhost").await;
    let unknown = with_tls(&double, &authority("unknown"), "localhost").await;
    let other = with_tls(&double, &known, "gitlab.example.com").await;
    let run = |port: u16| {
        let arguments = format!("import --from https://localhost:{port} --project a/b");
        ended(command(app.address, &arguments).env("SSL_CERT_FILE", &roots))
    };
    run(good).assert(
        0,
        "created 1 project\n",
        "importing project 1 (a/b, public)\n",
    );
    run(unknown).assert_fails(&format!(
        "the certificate of https://localhost:{unknown} is not trusted: set SSL_CERT_FILE to the \
         root certificates that it chains to"
    ));
    run(other).assert_fails(&format!(
        "the certificate of https://localhost:{other} is not valid (certificate not valid for name \
         \"localhost\"; certificate is only valid for DnsName(\"gitlab.example.com\")): check --from"
    ));
    let http = format!(
        "--project a/b --token-file {}",
        file("empty.token", "").display()
    );
    import(&app, &double, &http).assert_fails(
        "the file of --token-file does not contain a token: write the token on one line, in ASCII \
         without spaces",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_tls_do_not_leave_the_machine_through_a_proxy() {
    let app = TestApp::start().await;
    let double = serve(Instance::with(project(1, "a/b"), Vec::new())).await;
    let proxy = serve(Instance::default()).await;
    let base = double.base.replace("127.0.0.1", "localhost");
    let mut import = command(app.address, &format!("import --from {base} --project a/b"));
    for name in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        import.env(name, &proxy.base);
    }
    // The proxy is no way to the table.
    import.env("NO_PROXY", "127.0.0.1");
    let imported = ended(&mut import);
    imported.assert(
        0,
        "created 1 project\n",
        "importing project 1 (a/b, public)\n",
    );
    assert_eq!((double.requests().len(), proxy.requests()), (2, Vec::new()));
}

/// Arguments after `import`, and a part of the message.
const USAGE: [(&str, &str); 14] = [
    ("--from https://e.com", "--project <PROJECT[=ID]>"),
    ("--project a/b", "<--file <FILE>|--from <URL>>"),
    ("--file a --project a/b", "cannot be used with"),
    (
        "--file a --from https://e.com --project a/b",
        "cannot be used with",
    ),
    (
        "--from http://e.com --project a/b",
        "use https: http would expose the token on the network",
    ),
    (
        "--from https://u:secret@e.com --project a/b",
        "remove the user name",
    ),
    (
        "--from https://e.com?private_token=secret --project a/b",
        "remove the query",
    ),
    (
        "--from gitlab.example.com --project a/b",
        "specify the URL of GitLab, such as",
    ),
    (
        "--from https://e.com --project app",
        "specify a project by its path, such as group/app",
    ),
    (
        "--from https://e.com --project a//b",
        "specify a project by its path, such as group/app",
    ),
    (
        "--from https://e.com --project a/..",
        "specify a project by its path, such as group/app",
    ),
    (
        "--from https://e.com --project a/b=x",
        "a project's ID is a whole number",
    ),
    (
        "--from https://e.com --group ../a",
        "specify a group by its path",
    ),
    (
        "--from https://e.com --project a/b --visibility internal",
        "[possible values: private, public]",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_explained_without_secrets() {
    let app = TestApp::start().await;
    for (arguments, part) in USAGE {
        let ended = admin(&app, &format!("import {arguments}"));
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{arguments}: {ended:?}"
        );
        assert!(ended.stderr.contains(part), "{arguments}: {ended:?}");
        assert!(!ended.stderr.contains("secret"), "{arguments}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_has_an_example_and_fits_a_terminal() {
    let app = TestApp::start().await;
    let help = admin(&app, "import --help");
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    assert!(
        help.stdout
            .contains("import --from https://gitlab.example.com"),
        "{help:?}"
    );
    let longest = help.stdout.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{longest:?}: {help:?}");
}
