//! Each status of each operation, produced by a request. `statuses.txt` has the requests.

use std::collections::BTreeSet;
use std::io::{Write, stderr};

use release_links::operations::OPERATIONS;

use testkit::log::Log;

use crate::status_requests::{Apps, Line, Request, TABLE_OF_STATUSES, headings, lines_of};

/// API Gateway returns it before it invokes the function.
const TOO_MANY_REQUESTS: u16 = 429;

#[test]
fn each_heading_of_the_table_applies_to_an_operation() {
    let mut unused: BTreeSet<&str> = TABLE_OF_STATUSES
        .split("\n\n")
        .filter_map(|block| block.split_once('\n'))
        .filter(|(_, lines)| lines.starts_with(|c: char| c.is_ascii_digit()))
        .map(|(heading, _)| heading)
        .collect();
    for facts in OPERATIONS.iter().map(|row| row.facts) {
        for heading in headings(facts) {
            unused.remove(heading);
        }
    }
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn the_table_has_a_request_for_each_status_of_each_operation() {
    for facts in OPERATIONS.iter().map(|row| row.facts) {
        let found: BTreeSet<u64> = lines_of(facts).iter().map(|line| line.status).collect();
        let mut returned = facts.all_statuses();
        returned.retain(|status| *status != TOO_MANY_REQUESTS);
        let returned: BTreeSet<u64> = returned.into_iter().map(u64::from).collect();
        let name = facts.name;
        let unasked = returned.difference(&found).next();
        assert_eq!(
            unasked, None,
            "a status of {name} has no request in statuses.txt"
        );
        let unknown = found.difference(&returned).next();
        assert_eq!(unknown, None, "a status in statuses.txt is none of {name}");
    }
}

#[tokio::test]
async fn each_operation_returns_each_of_its_statuses() {
    let apps = Apps::start().await;
    let (mut count, mut wrong) = (0, Vec::new());
    for facts in OPERATIONS.iter().map(|row| row.facts) {
        for line in lines_of(facts) {
            count += 1;
            let request = Request::new(&apps, facts, format!("s{count}"), line).await;
            let log = Log::capture();
            let reply = request.send().await;
            let logged = format!("\"operation\":\"{}\"", facts.name);
            let is_of_operation = !line.is_own || log.text().contains(&logged);
            if reply.status != line.status || !is_of_operation {
                let Line { status, words, .. } = line;
                wrong.push(format!("{}, {status} {words}: {reply:?}", facts.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Written directly to stderr because the test harness captures `eprintln!`.
    let operations = OPERATIONS.len();
    let _ = writeln!(stderr(), "statuses: {count} of {operations} operations");
}
