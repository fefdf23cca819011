//! Pages and releases that another release-links cannot send, because they are too large.

use axum::response::Response;
use testkit::app::TestApp;

use super::double::{Asked, Double, Instance, error};
use super::import;
use super::transport::instance;

/// The first twelve releases do not fit into a response, not even alone.
#[tokio::test(flavor = "multi_thread")]
async fn releases_after_many_that_are_too_large_are_read() {
    let app = TestApp::start().await;
    let instance = instance(30);
    let double = Double::start(move |asked| {
        let (page, size) = (asked.number_of("page", 1), asked.number_of("per_page", 1));
        match asked.query.contains_key("page") && (page - 1) * size < 12 {
            true if size == 1 => {
                let tag = page - 1;
                let message = format!("The release v{tag:04} is larger than a response can be");
                error(400, &message)
            }
            true => error(400, "The page is larger than a response can be"),
            false => instance.answer(asked),
        }
    })
    .await;
    let rows: String = (0..12)
        .map(|n| {
            format!(
                "a/b      -    -     The release v{n:04} is larger than a response can be: `export` \
                 there and `import --file` here take it over\n"
            )
        })
        .collect();
    import(&app, &double, "--project a/b").assert(
        1,
        &format!(
            "created 1 project, 18 releases and 18 links\nPROJECT  TAG  LINK  LEFT OUT BECAUSE\n{rows}"
        ),
        "importing project 1 (a/b, public)\n\
         release-links-admin: left out 12 releases: the list says why\n",
    );
}

/// Answers as another release-links does if a page of releases does not fit into a response, which
/// is here one of more than 20, or with `v0007`.
fn limited(instance: &Instance, asked: &Asked) -> Response {
    let size: usize = asked
        .query
        .get("per_page")
        .map_or(0, |size| size.parse().unwrap());
    let page: usize = asked
        .query
        .get("page")
        .map_or(1, |page| page.parse().unwrap());
    if size > 20 || (size > 1 && (page - 1) * size <= 7 && 7 < page * size) {
        let message = "The page is larger than a response can be (6 MB), choose a smaller per_page";
        return error(400, message);
    }
    if size == 1 && page == 8 {
        let message = "The release v0007 is larger than a response can be (6 MB), list its links with \
                       GET …/releases/:tag_name/assets/links";
        return error(400, message);
    }
    instance.answer(asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_too_large_is_read_in_halves() {
    let app = TestApp::start().await;
    let instance = instance(30);
    let double = Double::start(move |asked| limited(&instance, asked)).await;
    import(&app, &double, "--project a/b").assert(
        1,
        "created 1 project, 29 releases and 29 links\n\
         PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
         a/b      -    -     The release v0007 is larger than a response can be (6 MB): `export` there \
         and `import --file` here take it over\n",
        "importing project 1 (a/b, public)\n\
         release-links-admin: left out 1 release: the list says why\n",
    );
}
