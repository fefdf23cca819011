//! The memory and the instructions that reading a body takes, and the instructions for the HTML of
//! a description. Every caller can send one, so the worst must not take much more than a simple one
//! of its size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "an unexpected None or Err fails the test, and the ratios are for people"
)]

mod descriptions;
mod shapes;

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, fs};

use lambda_http::Body;
use lambda_http::http::{Request, header};
use peak_alloc::PeakAlloc;
use release_links::http::params::{MAX_BODY_BYTES, MAX_RELEASE_BODY_BYTES, Params};
use shapes::Shape;
use tokio::runtime::Builder;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// How much more memory and how many more instructions the worst body may take than a flat one.
const FACTOR: f64 = 4.0;
/// The most memory that any body may take, in bytes.
const MAX_MEMORY: usize = 40_000_000;

/// The tests of this program run one after the other, because they share the counters.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether instructions can be counted. In CI, they must be.
fn has_valgrind() -> bool {
    let has_valgrind = Command::new("valgrind").arg("--version").output().is_ok();
    assert!(
        has_valgrind || env::var_os("CI").is_none(),
        "valgrind is missing; install it with the system's package manager"
    );
    if !has_valgrind {
        println!("SKIPPED: the instructions were not counted, because valgrind is missing");
    }
    has_valgrind
}

/// Reads a body and returns the peak of the memory for it, in bytes.
fn read(content_type: &str, body: Vec<u8>) -> usize {
    let max_bytes = body.len();
    let request = Request::post("/").header(header::CONTENT_TYPE, content_type);
    let request = request.body(Body::from(body)).unwrap();
    let runtime = Builder::new_current_thread().build().unwrap();
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let params = runtime.block_on(Params::read(&request, "", max_bytes));
    let peak = MEMORY.peak_usage() - before;
    assert!(params.is_ok(), "{content_type}: {params:?}");
    peak
}

#[test]
fn the_worst_body_takes_little_more_than_a_flat_one() {
    let _alone = alone();
    let has_valgrind = has_valgrind();
    for bytes in [MAX_BODY_BYTES, MAX_RELEASE_BODY_BYTES] {
        for shapes in shapes::by_content_type(bytes) {
            let [flat, worse @ ..] = shapes.as_slice() else {
                unreachable!("every content type has a flat body");
            };
            let flat_memory = memory(flat, bytes);
            for shape in worse {
                let ratio = memory(shape, bytes) as f64 / flat_memory as f64;
                println!("{bytes} bytes, {}: memory {ratio:.2}", shape.name);
                assert!(ratio <= FACTOR, "{}: memory {ratio:.2}", shape.name);
            }
            if has_valgrind && bytes == MAX_BODY_BYTES {
                compare_instructions(flat, worse);
            }
        }
    }
}

fn memory(shape: &Shape, bytes: usize) -> usize {
    assert!(
        shape.body.len() <= bytes && shape.body.len() > bytes - 100,
        "{}",
        shape.name
    );
    let memory = read(shape.content_type, shape.body.clone());
    assert!(memory < MAX_MEMORY, "{}: {memory} bytes", shape.name);
    memory
}

fn compare_instructions(flat: &Shape, worse: &[Shape]) {
    // What the program executes before it reads the body.
    let start = instructions(READS_BODY, "application/json", b"{}");
    let flat = instructions(READS_BODY, flat.content_type, &flat.body) - start;
    for shape in worse {
        let ratio = (instructions(READS_BODY, shape.content_type, &shape.body) - start) / flat;
        println!("{}: instructions {ratio:.2}", shape.name);
        assert!(ratio <= FACTOR, "{}: instructions {ratio:.2}", shape.name);
    }
}

/// The name of the file with the body that the program started by [`instructions`] reads.
const BODY: &str = "RELEASE_LINKS_TEST_BODY";
const CONTENT_TYPE: &str = "RELEASE_LINKS_TEST_CONTENT_TYPE";
/// The test that reads a body.
const READS_BODY: &str = "a_body_is_read";

/// Counts the instructions of one of the ignored tests of this program.
fn instructions(test: &str, content_type: &str, body: &[u8]) -> f64 {
    let folder = env::temp_dir();
    let file = folder.join(format!("release-links-body-{}", std::process::id()));
    fs::write(&file, body).unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--test-threads=1"])
        .envs([
            (BODY, file.as_os_str()),
            (CONTENT_TYPE, content_type.as_ref()),
        ])
        .output()
        .unwrap();
    fs::remove_file(file).unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    let collected = report.split("Collected : ").nth(1).unwrap();
    let number = collected.split_whitespace().next().unwrap();
    number.parse().unwrap()
}

#[test]
#[ignore = "the other test starts this one, to count its instructions"]
fn a_body_is_read() {
    let [file, content_type] = [BODY, CONTENT_TYPE].map(|name| env::var(name).unwrap());
    read(&content_type, fs::read(file).unwrap());
}
