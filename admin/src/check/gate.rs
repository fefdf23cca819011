//! How many requests run at the same time, and which hosts have requested a pause.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// Number of requests at the same time.
const IN_ALL: usize = 16;
/// Number of requests to one host at the same time.
pub const PER_HOST: usize = 2;

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
            Arc::new(Host { slots, pause })
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
