//! The parameters of the operations, as data.

use strum::VariantNames;

pub use crate::http::pagination::{PAGE, PER_PAGE};
use crate::http::params::{Kind, Length, Param, Place};
use crate::idempotency;
use crate::link::{self, LinkType};
use crate::release::{self, MAX_TAG_BYTES};

/// Text of at most this many characters.
const fn characters(max: usize) -> Kind {
    Kind::Text(Some(Length::Characters(max)))
}

/// Text of at most this many bytes.
const fn bytes(max: usize) -> Kind {
    Kind::Text(Some(Length::Bytes(max)))
}

/// The project.
pub const ID: Param = Param::path(
    "id",
    Kind::Text(None),
    "The ID of the project, or its path, URL-encoded.",
);
/// The tag of a release, in the path.
pub const TAG_NAME: Param = Param::path(
    "tag_name",
    bytes(MAX_TAG_BYTES),
    "The tag of the release, URL-encoded.",
);
/// A link.
pub const LINK_ID: Param = Param::path(
    "link_id",
    Kind::Integer {
        min: 1,
        max: None,
        default: None,
    },
    "The ID of the link.",
);
/// A user.
pub const USER_ID: Param = Param::path(
    "user_id",
    Kind::Integer {
        min: 1,
        max: None,
        default: None,
    },
    "The ID of the user. Only the holder of the token is found (R75).",
);
/// A filepath in the path of the API.
pub const ASSET_PATH: Param = Param::path(
    "direct_asset_path",
    characters(link::MAX_FILEPATH_CHARACTERS),
    "The filepath of the link, without its leading slash.",
);
/// A filepath in a path of the web.
pub const DOWNLOAD_PATH: Param = Param::path(
    "filepath",
    characters(link::MAX_FILEPATH_CHARACTERS),
    "The filepath of the link, without its leading slash.",
);
/// What follows the path of the latest release.
pub const SUFFIX_PATH: Param = Param {
    is_required: false,
    ..Param::path(
        "suffix_path",
        Kind::Text(None),
        "The rest of the path, which the redirect repeats, such as downloads/bin/app.",
    )
};

/// The attribute by which releases are ordered.
pub const ORDER_BY: Param = Param::query(
    "order_by",
    Kind::Word(&["released_at", "created_at"]),
    "The attribute by which the releases are ordered.",
);
/// The direction of the order.
pub const SORT: Param = Param::query(
    "sort",
    Kind::Word(&["desc", "asc"]),
    "The direction of the order.",
);
/// Accepted without an effect.
pub const INCLUDE_HTML_DESCRIPTION: Param = Param::query(
    "include_html_description",
    Kind::Boolean,
    "Without effect: Markdown is not rendered (R10).",
);
/// Accepted without an effect.
pub const LICENSE: Param = Param::query("license", Kind::Boolean, "Without effect (R70).");
/// Accepted without an effect.
pub const STATISTICS: Param = Param::query("statistics", Kind::Boolean, "Without effect (R70).");
/// Accepted without an effect.
pub const WITH_CUSTOM_ATTRIBUTES: Param = Param::query(
    "with_custom_attributes",
    Kind::Boolean,
    "Without effect (R70).",
);

/// The name of a link, which may be left out.
pub const LINK_NAME: Param = Param::body(
    "name",
    characters(link::MAX_NAME_CHARACTERS),
    "The name of the link, unique in its release.",
);
/// The URL of a link, which may be left out.
pub const LINK_URL: Param = Param::body(
    "url",
    characters(link::MAX_URL_CHARACTERS),
    "The URL of the link, unique in its release: http, https or ftp.",
);
/// The name of a new link.
pub const NEW_LINK_NAME: Param = Param {
    is_required: true,
    ..LINK_NAME
};
/// The URL of a new link.
pub const NEW_LINK_URL: Param = Param {
    is_required: true,
    ..LINK_URL
};
/// The filepath of a link.
pub const DIRECT_ASSET_PATH: Param = Param::body(
    "direct_asset_path",
    characters(link::MAX_FILEPATH_CHARACTERS),
    "The end of the link's permanent URL, with a leading slash, unique in its release.",
);
/// The former name of [`DIRECT_ASSET_PATH`].
pub const FILEPATH: Param = Param::body(
    "filepath",
    characters(link::MAX_FILEPATH_CHARACTERS),
    "The former name of direct_asset_path, which takes precedence (C21).",
);
/// The kind of a link.
pub const LINK_TYPE: Param = Param::body(
    "link_type",
    Kind::Word(LinkType::VARIANTS),
    "The kind of the link.",
);

/// The tag of a new release.
pub const NEW_TAG_NAME: Param = Param::required(
    "tag_name",
    Place::Body,
    bytes(MAX_TAG_BYTES),
    "The tag of the release. Every path must be able to name it (R88).",
);
/// Accepted without an effect.
pub const TAG_MESSAGE: Param = Param::body(
    "tag_message",
    Kind::Text(None),
    "Without effect: there is no repository.",
);
/// The name of a release.
pub const RELEASE_NAME: Param = Param::body(
    "name",
    characters(release::MAX_NAME_CHARACTERS),
    "The name of the release; without one, the tag.",
);
/// The description of a release.
pub const DESCRIPTION: Param = Param::body(
    "description",
    bytes(release::MAX_DESCRIPTION_BYTES),
    "The description of the release, in Markdown.",
);
/// The commit of a release.
pub const REF: Param = Param::body(
    "ref",
    Kind::Text(None),
    "The commit of the release, if it is the full ID of one.",
);
/// The links of a new release.
pub const ASSETS: Param = Param::body(
    "assets",
    Kind::Object(&[ASSETS_LINKS]),
    "The assets of the release.",
);
/// The links in [`ASSETS`].
pub const ASSETS_LINKS: Param = Param::body(
    "links",
    Kind::Objects(
        &[
            NEW_LINK_NAME,
            NEW_LINK_URL,
            DIRECT_ASSET_PATH,
            FILEPATH,
            LINK_TYPE,
        ],
        MAX_LINKS,
    ),
    "The links of the release.",
);
/// Largest number of links in a request (ours, R82).
pub const MAX_LINKS: usize = 1_000;
/// Titles of milestones.
pub const MILESTONES: Param = Param::body(
    "milestones",
    Kind::List,
    "The titles of milestones. There are none, so every title is not found (R42).",
);
/// IDs of milestones.
pub const MILESTONE_IDS: Param = Param::body(
    "milestone_ids",
    Kind::List,
    "The IDs of milestones. There are none, so every ID is not found (R42).",
);
/// The time of a release.
pub const RELEASED_AT: Param = Param::body(
    "released_at",
    Kind::Date,
    "The time of the release; without one, the time of its creation.",
);
/// Accepted without an effect.
pub const LEGACY_CATALOG_PUBLISH: Param = Param::body(
    "legacy_catalog_publish",
    Kind::Boolean,
    "Without effect: there is no CI/CD catalog.",
);

/// The key of a creation.
pub const IDEMPOTENCY_KEY: Param = Param::optional(
    idempotency::NAME,
    Place::Header,
    bytes(idempotency::MAX_BYTES),
    "A retry with the same key and the same body returns the first response (ours).",
);
