//! The JSON of releases, and its measured size.

use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::link::{Digest, Link, LinkId, LinkType};
use crate::project::{ProjectId, ProjectPath, Visibility};
use crate::release::{Details, MAX_RESPONSE_BYTES, ResponseSize};

fn text(max: usize) -> impl Strategy<Value = String> {
    let c = prop_oneof![
        Just('a'),
        Just('"'),
        Just('\\'),
        Just('\n'),
        Just('\u{1}'),
        any::<char>()
    ];
    prop::collection::vec(c, 0..max).prop_map(String::from_iter)
}

fn link() -> impl Strategy<Value = Link> {
    let filepath = prop::option::of(text(130));
    let digest = prop::option::of("[0-9a-f]{64}");
    (
        text(30),
        text(90),
        filepath,
        1..i128::from(i64::MAX),
        digest,
    )
        .prop_map(|(name, url, filepath, id, digest)| Link {
            id: LinkId::new(id).unwrap(),
            name,
            url,
            filepath,
            link_type: LinkType::Runbook,
            digest: digest.map(|digits| Digest::parse(&digits).unwrap()),
        })
}

fn release() -> impl Strategy<Value = ReleaseWithLinks> {
    let details = (
        prop::option::of(text(40)),
        prop::option::of(text(400)),
        text(20),
    );
    let links = prop::collection::vec(link(), 0..9);
    let release = (details, text(60), links, any::<bool>());
    release.prop_map(|((name, description, label), tag, links, is_locked)| {
        let time = Timestamp::from_clock(UNIX_EPOCH);
        let details = Details {
            name,
            description,
            commit: Some("a".repeat(64)),
            author: Some(Author {
                id: TokenId(u64::MAX),
                label,
            }),
        };
        let release = Release {
            project: ProjectId::new(24).unwrap(),
            tag: tag.parse().unwrap(),
            details,
            created_at: time,
            released_at: time,
            immutable_at: is_locked.then_some(time),
        };
        ReleaseWithLinks { release, links }
    })
}

fn project(path: &str) -> Project {
    Project {
        id: ProjectId::new(24).unwrap(),
        path: ProjectPath::parse(path).unwrap(),
        visibility: Visibility::Public,
    }
}

fn public_url() -> PublicUrl {
    PublicUrl::parse("https://links.example.com/prefix").unwrap()
}

/// The JSON of this release for a project with this path.
fn shown(found: &ReleaseWithLinks, path: &str, now: SystemTime) -> (String, ResponseSize) {
    let (public_url, project) = (&public_url(), &project(path));
    let scope = ReleaseScope {
        public_url,
        project,
        shows_author: true,
        shows_html: false,
        now,
    };
    let size = ResponseSize::new(&public_url.project(project));
    (String::from_utf8(scope.release(found)).unwrap(), size)
}

/// The size of a response with this release, and the size that was measured, in bytes.
fn sizes(found: &ReleaseWithLinks, path: &str) -> [usize; 2] {
    let (body, size) = shown(found, path, UNIX_EPOCH);
    let actual = serde_json::to_string(&body).unwrap().len();
    let tag = &found.release.tag;
    let links = found.links.iter().map(|link| size.link_bytes(tag, link));
    let measured = size.release_bytes(&found.release) + links.sum::<usize>();
    [actual, measured]
}

fn release_with(description: String) -> ReleaseWithLinks {
    let created_at = Timestamp::from_clock(UNIX_EPOCH);
    let details = Details {
        description: Some(description),
        ..Details::default()
    };
    ReleaseWithLinks {
        release: Release {
            project: ProjectId::new(24).unwrap(),
            tag: "v1".parse().unwrap(),
            details,
            created_at,
            released_at: created_at,
            immutable_at: None,
        },
        links: Vec::new(),
    }
}

#[test]
fn html_never_enlarges_a_list_beyond_the_limit_of_lambda() {
    let (public_url, project) = (&public_url(), &project("group/app"));
    let scope = ReleaseScope {
        public_url,
        project,
        shows_author: true,
        shows_html: true,
        now: UNIX_EPOCH,
    };
    let size = ResponseSize::new(&public_url.project(project));
    for text in ["\\\\", "\u{7f}", "[](http://b) ", "- a\n"] {
        let found = release_with(text.repeat(307_200 / text.len()));
        for share in [1, 3] {
            let room = MAX_RESPONSE_BYTES / share;
            let count = (room / size.release_bytes(&found.release)).clamp(1, 100);
            let body = String::from_utf8(scope.releases(&vec![found.clone(); count])).unwrap();
            let escaped = serde_json::to_string(&body).unwrap().len();
            assert!(escaped < 6_250_000, "{count} of {text:?}: {escaped} bytes");
        }
    }
}

#[test]
fn a_locked_release_shows_its_lock_before_its_urls() {
    let created_at = Timestamp::from_clock(UNIX_EPOCH);
    let immutable_at = UNIX_EPOCH + Duration::from_millis(20_539);
    let mut found = ReleaseWithLinks {
        release: Release {
            project: ProjectId::new(24).unwrap(),
            tag: "v1".parse().unwrap(),
            details: Details::default(),
            created_at,
            released_at: created_at,
            immutable_at: Some(Timestamp::from_clock(immutable_at)),
        },
        links: Vec::new(),
    };
    let end = r#""_links":{"self":"https://links.example.com/prefix/a/b/-/releases/v1"}}"#;
    for (left, is_immutable) in [(1, false), (0, true)] {
        let now = immutable_at - Duration::from_millis(left);
        let (json, _) = shown(&found, "a/b", now);
        let lock =
            format!(r#""immutable_at":"1970-01-01T00:00:20.539Z","immutable":{is_immutable},"#);
        let expected = format!(r#""evidences":[],{lock}{end}"#);
        assert!(json.ends_with(&expected), "{json}");
    }
    found.release.immutable_at = None;
    let (json, _) = shown(&found, "a/b", immutable_at);
    assert!(
        json.ends_with(&format!(r#""evidences":[],{end}"#)),
        "{json}"
    );
}

proptest! {
    #[test]
    fn a_response_is_a_little_smaller_than_it_was_measured(
        found in release(), path in "[a-z]{1,9}/[a-z]{1,300}",
    ) {
        let [actual, measured] = sizes(&found, &path);
        prop_assert!(actual <= measured, "{actual} bytes measured as {measured}");
        let tag = &found.release.tag;
        let slack = 1_000 + path.len() + 3 * tag.as_str().len() + 100 * found.links.len();
        prop_assert!(measured <= actual + slack, "{actual} bytes measured as {measured}");
    }

    #[test]
    fn a_digest_is_measured_exactly(found in release()) {
        let [actual, measured] = sizes(&found, "group/app");
        let mut without = found;
        for link in &mut without.links {
            link.digest = None;
        }
        let [actual_without, measured_without] = sizes(&without, "group/app");
        prop_assert_eq!(measured - measured_without, actual - actual_without);
    }
}
