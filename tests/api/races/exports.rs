//! The operator's command `export` while the release that it reads changes, by the functions behind
//! it.

use std::time::Duration;

use release_links::store::StoreError;
use release_links::store::operator::{ExportedRelease, Operator, Part};
use serde_json::json;
use testkit::usage;

use super::calls::creates_release;
use super::world::{Process, V1, V1_LINKS, World, creation, is_held, link, many_links};

/// Time limit for reading a whole release.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// Number of links of the release, which take two queries.
const LINKS: usize = 120;

/// What happens to the release while it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Deleted,
    /// It is deleted, and a creation with 60 links is killed before its last transaction.
    StagedAnew,
    /// It is deleted, and created with 60 links.
    MadeAnew,
    /// It gets another name.
    Renamed,
    /// Its first link is deleted, its second one is renamed, and another one is created.
    Edited,
}

/// What an export has of the release: its name, and the names of its links by ID.
#[derive(Debug)]
struct Exported {
    release: ExportedRelease,
    links: Vec<(u64, String)>,
}

impl Exported {
    /// Whether it has all links of a creation with this prefix, and no others.
    fn has_all(&self, prefix: &str, count: usize) -> bool {
        let expected = (0..count).map(|n| (n as u64 + 1, format!("{prefix}{n}")));
        let last = self.links.last().map_or(0, |(id, _)| *id);
        let names = self.links.iter().map(|(_, name)| name.clone());
        names.eq(expected.map(|(_, name)| name)) && last <= self.release.last_link_id
    }

    /// Whether it has each link that existed throughout exactly once, and no link that never existed.
    fn has_edited(&self) -> bool {
        let names: Vec<&str> = self.links.iter().map(|(_, name)| name.as_str()).collect();
        let lasting: Vec<String> = (2..LINKS).map(|n| format!("old{n}")).collect();
        let is_one_of = |known: &[&str], n: usize| known.contains(names.get(n).unwrap_or(&""));
        let first = usize::from(is_one_of(&["old0"], 0));
        let end = first + 1 + lasting.len();
        let rest = names.get(end..).unwrap_or(&["nothing"]);
        is_one_of(&["old1", "renamed"], first)
            && names[first + 1..end].iter().eq(&lasting)
            && (rest.is_empty() || rest == ["late"])
            && self.links.is_sorted_by(|(a, _), (b, _)| a < b)
            && self
                .links
                .last()
                .is_some_and(|(id, _)| *id <= self.release.last_link_id)
    }
}

/// Exports the release; `None` if it does not exist.
async fn export(operator: Operator) -> Option<Exported> {
    let session = operator.session(RELEASE_TIMEOUT);
    let releases = session.releases();
    let begun = releases
        .begin_export(&usage::release("v1"))
        .await
        .unwrap()?;
    let mut links = Vec::new();
    let take = |part| {
        match part {
            Part::Beginning => links.clear(),
            Part::Links(more) => links.extend(more),
        }
        Ok::<_, StoreError>(())
    };
    let release = releases.finish_export(begun, take).await.unwrap()?;
    let links = links
        .into_iter()
        .map(|read| (read.link.id.number(), read.link.name));
    Some(Exported {
        release,
        links: links.collect(),
    })
}

async fn make(app: &Process, change: Change) {
    match change {
        Change::Renamed => assert_eq!(app.put(V1, json!({"name": "Two"})).await.status, 200),
        Change::Edited => {
            assert_eq!(app.delete(&format!("{V1_LINKS}/1")).await.status, 200);
            let second = format!("{V1_LINKS}/2");
            let renamed = app.put(&second, json!({"name": "renamed"})).await;
            assert_eq!(renamed.status, 200);
            assert_eq!(app.post(V1_LINKS, link("late")).await.status, 201);
        }
        _ => app.delete_release().await,
    }
    let links = many_links("new", 60);
    match change {
        Change::StagedAnew => app.killed_before(creation(links), creates_release).await,
        Change::MadeAnew => drop(app.create(links).await),
        _ => {}
    }
}

/// Whether the export is of one life and one version of the release.
fn is_whole(exported: Option<&Exported>, change: Change) -> bool {
    let Some(exported) = exported else {
        return !matches!(change, Change::Renamed | Change::Edited);
    };
    match change {
        Change::Deleted | Change::StagedAnew => false,
        Change::MadeAnew => exported.has_all("new", 60),
        Change::Renamed => {
            let name = exported.release.release.details.name.as_deref();
            name == Some("Two") && exported.has_all("old", LINKS)
        }
        Change::Edited => exported.has_edited(),
    }
}

/// Exports the release, and waits at each call in turn while it changes.
async fn export_during(change: Change) {
    for n in 1.. {
        let world = World::start().await;
        let app = world.process();
        app.create(many_links("old", LINKS)).await;
        let slow = world.process();
        let hold = slow.hold_nth(n, |_| true);
        let export = tokio::spawn(export(slow.operator.clone()));
        if !is_held(&hold, &export).await {
            assert!(n > 3, "an export takes several calls");
            assert!(export.await.unwrap().unwrap().has_all("old", LINKS));
            return;
        }
        make(&app, change).await;
        hold.release();
        let exported = export.await.unwrap();
        assert!(
            is_whole(exported.as_ref(), change),
            "call {n}: {exported:?}"
        );
        world.assert_consistent().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_export_leaves_out_a_release_that_is_deleted_while_it_is_read() {
    export_during(Change::Deleted).await;
    export_during(Change::StagedAnew).await;
}

#[tokio::test(start_paused = true)]
async fn an_export_of_a_recreated_release_is_of_one_life() {
    export_during(Change::MadeAnew).await;
}

#[tokio::test(start_paused = true)]
async fn an_export_of_a_release_that_changes_is_of_one_version() {
    export_during(Change::Renamed).await;
}

#[tokio::test(start_paused = true)]
async fn an_export_has_every_link_that_existed_throughout() {
    export_during(Change::Edited).await;
}
