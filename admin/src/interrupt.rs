//! Ctrl-C.

/// Returns when the operator presses Ctrl-C.
pub async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler, the signal ends the process.
        std::future::pending().await
    }
}
