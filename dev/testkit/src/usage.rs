//! Measures the DynamoDB calls and capacity units of the store's operations, and how they grow with
//! the data.

use std::time::{Duration, SystemTime};

use release_links::idempotency::IdempotencyKey;
use release_links::link::{Digest, LinkId, LinkInput, NewLink};
use release_links::page::Page;
use release_links::patch::Patch;
use release_links::project::{ProjectId, ProjectRef};
use release_links::release::{
    Details, NewRelease, Order, OrderBy, ReleaseChanges, ReleaseKey, ResponseSize,
};
use release_links::store::{Room, Store, StoreSession, Usage};
use release_links::timestamp::Timestamp;
use release_links::token::PlainToken;
use release_links::writer::Writer;

use crate::database::Database;
use crate::{import, seed};

/// The first page of a list, with the default page size.
pub const FIRST_PAGE: Page = Page {
    number: 1,
    per_page: 20,
};

/// The ID of the seeded project.
pub fn project() -> ProjectId {
    ProjectId::new(24).expect("24 is a valid project ID")
}

fn session(store: &Store) -> StoreSession<'_> {
    store.session(Duration::from_secs(30), SystemTime::now())
}

/// Returns the key of a release in the seeded project.
#[must_use]
pub fn release(tag: &str) -> ReleaseKey {
    ReleaseKey {
        project: project(),
        tag: tag.parse().expect("the tag is valid"),
    }
}

/// Returns the right to write in the seeded project.
#[must_use]
pub fn writer() -> Writer {
    Writer::for_tests(project())
}

fn new_link(name: &str) -> NewLink {
    let link = NewLink::new(name, format!("https://e.com/{name}"));
    let link = link.and_then(|link| link.with_filepath(format!("/bin/{name}")));
    link.expect("the link is valid")
}

fn new_link_with_digest(name: &str) -> NewLink {
    NewLink {
        digest: Digest::parse(&"a".repeat(64)).ok(),
        ..new_link(name)
    }
}

fn changes(name: &str) -> LinkInput {
    LinkInput {
        name: Patch::Set(name.to_owned()),
        url: Patch::Set(format!("https://e.com/{name}")),
        filepath: Patch::Set(format!("/bin/{name}")),
        link_type: Patch::Keep,
        digest: Patch::Set("b".repeat(64)),
    }
}

/// Measures each operation on a link with a filepath and a digest, and the lookup of token and project.
pub async fn measure_operations(store: &Store) -> Vec<(&'static str, Usage)> {
    let [first, create, keyed, get, list] = [(); 5].map(|()| session(store));
    let [download, update, delete, identity] = [(); 4].map(|()| session(store));
    let (release, writer) = (release("v9"), writer());
    let tag = &release.tag;
    create_link(&first, &release, new_link_with_digest("first")).await;
    let id = create_link(&create, &release, new_link_with_digest("a")).await;
    create_with_key(&keyed, &release).await;
    get.links(&release).get(id).await.unwrap();
    list.links(&release).list(FIRST_PAGE).await.unwrap();
    let links = download.links(&release);
    links.asset("/bin/a").await.unwrap();
    let [checksum_file, all_checksums] = measure_checksums(store, &release).await;
    let (update_as, delete_as) = (update.write_as(&writer), delete.write_as(&writer));
    update_as.update_link(tag, id, &changes("b")).await.unwrap();
    delete_as.delete_link(tag, id).await.unwrap();
    let token = PlainToken::from(seed::TOKEN.to_owned()).hash();
    identity
        .identify(Some(&token), ProjectRef::parse("24").as_slice())
        .await
        .unwrap();
    vec![
        ("create", create.usage()),
        ("create with an `Idempotency-Key`", keyed.usage()),
        ("create the first link of a release", first.usage()),
        ("get", get.usage()),
        ("list", list.usage()),
        ("download", download.usage()),
        ("download a checksum file", checksum_file),
        ("download `SHA256SUMS`", all_checksums),
        ("update", update.usage()),
        ("delete", delete.usage()),
        ("token and project, when not cached", identity.usage()),
    ]
}

/// Measures the downloads of the checksum file of a file and of that of the release.
async fn measure_checksums(store: &Store, release: &ReleaseKey) -> [Usage; 2] {
    let [of_file, of_release] = [(); 2].map(|()| session(store));
    let links = of_file.links(release);
    let asset = links.asset_or_digest("/bin/a.sha256", "/bin/a").await;
    assert!(asset.unwrap().digest.is_some());
    let links = of_release.links(release);
    links.asset("/SHA256SUMS").await.unwrap();
    let releases = of_release.releases();
    releases.get(release, response_size()).await.unwrap();
    [of_file, of_release].map(|session| session.usage())
}

async fn create_link(session: &StoreSession<'_>, release: &ReleaseKey, new: NewLink) -> LinkId {
    let writer = writer();
    let session = session.write_as(&writer);
    let created = session.create_link(&release.tag, new, None).await;
    created.unwrap().link.id
}

async fn create_with_key(session: &StoreSession<'_>, release: &ReleaseKey) {
    let new = new_link_with_digest("keyed");
    let key = IdempotencyKey::parse(b"key").unwrap().unwrap();
    let writer = writer();
    let session = session.write_as(&writer);
    let created = session.create_link(&release.tag, new, Some(&key)).await;
    created.unwrap();
}

/// Measures responses about releases of the project.
fn response_size() -> ResponseSize {
    ResponseSize::new("https://links.example.com/group/app")
}

/// A release with this number of links with filepaths.
fn new_release(links: u32) -> NewRelease {
    NewRelease {
        details: Details::default(),
        released_at: None,
        links: (0..links).map(|n| new_link(&format!("l{n}"))).collect(),
        is_immutable: false,
    }
}

/// Measures each operation on a release with 20 links with filepaths, in a project with 100
/// releases.
pub async fn measure_releases(store: &Store, database: &Database, table: &str) -> Releases {
    let [create, get, latest, update, delete] = [(); 5].map(|()| session(store));
    let (key, new) = (release("v20"), new_release(20));
    import::releases(database, table, 99);
    create_release(&create, &key, &new).await;
    get.releases().get(&key, response_size()).await.unwrap();
    let list = measure_list(store, OrderBy::ReleasedAt, FIRST_PAGE).await;
    let by_creation = measure_list(store, OrderBy::CreatedAt, FIRST_PAGE).await;
    latest.releases().latest(project()).await.unwrap();
    let [page, pages, feed] = measure_pages(store, &key).await;
    let changes = ReleaseChanges {
        released_at: Some(Timestamp::from_clock(SystemTime::UNIX_EPOCH)),
        ..ReleaseChanges::default()
    };
    update_release(&update, &key, &changes).await;
    delete_release(&delete, &key).await;
    let mut usages = vec![
        ("create a release", create.usage()),
        ("get a release", get.usage()),
        ("get a release with 100 links", measure_large(store).await),
        ("list 20 releases", list),
        ("list 20 releases by `created_at`", by_creation),
        ("find the latest release", latest.usage()),
        ("show the page of a release", page),
        ("show the list of releases", pages),
        ("show the feed", feed),
        ("update a release", update.usage()),
        ("delete a release", delete.usage()),
    ];
    usages.extend(measure_description(store).await);
    usages
}

/// Measures the page of a release, the one with the releases, and the feed.
async fn measure_pages(store: &Store, key: &ReleaseKey) -> [Usage; 3] {
    let [page, list, feed] = [(); 3].map(|()| session(store));
    let room = Room {
        links: 2_000,
        bytes: 5_000_000,
    };
    page.releases().show(key, room).await.unwrap();
    list.releases()
        .summaries(project(), FIRST_PAGE)
        .await
        .unwrap();
    let now = Timestamp::from_clock(SystemTime::now());
    let shown = feed.releases();
    let found = shown.latest_until(project(), now, (20, 32_768)).await;
    assert_eq!(found.unwrap().len(), 20);
    [page.usage(), list.usage(), feed.usage()]
}

/// Measures how a release becomes immutable: from its creation on, or later.
pub async fn measure_locks(store: &Store) -> Releases {
    let [create, lock] = [(); 2].map(|()| session(store));
    let [new, old] = ["v21", "v22"].map(release);
    let immutable = NewRelease {
        is_immutable: true,
        ..new_release(20)
    };
    create_release(&create, &new, &immutable).await;
    create_release(&session(store), &old, &new_release(20)).await;
    let changes = ReleaseChanges {
        immutable: Some(true),
        ..ReleaseChanges::default()
    };
    update_release(&lock, &old, &changes).await;
    vec![
        ("create an immutable release", create.usage()),
        ("make a release immutable", lock.usage()),
    ]
}

async fn create_release(session: &StoreSession<'_>, key: &ReleaseKey, new: &NewRelease) {
    let writer = writer();
    let session = session.write_as(&writer);
    session.create_release(&key.tag, new, None).await.unwrap();
}

async fn update_release(session: &StoreSession<'_>, key: &ReleaseKey, changes: &ReleaseChanges) {
    let writer = writer();
    let session = session.write_as(&writer);
    let updated = session.update_release(&key.tag, changes, response_size());
    updated.await.unwrap();
}

async fn delete_release(session: &StoreSession<'_>, key: &ReleaseKey) {
    let writer = writer();
    let session = session.write_as(&writer);
    session.delete_release(&key.tag).await.unwrap();
}

/// Measures a page of the project's releases.
pub async fn measure_list(store: &Store, by: OrderBy, page: Page) -> Usage {
    let session = session(store);
    let order = Order {
        by,
        ..Order::default()
    };
    let list = session
        .releases()
        .list(project(), order, page, response_size());
    list.await.unwrap();
    session.usage()
}

/// Measures a GET of a release that exceeds one query.
async fn measure_large(store: &Store) -> Usage {
    let (key, get) = (release("v100"), session(store));
    let new = new_release(100);
    let create = session(store);
    create_release(&create, &key, &new).await;
    get.releases().get(&key, response_size()).await.unwrap();
    // The other measurements expect the imported releases alone.
    delete_release(&session(store), &key).await;
    get.usage()
}

/// Measures the longest description, of a release without links.
async fn measure_description(store: &Store) -> Releases {
    let [create, update, get] = [(); 3].map(|()| session(store));
    let description = "x".repeat(300 * 1024);
    let key = release("described");
    let new = NewRelease {
        details: Details {
            description: Some(description.clone()),
            ..Details::default()
        },
        released_at: None,
        links: Vec::new(),
        is_immutable: false,
    };
    create_release(&create, &key, &new).await;
    let changes = ReleaseChanges {
        description: Patch::Set(description),
        ..ReleaseChanges::default()
    };
    update_release(&update, &key, &changes).await;
    get.releases().get(&key, response_size()).await.unwrap();
    // The other measurements expect the imported releases alone.
    delete_release(&session(store), &key).await;
    vec![
        (
            "create a release with a description of 300 KiB",
            create.usage(),
        ),
        ("update such a release", update.usage()),
        ("get such a release", get.usage()),
    ]
}

/// The usage of operations on releases.
pub type Releases = Vec<(&'static str, Usage)>;

/// Measures the listing of one page.
pub async fn measure_page(store: &Store, tag: &str, number: u64) -> Usage {
    let list = session(store);
    let page = Page {
        number,
        ..FIRST_PAGE
    };
    list.links(&release(tag)).list(page).await.unwrap();
    list.usage()
}

/// Measures the creation of a link with a filepath and a URL of this length.
pub async fn measure_create(store: &Store, url_characters: usize) -> Usage {
    create_link(&session(store), &release("long"), new_link("first")).await;
    let create = session(store);
    let url = format!("https://e.com/{}", "x".repeat(url_characters - 14));
    let new = NewLink::new("long", url)
        .and_then(|link| link.with_filepath("/bin/long"))
        .unwrap();
    create_link(&create, &release("long"), new).await;
    create.usage()
}

/// The cost of the operations on a release with the links `n1`, `n2`, and so on. Only the cost of
/// the list may grow with the number of links.
pub struct Growth {
    /// Listing the first page.
    pub list: Usage,
    /// Getting one link.
    pub get: Usage,
    /// Creating a link.
    pub create: Usage,
    /// Redirecting a download.
    pub download: Usage,
    /// The total number of links that the list reports.
    pub counted: u64,
}

impl Growth {
    /// Measures the operations on this release. The link that this creates is deleted again.
    pub async fn measure(store: &Store, tag: &str) -> Self {
        let [list, get, create, download] = [(); 4].map(|()| session(store));
        let release = &release(tag);
        let page = list.links(release).list(FIRST_PAGE).await.unwrap();
        let first = LinkId::new(1).unwrap();
        get.links(release).get(first).await.unwrap();
        let links = download.links(release);
        links.asset("/bin/n1").await.unwrap();
        let id = create_link(&create, release, new_link("one-more")).await;
        let (deletion, writer) = (session(store), writer());
        let deletion = deletion.write_as(&writer);
        deletion.delete_link(&release.tag, id).await.unwrap();
        let [list, get, create, download] =
            [list, get, create, download].map(|session| session.usage());
        Self {
            list,
            get,
            create,
            download,
            counted: page.counted,
        }
    }
}

/// The DynamoDB price in dollars of a million requests with this usage, on demand in us-east-1:
/// $0.125 per million read units, $0.625 per million write units.
pub fn dollars(usage: Usage) -> f64 {
    usage.read_units * 0.125 + usage.write_units * 0.625
}

/// Formats dollars with two decimals, and rounds half a cent up.
pub fn cents(dollars: f64) -> String {
    format!("${:.2}", (dollars * 100.0).round() / 100.0)
}
