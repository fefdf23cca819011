//! Reads the attributes of a link from the parameters (C11 to C18). The rules of a link are checked
//! later, in [`mod@crate::link`].

use super::params::{
    DIRECT_ASSET_PATH, FILEPATH, LINK_NAME, LINK_TYPE, LINK_URL, NEW_LINK_NAME, NEW_LINK_URL,
};
use crate::http::params::{Checks, ParamErrors, ParamProblem, Params};
use crate::link::LinkInput;
use crate::patch::Patch;
use crate::release::Invalid;

/// Reads a new link: name and url are required (C11).
///
/// # Errors
///
/// Every parameter that is missing or of the wrong type.
pub(super) fn read_new_link(params: &Params) -> Result<LinkInput, ParamErrors> {
    let mut checks = Checks::new(params);
    let required = [NEW_LINK_NAME, NEW_LINK_URL].map(|param| checks.required_text(&param));
    let input = read_link(&mut checks, required);
    checks.finish(input)
}

/// Reads an update: name or url is required (C13). `checks` may contain errors of the path.
///
/// # Errors
///
/// Every parameter that is missing or of the wrong type.
pub(super) fn read_link_update(mut checks: Checks<'_>) -> Result<LinkInput, ParamErrors> {
    let required = [LINK_NAME, LINK_URL].map(|param| checks.text(&param));
    let input = read_link(&mut checks, required);
    checks.at_least_one_of(&[LINK_NAME, LINK_URL]);
    checks.finish(input)
}

/// Reads a link of a new release. GitLab requires neither name nor url in an object without members.
///
/// # Errors
///
/// [`Invalid::LinkType`], which GitLab reports only after all wrong parameters of the release (R47).
pub(super) fn read_asset(members: &mut Checks<'_>, is_empty: bool) -> Result<LinkInput, Invalid> {
    let required = [NEW_LINK_NAME, NEW_LINK_URL].map(|param| {
        if is_empty {
            Patch::Keep
        } else {
            members.required_text(&param)
        }
    });
    match read_attributes(members, required) {
        // An empty type stands for the default (R14).
        (input, Some(text)) if text.is_empty() => Ok(input),
        (_, Some(text)) => Err(Invalid::LinkType(text)),
        (input, None) => Ok(input),
    }
}

fn read_link(checks: &mut Checks<'_>, required: [Patch<String>; 2]) -> LinkInput {
    let (input, unknown_type) = read_attributes(checks, required);
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
    };
    (input, unknown_type)
}
