//! Answers that are not those of GitLab, or that GitLab gives to a caller who may not see
//! something: one sentence each, with the remedy.

use axum::response::Response;
use testkit::app::TestApp;

use super::double::{Asked, Double, Instance, error, json_text, plain, project};
use super::{file, import, import_from};

/// The token of these tests. It is in no output, and in no argument.
const TOKEN: &str = "glpat-a-secret-of-somebody-1";

/// A problem: how the double answers, and what the command prints.
type Case = (&'static str, fn(&Asked) -> Response, &'static str);

/// Problems that end the import.
const WHOLE: [Case; 9] = [
    (
        "a token that is not valid",
        |_| error(401, "401 Unauthorized"),
        "BASE does not accept the token: it may have expired or been revoked; the token needs the \
         scope read_api",
    ),
    (
        "a token of another scope",
        |_| {
            let mut response = json_text(
                r#"{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}"#,
            );
            *response.status_mut() = axum::http::StatusCode::FORBIDDEN;
            response
        },
        "BASE rejects the token: it needs the scope read_api",
    ),
    (
        "a proxy's sign-in page",
        |_| {
            plain(
                200,
                ("content-type", "text/html"),
                "<!DOCTYPE html><title>Sign in</title>",
            )
        },
        "BASE returns a web page, such as the sign-in page of a proxy: use a URL at which /api/v4 \
         works without a browser",
    ),
    (
        "a sign-in page on the same origin",
        |asked| match asked.path.as_str() {
            "/users/sign_in" => plain(200, ("content-type", "text/html; charset=utf-8"), "<html>"),
            _ => plain(302, ("location", "/users/sign_in"), ""),
        },
        "BASE returns a web page, such as the sign-in page of a proxy: use a URL at which /api/v4 \
         works without a browser",
    ),
    (
        "the page of an address where no API is",
        |_| plain(404, ("content-type", "text/html"), "<html>Not Found</html>"),
        "BASE does not answer as GitLab does (HTTP 404): check --from",
    ),
    (
        "another server",
        |_| plain(404, ("content-type", "text/plain"), "404 page not found"),
        "BASE does not answer as GitLab does (HTTP 404): check --from",
    ),
    (
        "a status without a body",
        |_| plain(304, ("etag", "\"a\""), ""),
        "BASE does not answer as GitLab does (HTTP 304): check --from",
    ),
    (
        "a redirect to an address that cannot be read",
        |_| plain(301, ("location", "http://[::1"), ""),
        "BASE redirects to an invalid URL: check --from",
    ),
    (
        "a rate limit of a day",
        |_| plain(429, ("retry-after", "86400"), "Retry later\n"),
        "BASE has a rate limit that lasts for more than an hour, or begins again after each wait: \
         try again later",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_concerns_everything_ends_the_import() {
    let app = TestApp::start().await;
    let token = file("gitlab-answers.token", TOKEN);
    let arguments = format!(
        "--project a/b --project c/d --token-file {}",
        token.display()
    );
    for (name, answer, sentence) in WHOLE {
        let double = Double::start(answer).await;
        let ended = import(&app, &double, &arguments);
        assert_eq!(ended.code, Some(1), "{name}");
        let expected = format!("release-links-admin: {sentence}\n");
        assert_eq!(
            (ended.stdout.as_str(), ended.stderr),
            ("", expected),
            "{name}"
        );
    }
}

/// Problems of one project.
const PART: [Case; 9] = [
    (
        "a project that the token may not see",
        |_| error(404, "404 Project Not Found"),
        "BASE does not show project a/b: check the name; for a private project, the token needs \
         the Reporter role",
    ),
    (
        "a role that is too low",
        |_| error(403, "403 Forbidden"),
        "BASE does not show project a/b (403 Forbidden): the token needs the scope read_api and \
         the Reporter role",
    ),
    (
        "a bad request",
        |_| error(400, "id is invalid"),
        "BASE rejects the request for project a/b: id is invalid",
    ),
    (
        "a redirect in a loop",
        |asked| plain(301, ("location", asked.path.as_str()), ""),
        "BASE redirects the request for project a/b in a loop: check --from",
    ),
    (
        "a list in place of a project",
        |_| json_text("[]"),
        "BASE returns project a/b in an unexpected form: invalid length 0, expected a \
         project",
    ),
    (
        "a project without a path",
        |_| json_text(r#"{"id":7}"#),
        "BASE returns project a/b in an unexpected form: missing field \
         `path_with_namespace`",
    ),
    (
        "JSON that is cut off",
        |_| json_text(r#"{"id":7,"path_with_"#),
        "BASE returns project a/b in an unexpected form: EOF while parsing a string",
    ),
    (
        "an object in place of the releases",
        |asked| match asked.number {
            1 => json_text(project(7, "a/b").to_string()),
            _ => json_text("{}"),
        },
        "BASE returns the releases of a/b in an unexpected form: invalid type: map, \
         expected a sequence",
    ),
    (
        "releases that the token may not see",
        |asked| match asked.number {
            1 => json_text(project(7, "a/b").to_string()),
            _ => error(403, "403 Forbidden"),
        },
        "BASE does not show the releases of a/b (403 Forbidden): the token needs the scope read_api \
         and the Reporter role",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_concerns_one_project_leaves_it_out() {
    let app = TestApp::start().await;
    let token = file("gitlab-part.token", TOKEN);
    let arguments = format!("--project a/b --token-file {}", token.display());
    for (name, answer, sentence) in PART {
        let double = Double::start(answer).await;
        let ended = import(&app, &double, &arguments);
        assert_eq!(ended.code, Some(1), "{name}");
        let list = format!(
            "created nothing\n\
             PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
             a/b      -    -     {sentence}\n"
        );
        let stderr = "release-links-admin: left out 1 project: the list says why\n";
        assert_eq!(
            (ended.stdout, ended.stderr.as_str()),
            (list, stderr),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_the_messages_name_the_flag() {
    let app = TestApp::start().await;
    let double = Double::start(|_| error(401, "401 Unauthorized")).await;
    import(&app, &double, "--project a/b").assert_fails(
        "BASE shows project a/b only with a token: pass --token-file; the token needs the scope \
         read_api",
    );
    let double = Double::start(|asked| Instance::default().answer(asked)).await;
    import(&app, &double, "--project a/b --group g").assert(
        1,
        "created nothing\n\
         PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
         a/b      -    -     BASE does not show project a/b: check the name; without --token-file, \
         only public projects are read\n\
         g        -    -     BASE does not show group g: check the name; without --token-file, only \
         public projects are read\n",
        "release-links-admin: left out 2 projects: the list says why\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_instance_gets_no_retry() {
    let app = TestApp::start().await;
    // Nothing listens on a port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    import_from(&app, &base, "--project a/b").assert_fails(
        "cannot connect to BASE (Connection refused): check --from, the network and the proxy",
    );
}
