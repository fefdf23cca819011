//! The page with the releases of a project.

use serde_json::json;

use testkit::app::{TABLE, TestApp};
use testkit::import;

use super::document::Page;
use super::{LIST, create};

#[tokio::test]
async fn a_page_of_the_list_has_20_releases_and_links_to_its_neighbours() {
    let app = TestApp::start().await;
    import::releases(app.database(), TABLE, 44);
    create(
        &app,
        json!({"tag_name": "soon", "released_at": "2999-01-01"}),
    )
    .await;
    let links: Vec<_> = (0..3)
        .map(|n| json!({"name": n, "url": format!("https://e.com/{n}")}))
        .collect();
    create(
        &app,
        json!({"tag_name": "newest", "name": "The newest", "assets": {"links": links}}),
    )
    .await;
    let (newer, older) = ("← Newer releases", "Older releases →");
    for (number, titles, neighbours) in [
        (1, 20, vec![older]),
        (2, 20, vec![newer, older]),
        (3, 7, vec![newer]),
        (9, 0, vec![newer]),
        (u64::MAX, 0, vec![newer]),
    ] {
        let page = Page::of(&app.get(&format!("{LIST}?page={number}")).await);
        assert_eq!(page.texts("h2").len(), titles, "{number}");
        let pages = page.all("a").filter(|link| {
            link.attributes
                .get("rel")
                .is_some_and(|rel| rel == "prev" || rel == "next")
        });
        let pages: Vec<_> = pages.map(|link| link.text.clone()).collect();
        assert_eq!(pages, neighbours, "{number}");
    }
    let last = Page::of(&app.get(&format!("{LIST}?page=9")).await);
    let newer = "http://127.0.0.1:9000/group/app/-/releases?page=3";
    assert!(last.values("a", "href").contains(&newer));
    let latest = "http://127.0.0.1:9000/group/app/-/releases/permalink/latest";
    assert!(last.values("a", "href").contains(&latest));
    let first = Page::of(&app.get(LIST).await);
    assert_eq!(first.texts("h2")[..2], ["soon", "The newest"]);
    let spans = first.texts("span");
    assert_eq!(spans.iter().filter(|text| *text == "Upcoming").count(), 1);
    assert!(spans.contains(&"3 files".to_owned()) && spans.contains(&"1 file".to_owned()));
}

#[tokio::test]
async fn a_bad_page_is_the_first_one_and_other_parameters_are_ignored() {
    let app = TestApp::start().await;
    import::releases(app.database(), TABLE, 44);
    let first = app.get(LIST).await.body;
    for query in [
        "page=0",
        "page=-1",
        "page=%2B1",
        "page=1e9",
        "page=abc",
        "page=",
        "page",
        "page[]=2",
        "page=1.5",
        "page=99999999999999999999999",
        "page=2&page=1",
        "per_page=5&format=xml&order_by=nothing&foo=bar&page=1",
    ] {
        let reply = app.get(&format!("{LIST}?{query}")).await;
        assert_eq!((reply.status, &reply.body), (200, &first), "{query}");
    }
    let second = app.get(&format!("{LIST}?page=2")).await;
    assert_ne!(second.body, first);
    let last_wins = app.get(&format!("{LIST}?page=1&page=2")).await;
    assert_eq!(last_wins.body, second.body);
}

#[tokio::test]
async fn a_project_without_releases_has_an_empty_list() {
    let app = TestApp::start().await;
    let project = testkit::app::project(
        77,
        "group/empty.atom",
        release_links::project::Visibility::Public,
    );
    app.add(project).await;
    let page = Page::of(&app.get("/group/empty.atom/-/releases").await);
    assert!(
        page.texts("p")
            .contains(&"This project has no releases yet.".to_owned())
    );
    let links = page.texts("a");
    let expected = [
        "group/empty.atom",
        "All releases",
        "Feed",
        "Releases as JSON",
    ];
    assert_eq!(links[..4], expected, "no release is the latest one");
}
