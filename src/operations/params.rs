//! The parameters that several operations share, as data.

pub use crate::http::pagination::{PAGE, PER_PAGE};
use crate::http::params::{Kind, Length, Param, Place};
use crate::idempotency;
use crate::link::checksums::MAX_DOWNLOAD_CHARACTERS;
use crate::release::MAX_TAG_BYTES;

/// Text of at most this many characters.
pub(super) const fn characters(max: usize) -> Kind {
    Kind::Text(Some(Length::Characters(max)))
}

/// Text of at most this many bytes.
pub(super) const fn bytes(max: usize) -> Kind {
    Kind::Text(Some(Length::Bytes(max)))
}

/// The project.
pub const ID: Param = Param::path(
    "id",
    Kind::Text(None),
    "The ID of the project, or its path, URL-encoded.",
);
/// The project in a path of the web.
pub const PROJECT_PATH: Param = Param::path(
    "id",
    Kind::Text(None),
    "The path of the project, such as `group/app`. Its slashes need not be encoded.",
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
    characters(MAX_DOWNLOAD_CHARACTERS),
    "The filepath of the link or the checksum file, without its leading slash.",
);
/// A filepath in a path of the web.
pub const DOWNLOAD_PATH: Param = Param::path(
    "filepath",
    characters(MAX_DOWNLOAD_CHARACTERS),
    "The filepath of the link or the checksum file, without its leading slash.",
);
/// What follows the path of the latest release.
pub const SUFFIX_PATH: Param = Param {
    is_required: false,
    ..Param::path(
        "suffix_path",
        Kind::Text(None),
        "The rest of the path, which the redirect repeats, such as `downloads/bin/app`.",
    )
};

/// The number of a page for people.
pub const PAGE_FOR_PEOPLE: Param = Param::query(
    "page",
    Kind::Integer {
        min: 1,
        max: None,
        default: Some(1),
    },
    "The number of the page. Anything but a number above 0 counts as 1.",
);

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
pub const UPDATED_BEFORE: Param =
    Param::query("updated_before", Kind::Date, "Without effect (R85).");
/// Accepted without an effect.
pub const UPDATED_AFTER: Param = Param::query("updated_after", Kind::Date, "Without effect (R85).");
/// Whether releases show their descriptions as HTML, too.
pub const INCLUDE_HTML_DESCRIPTION: Param = Param::query(
    "include_html_description",
    Kind::Boolean,
    "Whether each release shows its description as HTML, too (R10).",
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

/// The key of a creation.
pub const IDEMPOTENCY_KEY: Param = Param::optional(
    idempotency::NAME,
    Place::Header,
    bytes(idempotency::MAX_BYTES),
    "For 24 hours, a retry with the same key and token for the same release returns the first \
     response, and other attributes lead to 422 (R87).",
);
