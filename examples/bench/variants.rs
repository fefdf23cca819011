//! The service built in other ways, or with other allocators, next to how it is.

use crate::process::{Program, SERVICE};
use crate::report::Spread;
use crate::warm::REQUESTS;
use crate::{TABLE, Table, size, start_engine, warm};

/// How often each variant is started.
const PAIRS: usize = 30;

struct Variant {
    name: String,
    path: String,
    /// A library that is loaded before all others, for its allocator.
    preload: String,
}

impl Variant {
    /// Reads `name|path` or `name|path|preload`.
    fn parse(text: &str) -> Self {
        let mut parts = text.split('|').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        Self {
            name: part(),
            path: part(),
            preload: part(),
        }
    }
}

/// Measures these variants.
pub async fn measure(variants: Vec<String>) -> Table {
    let shipped = Variant {
        name: "as it is".to_owned(),
        path: SERVICE.to_owned(),
        preload: String::new(),
    };
    let variants: Vec<Variant> = std::iter::once(shipped)
        .chain(variants.iter().map(|text| Variant::parse(text)))
        .collect();
    let (engine, _) = start_engine().await;
    warm::fill(engine).await;
    let starts = cold(&variants).await;
    let (mut rows, mut shipped) = (Vec::new(), Vec::new());
    for (
        Variant {
            name,
            path,
            preload,
        },
        start,
    ) in variants.iter().zip(starts)
    {
        let (bytes, zipped) = size::of(path);
        let mut row = vec![name.clone(), bytes.to_string(), zipped.to_string()];
        row.extend(start);
        for (n, request) in REQUESTS.iter().enumerate() {
            let count = request
                .instructions(path, engine, &[("LD_PRELOAD", preload)])
                .await;
            if shipped.len() == n {
                shipped.push(count);
            }
            row.push(format!("{:.3}", count / shipped[n]));
        }
        rows.push(row);
    }
    let columns = vec![
        "build",
        "bytes",
        "bytes, zipped",
        "cold CPU",
        "peak RSS",
        "get",
        "list of 20",
        "redirect",
        "create",
    ];
    Table {
        name: "variants",
        columns,
        rows,
        bounds: Vec::new(),
    }
}

/// Processor time and memory of a start without the warm-up call, as ratios to the first variant's.
async fn cold(variants: &[Variant]) -> Vec<[String; 2]> {
    let mut ratios: Vec<[Vec<f64>; 2]> = variants.iter().map(|_| Default::default()).collect();
    for _ in 0..PAIRS {
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
        .map(|ratios| ratios.map(|ratios| format!("{:.2}", Spread::of(ratios).median)))
        .collect()
}
