//! Measures a cold start: processor time and peak memory of a process until it polls for its first
//! event.

use std::net::SocketAddr;

use crate::process::{HELLO, Program, SDK_DEFAULT, SERVICE, Start};
use crate::report::Spread;
use crate::{Bound, TABLE, Table};

/// The number of starts of each program.
const STARTS: usize = 40;
/// Nothing listens on port 1, so the warm-up call runs only until the connection is refused. Before
/// that, a program that connects over TLS parses its root certificates.
const REFUSING: &str = "http://127.0.0.1:1";
const REFUSING_TLS: &str = "https://127.0.0.1:1";
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

const MAX_CPU_TO_HELLO: f64 = 1.15;
const MAX_WARMED_CPU_TO_HELLO: f64 = 1.5;
const MAX_CPU_TO_SDK_DEFAULT: f64 = 1.0 / 3.0;
/// Exceeded if `src/startup.ld` no longer fits the program: run `make startup-order`.
const MAX_RSS_TO_HELLO: f64 = 1.3;

pub async fn measure(engine: SocketAddr) -> Table {
    let engine = format!("http://{engine}");
    let table = ("TABLE_NAME", TABLE);
    let alone = [table, ("WARM_UP_SECONDS", "0")];
    let warmed = [table, ("AWS_ENDPOINT_URL_DYNAMODB", engine.as_str())];
    let refused = [table, ("AWS_ENDPOINT_URL_DYNAMODB", REFUSING)];
    let tls = ("AWS_ENDPOINT_URL_DYNAMODB", REFUSING_TLS);
    let refused_tls = [table, tls, ("SSL_CERT_FILE", SYSTEM_ROOTS)];
    let program = |path, settings| Program { path, settings };
    let programs = [
        ("`hello`", program(HELLO, &[][..])),
        ("`sdk-default`", program(SDK_DEFAULT, &alone)),
        (
            "the service, without the warm-up call",
            program(SERVICE, &alone),
        ),
        (
            "the service, with the warm-up call",
            program(SERVICE, &warmed),
        ),
        (
            "the service, refused, Amazon's roots",
            program(SERVICE, &refused),
        ),
        (
            "the service, refused, the system's roots",
            program(SERVICE, &refused_tls),
        ),
    ];
    let starts = start_in_turn(&programs.map(|(_, program)| program)).await;
    self::table(&programs.map(|(name, _)| name), &starts)
}

async fn start_in_turn(programs: &[Program<'_>]) -> Vec<Vec<Start>> {
    let mut starts: Vec<Vec<Start>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..STARTS {
        for (program, starts) in programs.iter().zip(&mut starts) {
            starts.push(program.start().await);
        }
    }
    starts
}

fn cpu(start: &Start) -> f64 {
    start.cpu
}

fn peak_rss(start: &Start) -> f64 {
    start.peak_rss
}

/// Compares each start with the adjacent start of the baseline.
fn ratios(starts: &[Start], baseline: &[Start], value: fn(&Start) -> f64) -> Spread {
    Spread::from_numbers(
        starts
            .iter()
            .zip(baseline)
            .map(|(start, baseline)| value(start) / value(baseline))
            .collect(),
    )
}

fn table(names: &[&str], starts: &[Vec<Start>]) -> Table {
    let [hello, sdk_default, service, warmed] = [0, 1, 2, 3].map(|program| &starts[program]);
    let row = |(name, starts): (&&str, &Vec<Start>)| {
        let [to_hello, hello_spread] = ratios(starts, hello, cpu).cells();
        let [to_sdk, sdk_spread] = ratios(starts, sdk_default, cpu).cells();
        let [memory, _] = ratios(starts, hello, peak_rss).cells();
        vec![
            (*name).to_owned(),
            to_hello,
            hello_spread,
            to_sdk,
            sdk_spread,
            memory,
        ]
    };
    let [hello_cpu, sdk_cpu] = [hello, sdk_default].map(|other| ratios(service, other, cpu));
    let columns = "program|CPU / `hello`|interquartile range|CPU / `sdk-default`|interquartile range|\
                   peak RSS / `hello`";
    Table {
        name: "cold start",
        columns: columns.split('|').collect(),
        rows: names.iter().zip(starts).map(row).collect(),
        bounds: vec![
            bound("CPU", "`hello`", &hello_cpu, MAX_CPU_TO_HELLO),
            bound(
                "CPU with the warm-up call",
                "`hello`",
                &ratios(warmed, hello, cpu),
                MAX_WARMED_CPU_TO_HELLO,
            ),
            bound("CPU", "`sdk-default`", &sdk_cpu, MAX_CPU_TO_SDK_DEFAULT),
            bound(
                "peak RSS",
                "`hello`",
                &ratios(service, hello, peak_rss),
                MAX_RSS_TO_HELLO,
            ),
        ],
    }
}

fn bound(metric: &str, baseline: &'static str, ratio: &Spread, max: f64) -> Bound {
    let interquartile_range = Some(ratio.quartiles);
    Bound {
        metric: metric.to_owned(),
        baseline,
        ratio: ratio.median,
        interquartile_range,
        max,
    }
}
