//! How many requests run at the same time, and which hosts have requested a pause.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// Number of requests at the same time.
const IN_ALL: usize = 16;
/// Number of requests to one host at the same time.
pub const PER_HOST: usize = 2;

/// Number of requests in a row without a response, after which a host gets no more. Each takes the
/// whole timeout.
const MAX_SILENCE: u32 = 4;

/// The gate that each request passes.
#[derive(Debug)]
pub struct Gate {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    slots: Arc<Semaphore>,
    pause: Mutex<Pause>,
    /// The number of the latest requests in a row without a response.
    silence: AtomicU32,
}

/// The pause that a host has requested.
#[derive(Debug, Default, Clone, Copy)]
struct Pause {
    until: Option<Instant>,
    /// Whether the host requested another one after it.
    was_in_vain: bool,
}

/// The right to send one request, and to read its response.
#[derive(Debug)]
pub struct Pass {
    _host: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// A gate through which no request has passed.
    pub fn new() -> Self {
        Self {
            all: Arc::new(Semaphore::new(IN_ALL)),
            hosts: Mutex::default(),
        }
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.entry(name.to_owned()).or_insert_with(|| {
            let slots = Arc::new(Semaphore::new(PER_HOST));
            let pause = Mutex::default();
            let silence = AtomicU32::default();
            Arc::new(Host {
                slots,
                pause,
                silence,
            })
        });
        Arc::clone(host)
    }

    /// Waits for a slot of the host, for the end of its pause, and for one of all slots. A request
    /// that waits for its host takes no slot from the others.
    pub async fn enter(&self, host: &str) -> Pass {
        let host = self.host(host);
        // The semaphores are never closed.
        let slot = Arc::clone(&host.slots).acquire_owned().await.ok();
        while let Some(until) = host.pause().until.filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
        let all = Arc::clone(&self.all).acquire_owned().await.ok();
        Pass {
            _host: slot,
            _all: all,
        }
    }

    /// Sends no request to the host for this time. `false` means that an earlier pause did not
    /// help, so another one would not, either.
    pub fn pause(&self, host: &str, time: Duration) -> bool {
        let host = self.host(host);
        let mut pause = host.pause.lock().unwrap_or_else(PoisonError::into_inner);
        if !pause.was_in_vain {
            pause.until = pause.until.max(Some(Instant::now() + time));
        }
        !pause.was_in_vain
    }

    /// Whether so many requests to the host had no response that it gets no more.
    pub fn is_silent(&self, host: &str) -> bool {
        self.host(host).silence.load(Ordering::Relaxed) >= MAX_SILENCE
    }

    /// Notes whether a request to the host had a response.
    pub fn note(&self, host: &str, has_response: bool) {
        let silence = &self.host(host).silence;
        if has_response {
            silence.store(0, Ordering::Relaxed);
        } else {
            silence.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The host has requested another pause after the first one.
    pub fn give_up(&self, host: &str) {
        let host = self.host(host);
        let mut pause = host.pause.lock().unwrap_or_else(PoisonError::into_inner);
        pause.was_in_vain = true;
    }
}

impl Host {
    fn pause(&self) -> Pause {
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_silent_after_four_requests_in_a_row_without_a_response() {
        let gate = Gate::new();
        for (has_response, is_silent) in [
            (false, false),
            (false, false),
            (false, false),
            (true, false),
            (false, false),
            (false, false),
            (false, false),
            (false, true),
        ] {
            gate.note("e.com", has_response);
            assert_eq!(gate.is_silent("e.com"), is_silent);
        }
        assert!(!gate.is_silent("other.e.com"));
    }
}
