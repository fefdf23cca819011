//! Random faults of a connection and of the process behind it.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use super::call::Call;

/// How many of each fault happened.
pub type Tally = BTreeMap<&'static str, u64>;

/// The smallest page that a Query can return although more items follow. DynamoDB reads up to one
/// megabyte, and an item has at most 400 KB.
const SHORTEST_PAGE: u64 = 3;
/// The longest time in milliseconds between the moments of one read. Where each call takes at least
/// eight milliseconds, nobody can change something, see that it is changed, and change more in
/// between.
const LONGEST_GAP: u64 = 14;

/// A fault of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process is killed before it sends the call.
    KilledBefore,
    /// The process is killed after it has sent the call.
    KilledAfter,
    /// The connection is reset before DynamoDB receives the call.
    CallLost,
    /// The connection is reset after DynamoDB has executed the call.
    AnswerLost,
    /// A copy of the call arrives this long after it was sent.
    Copied(Duration),
    /// The call takes this long to arrive. The SDK gives up waiting for some of those, and sends
    /// them again.
    Delayed(Duration),
    /// DynamoDB leaves this request of the batch unprocessed.
    Unprocessed(usize),
    /// A page ends after this many items.
    ShortPage(u64),
    /// A read sees two moments.
    TwoMoments(Split),
}

/// How a read sees two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Split {
    /// The number of items that are read at the one moment, in the order of the read.
    pub(super) items: usize,
    /// Whether they are read at the later moment.
    pub(super) is_first_later: bool,
    /// The time between the moments.
    pub(super) gap: Duration,
}

/// How often faults happen: each is the number of calls out of 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// The process is killed.
    pub kill: u32,
    /// A call or its answer is lost.
    pub loss: u32,
    /// A call arrives twice, within milliseconds or seconds.
    pub copy: u32,
    /// A call takes seconds to arrive.
    pub delay: u32,
    /// A batch is processed in part.
    pub unprocessed: u32,
    /// A page is short.
    pub short_page: u32,
    /// A read sees two moments.
    pub two_moments: u32,
}

impl Rates {
    /// No fault.
    pub const NONE: Self = Self {
        kill: 0,
        loss: 0,
        copy: 0,
        delay: 0,
        unprocessed: 0,
        short_page: 0,
        two_moments: 0,
    };
}

/// Draws faults.
#[derive(Debug)]
pub(super) struct Faults {
    random: Rng,
    rates: Rates,
    pub(super) tally: Tally,
}

impl Faults {
    pub(super) fn new(seed: u64, rates: Rates) -> Self {
        Self {
            random: Rng::with_seed(seed),
            rates,
            tally: Tally::new(),
        }
    }

    pub(super) fn draw(&mut self, call: &Call) -> Option<Fault> {
        let (name, fault) = self.draw_named(call)?;
        *self.tally.entry(name).or_default() += 1;
        Some(fault)
    }

    fn draw_named(&mut self, call: &Call) -> Option<(&'static str, Fault)> {
        let rates = self.rates;
        if self.happens(rates.kill) {
            let fault = self.one_of(&[Fault::KilledBefore, Fault::KilledAfter]);
            return Some(("process killed", fault));
        }
        if self.happens(rates.loss) {
            return Some(if self.random.bool() {
                ("call lost", Fault::CallLost)
            } else {
                ("answer lost", Fault::AnswerLost)
            });
        }
        if call.is_write() && self.happens(rates.copy) {
            return Some(if self.random.bool() {
                ("call doubled", Fault::Copied(self.milliseconds(1, 30)))
            } else {
                ("copy late", Fault::Copied(self.milliseconds(100, 6_000)))
            });
        }
        if self.happens(rates.delay) {
            return Some(("call late", Fault::Delayed(self.milliseconds(100, 5_000))));
        }
        self.fault_of_read(call)
    }

    fn fault_of_read(&mut self, call: &Call) -> Option<(&'static str, Fault)> {
        let rates = self.rates;
        let is_batch = matches!(call.operation.as_str(), "BatchGetItem" | "BatchWriteItem");
        if is_batch && self.happens(rates.unprocessed) {
            let request = self.random.usize(..call.batch().len());
            return Some(("batch in part", Fault::Unprocessed(request)));
        }
        let is_query = call.operation == "Query";
        if is_query && self.happens(rates.short_page) {
            let longest = call.body["Limit"].as_u64().unwrap_or(40).min(40);
            let length = self.random.u64(SHORTEST_PAGE..=longest.max(SHORTEST_PAGE));
            let is_shorter = call.body["Limit"]
                .as_u64()
                .is_none_or(|limit| length < limit);
            return is_shorter.then_some(("short page", Fault::ShortPage(length)));
        }
        let is_read = is_query || call.operation == "BatchGetItem";
        (is_read && self.happens(rates.two_moments)).then(|| {
            let most = if is_query { 40 } else { call.batch().len() };
            let items = if self.random.bool() {
                most.min(4)
            } else {
                most
            };
            let split = Split {
                items: self.random.usize(1..=items),
                is_first_later: self.random.bool(),
                gap: self.milliseconds(1, LONGEST_GAP),
            };
            ("two moments", Fault::TwoMoments(split))
        })
    }

    fn happens(&mut self, rate: u32) -> bool {
        rate > 0 && self.random.u32(..1_000) < rate
    }

    fn one_of(&mut self, faults: &[Fault]) -> Fault {
        faults[self.random.usize(..faults.len())]
    }

    fn milliseconds(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.random.u64(least..=most))
    }
}

/// A call with another limit.
pub(super) fn with_limit(call: &Call, limit: u64) -> Call {
    let mut call = call.clone();
    call.body["Limit"] = limit.into();
    call
}

/// Takes one request out of a batch, and returns it as the unprocessed part of the answer.
pub(super) fn take_unprocessed(call: &mut Call, request: usize) -> (&'static str, Value) {
    let mut rest = call.clone();
    let request = call.batch_mut().remove(request);
    *rest.batch_mut() = vec![request];
    let field = if call.operation == "BatchGetItem" {
        "UnprocessedKeys"
    } else {
        "UnprocessedItems"
    };
    (field, rest.body["RequestItems"].take())
}
