//! An import into releases that exist, that existed, or that a client began to create.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::import::{RELEASES, example, export, get, import, items, link, project, release, with};
use super::{admin, run};
use testkit::app::{TABLE, TestApp};
use testkit::event::Event;
use testkit::invariants::assert_invariants;

/// The release that has the links 3 and 5 here, in a project with another ID, with more links and with
/// changes.
fn grown() -> String {
    let of_99 = |line: Value| with(line, json!({"project": 99}));
    let (changed, same) = (
        json!({"name": "other", "url": "https://e.com/other"}),
        json!({"url": "https://e.com/1/9", "filepath": "/bin/n9"}),
    );
    let release = with(
        release(1),
        json!({"description": "New", "last_link_id": 20}),
    );
    export(&[
        project(99, "new/app"),
        of_99(release),
        of_99(link(1, 2)),
        of_99(link(1, 3)),
        of_99(with(link(1, 5), changed)),
        of_99(link(1, 9)),
        of_99(with(link(1, 8), json!({"name": "n3"}))),
        of_99(with(link(1, 11), same)),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_release_gets_only_links_whose_ids_were_never_given() {
    let app = TestApp::start().await;
    let first = [project(31, "new/app"), release(1), link(1, 3), link(1, 5)];
    assert_eq!(import(&app, "grown", &export(&first), "").code, Some(0));
    let table = "PROJECT  TAG  LINK     LEFT OUT BECAUSE\n\
                 new/app  v1   2 n2     its ID was assigned here before: create the link through \
                 the API, with a new ID\n\
                 new/app  v1   5 other  another link has its ID\n\
                 new/app  v1   8 n3     Name has already been taken\n\
                 new/app  v1   11 n11   Url has already been taken, Filepath has already been taken\n";
    let sentence = "release-links-admin: left out 4 links: the list says why\n";
    for (more, verb, noun, added, existing) in [
        (
            " --dry-run",
            "would create",
            "comparing",
            "1 link",
            "1 link",
        ),
        ("", "created", "importing", "1 link", "1 link"),
        ("", "created", "importing", "nothing", "2 links"),
    ] {
        let ended = import(&app, "grown-2", &grown(), more);
        let output = format!(
            "{verb} {added}\nalready existed: 1 project, 1 release and {existing}\n{table}"
        );
        let project = format!("{noun} project 31 (new/app, public)\n");
        ended.assert(1, &output, &format!("{project}{sentence}"));
    }
    let shown = get(&app, &format!("{RELEASES}/v1")).await.body;
    assert_eq!(shown["description"], Value::Null, "it stays as it was");
    let links = get(&app, &format!("{RELEASES}/v1/assets/links")).await;
    assert_eq!(links.ids(), [9, 5, 3]);
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_release_is_imported_only_with_recreate() {
    let app = TestApp::start().await;
    let text = export(&[project(31, "new/app"), release(1), link(1, 3), link(1, 5)]);
    assert_eq!(import(&app, "deleted", &text, "").code, Some(0));
    run(&app, "release delete v1 --project 31 --yes");
    let before = items(&app).await;
    let table = "already existed: 1 project\n\
                 PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
                 new/app  v1   -     it was deleted here: `--recreate` imports it, and `release \
                 restore v1 --project 31 --from TABLE` restores it from another table\n";
    let sentence = "release-links-admin: left out 1 release and 2 links: the list says why\n";
    for (more, verb, noun) in [
        (" --dry-run", "would create", "comparing"),
        ("", "created", "importing"),
    ] {
        let ended = import(&app, "deleted", &text, more);
        let project = format!("{noun} project 31 (new/app, public)\n");
        ended.assert(
            1,
            &format!("{verb} nothing\n{table}"),
            &format!("{project}{sentence}"),
        );
        assert_eq!(items(&app).await, before);
    }
    let again = import(&app, "deleted", &text, " --recreate");
    let output = "created 1 release and 2 links\nalready existed: 1 project\n";
    again.assert(0, output, "importing project 31 (new/app, public)\n");
    let links = get(&app, &format!("{RELEASES}/v1/assets/links")).await;
    assert_eq!(links.ids(), [5, 3]);
    assert_invariants(&app.items().await);
}

/// The release has an item, because a client began to create a link in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_tag_whose_release_never_lived_is_imported() {
    let app = TestApp::start().await;
    run(&app, "project create --id 31 --path new/app");
    let created = admin(&app, "token create --label ci --grant 31=maintainer");
    let bad =
        json!({"tag_name": "v1", "assets": {"links": [{"name": "a", "url": "https://e.com/a"}]}});
    let event = Event::new("POST", RELEASES).token(created.stdout.trim());
    assert_eq!(app.send(event.json(bad)).await.status, 201);
    for item in app.items().await {
        let [pk, sk] = ["pk", "sk"].map(|name| item[name].as_s().unwrap().clone());
        if pk == "31#v1" && sk != "release" || pk == "31/releases" {
            app.remove(&pk, &sk).await;
        }
    }
    let update = app.client.update_item().table_name(TABLE);
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let update = update.key("pk", key("31#v1")).key("sk", key("release"));
    let update = update
        .update_expression("REMOVE created_at, released_at, generation, version, links_at_birth");
    update.send().await.unwrap();
    let text = export(&[project(31, "new/app"), release(1), link(1, 1)]);
    let ended = import(&app, "reserved", &text, "");
    let output = "created 1 release and 1 link\nalready existed: 1 project\n";
    ended.assert(0, output, "importing project 31 (new/app, private)\n");
    assert_invariants(&app.items().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_an_immutable_release_lacks_are_listed() {
    let app = TestApp::start().await;
    assert_eq!(
        import(&app, "immutable", &export(&example()), "").code,
        Some(0)
    );
    let text = export(&[project(31, "new/app"), release(2), link(2, 4), link(2, 8)]);
    let ended = import(&app, "immutable-2", &text, "");
    ended.assert(
        1,
        "created nothing\nalready existed: 1 project, 1 release and 1 link\n\
         PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
         new/app  v2   8 n8  the release is immutable: unlock it first\n",
        "importing project 31 (new/app, public)\n\
         release-links-admin: left out 1 link: the list says why\n",
    );
}
