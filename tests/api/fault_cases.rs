//! The faults of the fault matrix: in which calls of which case, and how often.

use std::collections::BTreeMap;
use std::env;

use testkit::faults::{Fault, Rule};
use testkit::reply::Reply;

use crate::cases::{CASES, Case};

/// How many times a fault occurs.
pub const TIMES: [u32; 3] = [1, 2, u32::MAX];

/// Some faults in the calls of a case.
#[derive(Debug, Clone)]
pub struct Faulted {
    pub id: usize,
    pub case: &'static Case,
    pub rules: Vec<Rule>,
}

/// Which pairs of faults there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// One for each pair of classes. The members of a class take turns.
    OfClasses,
    /// All of them.
    All,
}

impl Pairs {
    /// The pairs that the variable `FAULT_PAIRS` chooses. `make faults` sets it to `all`.
    pub fn chosen() -> Self {
        match env::var("FAULT_PAIRS").as_deref() {
            Ok("all") => Self::All,
            Ok(other) => panic!("FAULT_PAIRS is {other}: set it to all, or leave it out"),
            Err(_) => Self::OfClasses,
        }
    }
}

/// Each fault in each call of each case, once, twice or permanently, and the pairs of faults in
/// each pair of calls.
pub fn faulted(pairs: Pairs) -> Vec<Faulted> {
    let mut all = Vec::new();
    let mut turns = Turns::default();
    let mut add = |case, rules| {
        let id = all.len();
        all.push(Faulted { id, case, rules });
    };
    for case in CASES {
        let calls = case.calls;
        for first in case.covered_calls..calls.len() {
            for fault in faults(calls[first]) {
                for times in TIMES {
                    add(case, vec![rule(calls, first, fault, times)]);
                }
            }
            for second in first + 1..calls.len() {
                for faults in turns.pairs(pairs, [calls[first], calls[second]]) {
                    let [one, other] = faults;
                    let rules = [(first, one), (second, other)];
                    let rules = rules.map(|(call, fault)| rule(calls, call, fault, 1));
                    add(case, rules.to_vec());
                }
            }
        }
    }
    all
}

fn faults(call: &str) -> impl Iterator<Item = Fault> {
    Fault::all().filter(move |fault| fault.applies_to(call))
}

/// How often the members of each class had their turns, in the first and in the second call.
#[derive(Default)]
struct Turns(BTreeMap<(usize, usize), usize>);

impl Turns {
    /// The pairs of faults in these two calls.
    fn pairs(&mut self, pairs: Pairs, calls: [&str; 2]) -> Vec<[Fault; 2]> {
        if pairs == Pairs::All {
            let firsts = faults(calls[0]);
            let of_first = |first| faults(calls[1]).map(move |second| [first, second]);
            return firsts.flat_map(of_first).collect();
        }
        let classes = 0..Fault::CLASSES.len();
        let of_classes = classes
            .clone()
            .flat_map(|first| classes.clone().map(move |second| [first, second]));
        let mut chosen = Vec::new();
        for [first, second] in of_classes {
            let pair = [
                self.member(0, first, calls[0]),
                self.member(1, second, calls[1]),
            ];
            if let [Some(first), Some(second)] = pair {
                chosen.push([first, second]);
            }
        }
        chosen
    }

    /// The next member of the class that can occur in the call.
    fn member(&mut self, position: usize, class: usize, call: &str) -> Option<Fault> {
        let can_occur = |fault: &&Fault| fault.applies_to(call);
        let members: Vec<&Fault> = Fault::CLASSES[class].iter().filter(can_occur).collect();
        let turn = self.0.entry((position, class)).or_default();
        *turn += 1;
        let count = members.len().max(1);
        members.get(*turn % count).map(|fault| **fault)
    }
}

/// The rule for this call, which is not the first one of its kind if another precedes it.
fn rule(calls: &[&'static str], index: usize, fault: Fault, times: u32) -> Rule {
    let operation = calls[index];
    let before = calls[..index].iter().filter(|call| **call == operation);
    Rule {
        operation,
        fault,
        skip: u32::try_from(before.count()).unwrap(),
        times,
    }
}

impl Faulted {
    /// The tag of the release that it may change. Each has its own.
    pub fn tag(&self) -> String {
        format!("v{}", self.id)
    }

    /// Whether a retry may return this: a success, or an error that shows that the first attempt
    /// succeeded.
    pub fn is_valid_on_retry(&self, reply: &Reply) -> bool {
        let message = &reply.body["message"];
        let message = message.get(0).unwrap_or(message).as_str();
        let is_done = |(status, text)| reply.status == status && message == Some(text);
        self.is_success(reply) || self.case.done.is_some_and(is_done)
    }

    /// Whether this is the success of the case. That of a change to a locked release is its refusal.
    pub fn is_success(&self, reply: &Reply) -> bool {
        let refusal = self.case.refusal(&self.tag());
        reply.status == self.case.success && refusal.is_none_or(|body| reply.body == body)
    }
}

#[test]
fn every_fault_occurs_in_the_pairs_of_classes() {
    let faulted = faulted(Pairs::OfClasses);
    for position in 0..2 {
        for fault in Fault::all() {
            let occurs = |one: &Faulted| one.rules.len() == 2 && one.rules[position].fault == fault;
            let count = faulted.iter().filter(|one| occurs(one)).count();
            assert!(
                count > 10,
                "{fault:?} occurs {count} times in call {position}"
            );
        }
    }
}
