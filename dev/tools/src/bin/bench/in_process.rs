//! Reports Criterion's measurements of the pipeline stages, as ratios to the time of reading the
//! event.

use std::fs;

use serde_json::Value;

use crate::Table;

/// The measurement of reading the event, which `lambda_http` does before the service's first stage.
const BASELINE: &str = "event";
const STAGES: [&str; 5] = [
    "route",
    "params of a form",
    "params of JSON",
    "view of a link",
    "view of 20 links",
];

pub fn measure() -> Table {
    let (baseline, _) = median(BASELINE);
    let row = |name: &str| {
        let (median, (low, high)) = median(name);
        let ratio = |time: f64| format!("{:.3}", time / baseline);
        vec![
            name.to_owned(),
            ratio(median),
            format!("{} to {}", ratio(low), ratio(high)),
        ]
    };
    let rows = std::iter::once(BASELINE).chain(STAGES).map(row).collect();
    let columns = vec!["part", "time / reading the event", "95 % confidence"];
    Table {
        name: "parts of the pipeline",
        columns,
        rows,
        bounds: Vec::new(),
    }
}

/// Returns Criterion's median and its confidence interval.
fn median(name: &str) -> (f64, (f64, f64)) {
    let file = format!("target/criterion/{name}/new/estimates.json");
    let text = fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{file}: {error}; run `make bench` to create it"));
    let estimates: Value = serde_json::from_str(&text).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    let median = &estimates["median"];
    let interval = &median["confidence_interval"];
    (
        number(&median["point_estimate"]),
        (
            number(&interval["lower_bound"]),
            number(&interval["upper_bound"]),
        ),
    )
}
