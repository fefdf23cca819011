//! Calculates the price of a million public downloads through the edge of `edge.yaml`, from the
//! price of those that reach the service.

use release_links::store::Usage;
use testkit::usage::{self, cents, dollars};

use crate::cost::{self, Logs, price};
use crate::{Bound, Table, start_engine, store};

/// The percentages of the downloads that the edge answers by itself.
const HITS: [u32; 4] = [0, 80, 90, 96];
/// The price that the project promises for a million downloads, and for which percentage of hits.
const PROMISE: (u32, f64) = (80, 0.40);
/// Requests to CloudFront that are free each month, in millions.
const FREE: f64 = 10.0;
/// Bytes of a redirect with its headers, roughly.
const RESPONSE_BYTES: f64 = 1_000.0;
/// A line of the edge's log, with values of typical length.
const LOG_LINE: &str = r#"{"date":"2026-11-25","time":"12:00:00","cs-method":"GET","cs-uri-stem":"/group/app/-/releases/v1.2.0/downloads/bin/app-linux-x64.tar.gz","sc-status":"302","x-edge-result-type":"Hit","c-country":"DE"}"#;

/// The price of a million downloads that reach the service: through its API, and through a function
/// URL, which has neither the API's price nor an access log.
struct Service {
    api: f64,
    function_url: f64,
}

impl Service {
    fn new(download: Usage, logs: Logs) -> Self {
        let function = cost::default_function();
        let api = cost::serverless(download, logs.function + logs.access, function);
        let function_url = cost::serverless(download, logs.function, function) - price::HTTP_API;
        Self {
            api: api + dollars(download),
            function_url: function_url + dollars(download),
        }
    }

    /// The price of a million downloads with these hits.
    fn behind_edge(&self, hits: u32) -> f64 {
        self.api * f64::from(100 - hits) / 100.0
    }

    /// The number of downloads a month, in millions, above which a function URL alone is cheaper.
    fn break_even(&self, hits: u32) -> Option<f64> {
        let beyond = self.behind_edge(hits) + price::CLOUDFRONT - self.function_url;
        (self.behind_edge(hits) < self.function_url && beyond > 0.0)
            .then(|| FREE * price::CLOUDFRONT / beyond)
    }

    /// The price of a month with this number of downloads, in millions.
    fn month(&self, millions: f64, hits: u32) -> f64 {
        self.behind_edge(hits) * millions + (millions - FREE).max(0.0) * price::CLOUDFRONT
    }
}

/// Calculates the table.
pub async fn measure() -> Table {
    let (engine, _) = start_engine().await;
    let logs = cost::logs(engine).await;
    let operations = usage::measure_operations(&store(engine)).await;
    let download = operations.iter().find(|(name, _)| *name == "download");
    let (_, download) = download.expect("downloads are measured");
    table(&Service::new(*download, logs))
}

/// A row of the table: its name, and a cell for each percentage of hits.
fn row(name: &str, cell: impl Fn(u32) -> String) -> Vec<String> {
    let cells = HITS.iter().map(|hits| cell(*hits));
    std::iter::once(name.to_owned()).chain(cells).collect()
}

fn price_row(name: &str, price: impl Fn(u32) -> f64) -> Vec<String> {
    row(name, |hits| cents(price(hits)))
}

fn prices_of_a_million(service: &Service) -> Vec<Vec<String>> {
    let gigabytes = RESPONSE_BYTES / 1_000.0;
    let from_api = |hits: u32| f64::from(100 - hits) / 100.0 * gigabytes * price::DATA_OUT;
    let names = [
        "edge, among the first 10 million requests of a month",
        "beyond them, in North America",
        "beyond them, in Europe",
        "more for the edge's log",
        "more for data from the API, beyond 100 GB a month",
        "more for data from the edge, beyond 1 TB a month",
        "a function URL alone, without an edge",
    ];
    let more = [0.0, price::CLOUDFRONT, price::CLOUDFRONT_EUROPE];
    let [first, america, europe, log, api, edge, function_url] = names;
    let log_line = cost::log_price(LOG_LINE.len() as f64);
    let requests = [first, america, europe].into_iter().zip(more);
    let mut rows: Vec<_> = requests
        .map(|(name, more)| price_row(name, |hits| service.behind_edge(hits) + more))
        .collect();
    rows.push(price_row(log, |_| log_line));
    rows.push(price_row(api, from_api));
    rows.push(price_row(edge, |_| gigabytes * price::CLOUDFRONT_DATA_OUT));
    rows.push(price_row(function_url, |_| service.function_url));
    rows
}

fn table(service: &Service) -> Table {
    let mut rows = prices_of_a_million(service);
    for (name, millions) in [
        ("1 million downloads a month", 1.0),
        ("10 million", 10.0),
        ("100 million", 100.0),
    ] {
        rows.push(price_row(name, |hits| service.month(millions, hits)));
    }
    let turn = "from here on, a function URL alone is cheaper";
    rows.push(row(turn, |hits| {
        let millions = service.break_even(hits);
        millions.map_or("–".to_owned(), |millions| {
            format!("{millions:.0} million")
        })
    }));
    let (hits, max) = PROMISE;
    Table {
        name: "dollars for a million public downloads",
        columns: vec!["", "no hits", "80 % hits", "90 % hits", "96 % hits"],
        rows,
        bounds: vec![Bound {
            metric: format!("dollars at {hits} % hits"),
            baseline: "a dollar",
            ratio: service.behind_edge(hits),
            interquartile_range: None,
            max,
        }],
    }
}
