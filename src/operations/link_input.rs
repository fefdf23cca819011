//! Reads the attributes of a link from the parameters (C11 to C18). The rules of a link are checked
//! later, in [`mod@crate::link`].

use strum::VariantNames;

use super::params::{ID, IDEMPOTENCY_KEY, LINK_ID, TAG_NAME, characters};
use crate::http::params::{Checks, Kind, Length, Param, ParamErrors, ParamProblem};
use crate::link::{self, LinkInput, LinkType};
use crate::patch::Patch;
use crate::release::Invalid;

/// The name of a link, which may be left out.
const LINK_NAME: Param = Param::body(
    "name",
    characters(link::MAX_NAME_CHARACTERS),
    "The name of the link, unique in its release (D10).",
);
/// The URL of a link, which may be left out.
const LINK_URL: Param = Param::body(
    "url",
    Kind::Url(Length::Characters(link::MAX_URL_CHARACTERS)),
    "The URL of the link, unique in its release: http, https or ftp.",
);
/// The name of a new link.
const NEW_LINK_NAME: Param = Param {
    is_required: true,
    ..LINK_NAME
};
/// The URL of a new link.
const NEW_LINK_URL: Param = Param {
    is_required: true,
    ..LINK_URL
};
/// The type of a filepath.
const ABSOLUTE_PATH: Kind = Kind::AbsolutePath(Length::Characters(link::MAX_FILEPATH_CHARACTERS));
/// The filepath of a link.
const DIRECT_ASSET_PATH: Param = Param::body(
    "direct_asset_path",
    ABSOLUTE_PATH,
    "The end of the link's permanent URL, with a leading slash, unique in its release (D11).",
)
.nullable();
/// The former name of [`DIRECT_ASSET_PATH`].
const FILEPATH: Param = Param::body(
    "filepath",
    ABSOLUTE_PATH,
    "The former name of `direct_asset_path`, which takes precedence (C21, D11).",
)
.nullable();
/// The kind of a link.
const LINK_TYPE: Param = Param::body(
    "link_type",
    Kind::Word(LinkType::VARIANTS),
    "The kind of the link.",
);

/// The digest of the file at the URL of a link (D16).
const DIGEST: Param = Param::body(
    "digest",
    Kind::Digest,
    "The SHA-256 of the file at the URL (D16). A new URL removes it unless there is a new one.",
);

/// The parameters of a link in the assets of a new release.
pub(super) const LINK_MEMBERS: &[Param] = &[
    NEW_LINK_NAME,
    NEW_LINK_URL,
    DIRECT_ASSET_PATH,
    FILEPATH,
    LINK_TYPE,
    DIGEST,
];
/// The parameters of the creation of a link.
pub(super) const CREATE_LINK_PARAMS: &[Param] = &[
    ID,
    TAG_NAME,
    NEW_LINK_NAME,
    NEW_LINK_URL,
    DIRECT_ASSET_PATH,
    FILEPATH,
    LINK_TYPE,
    DIGEST,
    IDEMPOTENCY_KEY,
];
/// The parameters of the update of a link.
pub(super) const UPDATE_LINK_PARAMS: &[Param] = &[
    ID,
    TAG_NAME,
    LINK_ID,
    LINK_NAME,
    LINK_URL,
    DIRECT_ASSET_PATH,
    FILEPATH,
    LINK_TYPE,
    DIGEST,
];

/// Reads a new link: name and url are required (C11).
///
/// # Errors
///
/// Every parameter that is missing or of the wrong type.
pub(super) fn read_new_link(mut checks: Checks<'_>) -> Result<LinkInput, ParamErrors> {
    let name_and_url = [NEW_LINK_NAME, NEW_LINK_URL].map(|param| checks.text(&param));
    let input = read_link(&mut checks, name_and_url);
    checks.finish(input)
}

/// Reads an update: name or url is required (C13), unless there is a digest (D16). `checks` may
/// contain errors of the path.
///
/// # Errors
///
/// Every parameter that is missing or of the wrong type.
pub(super) fn read_link_update(mut checks: Checks<'_>) -> Result<LinkInput, ParamErrors> {
    let name_and_url = [LINK_NAME, LINK_URL].map(|param| checks.text(&param));
    let input = read_link(&mut checks, name_and_url);
    if checks.value(&DIGEST).is_none() {
        checks.at_least_one_of(&[LINK_NAME, LINK_URL]);
    }
    checks.finish(input)
}

/// Reads a link of a new release. GitLab requires neither name nor url in an object without members.
///
/// # Errors
///
/// [`Invalid::LinkType`], which GitLab reports only after all wrong parameters of the release (R47).
pub(super) fn read_asset(members: &mut Checks<'_>, is_empty: bool) -> Result<LinkInput, Invalid> {
    let name_and_url = [NEW_LINK_NAME, NEW_LINK_URL].map(|param| {
        if is_empty {
            Patch::Keep
        } else {
            members.text(&param)
        }
    });
    match read_attributes(members, name_and_url) {
        // An empty type stands for the default (R14).
        (input, Some(text)) if text.is_empty() => Ok(input),
        (_, Some(text)) => Err(Invalid::LinkType(text)),
        (input, None) => Ok(input),
    }
}

fn read_link(checks: &mut Checks<'_>, name_and_url: [Patch<String>; 2]) -> LinkInput {
    let (input, unknown_type) = read_attributes(checks, name_and_url);
    if unknown_type.is_some() {
        checks.fail(&LINK_TYPE, ParamProblem::NoValidValue);
    }
    input
}

/// Reads the attributes besides name and url. If the type is none of the words in exact lower case
/// (C14), its text is returned, too.
fn read_attributes(
    checks: &mut Checks<'_>,
    [name, url]: [Patch<String>; 2],
) -> (LinkInput, Option<String>) {
    let [direct_asset_path, filepath] =
        [DIRECT_ASSET_PATH, FILEPATH].map(|param| checks.text(&param));
    let link_type = checks.text(&LINK_TYPE);
    let link_type = link_type.try_map(|text| text.parse().map_err(|_| text));
    let (link_type, unknown_type) = match link_type {
        Ok(link_type) => (link_type, None),
        Err(text) => (Patch::Keep, Some(text)),
    };
    let input = LinkInput {
        name,
        url,
        // Sent as `direct_asset_path` or as `filepath` (C21).
        filepath: direct_asset_path.or(filepath),
        link_type,
        digest: checks.text(&DIGEST),
    };
    (input, unknown_type)
}
