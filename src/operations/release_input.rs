//! The attributes of a release as a client sent them, after GitLab's parameter validation (R35 to
//! R39).

use super::link_input::{LINK_MEMBERS, read_asset};
use super::params::{ID, IDEMPOTENCY_KEY, TAG_NAME, bytes, characters};
use crate::excerpt::first_of;
use crate::http::error::ApiError;
use crate::http::params::{Checks, Kind, Param, ParamErrors, ParamProblem, Params, Place, Value};
use crate::link::LinkInput;
use crate::release::{
    self, Author, Invalid, MAX_TAG_BYTES, NewRelease, ReleaseAttributes, TagName, parse_commit,
};

/// The tag of a new release.
const NEW_TAG_NAME: Param = Param::required(
    "tag_name",
    Place::Body,
    bytes(MAX_TAG_BYTES),
    "The tag of the release. One that no path could name leads to 400 (R88).",
);
/// Accepted without an effect.
const TAG_MESSAGE: Param = Param::body(
    "tag_message",
    Kind::Text(None),
    "Without effect: there is no repository.",
);
/// The name of a release.
const RELEASE_NAME: Param = Param::body(
    "name",
    characters(release::MAX_NAME_CHARACTERS),
    "The name of the release. Without one, and with null, it is the tag.",
)
.nullable();
/// The description of a release.
const DESCRIPTION: Param = Param::body(
    "description",
    bytes(release::MAX_DESCRIPTION_BYTES),
    "The description of the release, in Markdown.",
)
.nullable();
/// The commit of a release.
const REF: Param = Param::body(
    "ref",
    Kind::Text(None),
    "The full ID of the commit: 40 or 64 hexadecimal digits. Others are not stored (R2).",
);
/// The links of a new release.
const ASSETS: Param = Param::body(
    "assets",
    Kind::Object(&[ASSETS_LINKS]),
    "The assets of the release.",
);
/// The links in [`ASSETS`].
const ASSETS_LINKS: Param = Param::body(
    "links",
    Kind::Objects(LINK_MEMBERS, MAX_LINKS),
    "The links of the release.",
);
/// Largest number of links in a request (ours, R82).
const MAX_LINKS: usize = 1_000;
/// Titles of milestones.
const MILESTONES: Param = Param::body(
    "milestones",
    Kind::List,
    "Titles of milestones. There are no milestones, so a title leads to 400 (R42).",
);
/// IDs of milestones.
const MILESTONE_IDS: Param = Param::body(
    "milestone_ids",
    Kind::Integers,
    "IDs of milestones. There are no milestones, so an ID leads to 400 (R42).",
);
/// The time of a release.
const RELEASED_AT: Param = Param::body(
    "released_at",
    Kind::Date,
    "The time of the release (R12, R13). A new release without it has that of its creation.",
);
/// Whether the release is locked (R90).
const IMMUTABLE: Param = Param::body(
    "immutable",
    Kind::Boolean,
    "Whether nobody may change the links or delete the release any more: a new release from its \
     creation on, an existing one after 20 seconds (R90).",
);
/// Accepted without an effect.
const LEGACY_CATALOG_PUBLISH: Param = Param::body(
    "legacy_catalog_publish",
    Kind::Boolean,
    "Without effect: there is no CI/CD catalog.",
);

/// The parameters of the creation of a release.
pub(super) const CREATE_RELEASE_PARAMS: &[Param] = &[
    ID,
    NEW_TAG_NAME,
    TAG_MESSAGE,
    RELEASE_NAME,
    DESCRIPTION,
    REF,
    ASSETS,
    MILESTONES,
    MILESTONE_IDS,
    RELEASED_AT,
    LEGACY_CATALOG_PUBLISH,
    IMMUTABLE,
    IDEMPOTENCY_KEY,
];
/// The parameters of the update of a release.
pub(super) const UPDATE_RELEASE_PARAMS: &[Param] = &[
    ID,
    TAG_NAME,
    RELEASE_NAME,
    DESCRIPTION,
    RELEASED_AT,
    MILESTONES,
    MILESTONE_IDS,
    IMMUTABLE,
];

/// A new release: of the right types, but not yet checked against the rules of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseInput {
    /// The tag, which may be one that must not be created.
    pub tag: TagName,
    attributes: ReleaseAttributes,
    commit: Option<String>,
    /// The links, or the first type of one that does not exist.
    links: Result<Vec<LinkInput>, Invalid>,
    milestones: Milestones,
}

impl ReleaseInput {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// Every parameter that is missing or of the wrong type, in GitLab's order (R36).
    pub fn read(mut checks: Checks<'_>) -> Result<Self, ParamErrors> {
        let tag = tag(&mut checks);
        checks.text(&TAG_MESSAGE);
        let [name, description] = [RELEASE_NAME, DESCRIPTION].map(|param| checks.text(&param));
        let commit = checks.text(&REF).into_value();
        let links = links(&mut checks);
        let milestones = Milestones::read(&mut checks);
        let released_at = checks.date(&RELEASED_AT);
        checks.boolean(&LEGACY_CATALOG_PUBLISH);
        let immutable = checks.boolean(&IMMUTABLE);
        checks.finish(Self {
            tag,
            attributes: ReleaseAttributes {
                name,
                description,
                released_at,
                immutable,
            },
            commit: commit.as_deref().and_then(parse_commit),
            links,
            milestones,
        })
    }

    /// The new release.
    ///
    /// # Errors
    ///
    /// [`ApiError::Rejected`], in the order of R40.
    pub fn into_new_release(self, author: Author) -> Result<NewRelease, ApiError> {
        self.milestones.check()?;
        TagName::parse_new(self.tag.as_str()).map_err(Invalid::Tag)?;
        let new = self
            .attributes
            .into_new_release(self.commit, author, self.links?);
        Ok(new?)
    }
}

/// Reads the parameters of an update.
pub(super) fn read_update(checks: &mut Checks<'_>) -> (ReleaseAttributes, Milestones) {
    let [name, description] = [RELEASE_NAME, DESCRIPTION].map(|param| checks.text(&param));
    let released_at = checks.date(&RELEASED_AT);
    let milestones = Milestones::read(checks);
    let attributes = ReleaseAttributes {
        name,
        description,
        released_at,
        immutable: checks.boolean(&IMMUTABLE),
    };
    (attributes, milestones)
}

/// The tag, which is required but may be blank (R36).
fn tag(checks: &mut Checks<'_>) -> TagName {
    let text = checks.text(&NEW_TAG_NAME).into_value();
    let text = text.unwrap_or_default();
    let problem = match text.parse::<TagName>() {
        Ok(tag) if text.trim().is_empty() || !tag.has_control_characters() => return tag,
        Ok(_) => ParamProblem::Invalid,
        Err(error) => ParamProblem::TooLong(error.to_string()),
    };
    checks.fail(&NEW_TAG_NAME, problem);
    TagName::default()
}

/// The links in `assets` (R36, R37), or the first type of one that does not exist (R47).
fn links(checks: &mut Checks<'_>) -> Result<Vec<LinkInput>, Invalid> {
    let links = elements(checks).iter().enumerate();
    let links = links.filter_map(|(index, element)| link(checks, index, element));
    // All links are read before the first type that does not exist counts.
    links.collect::<Vec<_>>().into_iter().collect()
}

/// The elements of `assets[links]`.
fn elements<'a>(checks: &mut Checks<'a>) -> &'a [Value] {
    let members = match checks.value(&ASSETS) {
        None | Some(Value::Null) => return &[],
        Some(Value::Object(members)) => members,
        Some(Value::Text(_) | Value::Array(_) | Value::File) => {
            checks.fail(&ASSETS, ParamProblem::Invalid);
            return &[];
        }
    };
    match members.get(ASSETS_LINKS.name) {
        None | Some(Value::Null) => &[],
        Some(Value::Text(text)) if text.is_empty() => &[],
        Some(Value::Array(elements)) if elements.len() > MAX_LINKS => {
            let problem = format!("has too many elements (maximum is {MAX_LINKS})");
            checks.fail_at("assets[links]", ParamProblem::TooLong(problem));
            &[]
        }
        Some(Value::Array(elements)) => elements,
        Some(Value::Text(_) | Value::Object(_) | Value::File) => {
            checks.fail_at("assets[links]", ParamProblem::Invalid);
            &[]
        }
    }
}

/// One link; `None` for null, which GitLab ignores.
fn link(
    checks: &mut Checks<'_>,
    index: usize,
    element: &Value,
) -> Option<Result<LinkInput, Invalid>> {
    let object = format!("assets[links][{index}]");
    let members = match element {
        Value::Null => return None,
        Value::Object(members) => members.clone(),
        Value::Text(_) | Value::Array(_) | Value::File => {
            for name in ["name", "url"] {
                checks.fail_at(&format!("{object}[{name}]"), ParamProblem::Missing);
                checks.fail_at(&format!("{object}[{name}]"), ParamProblem::Invalid);
            }
            return None;
        }
    };
    let is_empty = members.is_empty();
    let members = Params::from_object(members);
    let mut inner = Checks::within(&members, LINK_MEMBERS, object);
    let link = read_asset(&mut inner, is_empty);
    checks.append(inner);
    Some(link)
}

/// The milestones of a release. None exists here, so none is found (R42).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Milestones {
    is_sent: bool,
    titles: Vec<String>,
    ids: Vec<String>,
}

impl Milestones {
    pub(super) fn read(checks: &mut Checks<'_>) -> Self {
        let sent = [MILESTONES, MILESTONE_IDS].map(|param| checks.value(&param).is_some());
        let titles = list(checks, &MILESTONES);
        let ids = list(checks, &MILESTONE_IDS);
        for id in &ids {
            // Only one error for a list.
            if checks.integer_in(&MILESTONE_IDS, id).is_none() {
                break;
            }
        }
        if sent == [true, true] {
            checks.fail_at("milestones, milestone_ids", ParamProblem::MilestonesTwice);
        }
        Self {
            is_sent: sent.contains(&true),
            titles,
            ids,
        }
    }

    /// Whether the client sent any, even an empty list.
    pub(super) fn is_sent(&self) -> bool {
        self.is_sent
    }

    /// Fails for every milestone, because none exists.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let kinds = [
            ("Milestone(s)", &self.titles),
            ("Milestone id(s)", &self.ids),
        ];
        match kinds.into_iter().find(|(_, names)| !names.is_empty()) {
            None => Ok(()),
            Some((kind, names)) => {
                let names = first_of(names);
                Err(ApiError::Rejected(format!("{kind} not found: {names}")))
            }
        }
    }
}

/// An array of text, or text with commas.
fn list(checks: &mut Checks<'_>, param: &Param) -> Vec<String> {
    let texts: Option<Vec<&String>> = match checks.value(param) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Text(text)) => Some(vec![text]),
        Some(Value::Array(elements)) => elements.iter().map(text_of).collect(),
        Some(Value::Object(_) | Value::File) => None,
    };
    let Some(texts) = texts else {
        checks.fail(param, ParamProblem::Invalid);
        return Vec::new();
    };
    let texts = texts.into_iter().flat_map(|text| text.split(','));
    let texts = texts.map(str::trim).filter(|text| !text.is_empty());
    texts.map(str::to_owned).collect()
}

fn text_of(value: &Value) -> Option<&String> {
    if let Value::Text(text) = value {
        Some(text)
    } else {
        None
    }
}
