//! The attributes of a link as a client sent them, after GitLab's parameter validation (C11 to
//! C18).

use super::params::{
    DIRECT_ASSET_PATH, FILEPATH, LINK_NAME, LINK_TYPE, LINK_URL, NEW_LINK_NAME, NEW_LINK_URL,
};
use crate::http::params::{Checks, Field, ParamErrors, ParamProblem, Params};
use crate::link::{Attributes, LinkChanges, LinkType, NewLink, Violation};

/// The attributes of a link: of the right type, but not yet checked against the rules of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkInput {
    name: Field<String>,
    url: Field<String>,
    /// Sent as `direct_asset_path` or as `filepath` (C21).
    filepath: Field<String>,
    link_type: Field<LinkType>,
}

impl LinkInput {
    /// The attributes of a new link: name and url are required (C11).
    ///
    /// # Errors
    ///
    /// Every parameter that is missing or of the wrong type.
    pub fn for_create(params: &Params) -> Result<Self, ParamErrors> {
        let mut checks = Checks::new(params);
        let name = checks.required_text(&NEW_LINK_NAME);
        let url = checks.required_text(&NEW_LINK_URL);
        let input = Self::read(&mut checks, name, url);
        checks.finish(input)
    }

    /// The attributes of an update: name or url is required (C13). `checks` may contain errors of
    /// the path.
    ///
    /// # Errors
    ///
    /// Every parameter that is missing or of the wrong type.
    pub fn for_update(mut checks: Checks<'_>) -> Result<Self, ParamErrors> {
        let name = checks.text(&LINK_NAME);
        let url = checks.text(&LINK_URL);
        let input = Self::read(&mut checks, name, url);
        checks.at_least_one_of(&[LINK_NAME, LINK_URL]);
        checks.finish(input)
    }

    fn read(checks: &mut Checks<'_>, name: Field<String>, url: Field<String>) -> Self {
        let direct_asset_path = checks.text(&DIRECT_ASSET_PATH);
        let filepath = checks.text(&FILEPATH);
        let link_type = link_type(checks);
        Self {
            name,
            url,
            filepath: direct_asset_path.or(filepath),
            link_type,
        }
    }

    /// The new link.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks.
    pub fn into_new_link(self) -> Result<NewLink, Vec<Violation>> {
        let Self {
            name,
            url,
            filepath,
            link_type,
        } = self;
        let link_type = link_type.into_value().unwrap_or_default();
        let [name, url, filepath] = [name, url, filepath].map(Field::into_value);
        NewLink::from_attributes(name, url, filepath, link_type)
    }

    /// The changes to an existing link.
    ///
    /// # Errors
    ///
    /// Every rule that a changed attribute breaks.
    pub fn into_changes(self) -> Result<LinkChanges, Vec<Violation>> {
        let Self {
            name,
            url,
            filepath,
            link_type,
        } = self;
        let link_type = link_type.given().map(Option::unwrap_or_default);
        let [name, url, filepath] = [name, url, filepath].map(Field::given);
        LinkChanges::new(Attributes {
            name,
            url,
            filepath,
            link_type,
        })
    }
}

/// One of the kinds in exact lower case (C14).
fn link_type(checks: &mut Checks<'_>) -> Field<LinkType> {
    match checks.text(&LINK_TYPE) {
        Field::Absent => Field::Absent,
        Field::Null => Field::Null,
        Field::Value(text) => match text.parse() {
            Ok(link_type) => Field::Value(link_type),
            Err(_) => {
                checks.fail(&LINK_TYPE, ParamProblem::NoValidValue);
                Field::Absent
            }
        },
    }
}
