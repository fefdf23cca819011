//! Runs one history on a network with faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use fastrand::Rng;
use release_links::timestamp::Timestamp;
use testkit::app::{Item, TABLE};
use testkit::clock::Clock;
use testkit::network::process::Process;
use testkit::network::{Connection, Latency, Network, Rates, Tally};
use testkit::reply::Reply;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::history::{Operation, Request, TAGS};
use crate::workload::Workload;

/// The time at which each run begins, 2027-01-01T00:00:00Z, since 1970.
const START: Duration = Duration::from_secs(1_798_761_600);
/// The longest time that a call can be under way after its process has ended.
const LATE: Duration = Duration::from_secs(15);

/// A run of the service.
pub struct Run {
    network: Network,
    clock: Clock,
    client: Client,
    slots: Mutex<Vec<Process>>,
    /// All connections so far.
    connections: Mutex<Vec<Connection>>,
    random: Mutex<Rng>,
    rates: Rates,
    /// The longest time of a usual call, in milliseconds.
    latency: u64,
    workload: Mutex<Workload>,
    history: Mutex<Vec<Operation>>,
    /// The time of the last invocation, in milliseconds.
    last: Mutex<u64>,
}

/// How much happened in some runs.
#[derive(Debug, Default)]
pub struct Size {
    pub histories: usize,
    pub operations: usize,
    pub unknown: usize,
    pub calls: usize,
    pub undecided: usize,
    /// The number of histories that show an immutable release.
    pub with_lock: usize,
    pub answers: BTreeMap<u64, usize>,
    pub faults: Tally,
}

impl Size {
    pub fn add(&mut self, other: &Self) {
        self.histories += other.histories;
        self.operations += other.operations;
        self.unknown += other.unknown;
        self.calls += other.calls;
        self.undecided += other.undecided;
        self.with_lock += other.with_lock;
        for (status, count) in &other.answers {
            *self.answers.entry(*status).or_default() += count;
        }
        for (fault, count) in &other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
    }
}

impl Run {
    /// Starts processes on a new table.
    pub async fn start(seed: u64) -> Arc<Self> {
        let started = Instant::now();
        let clock = Clock::from_fn(move || SystemTime::UNIX_EPOCH + START + started.elapsed());
        let mut random = Rng::with_seed(seed);
        let network = Network::seeded().await;
        let (rates, latency) = draw_network(&mut random);
        let run = Self {
            client: network.connect().client(),
            network,
            clock,
            slots: Mutex::default(),
            connections: Mutex::default(),
            rates,
            latency,
            workload: Mutex::new(Workload::new(random.fork())),
            history: Mutex::default(),
            last: Mutex::new(0),
            random: Mutex::new(random),
        };
        for _ in 0..run.draw(1..4) {
            let process = run.process();
            run.slots.lock().unwrap().push(process);
        }
        Arc::new(run)
    }

    /// A new process.
    fn process(&self) -> Process {
        let connection = self.network.connect();
        let mut random = self.random.lock().unwrap();
        connection.set_faults(random.u64(..), self.rates);
        let latency = Latency::Random(random.fork(), 8..=self.latency);
        connection.set_latency(latency);
        self.connections.lock().unwrap().push(connection.clone());
        Process::start(connection, &self.clock)
    }

    fn draw(&self, range: std::ops::Range<u64>) -> u64 {
        self.random.lock().unwrap().u64(range)
    }

    /// Lets some clients send requests at the same time, and waits until all late calls have landed.
    pub async fn play(self: &Arc<Self>) {
        let mut clients = JoinSet::new();
        for _ in 0..self.draw(2..6) {
            let (run, requests) = (Arc::clone(self), self.draw(3..8));
            clients.spawn(async move {
                for _ in 0..requests {
                    let pause = run.draw(0..run.latency);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    let request = run.workload.lock().unwrap().draw();
                    run.send(request).await;
                }
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended.unwrap();
        }
        tokio::time::sleep(LATE).await;
    }

    /// Reads everything, without faults.
    pub async fn read_all(&self) {
        self.end_faults();
        for tag in 0..TAGS.len() {
            self.send(Request::GetRelease(tag)).await;
            let (page, per_page) = (1, 20);
            self.send(Request::ListLinks {
                tag,
                page,
                per_page,
            })
            .await;
        }
        self.send(Request::ListReleases).await;
        self.send(Request::Latest).await;
    }

    /// From now on, calls have no faults.
    fn end_faults(&self) {
        let process = Process::start(self.network.connect(), &self.clock);
        self.connections
            .lock()
            .unwrap()
            .push(process.connection.clone());
        *self.slots.lock().unwrap() = vec![process];
    }

    /// Sends a request; of a list, also those for the following pages.
    pub async fn send(&self, request: Request) {
        let mut next = Some(request);
        while let Some(request) = next {
            let operation = self.send_one(request).await;
            next = next_page(&operation);
            self.learn(&operation);
            self.history.lock().unwrap().push(operation);
        }
    }

    async fn send_one(&self, request: Request) -> Operation {
        let invoked = self.invocation().await;
        let slot = self.draw(0..100) as usize % self.slots.lock().unwrap().len();
        let process = self.slots.lock().unwrap()[slot].clone();
        let time = Timestamp::from_clock(self.clock.now()).to_milliseconds_text();
        let reply = process.invoke(request.event()).await;
        if reply.is_none() && process.connection.is_dead() {
            let is_current = |process: &Process| process.connection.is_dead();
            let is_dead = self.slots.lock().unwrap().get(slot).is_some_and(is_current);
            if is_dead {
                let process = self.process();
                self.slots.lock().unwrap()[slot] = process;
            }
        }
        let reply = reply.filter(|reply| reply.status != 503);
        Operation {
            request,
            invoked,
            time,
            answer: reply.map(|reply| (self.milliseconds(), reply)),
        }
    }

    /// The time in milliseconds.
    fn milliseconds(&self) -> u64 {
        let since = self.clock.now().duration_since(SystemTime::UNIX_EPOCH);
        u64::try_from(since.unwrap().as_millis()).unwrap()
    }

    /// Waits until no other request was invoked in this millisecond, and returns the time.
    async fn invocation(&self) -> u64 {
        loop {
            let now = self.milliseconds();
            {
                let mut last = self.last.lock().unwrap();
                if now > *last {
                    *last = now;
                    return now;
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Remembers some of the links in an answer.
    fn learn(&self, operation: &Operation) {
        let (Some(tag), Some((_, reply))) = (operation.request.tag(), &operation.answer) else {
            return;
        };
        let links = match &operation.request {
            Request::ListLinks { .. } => reply.body.as_array().into_iter().flatten(),
            _ => reply.body["assets"]["links"]
                .as_array()
                .into_iter()
                .flatten(),
        };
        let ids = links
            .chain([&reply.body])
            .filter_map(|link| link["id"].as_u64());
        let mut workload = self.workload.lock().unwrap();
        for id in ids.take(4) {
            if !workload.links.contains(&(tag, id)) {
                workload.links.push((tag, id));
            }
        }
    }

    /// What was sent and received so far, in the order of the invocations.
    pub fn history(&self) -> Vec<Operation> {
        let mut history = self.history.lock().unwrap().clone();
        history.sort_by_key(|operation| operation.invoked);
        history
    }

    /// Checks that each request was answered, unless there were faults.
    pub fn check_outcomes(&self) -> Result<(), String> {
        let history = self.history();
        let unknown = history.iter().position(|other| other.answer.is_none());
        match unknown.filter(|_| self.rates == Rates::NONE) {
            Some(n) => Err(format!("without a fault, operation {n} failed")),
            None => Ok(()),
        }
    }

    /// All items of the table.
    pub async fn items(&self) -> Vec<Item> {
        let scan = self.client.scan().table_name(TABLE).into_paginator();
        let items = scan.items().send().collect::<Result<_, _>>().await;
        items.unwrap()
    }

    /// How much happened.
    pub fn size(&self) -> Size {
        let history = self.history.lock().unwrap();
        let mut size = Size {
            histories: 1,
            operations: history.len(),
            ..Size::default()
        };
        let is_immutable = |(_, reply): &(u64, Reply)| reply.body["immutable"] == true;
        let mut answers = history.iter().filter_map(|one| one.answer.as_ref());
        size.with_lock = usize::from(answers.any(is_immutable));
        for operation in history.iter() {
            match &operation.answer {
                Some((_, reply)) => *size.answers.entry(reply.status).or_default() += 1,
                None => size.unknown += 1,
            }
        }
        for connection in self.connections.lock().unwrap().iter() {
            size.calls += connection.take_calls().len();
            for (fault, count) in connection.faults() {
                *size.faults.entry(fault).or_default() += count;
            }
        }
        size
    }
}

/// Faults and latency of a network: some have only conflicts, some have few faults, and some many.
fn draw_network(random: &mut Rng) -> (Rates, u64) {
    let often = [0, 1, 1, 3][random.usize(..4)];
    let mut rate = |most: u32| often * random.u32(0..=most);
    let rates = Rates {
        kill: rate(15),
        loss: rate(15),
        copy: rate(20),
        delay: rate(8),
        unprocessed: rate(50),
        short_page: rate(100),
        two_moments: often.min(1) * [100, 300, 700][random.usize(..3)],
    };
    let latency = [16, 40, 40, 300][random.usize(..4)];
    (rates, latency)
}

/// The request for the page after this one.
fn next_page(operation: &Operation) -> Option<Request> {
    let (_, reply) = operation.answer.as_ref()?;
    let Request::ListLinks { tag, per_page, .. } = operation.request else {
        return None;
    };
    let page = reply.header("x-next-page").parse().ok()?;
    Some(Request::ListLinks {
        tag,
        page,
        per_page,
    })
}
