//! Projects and former paths that an import leaves out, with the reasons that it lists.

use serde_json::json;

use super::import::{export, get, import, items, link, project, release, with};
use super::run;
use testkit::app::TestApp;

/// Projects that are left out, and the reasons.
const BAD_PROJECTS: [(u64, &str, &str, &str); 11] = [
    (
        24,
        "other/app",
        "public",
        "24 is the ID of another project: create the project with another ID \
         first: `project create --path other/app --id ID`",
    ),
    (
        7,
        "other/app",
        "public",
        "7 is the ID of a hidden project: create the project with another ID \
         first: `project create --path other/app --id ID`",
    ),
    (
        8,
        "other/app",
        "public",
        "8 was the ID of a deleted project: create the project with another ID \
         first: `project create --path other/app --id ID`",
    ),
    (
        0,
        "other/app",
        "public",
        "the ID 0 is not between 1 and 9223372036854775807: create the project with another ID \
         first: `project create --path other/app --id ID`",
    ),
    (
        41,
        "a/hidden",
        "public",
        "project 7 is hidden: `project restore 7` brings it back, and `project purge 7` deletes it \
         for good",
    ),
    (
        41,
        "a/purged",
        "public",
        "a/purged is reserved for project 8, which was deleted: create a project with `project \
         create --take-former-path`, and then import into it",
    ),
    (
        41,
        "A/Former",
        "public",
        "A/Former is a former path of project 9, which is now a/new: create a project with \
         `project create --take-former-path`, and then import into it",
    ),
    (
        41,
        "a/releases/b",
        "public",
        "no part of a path may be releases, which ends the project in request paths",
    ),
    (
        41,
        "api/b",
        "public",
        "the first part of a path must not be api, which is reserved for the API",
    ),
    (
        41,
        "app",
        "public",
        "a path needs a group and a name, such as group/app",
    ),
    (
        41,
        "other/app",
        "internal",
        "visibility \"internal\" is neither private nor public",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_cannot_be_imported_is_left_out_with_the_sentence_that_helps() {
    let app = TestApp::start().await;
    run(&app, "project create --id 7 --path a/hidden");
    run(&app, "project delete 7 --yes");
    run(&app, "project create --id 8 --path a/purged");
    run(&app, "project delete 8 --yes --purge --wait 0s");
    run(&app, "project create --id 9 --path a/former");
    run(&app, "project update 9 --path a/new");
    let before = items(&app).await;
    for (number, (id, path, visibility, reason)) in BAD_PROJECTS.into_iter().enumerate() {
        let bad = with(project(id, path), json!({"visibility": visibility}));
        let [release, link] =
            [release(1), link(1, 1)].map(|line| with(line, json!({"project": id})));
        let text = export(&[bad, release, link]);
        for more in ["", " --dry-run"] {
            let ended = import(&app, &format!("bad-project-{number}"), &text, more);
            let verb = if more.is_empty() {
                "created"
            } else {
                "would create"
            };
            let width = path.len().max("PROJECT".len());
            let table = format!(
                "{verb} nothing\n{:width$}  TAG  LINK  LEFT OUT BECAUSE\n{path:width$}  -    -     \
                 {reason}\n",
                "PROJECT"
            );
            let sentence = "left out 1 project, 1 release and 1 link: the list says why";
            ended.assert(1, &table, &format!("release-links-admin: {sentence}\n"));
        }
    }
    assert_eq!(items(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn former_paths_that_are_not_free_are_left_out_and_the_project_is_not() {
    let app = TestApp::start().await;
    let former = ["x/one", "group/app", "b//c", "x/One", "new/app", "x/two"];
    let text = export(&[with(
        project(31, "new/app"),
        json!({"former_paths": former}),
    )]);
    let table = "PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
                 new/app  -    -     former path b//c: a part of a path has letters, digits, '_', \
                 '-' and '.', and starts with none of the last two\n\
                 new/app  -    -     former path group/app: another project has or had this path, \
                 or there are too many\n";
    let sentence = "release-links-admin: left out 2 former paths: the list says why\n";
    for (more, verb, noun) in [
        (" --dry-run", "would create", "comparing"),
        ("", "created", "importing"),
    ] {
        let ended = import(&app, "former", &text, more);
        let project = format!("{noun} project 31 (new/app, public)\n");
        let output = format!("{verb} 1 project\n{table}");
        ended.assert(1, &output, &format!("{project}{sentence}"));
    }
    for (path, status) in [
        ("x%2Fone", 301),
        ("x%2Ftwo", 301),
        ("new%2Fapp", 200),
        ("group%2Fapp", 200),
    ] {
        let target = format!("/api/v4/projects/{path}/releases");
        assert_eq!(get(&app, &target).await.status, status, "{path}");
    }
    let ids: Vec<u64> = (1..=60).collect();
    let former: Vec<String> = ids.iter().map(|id| format!("many/p{id}")).collect();
    let text = export(&[with(
        project(32, "other/app"),
        json!({"former_paths": former}),
    )]);
    let ended = import(&app, "many", &text, "");
    assert_eq!(
        ended.stdout.lines().count(),
        12,
        "10 of 60 are too many: {ended:?}"
    );
    assert_eq!(
        get(&app, "/api/v4/projects/many%2Fp11/releases")
            .await
            .status,
        301
    );
    assert_eq!(
        get(&app, "/api/v4/projects/many%2Fp10/releases")
            .await
            .status,
        404
    );
}
