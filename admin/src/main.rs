//! The operator's command, `release-links-admin`.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    release_links_admin::main().await
}
