//! From the start of a process until it asks for its first request.

use std::net::SocketAddr;

use crate::process::{HELLO, Program, SDK_DEFAULT, SERVICE, Start};
use crate::report::Spread;
use crate::{Bound, TABLE, Table};

/// How often each program is started.
const PAIRS: usize = 40;
/// Nothing listens on port 1; what is done before the connection is refused is done. Of an endpoint
/// of one's own over TLS, that is to parse the system's roots.
const REFUSING: &str = "http://127.0.0.1:1";
const REFUSING_TLS: &str = "https://127.0.0.1:1";
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

const MAX_CPU_OF_HELLO: f64 = 1.5;
const MAX_CPU_OF_SDK_DEFAULT: f64 = 1.0 / 3.0;
const MAX_RSS_OF_HELLO: f64 = 2.0;

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
    let starts = start_in_turns(&programs.map(|(_, program)| program)).await;
    self::table(&programs.map(|(name, _)| name), &starts)
}

async fn start_in_turns(programs: &[Program<'_>]) -> Vec<Vec<Start>> {
    let mut starts: Vec<Vec<Start>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..PAIRS {
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

/// Each start's value to that of the other program's start next to it.
fn ratios(of: &[Start], to: &[Start], value: fn(&Start) -> f64) -> Spread {
    Spread::of(
        of.iter()
            .zip(to)
            .map(|(of, to)| value(of) / value(to))
            .collect(),
    )
}

fn table(names: &[&str], starts: &[Vec<Start>]) -> Table {
    let (hello, sdk_default, service) = (&starts[0], &starts[1], &starts[2]);
    let row = |(name, start): (&&str, &Vec<Start>)| {
        let [of_hello, spread] = ratios(start, hello, cpu).cells();
        let [of_sdk, spread_of_sdk] = ratios(start, sdk_default, cpu).cells();
        let [memory, _] = ratios(start, hello, peak_rss).cells();
        vec![
            (*name).to_owned(),
            of_hello,
            spread,
            of_sdk,
            spread_of_sdk,
            memory,
        ]
    };
    let [hello_cpu, sdk_cpu] = [hello, sdk_default].map(|other| ratios(service, other, cpu));
    let columns = "program|CPU / `hello`|middle half|CPU / `sdk-default`|middle half|\
                   peak RSS / `hello`";
    Table {
        name: "cold start",
        columns: columns.split('|').collect(),
        rows: names.iter().zip(starts).map(row).collect(),
        bounds: vec![
            bound("CPU", "`hello`", &hello_cpu, MAX_CPU_OF_HELLO),
            bound("CPU", "`sdk-default`", &sdk_cpu, MAX_CPU_OF_SDK_DEFAULT),
            bound(
                "peak RSS",
                "`hello`",
                &ratios(service, hello, peak_rss),
                MAX_RSS_OF_HELLO,
            ),
        ],
    }
}

fn bound(what: &str, baseline: &'static str, of: &Spread, most: f64) -> Bound {
    let middle_half = Some(of.quartiles);
    Bound {
        what: what.to_owned(),
        baseline,
        ratio: of.median,
        middle_half,
        most,
    }
}
