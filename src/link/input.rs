//! What a client sent about a link, after the checks that GitLab makes before it looks at anything
//! else (C11 to C18).

use super::LinkType;
use crate::error::Error;
use crate::params::{Checks, Field, Params};

/// The attributes of a link as a client sent them: of the right kind, but not yet checked against
/// the rules of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkInput {
    /// The name.
    pub name: Field<String>,
    /// Where it leads.
    pub url: Field<String>,
    /// The path of its permanent URL, sent as `direct_asset_path` or as `filepath` (C21).
    pub filepath: Field<String>,
    /// What kind of asset it leads to.
    pub link_type: Field<LinkType>,
}

impl LinkInput {
    /// The attributes for a new link: name and url have to be there (C11).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParams`] with all that is missing or of the wrong kind.
    pub fn for_create(params: &Params) -> Result<Self, Error> {
        let mut checks = Checks::of(params);
        let name = checks.required_text("name");
        let url = checks.required_text("url");
        let input = Self::declared(&mut checks, name, url);
        checks.finish(input)
    }

    /// The attributes for a change: name or url has to be there (C13). `checks` may hold failures
    /// of the path already.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParams`] with all that is missing or of the wrong kind.
    pub fn for_update(mut checks: Checks<'_>) -> Result<Self, Error> {
        let name = checks.text("name");
        let url = checks.text("url");
        let input = Self::declared(&mut checks, name, url);
        checks.at_least_one_of(&["name", "url"]);
        checks.finish(input)
    }

    fn declared(checks: &mut Checks<'_>, name: Field<String>, url: Field<String>) -> Self {
        let direct_asset_path = checks.text("direct_asset_path");
        let filepath = checks.text("filepath");
        Self {
            name,
            url,
            filepath: direct_asset_path.or(filepath),
            link_type: link_type(checks),
        }
    }
}

/// One of the kinds in exact lower case (C14).
fn link_type(checks: &mut Checks<'_>) -> Field<LinkType> {
    match checks.text("link_type") {
        Field::Absent => Field::Absent,
        Field::Null => Field::Null,
        Field::Value(text) => LinkType::parse(&text).map_or_else(
            || {
                checks.fail("link_type does not have a valid value".to_owned());
                Field::Absent
            },
            Field::Value,
        ),
    }
}
