//! Updates `BENCHMARKS.md`. Two comments with a table's name mark the place of each table.

use std::fs;
use std::process::Command;

use crate::{Bound, Table};

const FILE: &str = "BENCHMARKS.md";

pub struct Report {
    command: &'static str,
    text: String,
    bounds: Vec<Vec<String>>,
    exceeded: Vec<String>,
}

impl Report {
    /// Reads the file, to update the tables that this command measures.
    pub fn read(command: &'static str) -> Self {
        let text = fs::read_to_string(FILE).expect("the command must run in the repository's root");
        Self {
            command,
            text,
            bounds: Vec::new(),
            exceeded: Vec::new(),
        }
    }

    /// Prints the table, and replaces it in the report, with the date and the machine.
    pub fn put(&mut self, table: &Table) {
        let markdown = markdown(table);
        println!("\n{}\n\n{markdown}", table.name);
        let (begin, end) = (
            format!("<!-- {} -->\n", table.name),
            format!("<!-- end of {} -->", table.name),
        );
        let start = self
            .text
            .find(&begin)
            .expect("the report has a comment that begins each table")
            + begin.len();
        let stop = start
            + self.text[start..]
                .find(&end)
                .expect("the report has a comment that ends each table");
        self.text.replace_range(
            start..stop,
            &format!("\n`{}`, {}\n\n{markdown}\n", self.command, environment()),
        );
        for bound in &table.bounds {
            self.bounds.push(row(table.name, bound));
            if bound.ratio > bound.max {
                self.exceeded
                    .push(format!("{}: {}", table.name, bound.metric));
            }
        }
    }

    /// Writes the bounds of all tables so far into one table.
    pub fn put_bounds(&mut self) {
        let columns = vec![
            "what",
            "baseline",
            "ratio",
            "interquartile range",
            "at most",
        ];
        let rows = std::mem::take(&mut self.bounds);
        self.put(&Table {
            name: "bounds",
            columns,
            rows,
            bounds: Vec::new(),
        });
    }

    /// Writes the file, and returns the bounds that were exceeded.
    pub fn write(self) -> Vec<String> {
        fs::write(FILE, &self.text).expect("the report can be written");
        self.exceeded
    }
}

fn row(table: &str, bound: &Bound) -> Vec<String> {
    let interquartile_range = bound
        .interquartile_range
        .map(|(low, high)| format!("{low:.2} to {high:.2}"))
        .unwrap_or_default();
    let [ratio, max] = [bound.ratio, bound.max].map(|number| format!("{number:.2}"));
    vec![
        format!("{table}: {}", bound.metric),
        bound.baseline.to_owned(),
        ratio,
        interquartile_range,
        max,
    ]
}

fn markdown(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(table.columns.iter().map(ToString::to_string).collect());
    text += &line(vec!["---".to_owned(); table.columns.len()]);
    text.extend(table.rows.iter().cloned().map(line));
    text
}

/// Describes the date and the machine of the measurement.
fn environment() -> String {
    let date = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or(": unknown processor");
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = Command::new("uname")
        .arg("-sr")
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let kernel = String::from_utf8_lossy(&kernel).trim().to_owned();
    format!(
        "{}, {count} processors ({}), {kernel}",
        &date[..10],
        model.trim_start_matches(['\t', ':', ' '])
    )
}

/// The median and the first and third quartile of some numbers.
pub struct Spread {
    pub median: f64,
    pub quartiles: (f64, f64),
}

impl Spread {
    pub fn from_numbers(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let at = |part: usize| numbers[(numbers.len() - 1) * part / 4];
        Self {
            median: at(2),
            quartiles: (at(1), at(3)),
        }
    }

    /// Formats the median and the quartiles with two decimals.
    pub fn cells(&self) -> [String; 2] {
        let (low, high) = self.quartiles;
        [
            format!("{:.2}", self.median),
            format!("{low:.2} to {high:.2}"),
        ]
    }
}
