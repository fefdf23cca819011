//! `release-links-admin import`: projects, releases and links of another system, with their IDs and
//! dates.

mod file;
mod importer;
mod lines;
mod reasons;
mod releases;
mod report;
mod rules;

pub use importer::{Importer, Options};
pub use report::Report;

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::Outcome;
use crate::cli::Import;
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::gitlab;
use crate::interrupt::interrupt;
use crate::output;

/// The advice after an import that was not completed.
const AGAIN: &str = "run the command again to go on";

/// Imports everything in the source, and prints what was done and what was left out, even if the
/// import was not completed.
pub async fn run(deployment: &Deployment, arguments: &Import) -> Outcome {
    let options = Options {
        dry_run: arguments.dry_run,
        recreate: arguments.recreate,
    };
    let mut importer = Importer::new(deployment, options);
    let writing = Arc::clone(&importer.writing);
    let ended = tokio::select! {
        ended = feed(&mut importer, arguments) => ended,
        () = interrupted(&writing) => Err(Failure::from("interrupted").with_advice(AGAIN)),
    };
    let report = importer.into_report();
    match ended {
        Err(failure) if report.is_empty() => Err(failure),
        Err(failure) => {
            report.print(arguments.json)?;
            Err(match failure.sentence.contains("run the command again") {
                true => failure,
                false => failure.with_advice(&format!("then {AGAIN}")),
            })
        }
        Ok(()) => {
            report.print(arguments.json)?;
            report.outcome()
        }
    }
}

/// Returns after Ctrl-C, as soon as nothing is being written, or after a second Ctrl-C.
async fn interrupted(writing: &Mutex<()>) {
    interrupt().await;
    if writing.try_lock().is_ok() {
        return;
    }
    output::note("finishing the running write; press Ctrl-C again to end at once");
    tokio::select! {
        _ = writing.lock() => {}
        () = interrupt() => {}
    }
}

/// Reads the source to its end.
async fn feed(importer: &mut Importer<'_>, arguments: &Import) -> Outcome {
    let source = &arguments.source;
    match (&source.file, &source.from) {
        (Some(file), _) => file::feed(importer, file).await,
        (None, Some(address)) => gitlab::feed(importer, address, &arguments.gitlab).await,
        (None, None) => Err("name a source with --from or --file".into()),
    }
}
