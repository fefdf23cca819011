//! What is uploaded.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::process::{HELLO, SDK_DEFAULT, SERVICE};
use crate::{Bound, Table};

const MAX_BYTES: usize = 6_000_000;
const MAX_ZIPPED: usize = 2_800_000;

/// The size of a program, as it is and deflated as in a zip file.
pub fn of(path: &str) -> (usize, usize) {
    let program = fs::read(path).unwrap();
    let mut zipped = DeflateEncoder::new(Vec::new(), Compression::default());
    zipped.write_all(&program).unwrap();
    (program.len(), zipped.finish().unwrap().len())
}

pub fn measure() -> Table {
    let row = |(name, path): (&str, &str)| {
        let (bytes, zipped) = of(path);
        vec![name.to_owned(), bytes.to_string(), zipped.to_string()]
    };
    let (bytes, zipped) = of(SERVICE);
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
            bound("as it is", "6 MB", bytes, MAX_BYTES),
            bound("zipped", "2.8 MB", zipped, MAX_ZIPPED),
        ],
    }
}

fn bound(what: &str, baseline: &'static str, bytes: usize, most: usize) -> Bound {
    Bound {
        what: what.to_owned(),
        baseline,
        ratio: bytes as f64 / most as f64,
        middle_half: None,
        most: 1.0,
    }
}
