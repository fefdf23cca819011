//! Pages that move or repeat while they are read.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use release_links::timestamp::Timestamp;
use serde_json::{Value, json};
use testkit::app::TestApp;

use super::double::{Double, Instance, link, plain, project, release};
use super::import;
use super::transport::releases;

const PROJECT: &str = "importing project 1 (a/b, public)\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_moves_to_a_late_page_is_found() {
    let app = TestApp::start().await;
    let instance = |releases: Vec<Value>| Instance::with(project(1, "a/b"), releases);
    let (before, after) = (
        instance(releases(1_300)),
        instance(releases(1_300).split_off(1)),
    );
    // The first release is deleted behind the eleventh page, so that the one at the beginning of the
    // twelfth moves to the eleventh.
    let double = Double::start(move |asked| match asked.number {
        ..=12 => before.answer(asked),
        _ => after.answer(asked),
    })
    .await;
    import(&app, &double, "--project a/b --dry-run").assert(
        0,
        "would create 1 project, 1300 releases and 1300 links\n",
        "comparing project 1 (a/b, public)\n",
    );
    assert_eq!(double.requests().len(), 1 + 13 + 13);
}

/// Their number does not show it if one is deleted and another one created.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_moves_while_another_one_is_created_is_found() {
    let app = TestApp::start().await;
    let before = Instance::with(project(1, "a/b"), releases(250));
    // The first release is deleted behind the second page, so that v0200 moves to it.
    let after = move || {
        let mut created = release("new", vec![link(251, "app")]);
        created["created_at"] = json!(Timestamp::from_clock(SystemTime::now()));
        let mut all = releases(250);
        all.push(created);
        Instance::with(project(1, "a/b"), all.split_off(1))
    };
    let changed = OnceLock::new();
    let double = Double::start(move |asked| match asked.number {
        ..=3 => before.answer(asked),
        _ => {
            // The time of an answer has whole seconds.
            let changed = changed.get_or_init(|| {
                std::thread::sleep(Duration::from_millis(1_100));
                after()
            });
            changed.answer(asked)
        }
    })
    .await;
    import(&app, &double, "--project a/b --dry-run").assert(
        0,
        "would create 1 project, 251 releases and 251 links\n",
        "comparing project 1 (a/b, public)\n",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_repeat_may_lack_releases() {
    let app = TestApp::start().await;
    let instance = Instance::with(project(1, "a/b"), Vec::new());
    let list = json!([release("v1", vec![link(1, "app")])]).to_string();
    let double = Double::start(move |asked| match asked.path.ends_with("/releases") {
        true => plain(200, ("link", "<?page=1>; rel=\"next\""), &list),
        false => instance.answer(asked),
    })
    .await;
    import(&app, &double, "--project a/b").assert(
        1,
        "created 1 project, 1 release and 1 link\n\
         PROJECT  TAG  LINK  LEFT OUT BECAUSE\n\
         a/b      -    -     its pages repeat, so more than 1 release could not be read\n",
        &format!("{PROJECT}release-links-admin: left out 1 project: the list says why\n"),
    );
}

/// GitLab shows the tag in place of a name.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_without_a_name_may_have_a_tag_that_is_longer_than_a_name() {
    let app = TestApp::start().await;
    let list = vec![release(&"t".repeat(300), Vec::new())];
    let double = super::serve(Instance::with(project(1, "a/b"), list)).await;
    let created = "created 1 project and 1 release\n";
    import(&app, &double, "--project a/b").assert(0, created, PROJECT);
}
