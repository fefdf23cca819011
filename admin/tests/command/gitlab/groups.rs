//! The import of groups, and of several projects.

use serde_json::{Value, json};
use testkit::app::TestApp;

use super::double::{Double, Instance, error, link, project, release};
use super::{admin, file, get, import, serve, token};

/// The query of the projects of a group.
const QUERY: &str =
    "include_subgroups=true&with_shared=false&order_by=id&sort=asc&page=1&per_page=100";

fn one_release(tag: &str) -> Vec<Value> {
    vec![release(tag, vec![link(1, tag)])]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_projects_of_a_group_that_have_releases_are_imported() {
    let app = TestApp::start().await;
    let archived = json!({
        "id": 2, "path_with_namespace": "g/sub/archived", "archived": true, "visibility": "public",
    });
    let off = json!({
        "id": 4, "path_with_namespace": "g/off", "visibility": "public",
        "releases_access_level": "disabled",
    });
    let shared = project(5, "group-of-others/app");
    let projects = vec![
        project(1, "g/app"),
        archived,
        project(3, "g/empty"),
        off,
        shared,
    ];
    let double = serve(Instance {
        groups: [("g", projects)].into(),
        releases: [
            (1, one_release("v1")),
            (2, one_release("v2")),
            (5, one_release("v5")),
        ]
        .into(),
        ..Instance::default()
    })
    .await;
    import(&app, &double, "--group g --project g/app").assert(
        0,
        "created 2 projects, 2 releases and 2 links\n",
        "importing project 1 (g/app, public)\nimporting project 2 (g/sub/archived, public)\n",
    );
    let releases = |id: u8| {
        format!(
            "GET /api/v4/projects/{id}/releases?order_by=created_at&sort=asc&page=1&per_page=100"
        )
    };
    let expected = [
        "GET /api/v4/projects/g%2Fapp".to_owned(),
        releases(1),
        format!("GET /api/v4/groups/g/projects?{QUERY}"),
        releases(2),
        releases(3),
    ];
    assert_eq!(double.requests(), expected);
    let listed = admin(&app, "project list");
    assert!(!listed.stdout.contains("g/empty"), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_without_releases_is_mentioned() {
    let app = TestApp::start().await;
    let mut empty = project(3, "h/empty");
    empty["visibility"] = json!("internal");
    let double = serve(Instance {
        token: Some("glpat-of-a-reporter-0002"),
        groups: [("g", Vec::new()), ("h", vec![empty])].into(),
        ..Instance::default()
    })
    .await;
    let path = file("gitlab-empty.token", "glpat-of-a-reporter-0002");
    let arguments = format!("--token-file {}", path.display());
    import(&app, &double, &format!("--group g --group h {arguments}")).assert(
        0,
        "created nothing\n\
         group g has no projects with releases\n\
         group h has no projects with releases\n",
        "",
    );
    // A project that was named is created, also without releases.
    let arguments = format!("--project h/empty {arguments}");
    import(&app, &double, &arguments).assert(
        0,
        "created 1 project\nproject h/empty is internal there and becomes private here\n",
        "importing project 3 (h/empty, private)\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_disappears_does_not_stop_the_others() {
    let app = TestApp::start().await;
    let many = (0..101)
        .map(|n| release(&format!("v{n:03}"), Vec::new()))
        .collect();
    let instance = Instance {
        groups: [(
            "g",
            vec![
                project(1, "g/gone"),
                project(2, "g/hidden"),
                project(3, "g/app"),
            ],
        )]
        .into(),
        releases: [(1, many), (3, one_release("v1"))].into(),
        ..Instance::default()
    };
    let double = Double::start(move |asked| match asked.path.as_str() {
        "/api/v4/projects/1/releases" if asked.line.contains("&page=2") => {
            error(404, "404 Project Not Found")
        }
        "/api/v4/projects/2/releases" => error(403, "403 Forbidden"),
        _ => instance.answer(asked),
    })
    .await;
    import(&app, &double, "--group g").assert(
        1,
        "created 2 projects, 101 releases and 1 link\n\
         PROJECT   TAG  LINK  LEFT OUT BECAUSE\n\
         g/gone    -    -     only 100 releases could be read: BASE does not show the releases of \
         g/gone: check the name; without --token-file, only public projects are read\n\
         g/hidden  -    -     BASE does not show the releases of g/hidden (403 Forbidden): the token \
         needs the scope read_api and the Reporter role\n",
        "importing project 1 (g/gone, public)\n\
         importing project 3 (g/app, public)\n\
         release-links-admin: left out 2 projects: the list says why\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_whose_id_or_path_is_taken_is_left_out() {
    let app = TestApp::start().await;
    let double = serve(Instance {
        projects: vec![
            project(24, "tools/app"),
            project(25, "group/app"),
            project(26, "api/releases/app"),
            project(27, "tools/releases"),
        ],
        releases: [(24, one_release("v1")), (25, one_release("v2"))].into(),
        ..Instance::default()
    })
    .await;
    let projects = "--project 24 --project 25=7 --project 26 --project tools/releases";
    import(&app, &double, projects).assert(
        1,
        "created 1 release and 1 link\n\
         already existed: 1 project\n\
         PROJECT           TAG  LINK  LEFT OUT BECAUSE\n\
         tools/app         -    -     24 is the ID of another project: create the project with \
         another ID first: `project create --path tools/app --id ID`\n\
         api/releases/app  -    -     no part of a path may be releases, which ends the project in \
         request paths\n\
         tools/releases    -    -     no part of a path may be releases, which ends the project in \
         request paths\n",
        "importing project 24 (group/app, public)\n\
         release-links-admin: left out 3 projects: the list says why\n",
    );
    import(&app, &double, "--project tools/app=70").assert(
        0,
        "created 1 project, 1 release and 1 link\n",
        "importing project 70 (tools/app, public)\n",
    );
    let token = token(&app);
    let shown = get(&app, &token, "/api/v4/projects/70/releases/v1").await;
    assert_eq!(shown["assets"]["links"][0]["id"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_project_needs_the_token() {
    let app = TestApp::start().await;
    let mut private = project(8, "tools/secret");
    private["visibility"] = json!("private");
    let double = serve(Instance {
        token: Some("glpat-of-a-reporter-0001"),
        ..Instance::with(private, one_release("v1"))
    })
    .await;
    let path = file("gitlab-private.token", "glpat-of-a-reporter-0001\n");
    let arguments = format!("--project tools/secret --token-file {}", path.display());
    import(&app, &double, &arguments).assert(
        0,
        "created 1 project, 1 release and 1 link\n",
        "importing project 8 (tools/secret, private)\n",
    );
    assert!(
        double
            .requests()
            .iter()
            .all(|line| line.ends_with(" glpat-of-a-reporter-0001"))
    );
}

/// Most of them have switched releases off, so that the test is short.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_may_have_ten_thousand_projects() {
    let app = TestApp::start().await;
    let project = |id: u64| {
        let mut project = project(id, &format!("g/p{id}"));
        if !id.is_multiple_of(100) {
            project["releases_access_level"] = json!("disabled");
        }
        project
    };
    let releases = (1..=100).map(|n| (n * 100, one_release("v1"))).collect();
    let groups = [("g", (1..=10_000).map(project).collect())].into();
    let double = serve(Instance {
        groups,
        releases,
        ..Instance::default()
    })
    .await;
    let ended = import(&app, &double, "--group g --dry-run");
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (
            Some(0),
            "would create 100 projects, 100 releases and 100 links\n"
        )
    );
    assert_eq!(double.requests().len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_releases_take_a_hundred_requests() {
    let app = TestApp::start().await;
    let releases = (0..10_000)
        .map(|n| release(&format!("v{n}"), Vec::new()))
        .collect();
    let double = serve(Instance::with(project(9, "g/many"), releases)).await;
    import(&app, &double, "--project 9 --dry-run").assert(
        0,
        "would create 1 project and 10000 releases\n",
        "comparing project 9 (g/many, public)\n",
    );
    assert_eq!(double.requests().len(), 101);
}
