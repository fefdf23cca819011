//! Each difference from GitLab stands where it applies in `docs/openapi.json`.

use serde_json::Value;

/// The differences that no single operation, parameter, property or header has.
const GENERAL: [&str; 6] = [
    // The security of each operation says how a token is sent.
    "The operator issues tokens.",
    // The row about the name of such a release says the same.
    "Creating a link creates the release.",
    // Responses of all operations with a body.
    "A body with a compressing `Content-Encoding`",
    // Responses of all operations.
    "Malformed input returns 400",
    // GitLab has no such operation.
    "`GET /api/v4/openapi.json`",
    // The service has no such operations.
    "Not implemented:",
];

/// What the service does, from each row of the tables in `docs/differences-from-gitlab.md`.
fn rows() -> Vec<String> {
    let page = include_str!("../../../docs/differences-from-gitlab.md");
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let rows = rows.filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
        (cells.len() == 3 && cells[0] != "release-links" && cells[0] != "---")
            .then(|| cells[0].to_owned())
    });
    rows.collect()
}

/// All texts of the extension `x-gitlab-difference`.
fn differences(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Object(members) => {
            let own = members.get("x-gitlab-difference").and_then(Value::as_array);
            for difference in own.into_iter().flatten() {
                found.push(
                    difference["service"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                );
            }
            members
                .values()
                .for_each(|member| differences(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| differences(item, found)),
        _ => {}
    }
}

#[test]
fn each_difference_from_gitlab_is_in_the_description() {
    let document = include_str!("../../../docs/openapi.json");
    let mut found = Vec::new();
    differences(&serde_json::from_str(document).unwrap(), &mut found);
    let beginning = |text: &str| text.split('[').next().unwrap_or_default().to_owned();
    let is_general = |row: &str| GENERAL.iter().any(|general| row.starts_with(general));
    let is_found = |row: &str| found.iter().any(|text| text.starts_with(&beginning(row)));
    for row in rows() {
        assert!(
            is_found(&row) != is_general(&row),
            "'{row}' is either in no extension of docs/openapi.json, because nothing cites the \
             statement that its row cites, or no longer general"
        );
    }
    assert_eq!(
        rows().iter().filter(|row| is_general(row)).count(),
        GENERAL.len()
    );
}
