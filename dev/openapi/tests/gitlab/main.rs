//! Our description of the API says what GitLab's own description says about the same operations.
//! `gitlab.json` has GitLab's facts, and the exceptions with their reasons.

mod comparison;
mod difference;
mod document;
mod facts;

use serde::Deserialize;
use serde_json::Value;

use crate::comparison::differences;
use crate::difference::problems;
use crate::document::Document;
use crate::facts::{ERROR, Facts};

#[test]
fn ours_says_what_gitlabs_description_says() {
    let (facts, document) = (Facts::read(), Document::read());
    let problems = problems(&facts, &differences(&facts, &document));
    assert!(
        problems.is_empty(),
        "docs/openapi.json against {}:\n{}",
        facts.source,
        problems.join("\n")
    );
}

#[test]
fn every_reason_is_a_statement_or_an_error_of_gitlabs() {
    let statements = include_str!("../../../../docs/gitlab-behaviour.md");
    let facts = Facts::read();
    let reasons = facts.exceptions.iter().map(|exception| &exception.because);
    let chosen = facts
        .objects
        .values()
        .filter_map(|object| object.chosen.as_ref());
    for reason in reasons.chain(chosen).filter(|reason| *reason != ERROR) {
        let anchor = format!("<a id=\"{}\"></a>**{reason}.**", reason.to_lowercase());
        assert!(statements.contains(&anchor), "{reason} is not a statement");
    }
}

/// A change of our document, and what the check then says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// A pointer to the object or array that changes.
    at: String,
    /// What is removed, or set to a value.
    member: String,
    #[serde(default)]
    value: Option<Value>,
    problems: Vec<String>,
}

impl Change {
    fn apply(&self, document: &mut Value) {
        let place = document.pointer_mut(&self.at);
        let place = place.unwrap_or_else(|| panic!("docs/openapi.json has no {}", self.at));
        let removed = match (place, self.value.clone()) {
            (Value::Object(members), None) => members.remove(&self.member),
            (Value::Array(items), None) => {
                self.member.parse().ok().map(|index| items.remove(index))
            }
            (place, Some(value)) => {
                place[self.member.as_str()] = value;
                return;
            }
            _ => None,
        };
        assert!(removed.is_some(), "{} has no {}", self.at, self.member);
    }
}

#[test]
fn every_kind_of_difference_is_reported() {
    let changes: Vec<Change> = serde_json::from_str(include_str!("changes.json")).unwrap();
    let facts = Facts::read();
    for change in changes {
        let mut document = Document::read();
        change.apply(&mut document.0);
        let found = differences(&facts, &document);
        assert_eq!(
            problems(&facts, &found),
            change.problems,
            "{} of {}",
            change.member,
            change.at
        );
    }
}
