//! What the answers about locked releases say.

use std::time::SystemTime;

use release_links::release::DRAIN;
use release_links::timestamp::Timestamp;
use serde_json::Value;
use testkit::reply::Reply;

use super::{Facts, LONGEST_DELAY, unexpected};
use crate::history::{Operation, Record, Request, TAGS};
use crate::model::{Lock, Write};
use crate::reads::Claim;
use crate::search::Effect;

impl Facts<'_> {
    /// The record of a release in an answer. The release is shown as immutable exactly from its time
    /// on.
    pub(super) fn record(&self, operation: &Operation, body: &Value) -> Result<Record, String> {
        let record = Record::read(body)?;
        let (answered, _) = operation
            .answer
            .as_ref()
            .expect("only answers have records");
        if let Some(time) = &record.immutable_at {
            let time = milliseconds(time);
            let is_possible = match body["immutable"].as_bool() {
                Some(true) => time <= *answered,
                _ => time >= operation.invoked,
            };
            if !is_possible {
                return Err(format!(
                    "it is wrong whether the release is immutable: {body}"
                ));
            }
        }
        Ok(record)
    }

    /// The lock that an update has set if the release had none; `None` if it cannot have set this
    /// one.
    pub(super) fn lock_set(operation: &Operation, record: &Record) -> Option<(String, Lock)> {
        let (answered, _) = operation.answer.as_ref()?;
        let time = record.immutable_at.clone()?;
        let set = milliseconds(&time).checked_sub(drain())?;
        let is_possible = (operation.invoked..=*answered).contains(&set);
        is_possible.then(|| (time, open_until(*answered)))
    }

    /// The locks that an update of unknown outcome, invoked then, may have set, and `None` if it set
    /// none. All locks are seen, because the history reads each release at its end.
    pub(super) fn locks_of_unknown(
        &self,
        invoked: u64,
    ) -> impl Iterator<Item = Option<(String, Lock)>> + use<> {
        let times = invoked + drain()..=invoked + drain() + LONGEST_DELAY;
        let locks = self.sightings.locks.keys();
        let possible = locks.filter(|time| times.contains(&milliseconds(time)));
        let lock = |time: &String| Some((time.clone(), open_until(invoked + LONGEST_DELAY)));
        let locks: Vec<_> = possible.map(lock).collect();
        locks.into_iter().chain([None])
    }

    /// Adds the moments at which releases become immutable.
    pub(super) fn add_times(&mut self) {
        for (time, operation) in &self.sightings.locks {
            let invoked = milliseconds(time);
            self.requests.effects.push(Effect {
                alternatives: vec![Write::ImmutableAt(time.clone())],
                invoked,
                answered: Some(invoked + 1),
                may_be_lost: false,
                operation: *operation,
            });
        }
    }

    /// A change of a release is forbidden if it does not exist or is locked.
    pub(super) fn forbidden(&mut self, n: usize, reply: &Reply) -> Result<(), String> {
        if reply.body["message"] == "403 Forbidden" {
            return self.claim(n, Claim::NoRelease);
        }
        self.locked(n, reply)
    }

    /// The refusal of a change of a locked release.
    pub(super) fn locked(&mut self, n: usize, reply: &Reply) -> Result<(), String> {
        let tag = TAGS[self.tag];
        let refusal = format!("403 Forbidden - release {tag} is immutable");
        // No request of a history unlocks a release.
        let is_write = !matches!(self.history[n].request, Request::UpdateRelease { .. });
        if reply.status != 403 || reply.body["message"] != refusal || !is_write {
            return unexpected(reply);
        }
        self.claim(n, Claim::Locked)
    }
}

/// A lock that was set until then.
fn open_until(last_invocation: u64) -> Lock {
    Lock {
        last_invocation,
        is_due: false,
    }
}

fn drain() -> u64 {
    u64::try_from(DRAIN.as_millis()).expect("it is short")
}

/// A time of an answer, in milliseconds since 1970.
fn milliseconds(time: &str) -> u64 {
    let time: Timestamp = time.parse().expect("it is a time");
    let since = SystemTime::from(time).duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.expect("it is later").as_millis()).expect("it is near")
}
