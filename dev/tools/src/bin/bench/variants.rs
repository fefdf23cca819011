//! Compares the release build of the service with other build settings and other allocators.

use std::fs;
use std::process::Command;

use crate::process::{Program, SERVICE};
use crate::report::Spread;
use crate::warm::REQUESTS;
use crate::{TABLE, Table, size, start_engine, warm};

/// The number of starts of each variant.
const STARTS: usize = 30;

struct Variant {
    name: String,
    path: String,
    /// A library to preload for its allocator; empty for none.
    preload: String,
}

/// The alternative settings of the release profile.
const PROFILES: [&str; 5] = [
    "opt-level=3",
    "opt-level=2",
    "opt-level=\"z\"",
    "lto=\"thin\"",
    "codegen-units=16",
];
/// The alternative allocators, from Debian's packages libjemalloc2 and libmimalloc2.0.
const ALLOCATORS: [&str; 2] = ["libjemalloc.so.2", "libmimalloc.so.2.0"];

impl Variant {
    fn new(name: &str, path: &str, preload: &str) -> Self {
        let [name, path, preload] = [name, path, preload].map(str::to_owned);
        Self {
            name,
            path,
            preload,
        }
    }

    /// Builds the service with one setting of the release profile changed.
    fn with_profile(profile: &str) -> Self {
        let name = profile.replace('"', "");
        let folder = format!("target/variants/{name}");
        let mut cargo = Command::new("cargo");
        cargo.args([
            "build",
            "--locked",
            "--release",
            "--package",
            "release-links",
        ]);
        cargo.args([
            "--config",
            &format!("profile.release.{profile}"),
            "--target-dir",
            &folder,
        ]);
        assert!(
            cargo.status().unwrap().success(),
            "{profile} cannot be built"
        );
        Self::new(&name, &format!("{folder}/release/release-links"), "")
    }

    /// Returns the service with another allocator, if the allocator is installed.
    fn with_allocator(library: &str) -> Option<Self> {
        let folders = fs::read_dir("/usr/lib")
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let file = folders
            .map(|folder| folder.join(library))
            .find(|file| file.exists())?;
        Some(Self::new(library, SERVICE, &file.to_string_lossy()))
    }
}

/// Builds and measures all variants.
pub async fn measure() -> Table {
    let shipped = Variant::new("as it is", SERVICE, "");
    let profiles = PROFILES.into_iter().map(Variant::with_profile);
    let allocators = ALLOCATORS.into_iter().filter_map(Variant::with_allocator);
    let variants: Vec<Variant> = std::iter::once(shipped)
        .chain(profiles)
        .chain(allocators)
        .collect();
    let (engine, _) = start_engine().await;
    warm::fill(engine).await;
    let starts = measure_starts(&variants).await;
    let (mut rows, mut shipped) = (Vec::new(), Vec::new());
    for (variant, start) in variants.iter().zip(starts) {
        let (bytes, zipped) = size::measure_program(&variant.path);
        let mut row = vec![variant.name.clone(), bytes.to_string(), zipped.to_string()];
        row.extend(start);
        for (n, request) in REQUESTS.iter().enumerate() {
            let preload = [("LD_PRELOAD", variant.preload.as_str())];
            let count = request.instructions(&variant.path, engine, &preload).await;
            if shipped.len() == n {
                shipped.push(count);
            }
            row.push(format!("{:.3}", count / shipped[n]));
        }
        rows.push(row);
    }
    let columns = "build|bytes|bytes, zipped|cold CPU|peak RSS|get|list of 20|redirect|create";
    Table {
        name: "variants",
        columns: columns.split('|').collect(),
        rows,
        bounds: Vec::new(),
    }
}

/// Measures processor time and memory of a start without the warm-up call, as ratios to the first
/// variant's.
async fn measure_starts(variants: &[Variant]) -> Vec<[String; 2]> {
    let mut ratios: Vec<[Vec<f64>; 2]> = variants.iter().map(|_| Default::default()).collect();
    for _ in 0..STARTS {
        let mut first = None;
        for (variant, [cpu, peak_rss]) in variants.iter().zip(&mut ratios) {
            let settings = [
                ("TABLE_NAME", TABLE),
                ("WARM_UP_SECONDS", "0"),
                ("LD_PRELOAD", &variant.preload),
            ];
            let start = Program {
                path: &variant.path,
                settings: &settings,
            }
            .start()
            .await;
            let (first_cpu, first_rss) = *first.get_or_insert((start.cpu, start.peak_rss));
            cpu.push(start.cpu / first_cpu);
            peak_rss.push(start.peak_rss / first_rss);
        }
    }
    ratios
        .into_iter()
        .map(|ratios| ratios.map(|ratios| format!("{:.2}", Spread::from_numbers(ratios).median)))
        .collect()
}
