//! `release-links-admin project …`.

use release_links::project::Visibility;
use serde_json::json;

use super::{KEPT, admin, command, ended};
use testkit::app::{TestApp, project};
use testkit::event::Event;

#[tokio::test(flavor = "multi_thread")]
async fn projects_can_be_listed_shown_and_updated() {
    let app = TestApp::start().await;
    app.add(project(7, "secret/app", Visibility::Private)).await;
    insta::assert_snapshot!(admin(&app, "project list").stdout, @r"
    ID  PATH        VISIBILITY
    7   secret/app  private
    24  group/app   public
    ");
    let seven = json!({"id": 7, "path": "secret/app", "visibility": "private"});
    let documented = json!({"id": 24, "path": "group/app", "visibility": "public"});
    assert_eq!(
        admin(&app, "project list --json").json(),
        json!([seven, documented])
    );
    for which in ["7", "--id 7", "secret/app", "SECRET/App"] {
        assert_eq!(
            admin(&app, &format!("project show {which} --json")).json(),
            seven,
            "{which}"
        );
    }
    insta::assert_snapshot!(admin(&app, "project show 7").stdout, @r"
    ID  PATH        VISIBILITY
    7   secret/app  private
    ");
    let delay = "running functions may take up to 30 s to notice, if the stack's \
                 IdentityCacheSeconds is 30";
    let updated = admin(&app, "project update 7 --visibility public --path open/app");
    updated.assert(
        0,
        &format!("updated project 7 (open/app, public); {delay}\n{KEPT}"),
        "",
    );
    let event = |path: &str| {
        Event::new(
            "GET",
            &format!("/api/v4/projects/{path}/releases/v1/assets/links"),
        )
        .anonymous()
    };
    let project_not_found = json!({"message": "404 Project Not Found"});
    app.send(event("open%2Fapp"))
        .await
        .assert(404, json!({"message": "404 Not found"}));
    app.send(event("missing%2Fapp"))
        .await
        .assert(404, project_not_found);
    let recased = admin(&app, "project update open/app --path Open/App");
    recased.assert(
        0,
        &format!("updated project 7 (Open/App, public); {delay}\n{KEPT}"),
        "",
    );
    let uncached = ended(
        command(app.address, "project update 7 --path a/b").env("IDENTITY_CACHE_SECONDS", "0"),
    );
    uncached.assert(0, &format!("updated project 7 (a/b, public)\n{KEPT}"), "");
    assert_eq!(admin(&app, "project list --json").json()[0]["path"], "a/b");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cache_may_keep_is_said_only_of_what_was_public() {
    let app = TestApp::start().await;
    app.add(project(7, "open/app", Visibility::Public)).await;
    let delay = "running functions may take up to 30 s to notice, if the stack's \
                 IdentityCacheSeconds is 30";
    let hidden = admin(&app, "project update 7 --visibility private");
    hidden.assert(
        0,
        &format!("updated project 7 (open/app, private); {delay}\n{KEPT}"),
        "",
    );
    let of_private = admin(&app, "project update 7 --path a/c");
    of_private.assert(
        0,
        &format!("updated project 7 (a/c, private); {delay}\n"),
        "",
    );
}
