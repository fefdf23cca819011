//! Captures a test's log at the most verbose level, so that tests can check it for leaked secrets.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

thread_local! {
    /// The log output of this thread while a [`Log`] exists.
    static LOGGED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Captures this thread's log until it is dropped. All tests share one global subscriber: one that
/// exists only during a single test can miss events, because `tracing` caches whether a call site
/// is enabled.
pub struct Log;

impl Log {
    /// Starts capturing.
    pub fn capture() -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            let is_captured = dynamic_filter_fn(|_, _| LOGGED.with_borrow(Option::is_some));
            let layer = tracing_subscriber::fmt::layer()
                .json()
                .with_writer(|| ThisThread)
                .with_filter(is_captured);
            tracing_subscriber::registry().with(layer).init();
        });
        LOGGED.set(Some(Vec::new()));
        Self
    }

    /// Returns the captured events, one JSON line each.
    pub fn text(&self) -> String {
        LOGGED.with_borrow(|logged| String::from_utf8(logged.clone().unwrap_or_default()).unwrap())
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LOGGED.set(None);
    }
}

struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| {
            logged
                .iter_mut()
                .for_each(|logged| logged.extend_from_slice(bytes))
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
