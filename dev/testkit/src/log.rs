//! The log of a test, at the most talkative level there is.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

thread_local! {
    /// What was logged on this thread, while somebody listens.
    static LOGGED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Listens to this thread until it is dropped. There is one subscriber for all tests, because those
/// that come and go with a test are now and then overlooked by the events of another.
pub struct Log;

impl Log {
    /// Starts to listen.
    pub fn listen() -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            let is_heard = dynamic_filter_fn(|_, _| LOGGED.with_borrow(Option::is_some));
            let layer = tracing_subscriber::fmt::layer()
                .json()
                .with_writer(|| ThisThread)
                .with_filter(is_heard);
            tracing_subscriber::registry().with(layer).init();
        });
        LOGGED.set(Some(Vec::new()));
        Self
    }

    /// The events so far, one line each.
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
