//! Every operation has cases, a place in each matrix, a documented cost and an event. A test fails
//! with the name of the operation that lacks one. `statuses` asserts that each status of an operation
//! has a request.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Write, stderr};

use release_links::operations::{Facts, OPERATIONS};
use serde_json::Value;

use testkit::app::TestApp;
use testkit::log::Log;

use crate::access::names_in_matrix;
use crate::cases::{CASES, Case, case};
use crate::fault_cases::{Faulted, Pairs, faulted};

fn all_facts() -> impl Iterator<Item = &'static Facts> {
    OPERATIONS.iter().map(|row| row.facts)
}

/// Asserts that the name of each operation is among these.
#[track_caller]
fn assert_each_row_is_in(names: &BTreeSet<String>, what: &str) {
    for Facts { name, .. } in all_facts() {
        assert!(names.contains(*name), "{name} has no {what}");
    }
}

fn owned<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    names.map(str::to_owned).collect()
}

#[test]
fn each_case_belongs_to_an_operation() {
    for case in CASES {
        let is_row = all_facts().any(|facts| facts.name == case.row());
        assert!(is_row, "{} belongs to no operation", case.name);
    }
}

#[test]
fn each_operation_has_a_case_of_its_name() {
    let names = CASES.iter().map(|case| case.name);
    assert_each_row_is_in(&owned(names), "case of its name");
}

#[test]
fn each_operation_is_in_the_fault_matrix() {
    let faulted = faulted(Pairs::OfClasses);
    let rows = faulted.iter().map(|one| one.case.row());
    // A case without calls has no faults.
    let without_calls = CASES.iter().filter(|case| case.calls.is_empty());
    let rows = rows.chain(without_calls.map(Case::row));
    assert_each_row_is_in(&owned(rows), "case in the fault matrix");
}

#[test]
fn each_operation_is_in_the_access_matrix() {
    let rows = names_in_matrix().map(|name| case(name).row());
    assert_each_row_is_in(&owned(rows), "line in access.txt");
}

/// Prints the number of cases in each matrix, so that a change can show that it lost none.
#[test]
fn the_cases_of_each_matrix_are_counted() {
    let (classes, all) = (faulted(Pairs::OfClasses), faulted(Pairs::All));
    let mut text =
        "case: single faults, pairs of classes, all pairs, cells of access.txt".to_owned();
    let mut totals = [0; 4];
    for case in CASES {
        let count = |faulted: &[Faulted], rules: usize| {
            let of_case = faulted.iter().filter(|one| one.case.name == case.name);
            of_case.filter(|one| one.rules.len() == rules).count()
        };
        let cells = names_in_matrix().filter(|name| *name == case.name).count();
        let counts = [
            count(&classes, 1),
            count(&classes, 2),
            count(&all, 2),
            cells,
        ];
        totals = std::array::from_fn(|index| totals[index] + counts[index]);
        text += &format!("\n  {}: {counts:?}", case.name);
    }
    // Written directly to stderr because the test harness captures `eprintln!`.
    let _ = writeln!(stderr(), "{text}\n  {} cases: {totals:?}", CASES.len());
    assert!(totals.iter().all(|total| *total > 0));
}

/// The number of calls is asserted for each case; the capacity is what the table has.
#[test]
fn each_case_has_a_documented_cost() {
    let costs = include_str!("../../docs/operations.md");
    for case in CASES {
        let line = format!("\n| {} | ", case.cost);
        assert!(
            costs.contains(&line),
            "docs/operations.md has no row '{}', which {} needs",
            case.cost,
            case.name
        );
    }
}

/// The operation that the service named in the log.
fn logged_operation(log: &Log) -> Option<String> {
    let events = log.text();
    let events = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut operations =
        events.filter_map(|event| Some(event["fields"]["operation"].as_str()?.to_owned()));
    operations.next()
}

#[tokio::test]
async fn each_operation_has_an_event_of_a_success() {
    let app = TestApp::start().await;
    let expected: Value = serde_json::from_str(include_str!("../events.json")).unwrap();
    let mut operations = BTreeSet::new();
    for expected in expected.as_array().unwrap() {
        let name = expected["event"].as_str().unwrap();
        let event = fs::read_to_string(format!("events/{name}.json")).unwrap();
        let log = Log::capture();
        let reply = app
            .send(serde_json::from_str::<Value>(&event).unwrap())
            .await;
        let operation = logged_operation(&log).filter(|_| reply.status < 400);
        operations.extend(operation);
    }
    assert_each_row_is_in(&operations, "event of a success in events/");
}
