//! The attributes of a release as a client sent them, after GitLab's parameter validation (R35 to
//! R39).

use super::params::{
    ASSETS, ASSETS_LINKS, DESCRIPTION, DIRECT_ASSET_PATH, FILEPATH, LEGACY_CATALOG_PUBLISH,
    LINK_TYPE, MAX_LINKS, MILESTONE_IDS, MILESTONES, NEW_LINK_NAME, NEW_LINK_URL, NEW_TAG_NAME,
    REF, RELEASE_NAME, RELEASED_AT, TAG_MESSAGE,
};
use crate::excerpt::first_of;
use crate::http::error::ApiError;
use crate::http::params::{Checks, Field, Param, ParamErrors, ParamProblem, Params, Value};
use crate::release::{
    Author, Invalid, LinkAttributes, NewRelease, ReleaseAttributes, TagName, commit_of,
};
use crate::timestamp::Timestamp;

/// A new release: of the right types, but not yet checked against the rules of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseInput {
    /// The tag, which may be one that must not be created.
    pub tag: TagName,
    attributes: ReleaseAttributes,
    commit: Option<String>,
    links: Vec<LinkAttributes>,
    milestones: Milestones,
}

impl ReleaseInput {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// Every parameter that is missing or of the wrong type, in GitLab's order (R36).
    pub fn read(params: &Params) -> Result<Self, ParamErrors> {
        let mut checks = Checks::new(params);
        let tag = tag(&mut checks);
        checks.text(&TAG_MESSAGE);
        let name = checks.text(&RELEASE_NAME);
        let description = checks.text(&DESCRIPTION);
        let commit = checks.text(&REF).into_value();
        let links = links(&mut checks);
        let milestones = Milestones::read(&mut checks);
        let released_at = checks.date(&RELEASED_AT);
        checks.boolean(&LEGACY_CATALOG_PUBLISH);
        checks.finish(Self {
            tag,
            attributes: release_attributes(name, description, released_at),
            commit: commit.as_deref().and_then(commit_of),
            links,
            milestones,
        })
    }

    /// The new release.
    ///
    /// # Errors
    ///
    /// [`ApiError::Rejected`], in the order of R40.
    pub fn into_new_release(self, author: Option<Author>) -> Result<NewRelease, ApiError> {
        self.milestones.check()?;
        TagName::parse_new(self.tag.as_str()).map_err(Invalid::Tag)?;
        let new = self
            .attributes
            .into_new_release(self.commit, author, self.links);
        Ok(new?)
    }
}

/// Reads the attributes of an update.
pub(super) fn read_attributes(checks: &mut Checks<'_>) -> ReleaseAttributes {
    let name = checks.text(&RELEASE_NAME);
    let description = checks.text(&DESCRIPTION);
    let released_at = checks.date(&RELEASED_AT);
    release_attributes(name, description, released_at)
}

/// The attributes that POST and PUT share.
fn release_attributes(
    name: Field<String>,
    description: Field<String>,
    released_at: Field<Timestamp>,
) -> ReleaseAttributes {
    ReleaseAttributes {
        name: name.given(),
        description: description.given(),
        released_at: released_at.given(),
    }
}

/// The tag, which is required but may be blank (R36).
fn tag(checks: &mut Checks<'_>) -> TagName {
    let text = checks.required_text(&NEW_TAG_NAME).into_value();
    let text = text.unwrap_or_default();
    let problem = match text.parse::<TagName>() {
        Ok(tag) if text.trim().is_empty() || !tag.has_control_characters() => return tag,
        Ok(_) => ParamProblem::Invalid,
        Err(error) => ParamProblem::TooLong(error.to_string()),
    };
    checks.fail(&NEW_TAG_NAME, problem);
    TagName::default()
}

/// The links in `assets` (R36, R37).
fn links(checks: &mut Checks<'_>) -> Vec<LinkAttributes> {
    let members = match checks.value(&ASSETS) {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Object(members)) => members,
        Some(Value::Text(_) | Value::Array(_) | Value::File) => {
            checks.fail(&ASSETS, ParamProblem::Invalid);
            return Vec::new();
        }
    };
    let elements = match members.get(ASSETS_LINKS.name) {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Text(text)) if text.is_empty() => return Vec::new(),
        Some(Value::Array(elements)) if elements.len() > MAX_LINKS => {
            let problem = format!("has too many elements (maximum is {MAX_LINKS})");
            checks.fail_at("assets[links]", ParamProblem::TooLong(problem));
            return Vec::new();
        }
        Some(Value::Array(elements)) => elements,
        Some(Value::Text(_) | Value::Object(_) | Value::File) => {
            checks.fail_at("assets[links]", ParamProblem::Invalid);
            return Vec::new();
        }
    };
    let elements = elements.iter().enumerate();
    elements
        .filter_map(|(index, element)| link(checks, index, element))
        .collect()
}

/// One link; `None` for null, which GitLab ignores.
fn link(checks: &mut Checks<'_>, index: usize, element: &Value) -> Option<LinkAttributes> {
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
    let mut inner = Checks::within(&members, object);
    // GitLab's validation ignores an empty object.
    let mut required = |param: &Param| {
        if is_empty {
            Field::Absent
        } else {
            inner.required_text(param)
        }
    };
    let [name, url] = [NEW_LINK_NAME, NEW_LINK_URL].map(|param| required(&param));
    let direct_asset_path = inner.text(&DIRECT_ASSET_PATH);
    let filepath = inner.text(&FILEPATH);
    let link_type = inner.text(&LINK_TYPE);
    checks.append(inner);
    Some(LinkAttributes {
        name: name.into_value(),
        url: url.into_value(),
        filepath: direct_asset_path.or(filepath).into_value(),
        link_type: link_type.into_value(),
    })
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
