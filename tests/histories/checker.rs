//! Plays random histories until the time is up, and checks each of them.
//!
//! - The requests of each tag are linearizable: there is an order of them in which a sequential
//!   model gives the same answers. What an answer says about several items may be true at several
//!   moments, because DynamoDB reads no two items at one moment (`reads.rs`).
//! - Names, URLs, filepaths and IDs are unique in each answer; no ID is given twice; no request
//!   creates its links twice.
//! - A locked release refuses each write that begins after the lock, and from the moment at which it
//!   is immutable its links never change again.
//! - Without faults, no request fails, whatever conflicts there are.
//! - The table fulfills its invariants.
//! - Later writes to a tag remove what the history has left, and nothing else.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use testkit::app::Item;
use testkit::invariants::assert_invariants;

use crate::facts;
use crate::history::{Link, Operation, ReleaseChanges, Request, TAGS};
use crate::leftovers;
use crate::run::{Run, Size};
use crate::search::{Finding, search};

/// How long the checker runs without `MINUTES`.
const TIME: Duration = Duration::from_mins(1);
/// How many violations end it.
const MAX_VIOLATIONS: usize = 5;
/// The time between the last writes. It is longer than any work item protects what it names.
const WAIT: Duration = Duration::from_mins(40);
/// How many writes remove all leftovers. Each spends at most one second on it.
const LAST_WRITES: usize = 3;

/// A history that breaks a rule.
struct Violation {
    seed: u64,
    problem: String,
}

#[test]
fn every_history_is_linearizable() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seed = number("SEED");
    let first = seed.unwrap_or_else(|| fastrand::u64(..1 << 40));
    let time = number("MINUTES").map_or(TIME, Duration::from_mins);
    let (next, started) = (AtomicU64::new(first), Instant::now());
    let (size, violations) = (Mutex::new(Size::default()), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let is_over = match seed {
                Some(seed) => n > seed,
                None => started.elapsed() >= time,
            };
            if is_over || violations.lock().unwrap().len() >= MAX_VIOLATIONS {
                return;
            }
            let (played, problem) = play(n);
            size.lock().unwrap().add(&played);
            violations
                .lock()
                .unwrap()
                .extend(problem.map(|problem| Violation { seed: n, problem }));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let violations = violations.into_inner().unwrap();
    report(
        &size.into_inner().unwrap(),
        first,
        started.elapsed(),
        &violations,
    );
    assert!(violations.is_empty(), "{} violations", violations.len());
}

/// Plays one history, and returns its size and what is wrong with it.
fn play(seed: u64) -> (Size, Option<String>) {
    // The SDK and the retries of the service draw their delays from this generator.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let run = runtime.block_on(Run::start(seed));
    let mut size = Size::default();
    let result = std::panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            run.play().await;
            run.read_all().await;
            run.check_outcomes()?;
            check_answers(&run.history())?;
            check_table(&run.items().await)?;
            remove_leftovers(&run).await?;
            // The removal has not touched what exists.
            run.read_all().await;
            check_table(&run.items().await)?;
            check_answers(&run.history())
        })
    }));
    size.add(&run.size());
    let problem = match result {
        Ok(Ok(undecided)) => {
            size.undecided = undecided;
            None
        }
        Ok(Err(problem)) => Some(problem),
        Err(panic) => Some(text(panic.as_ref())),
    };
    let problem = problem.map(|problem| format!("{problem}\n{}", print(&run.history())));
    (size, problem)
}

/// Checks the answers of each tag, and returns for how many tags the search took too long.
fn check_answers(history: &[Operation]) -> Result<usize, String> {
    let mut undecided = 0;
    for (tag, name) in TAGS.iter().enumerate() {
        let requests = facts::of_tag(tag, history)?;
        match search(&requests) {
            Finding::Possible => {}
            Finding::Unknown => undecided += 1,
            Finding::Impossible(stuck, state) => {
                return Err(format!(
                    "no order explains the answers about {name}: operation {stuck:?} \
                     cannot follow in the longest one, in the state: {state}"
                ));
            }
        }
    }
    Ok(undecided)
}

/// Checks the invariants of the table.
fn check_table(items: &[Item]) -> Result<(), String> {
    let check = std::panic::catch_unwind(AssertUnwindSafe(|| assert_invariants(items)));
    check.map_err(|panic| format!("the table is inconsistent: {}", text(panic.as_ref())))
}

/// Writes to each tag until nothing is left of past lives.
async fn remove_leftovers(run: &Run) -> Result<(), String> {
    for (tag, name) in TAGS.iter().enumerate() {
        let mut left = Vec::new();
        for n in 0..LAST_WRITES {
            tokio::time::sleep(WAIT).await;
            let link = Link {
                name: format!("last {n}"),
                url: format!("https://e.com/last/{n}"),
                filepath: None,
            };
            let is_locked = leftovers::is_locked(&run.items().await, name);
            run.send(last_write(tag, link, is_locked)).await;
            left = leftovers::of_tag(&run.items().await, name);
            if left.is_empty() {
                break;
            }
        }
        if !left.is_empty() {
            return Err(format!(
                "{} items of {name} are left after {LAST_WRITES} writes: {:?}",
                left.len(),
                &left[..left.len().min(4)]
            ));
        }
    }
    Ok(())
}

/// The creation of a link or, if the release refuses that, an update of the release.
fn last_write(tag: usize, link: Link, is_locked: bool) -> Request {
    if is_locked {
        let changes = ReleaseChanges {
            name: Some(link.name),
            ..ReleaseChanges::default()
        };
        return Request::UpdateRelease { tag, changes };
    }
    let key = None;
    Request::CreateLink { tag, link, key }
}

/// The message of a panic.
fn text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without a message".to_owned())
}

/// The history, one operation a line.
fn print(history: &[Operation]) -> String {
    let start = history.first().map_or(0, |operation| operation.invoked);
    let line = |(n, operation): (usize, &Operation)| {
        let request = shorten(&format!("{:?}", operation.request), 150);
        let invoked = operation.invoked - start;
        match &operation.answer {
            Some((answered, reply)) => {
                let (answered, status) = (answered - start, reply.status);
                let body = shorten(&reply.body.to_string(), 250);
                format!("{n} {invoked}-{answered} {request} -> {status} {body}")
            }
            None => format!("{n} {invoked}-? {request}"),
        }
    };
    let lines: Vec<String> = history.iter().enumerate().map(line).collect();
    lines.join("\n")
}

fn shorten(text: &str, length: usize) -> String {
    let mut short: String = text.chars().take(length).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[expect(clippy::print_stderr, reason = "the size of the run is its result")]
fn report(size: &Size, first: u64, time: Duration, violations: &[Violation]) {
    eprintln!(
        "{} histories from seed {first} in {} s: {} operations, {} of them of unknown outcome; \
         {} calls",
        size.histories,
        time.as_secs(),
        size.operations,
        size.unknown,
        size.calls
    );
    eprintln!("answers: {:?}", size.answers);
    eprintln!("histories with an immutable release: {}", size.with_lock);
    eprintln!("faults: {:?}", size.faults);
    eprintln!("tags whose search was given up: {}", size.undecided);
    for Violation { seed, problem } in violations {
        eprintln!("\nSEED={seed} make histories repeats this violation:\n{problem}");
    }
}
