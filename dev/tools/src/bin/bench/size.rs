//! Measures the size of the programs, as built and as uploaded.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::process::{HELLO, SDK_DEFAULT, SERVICE};
use crate::{Bound, Table};

const MAX_BYTES: usize = 6_900_000;
const MAX_ZIPPED: usize = 3_200_000;

/// Returns the size of a program in bytes, uncompressed and deflated as in a zip file.
pub fn measure_program(path: &str) -> (usize, usize) {
    let program = fs::read(path).unwrap();
    let mut zipped = DeflateEncoder::new(Vec::new(), Compression::default());
    zipped.write_all(&program).unwrap();
    (program.len(), zipped.finish().unwrap().len())
}

pub fn measure() -> Table {
    let row = |(name, path): (&str, &str)| {
        let (bytes, zipped) = measure_program(path);
        vec![name.to_owned(), bytes.to_string(), zipped.to_string()]
    };
    let (bytes, zipped) = measure_program(SERVICE);
    Table {
        name: "size",
        columns: vec!["program", "bytes", "bytes, zipped"],
        rows: [
            ("`hello`", HELLO),
            ("`sdk-default`", SDK_DEFAULT),
            ("the service", SERVICE),
        ]
        .map(row)
        .into(),
        bounds: vec![
            bound("as it is", "6.9 MB", bytes, MAX_BYTES),
            bound("zipped", "3.2 MB", zipped, MAX_ZIPPED),
        ],
    }
}

fn bound(metric: &str, baseline: &'static str, bytes: usize, max: usize) -> Bound {
    Bound {
        metric: metric.to_owned(),
        baseline,
        ratio: bytes as f64 / max as f64,
        interquartile_range: None,
        max: 1.0,
    }
}
