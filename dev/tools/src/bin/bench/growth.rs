//! Measures how the cost of the operations grows with the size of a release and with the number of
//! releases.

use release_links::page::Page;
use release_links::release::OrderBy;
use release_links::store::Usage;

use crate::{Bound, TABLE, Table, start_engine, store};
use testkit::import;
use testkit::usage::{self, Growth, dollars};

/// The highest count of a list: one more than the largest `X-Total` that GitLab sends (B16).
const MAX_COUNTED: u64 = 10_001;

pub async fn measure_releases() -> Table {
    let (engine, database) = start_engine().await;
    let mut rows = Vec::new();
    for links in [10, 100, 1_000, 10_000, 100_000] {
        let tag = format!("with-{links}");
        import::release(&database, TABLE, &tag, links);
        rows.push((links, Growth::measure(&store(engine), &tag).await));
    }
    table("growth of a release", "links", &rows)
}

pub async fn measure_table() -> Table {
    let (engine, database) = start_engine().await;
    let mut rows = Vec::new();
    for releases in [1, 1_000, 100_000] {
        import::releases(&database, TABLE, releases);
        rows.push((releases, Growth::measure(&store(engine), "r0").await));
    }
    table("growth of the table", "releases", &rows)
}

/// Measures the cost of list pages by their position.
pub async fn measure_pages() -> Table {
    let (engine, database) = start_engine().await;
    let mut rows = Vec::new();
    for (links, padding) in [(1_000, 0), (1_000, 2_000), (10_000, 0)] {
        let tag = format!("{links}-{padding}");
        import::long_release(&database, TABLE, &tag, links, padding);
        let last = u64::from(links) / usage::FIRST_PAGE.per_page;
        let mut row = vec![links.to_string(), (padding + 20).to_string()];
        for page in [1, 2, last / 2, last, last + 1, 999_999_999] {
            let Usage {
                calls, read_units, ..
            } = usage::measure_page(&store(engine), &tag, page).await;
            row.push(format!("{calls} / {read_units}"));
        }
        rows.push(row);
    }
    let columns = vec![
        "links",
        "characters of a URL",
        "first",
        "second",
        "middle",
        "last",
        "past the last",
        "page 999999999",
    ];
    Table {
        name: "pages of a list",
        columns,
        rows,
        bounds: Vec::new(),
    }
}

/// Measures the cost of a page of 20 small releases by its position.
pub async fn measure_release_pages() -> Table {
    let mut rows = Vec::new();
    for releases in [100, 10_000] {
        let (engine, database) = start_engine().await;
        // The seeded release is one of them.
        import::releases(&database, TABLE, releases - 1);
        let last = u64::from(releases) / usage::FIRST_PAGE.per_page;
        let mut row = vec![releases.to_string()];
        for number in [1, last / 2, last, last + 1] {
            let page = Page {
                number,
                ..usage::FIRST_PAGE
            };
            let usage = usage::measure_list(&store(engine), OrderBy::ReleasedAt, page).await;
            row.push(format!("{} / {}", usage.calls, usage.read_units));
        }
        let by_creation =
            usage::measure_list(&store(engine), OrderBy::CreatedAt, usage::FIRST_PAGE).await;
        row.push(format!(
            "{} / {}",
            by_creation.calls, by_creation.read_units
        ));
        rows.push(row);
    }
    Table {
        name: "pages of releases",
        columns: vec![
            "releases",
            "first",
            "middle",
            "last",
            "past the last",
            "first by `created_at`",
        ],
        rows,
        bounds: Vec::new(),
    }
}

fn table(name: &'static str, size_column: &'static str, rows: &[(u32, Growth)]) -> Table {
    let row = |(size, growth): &(u32, Growth)| {
        let operations = [growth.list, growth.get, growth.create, growth.download];
        std::iter::once(size.to_string())
            .chain(operations.map(cell))
            .collect()
    };
    let (first, last) = (&rows[0].1, &rows[rows.len() - 1].1);
    let price_growth = |metric: &str, usage: fn(&Growth) -> Usage| {
        bound(
            metric,
            "the smallest",
            dollars(usage(last)) / dollars(usage(first)),
        )
    };
    let counted = last.counted as f64 / MAX_COUNTED as f64;
    Table {
        name,
        columns: vec![
            size_column,
            "first page of the list",
            "get",
            "create",
            "redirect",
        ],
        rows: rows.iter().map(row).collect(),
        bounds: vec![
            price_growth("get", |growth| growth.get),
            price_growth("create", |growth| growth.create),
            price_growth("redirect", |growth| growth.download),
            bound("links that a list counts", "10,001", counted),
        ],
    }
}

fn cell(usage: Usage) -> String {
    format!(
        "{} / {} / {}",
        usage.calls, usage.read_units, usage.write_units
    )
}

fn bound(metric: &str, baseline: &'static str, ratio: f64) -> Bound {
    Bound {
        metric: metric.to_owned(),
        baseline,
        ratio,
        interquartile_range: None,
        max: 1.0,
    }
}
