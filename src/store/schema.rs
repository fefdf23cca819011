//! The catalogue of the table's items: their keys, their attributes, and who writes them.
//!
//! A release has a partition, `24#v0.1`. Everything that belongs to one life of the release has
//! that life's number, its generation, in its sort key: `g000000000001#l#000000000007`. Within a
//! generation, unique-constraint items sort before idempotency records, and these before the
//! links. The release's own items sort after all generations, so that a query in descending order
//! finds the release first and then its links, the newest first.
//!
//! The keys of the other partitions are in `keys.rs`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::keys::FIRST_SHARD;

pub use super::keys::shard_sort_key;

/// The names of the attributes that occur in expressions.
pub(super) mod attribute {
    pub(crate) const CLEANING_UNTIL: &str = "cleaning_until";
    pub(crate) const COUNT: &str = "releases";
    pub(crate) const CREATED_AT: &str = "created_at";
    pub(crate) const DELETING_SINCE: &str = "deleting_since";
    pub(crate) const EXPIRES_AT: &str = "expires_at";
    pub(crate) const GENERATION: &str = "generation";
    pub(crate) const ID: &str = "id";
    pub(crate) const IMMUTABLE_AT: &str = "immutable_at";
    pub(crate) const IS_DEAD: &str = "is_dead";
    pub(crate) const LAST_GENERATION: &str = "last_generation";
    pub(crate) const LAST_LINK_ID: &str = "last_link_id";
    pub(crate) const LAST_TOKEN_ID: &str = "last_token_id";
    pub(crate) const LEFTOVERS: &str = "leftovers";
    pub(crate) const LINKS_AT_BIRTH: &str = "links_at_birth";
    pub(crate) const LINK_ID: &str = "link_id";
    pub(crate) const MOVED_AT: &str = "moved_at";
    pub(crate) const NONCE: &str = "nonce";
    pub(crate) const NOT_BEFORE: &str = "not_before";
    pub(crate) const PK: &str = "pk";
    pub(crate) const PURGE_AFTER: &str = "purge_after";
    pub(crate) const RELEASED_AT: &str = "released_at";
    pub(crate) const SK: &str = "sk";
    pub(crate) const VERSION: &str = "version";
}

/// Who writes the items of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The function.
    Function,
    /// The operator's command. The function reads them at most.
    Command,
}

/// A kind of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemKind {
    /// Its name in ARCHITECTURE.md.
    pub name: &'static str,
    /// Who writes its items.
    pub owner: Owner,
    /// An example of a partition key.
    pub partition: &'static str,
    /// An example of a sort key.
    pub sort: &'static str,
    /// All attributes besides the key. Some may be absent.
    pub attributes: &'static [&'static str],
    /// The attribute after which DynamoDB's TTL removes an item.
    pub ttl: Option<&'static str>,
    /// The version of this service that first wrote such items.
    pub since: &'static str,
}

/// All kinds of items in the table.
pub const ITEM_KINDS: [ItemKind; 15] = [
    release_kind(
        "unique-constraint item of a name",
        "g000000000001#c#n#5vo2…",
        &["link_id"],
    ),
    release_kind(
        "unique-constraint item of a URL",
        "g000000000001#c#u#5vo2…",
        &["link_id"],
    ),
    release_kind(
        "unique-constraint item of a filepath",
        "g000000000001#c#f#/binaries/linux",
        &["digest", "link_id", "url"],
    ),
    ItemKind {
        ttl: Some("expires_at"),
        ..release_kind("idempotency record", "g000000000001#i#5vo2…", &RECORD)
    },
    release_kind("link", "g000000000001#l#000000000007", &LINK),
    release_kind("release", "release", &RELEASE_ITEM),
    release_kind("details of a release", "release#details", &DETAILS_ITEM),
    release_kind("work item of a generation", "work#000000000001", &WORK),
    order_kind(
        "place of a release in the order",
        "2026-11-24T09:00:00.000000Z#2026-11-24T09:00:00.000000Z#v0.1",
        &["tag"],
    ),
    order_kind(
        "number of releases, in eight shards",
        "~count#0",
        &["releases"],
    ),
    operator_kind(
        "project by ID",
        "projects",
        "00000000000000000024",
        &PROJECT,
    ),
    operator_kind(
        "project by path, current or former",
        "project-path#group/project",
        "project",
        &PROJECT_BY_PATH,
    ),
    ItemKind {
        ttl: Some("expires_at"),
        ..operator_kind("token by ID", "tokens", "00000000000000000001", &TOKEN)
    },
    ItemKind {
        ttl: Some("expires_at"),
        ..operator_kind("token by hash", "token#9f86d0…", "token", &TOKEN)
    },
    operator_kind(
        "counter of token IDs",
        "counters",
        "tokens",
        &["last_token_id"],
    ),
];

const RECORD: [&str; 5] = [
    "author",
    "created_at",
    "expires_at",
    "fingerprint",
    "link_id",
];
const LINK: [&str; 8] = [
    "created_at",
    "digest",
    "filepath",
    "id",
    "link_type",
    "name",
    "url",
    "version",
];
#[rustfmt::skip]
const RELEASE_ITEM: [&str; 10] = [
    "created_at", "generation", "immutable_at", "last_generation", "last_link_id", "leftovers",
    "links_at_birth", "purge_after", "released_at", "version",
];
#[rustfmt::skip]
const DETAILS_ITEM: [&str; 6] =
    ["author", "commit", "description", "generation", "name", "version"];
const WORK: [&str; 4] = ["cleaning_until", "is_dead", "nonce", "not_before"];
#[rustfmt::skip]
const PROJECT: [&str; 8] = [
    "deleted_at", "deleting_since", "former_paths", "id", "path", "purging_since", "version",
    "visibility",
];
#[rustfmt::skip]
const PROJECT_BY_PATH: [&str; 7] =
    ["deleted_at", "deleting_since", "id", "moved_at", "path", "version", "visibility"];
#[rustfmt::skip]
const TOKEN: [&str; 10] = [
    "created_at", "expires_at", "grants", "hash", "id", "label", "revoked_at", "scope",
    "valid_until", "version",
];

type Attributes = &'static [&'static str];

const fn release_kind(name: &'static str, sort: &'static str, attributes: Attributes) -> ItemKind {
    ItemKind {
        name,
        owner: Owner::Function,
        partition: "24#v0.1",
        sort,
        attributes,
        ttl: None,
        since: "0.1.0",
    }
}

const fn order_kind(name: &'static str, sort: &'static str, attributes: Attributes) -> ItemKind {
    ItemKind {
        partition: "24/releases",
        ..release_kind(name, sort, attributes)
    }
}

const fn operator_kind(
    name: &'static str,
    partition: &'static str,
    sort: &'static str,
    attributes: Attributes,
) -> ItemKind {
    ItemKind {
        owner: Owner::Command,
        partition,
        ..release_kind(name, sort, attributes)
    }
}

/// The kind of the item with this key; `None` if this service writes no such item.
#[must_use]
pub fn kind_of(partition: &str, sort: &str) -> Option<&'static ItemKind> {
    let name = match (partition, SortKey::parse(sort)) {
        ("projects", _) => "project by ID",
        ("tokens", _) => "token by ID",
        ("counters", _) => "counter of token IDs",
        _ if partition.starts_with("project-path#") => "project by path, current or former",
        _ if partition.starts_with("token#") => "token by hash",
        _ if partition.ends_with("/releases") && !partition.contains('#') => {
            if sort.starts_with(FIRST_SHARD) {
                "number of releases, in eight shards"
            } else {
                "place of a release in the order"
            }
        }
        (_, Some(key)) => key.kind(),
        _ => return None,
    };
    ITEM_KINDS.iter().find(|kind| kind.name == name)
}

/// A sort key in the partition of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortKey {
    /// A unique-constraint item of a name, by its digest.
    Name(u64, String),
    /// A unique-constraint item of a URL, by its digest.
    Url(u64, String),
    /// A unique-constraint item of a filepath.
    Filepath(u64, String),
    /// An idempotency record, by the digest of the caller and the key.
    Record(u64, String),
    /// A link, by its ID.
    Link(u64, u64),
    /// The release.
    Release,
    /// What describes the release, which may be large. Only requests for the release read it.
    Details,
    /// The work item of a generation that is not born yet, or dead.
    Work(u64),
}

impl SortKey {
    /// Reads a sort key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            RELEASE => return Some(Self::Release),
            DETAILS => return Some(Self::Details),
            _ => {}
        }
        if let Some(generation) = text.strip_prefix(WORK_ITEMS) {
            return Some(Self::Work(generation.parse().ok()?));
        }
        let (generation, rest) = text.strip_prefix('g')?.split_once('#')?;
        let generation = generation.parse().ok()?;
        let (kind, value) = rest.split_once('#')?;
        let owned = value.to_owned();
        Some(match kind {
            "c" => match value.split_once('#')? {
                ("n", digest) => Self::Name(generation, digest.to_owned()),
                ("u", digest) => Self::Url(generation, digest.to_owned()),
                ("f", filepath) => Self::Filepath(generation, filepath.to_owned()),
                _ => return None,
            },
            "i" => Self::Record(generation, owned),
            "l" => {
                let id = value.strip_prefix(LONG_ID).unwrap_or(value);
                Self::Link(generation, id.parse().ok()?)
            }
            _ => return None,
        })
    }

    /// The generation in the key; `None` for the release's own items.
    #[must_use]
    pub fn generation(&self) -> Option<u64> {
        match self {
            Self::Name(generation, _)
            | Self::Url(generation, _)
            | Self::Filepath(generation, _)
            | Self::Record(generation, _)
            | Self::Link(generation, _)
            | Self::Work(generation) => Some(*generation),
            Self::Release | Self::Details => None,
        }
    }

    /// What the keys of all links of a generation begin with.
    pub(super) fn links(generation: u64) -> String {
        format!("{}l#", Self::all(generation))
    }

    /// What the keys of all unique-constraint items of names of a generation begin with.
    pub(super) fn names(generation: u64) -> String {
        format!("{}c#n#", Self::all(generation))
    }

    /// What the keys of everything of a generation but its work item begin with.
    pub(super) fn all(generation: u64) -> String {
        format!("g{generation:0>12}#")
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Name(..) => "unique-constraint item of a name",
            Self::Url(..) => "unique-constraint item of a URL",
            Self::Filepath(..) => "unique-constraint item of a filepath",
            Self::Record(..) => "idempotency record",
            Self::Link(..) => "link",
            Self::Release => "release",
            Self::Details => "details of a release",
            Self::Work(_) => "work item of a generation",
        }
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(of, digest) => write!(f, "{}{digest}", Self::names(*of)),
            Self::Url(of, digest) => write!(f, "{}c#u#{digest}", Self::all(*of)),
            Self::Filepath(of, filepath) => write!(f, "{}c#f#{filepath}", Self::all(*of)),
            Self::Record(of, digest) => write!(f, "{}i#{digest}", Self::all(*of)),
            Self::Link(of, id @ ..=999_999_999_999) => write!(f, "{}{id:0>12}", Self::links(*of)),
            Self::Link(of, id) => write!(f, "{}{LONG_ID}{id:0>19}", Self::links(*of)),
            Self::Release => f.write_str(RELEASE),
            Self::Details => f.write_str(DETAILS),
            Self::Work(of) => write!(f, "{WORK_ITEMS}{of:0>12}"),
        }
    }
}

/// What an ID of more than 12 digits begins with, so that it sorts after the others. An import may
/// bring such IDs.
const LONG_ID: char = ':';
const RELEASE: &str = "release";
const DETAILS: &str = "release#details";
/// What the keys of all work items begin with.
pub(super) const WORK_ITEMS: &str = "work#";

/// SHA-256 in base64url. A name or a URL may exceed the 1,024 bytes of a sort key; its digest does
/// not.
#[must_use]
pub fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}
