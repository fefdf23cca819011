//! What the answers to writes say.

use testkit::reply::Reply;

use super::{Facts, unexpected};
use crate::history::{Link, LinkChanges, Operation, Record, Request, TAGS};
use crate::model::Write;
use crate::reads::Claim;
use crate::sightings::links_of;

impl Facts<'_> {
    pub(super) fn created_release(
        &mut self,
        n: usize,
        operation: &Operation,
        reply: &Reply,
    ) -> Result<(), String> {
        let Request::CreateRelease {
            name,
            links,
            locks,
            key,
            ..
        } = &operation.request
        else {
            unreachable!("the caller has matched it")
        };
        match reply.status {
            409 => return self.claim(n, Claim::Release),
            201 => {}
            _ => return unexpected(reply),
        }
        let record = self.record(operation, &reply.body)?;
        let answered = links_of(TAGS[self.tag], &reply.body)?;
        let first = answered.iter().map(|(id, _)| *id).min().unwrap_or(0);
        if answered.iter().rev().ne(&numbered(first, links)) {
            return Err("the answer has other links than the request".to_owned());
        }
        if is_replay(reply) {
            let key = key.clone().ok_or("there was no key to replay")?;
            let created_at = Some(record.created_at);
            let id = first;
            return self.claim(
                n,
                Claim::Replay {
                    key,
                    id,
                    created_at,
                },
            );
        }
        let expected = new_record(operation, name, *locks);
        if record != expected {
            return Err(format!("the new release is not {expected:?}"));
        }
        let key = key.clone().map(|key| (key, first));
        let links = numbered(first, links);
        self.effect(n, vec![Write::CreateRelease { record, links, key }], false);
        Ok(())
    }

    pub(super) fn created_link(
        &mut self,
        n: usize,
        operation: &Operation,
        reply: &Reply,
    ) -> Result<(), String> {
        let Request::CreateLink { link, key, .. } = &operation.request else {
            unreachable!("the caller has matched it")
        };
        match reply.status {
            201 => {}
            400 => return self.taken(n, None, link.clone(), reply),
            403 => return self.locked(n, reply),
            _ => return unexpected(reply),
        }
        let (id, answered) = Link::read(TAGS[self.tag], &reply.body)?;
        if answered != *link {
            return Err("the answer has another link than the request".to_owned());
        }
        if is_replay(reply) {
            let key = key.clone().ok_or("there was no key to replay")?;
            let created_at = None;
            return self.claim(
                n,
                Claim::Replay {
                    key,
                    id,
                    created_at,
                },
            );
        }
        let write = Write::CreateLink {
            record: new_record(operation, TAGS[self.tag], false),
            id,
            link: answered,
            key: key.clone(),
        };
        self.effect(n, vec![write], true);
        Ok(())
    }

    pub(super) fn updated_link(
        &mut self,
        n: usize,
        id: u64,
        changes: &LinkChanges,
        reply: &Reply,
    ) -> Result<(), String> {
        match reply.status {
            200 => {
                let (changes, answer) = (changes.clone(), Some(self.link(id, reply)?));
                let write = Write::UpdateLink {
                    id,
                    changes,
                    answer,
                };
                self.effect(n, vec![write], true);
                Ok(())
            }
            400 => {
                let LinkChanges {
                    name,
                    url,
                    filepath,
                } = changes.clone();
                // Nobody has a blank value.
                let link = Link {
                    name: name.unwrap_or_default(),
                    url: url.unwrap_or_default(),
                    filepath,
                };
                self.taken(n, Some(id), link, reply)
            }
            403 => self.locked(n, reply),
            404 => self.claim(n, Claim::NoLink(id)),
            _ => unexpected(reply),
        }
    }

    fn taken(
        &mut self,
        n: usize,
        id: Option<u64>,
        link: Link,
        reply: &Reply,
    ) -> Result<(), String> {
        let messages = reply.body["message"].as_array();
        let attributes = messages.and_then(|messages| {
            let messages = messages
                .iter()
                .map(|message| message.as_str()?.split_once(' '));
            let attributes = messages.map(|message| {
                let is_taken = |(_, text): &(&str, &str)| *text == "has already been taken";
                Some(message.filter(is_taken)?.0.to_lowercase())
            });
            attributes.collect::<Option<Vec<String>>>()
        });
        let attributes = attributes.ok_or_else(|| format!("unexpected: {reply:?}"))?;
        self.claim(
            n,
            Claim::Taken {
                id,
                link,
                attributes,
            },
        )
    }

    pub(super) fn add_unknown(&mut self, n: usize, operation: &Operation) {
        let sightings = &self.sightings;
        let writes = match &operation.request {
            Request::CreateRelease {
                name,
                links,
                locks,
                key,
                ..
            } => {
                let write = |first| Write::CreateRelease {
                    record: new_record(operation, name, *locks),
                    links: numbered(first, links),
                    key: key.clone().map(|key| (key, first)),
                };
                sightings
                    .first_ids(n, links, key.as_ref())
                    .map(write)
                    .collect()
            }
            Request::CreateLink { link, key, .. } => {
                let write = |id| Write::CreateLink {
                    record: new_record(operation, TAGS[self.tag], false),
                    id,
                    link: link.clone(),
                    key: key.clone(),
                };
                let links = std::slice::from_ref(link);
                sightings
                    .first_ids(n, links, key.as_ref())
                    .map(write)
                    .collect()
            }
            Request::UpdateRelease { changes, .. } => {
                let write = |lock| Write::UpdateRelease {
                    changes: changes.clone(),
                    lock,
                    answer: None,
                };
                let locks = self.locks_of_unknown(operation.invoked);
                let locks = locks.filter(|lock| changes.locks || lock.is_none());
                locks.map(write).collect()
            }
            Request::UpdateLink { id, changes, .. } => {
                let (id, changes, answer) = (*id, changes.clone(), None);
                vec![Write::UpdateLink {
                    id,
                    changes,
                    answer,
                }]
            }
            Request::DeleteRelease(_) => vec![Write::DeleteRelease { answer: None }],
            Request::DeleteLink(_, id) => {
                let (id, answer) = (*id, None);
                vec![Write::DeleteLink { id, answer }]
            }
            _ => return,
        };
        self.effect(n, writes, false);
    }
}

/// The record of a release that an operation creates.
fn new_record(operation: &Operation, name: &str, locks: bool) -> Record {
    Record {
        created_at: operation.time.clone(),
        released_at: operation.time.clone(),
        name: name.to_owned(),
        description: None,
        immutable_at: locks.then(|| operation.time.clone()),
    }
}

/// The links of a request with the IDs from the first one on.
fn numbered(first: u64, links: &[Link]) -> Vec<(u64, Link)> {
    (first..).zip(links.iter().cloned()).collect()
}

fn is_replay(reply: &Reply) -> bool {
    reply.header("idempotent-replayed") == "true"
}
