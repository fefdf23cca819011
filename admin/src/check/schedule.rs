//! The order in which URLs are checked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinSet;
use url::Url;

use super::finding::Finding;
use super::gate::PER_HOST;
use super::probe::{Prober, Question, host};

/// Number of lanes at the same time. It is larger than the number of requests, because lanes wait
/// for hosts.
const LANES: usize = 64;
/// Number of findings that may wait to be received.
const WAITING: usize = 64;

/// A URL to check.
#[derive(Debug)]
pub struct Job {
    /// The place of the URL among all.
    pub target: usize,
    /// The URL.
    pub url: Url,
    /// What to find out.
    pub question: Question,
}

/// The URLs of one host that no lane has taken yet.
type Queue = Arc<Mutex<VecDeque<Job>>>;

/// A check that runs in the background until this is dropped.
pub struct Running {
    findings: Receiver<(usize, Finding)>,
    _lanes: JoinSet<()>,
}

impl Running {
    /// The next finding, and the place of its URL; `None` after the last one.
    pub async fn next(&mut self) -> Option<(usize, Finding)> {
        self.findings.recv().await
    }
}

/// Starts to check the URLs. Each host has as many lanes as it gets requests at the same time, so
/// that a slow host does not hold up the others. The longest queues come first.
pub fn start(prober: Prober, jobs: Vec<Job>) -> Running {
    let mut queues: HashMap<String, VecDeque<Job>> = HashMap::new();
    for job in jobs {
        let queue = queues.entry(host(&job.url).to_owned()).or_default();
        queue.push_back(job);
    }
    let mut queues: Vec<VecDeque<Job>> = queues.into_values().collect();
    queues.sort_by_key(|queue| std::cmp::Reverse(queue.len()));
    let lanes = queues.into_iter().flat_map(|queue| {
        let lanes = queue.len().min(PER_HOST);
        let queue: Queue = Arc::new(Mutex::new(queue));
        std::iter::repeat_n(queue, lanes)
    });
    let lanes: Vec<Queue> = lanes.collect();
    let (found, findings) = mpsc::channel(WAITING);
    let mut running = JoinSet::new();
    running.spawn(async move {
        let (prober, found) = (&prober, &found);
        let run = |queue: Queue| async move {
            while let Some(job) = take(&queue) {
                let finding = prober.check(job.url, job.question).await;
                if found.send((job.target, finding)).await.is_err() {
                    return;
                }
            }
        };
        stream::iter(lanes).for_each_concurrent(LANES, run).await;
    });
    Running {
        findings,
        _lanes: running,
    }
}

fn take(queue: &Queue) -> Option<Job> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    queue.pop_front()
}
