//! The operator's command, `release-links-admin`.

use std::process::ExitCode;

use tokio::runtime::Builder;

fn main() -> ExitCode {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(_) => return ExitCode::FAILURE,
    };
    let code = runtime.block_on(release_links_admin::main());
    // The system may still look up a name, for which nobody waits after Ctrl-C.
    runtime.shutdown_background();
    code
}
