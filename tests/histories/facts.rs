//! What the answers of a history say about one tag.

mod locks;
mod writes;

use std::collections::BTreeSet;

use serde_json::Value;
use testkit::reply::Reply;

use crate::history::{Link, Operation, Request, TAGS};
use crate::model::Write;
use crate::reads::Claim;
use crate::search::{Effect, Read, Requests};
use crate::sightings::{Sightings, links_of};

/// How long a release may still be moved in the order by a request of unknown outcome, in
/// milliseconds.
const LONGEST_DELAY: u64 = 30_000;

/// Reads the history.
pub struct Facts<'a> {
    tag: usize,
    history: &'a [Operation],
    sightings: Sightings,
    requests: Requests,
}

/// What the operations say about one tag.
///
/// # Errors
///
/// An answer that no state explains.
pub fn of_tag(tag: usize, history: &[Operation]) -> Result<Requests, String> {
    let mut facts = Facts {
        tag,
        history,
        sightings: Sightings::of_tag(tag, history)?,
        requests: Requests::default(),
    };
    for (n, operation) in history.iter().enumerate() {
        if operation.request.tag().is_none_or(|other| other == tag) {
            let added = facts.add(n, operation);
            added.map_err(|problem| format!("{problem}\nin the answer to operation {n}"))?;
        }
    }
    facts.add_times();
    Ok(facts.requests)
}

impl Facts<'_> {
    fn add(&mut self, n: usize, operation: &Operation) -> Result<(), String> {
        let Some((_, reply)) = &operation.answer else {
            self.add_unknown(n, operation);
            return Ok(());
        };
        match &operation.request {
            Request::CreateRelease { .. } => self.created_release(n, operation, reply),
            Request::CreateLink { .. } => self.created_link(n, operation, reply),
            Request::UpdateRelease { changes, .. } => match reply.status {
                200 => {
                    let record = self.record(operation, &reply.body)?;
                    let snapshot = Claim::Snapshot {
                        created_at: Some(record.created_at.clone()),
                        record: None,
                        present: links_of(TAGS[self.tag], &reply.body)?,
                        absent: self.absent(&reply.body)?,
                    };
                    self.claim(n, snapshot)?;
                    let write = Write::UpdateRelease {
                        changes: changes.clone(),
                        lock: Self::lock_set(operation, &record),
                        answer: Some(record),
                    };
                    self.effect(n, vec![write], false);
                    Ok(())
                }
                403 => self.forbidden(n, reply),
                _ => unexpected(reply),
            },
            Request::DeleteRelease(_) => match reply.status {
                200 => {
                    let answer = Some(self.record(operation, &reply.body)?);
                    self.effect(n, vec![Write::DeleteRelease { answer }], false);
                    Ok(())
                }
                403 => self.forbidden(n, reply),
                _ => unexpected(reply),
            },
            Request::UpdateLink { id, changes, .. } => self.updated_link(n, *id, changes, reply),
            Request::DeleteLink(_, id) => match reply.status {
                200 => {
                    let (id, answer) = (*id, Some(self.link(*id, reply)?));
                    self.effect(n, vec![Write::DeleteLink { id, answer }], false);
                    Ok(())
                }
                403 => self.locked(n, reply),
                404 => self.claim(n, Claim::NoLink(*id)),
                _ => unexpected(reply),
            },
            _ => self.read(n, operation, reply),
        }
    }

    fn read(&mut self, n: usize, operation: &Operation, reply: &Reply) -> Result<(), String> {
        match (&operation.request, reply.status) {
            (Request::GetRelease(_), 200) => {
                let snapshot = self.snapshot(operation, &reply.body)?;
                self.claim(n, snapshot)
            }
            (Request::GetRelease(_) | Request::ListLinks { .. }, 404) => {
                self.claim(n, Claim::NoRelease)
            }
            (Request::GetLink(_, id), 200) => {
                let link = self.link(*id, reply)?;
                self.claim(n, Claim::Link(*id, link))
            }
            (Request::GetLink(_, id), 404) => self.claim(n, Claim::NoLink(*id)),
            (Request::Download { filepath, .. }, 302) => {
                let url = reply.header("location").to_owned();
                self.claim(n, Claim::Download(filepath.clone(), Some(url)))
            }
            (Request::Download { filepath, .. }, 404) => {
                self.claim(n, Claim::Download(filepath.clone(), None))
            }
            (Request::ListLinks { page, per_page, .. }, 200) => {
                self.page(n, operation, (*page, *per_page), reply)
            }
            (Request::ListReleases, 200) => self.list(n, operation, reply),
            (Request::Latest, 302) => {
                let latest = reply.header("location").rsplit('/').next();
                if latest == Some(TAGS[self.tag]) {
                    self.claim(n, Claim::Release)
                } else if latest == Some("v0.1") && !self.moves_during(operation) {
                    // Both tags are later than the seeded release.
                    self.claim(n, Claim::NoRelease)
                } else {
                    Ok(())
                }
            }
            _ => unexpected(reply),
        }
    }

    fn page(
        &mut self,
        n: usize,
        operation: &Operation,
        (page, per_page): (usize, usize),
        reply: &Reply,
    ) -> Result<(), String> {
        let present = self.sightings.links(&reply.body)?;
        let ids = || present.iter().map(|(id, _)| *id);
        if !ids().is_sorted_by(|one, next| one > next) {
            return Err("the links are not in descending order of their IDs".to_owned());
        }
        self.count(operation, (page, per_page), present.len(), reply)?;
        let newest = ids().max().filter(|_| page > 1).unwrap_or(u64::MAX);
        let oldest = ids().min().filter(|_| present.len() == per_page);
        let is_in_page = |id: &u64| {
            let is_first = page == 1 || !present.is_empty();
            let is_late = *id > oldest.unwrap_or(0);
            is_first && *id <= newest && is_late && ids().all(|other| other != *id)
        };
        let all = self.sightings.ids.iter().copied();
        let absent = all.filter(is_in_page).collect();
        self.claim(
            n,
            Claim::Snapshot {
                created_at: None,
                record: None,
                present,
                absent,
            },
        )
    }

    /// The count and the links of a page are read at different moments, in one life of the release.
    /// They differ by no more than the links that are created and deleted meanwhile.
    fn count(
        &self,
        operation: &Operation,
        (page, per_page): (usize, usize),
        links: usize,
        reply: &Reply,
    ) -> Result<(), String> {
        let total: usize = reply
            .header("x-total")
            .parse()
            .map_err(|_| format!("X-Total is missing: {reply:?}"))?;
        let during = |matches: fn(&Request) -> bool| {
            let others = self.history.iter();
            let others = others.filter(|other| other.request.tag() == Some(self.tag));
            others
                .filter(|other| matches(&other.request) && overlap(operation, other))
                .count()
        };
        let created = during(|request| matches!(request, Request::CreateLink { .. }));
        let deleted = during(|request| matches!(request, Request::DeleteLink(..)));
        let on_page = |total: usize| total.saturating_sub((page - 1) * per_page).min(per_page);
        let least = on_page(total.saturating_sub(deleted));
        if links < least || links > on_page(total + created) {
            return Err(format!("{links} links on page {page} of {total} links"));
        }
        Ok(())
    }

    fn list(&mut self, n: usize, operation: &Operation, reply: &Reply) -> Result<(), String> {
        let releases = reply.body.as_array().into_iter().flatten();
        let mut found = releases.filter(|release| release["tag_name"] == TAGS[self.tag]);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err("a release is in the list twice".to_owned()),
            (Some(release), None) => {
                let snapshot = self.snapshot(operation, release)?;
                self.claim(n, snapshot)
            }
            (None, None) if self.moves_during(operation) => Ok(()),
            (None, None) => self.claim(n, Claim::NoRelease),
        }
    }

    fn snapshot(&self, operation: &Operation, body: &Value) -> Result<Claim, String> {
        let record = self.record(operation, body)?;
        Ok(Claim::Snapshot {
            created_at: Some(record.created_at.clone()),
            record: Some(record),
            present: links_of(TAGS[self.tag], body)?,
            absent: self.absent(body)?,
        })
    }

    /// The links of the tag that a release does not have.
    fn absent(&self, body: &Value) -> Result<BTreeSet<u64>, String> {
        let mut absent = self.sightings.ids.clone();
        for (id, _) in links_of(TAGS[self.tag], body)? {
            absent.remove(&id);
        }
        Ok(absent)
    }

    fn link(&self, id: u64, reply: &Reply) -> Result<Link, String> {
        let (answered, link) = Link::read(TAGS[self.tag], &reply.body)?;
        if answered != id {
            return Err(format!("the answer is link {answered}"));
        }
        Ok(link)
    }

    /// Whether a request moves the release in the order at the same time.
    fn moves_during(&self, operation: &Operation) -> bool {
        self.history.iter().any(|other| {
            matches!(&other.request, Request::UpdateRelease { tag, changes }
                if *tag == self.tag && changes.released_at.is_some())
                && overlap(operation, other)
        })
    }

    fn claim(&mut self, n: usize, claim: Claim) -> Result<(), String> {
        let operation = &self.history[n];
        let (answered, _) = operation.answer.as_ref().expect("only answers claim");
        self.requests.reads.push(Read {
            claim,
            invoked: operation.invoked,
            answered: *answered,
            operation: n,
        });
        Ok(())
    }

    fn effect(&mut self, n: usize, alternatives: Vec<Write>, may_be_lost: bool) {
        let operation = &self.history[n];
        self.requests.effects.push(Effect {
            alternatives,
            invoked: operation.invoked,
            answered: operation.answer.as_ref().map(|(answered, _)| *answered),
            may_be_lost,
            operation: n,
        });
    }
}

/// Whether the other operation may take effect during the first one, which has an answer.
fn overlap(operation: &Operation, other: &Operation) -> bool {
    let end = |operation: &Operation| match &operation.answer {
        Some((answered, _)) => *answered,
        None => operation.invoked + LONGEST_DELAY,
    };
    other.invoked <= end(operation) && operation.invoked <= end(other)
}

fn unexpected(reply: &Reply) -> Result<(), String> {
    Err(format!("unexpected: {reply:?}"))
}
