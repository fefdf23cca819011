//! Large releases: a page shows what fits, and never fails.

use release_links::markdown::{self, Budget};
use release_links::page::MAX_COUNT;
use serde_json::json;

use testkit::app::{TABLE, TestApp};
use testkit::import;

use super::document::Page;
use super::{FEED, LIST, RELEASES, create, delete_seeded};

/// The files on a page and what it says about the others.
async fn shown(app: &TestApp, tag: &str) -> (usize, Vec<String>) {
    let reply = app.get(&format!("/group/app/-/releases/{tag}")).await;
    assert_eq!(reply.status, 200);
    let bytes = serde_json::to_string(&reply.body).unwrap().len();
    assert!(bytes <= 5_000_000, "{bytes}");
    let page = Page::of(&reply);
    let more = page.texts("p").into_iter();
    let more = more.filter(|text| text.starts_with("There ")).collect();
    (page.all("li").count(), more)
}

#[tokio::test]
async fn a_page_shows_2000_files_and_the_number_of_the_others() {
    let app = TestApp::start().await;
    let sentence = |text: &str| vec![format!("There {text}. The API lists all of them.")];
    for (links, files, more) in [
        (2_000, 2_000, vec![]),
        (2_001, 2_000, sentence("is 1 more file")),
        (4_321, 2_000, sentence("are 2,321 more files")),
        (11_000, 2_000, sentence("are at least 8,001 more files")),
    ] {
        let tag = format!("with-{links}");
        import::release(app.database(), TABLE, &tag, links);
        assert_eq!(shown(&app, &tag).await, (files, more), "{links}");
    }
    assert_eq!(MAX_COUNT, 10_000);
}

/// The API refuses such a release, because all of it would not fit.
#[tokio::test]
async fn a_page_with_long_urls_shows_files_until_it_is_full() {
    let app = TestApp::start().await;
    import::long_release(app.database(), TABLE, "long", 1_700, 4_000);
    let description = "\"&<".repeat(100_000);
    let reply = app
        .put(&format!("{RELEASES}/long"), json!({"name": "x"}))
        .await;
    assert_eq!(reply.status, 400, "{reply:?}");
    let (files, more) = shown(&app, "long").await;
    assert!((500..1_300).contains(&files), "{files}");
    let others = 1_700 - files;
    let number = if others >= 1_000 {
        format!("1,{:03}", others - 1_000)
    } else {
        others.to_string()
    };
    assert_eq!(
        more,
        [format!(
            "There are {number} more files. The API lists all of them."
        )]
    );
    create(
        &app,
        json!({"tag_name": "notes", "description": description}),
    )
    .await;
    assert_eq!(shown(&app, "notes").await, (0, vec![]));
}

#[tokio::test]
async fn twenty_large_releases_have_a_list_and_a_feed() {
    let app = TestApp::start().await;
    delete_seeded(&app).await;
    let description = "a < b & \"c\"\n".repeat(300 * 1_024 / 12);
    for n in 0..20 {
        let tag = format!("large{n}");
        import::release(app.database(), TABLE, &tag, 2_000);
        let reply = app
            .put(
                &format!("{RELEASES}/{tag}"),
                json!({"description": description}),
            )
            .await;
        assert_eq!(reply.status, 200);
    }
    let list = app.get(LIST).await;
    let page = Page::of(&list);
    assert_eq!(page.texts("h2").len(), 20);
    assert_eq!(
        page.texts("span")
            .iter()
            .filter(|text| *text == "2,000 files")
            .count(),
        20
    );
    let feed = app.get(FEED).await;
    let text = feed.body.as_str().unwrap();
    let document = roxmltree::Document::parse(text).unwrap();
    let contents = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2005/Atom", "content")));
    let contents: Vec<_> = contents.filter_map(|node| node.text()).collect();
    assert_eq!(contents.len(), 20);
    let cut = &description[..description[..32 * 1_024].rfind('\n').unwrap() + 1];
    let mut budget = Budget::new();
    for content in contents {
        let expected = markdown::render(cut, &mut budget).into_string();
        let rest = "<p>The rest is on the page of the release.</p>";
        assert!(content == expected + rest, "{content}");
    }
    assert!(serde_json::to_string(&feed.body).unwrap().len() < 6_000_000);
}
