//! The links that the answers of a history show.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::history::{Link, Operation, Request, TAGS};

/// Above all IDs that the service gives in a history.
const UNSEEN: u64 = 1 << 40;

/// The links of one tag that the answers show.
pub struct Sightings {
    tag: &'static str,
    pub ids: BTreeSet<u64>,
    /// The IDs of the links that had this URL.
    by_url: BTreeMap<String, BTreeSet<u64>>,
    /// The IDs that were acknowledged as new.
    acknowledged: BTreeSet<u64>,
    /// The times from which the releases were shown to be immutable, with the number of an operation
    /// that showed it.
    pub locks: BTreeMap<String, usize>,
}

impl Sightings {
    /// Looks at all answers about a tag.
    ///
    /// # Errors
    ///
    /// Two links with one ID, one request that created two links, or two links in one answer that
    /// have the same value.
    pub fn of_tag(tag: usize, history: &[Operation]) -> Result<Self, String> {
        let mut sightings = Self {
            tag: TAGS[tag],
            ids: BTreeSet::new(),
            by_url: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            locks: BTreeMap::new(),
        };
        for (n, operation) in history.iter().enumerate() {
            let seen = sightings.see(tag, n, operation);
            seen.map_err(|problem| format!("{problem}\nin the answer to operation {n}"))?;
        }
        sightings.check_ids(tag, history)?;
        Ok(sightings)
    }

    fn see(&mut self, tag: usize, n: usize, operation: &Operation) -> Result<(), String> {
        let Some((_, reply)) = &operation.answer else {
            return Ok(());
        };
        if reply.status >= 300 || operation.request.tag().is_some_and(|other| other != tag) {
            return Ok(());
        }
        let body = &reply.body;
        let links = match &operation.request {
            Request::CreateLink { .. }
            | Request::UpdateLink { .. }
            | Request::DeleteLink(..)
            | Request::GetLink(..) => vec![Link::read(self.tag, body)?],
            Request::ListLinks { .. } => self.links(body)?,
            Request::ListReleases => {
                let releases = body.as_array().into_iter().flatten();
                let releases = releases.filter(|release| release["tag_name"] == TAGS[tag]);
                let releases = releases.map(|release| self.release(n, release));
                releases.collect::<Result<Vec<_>, _>>()?.concat()
            }
            Request::Latest | Request::Download { .. } => Vec::new(),
            _ => self.release(n, body)?,
        };
        let is_new = reply.status == 201 && !reply.has_header("idempotent-replayed");
        for (id, link) in links {
            self.ids.insert(id);
            if is_new && !self.acknowledged.insert(id) {
                return Err(format!("the ID {id} was given twice"));
            }
            self.by_url.entry(link.url).or_default().insert(id);
        }
        Ok(())
    }

    /// The links of a release in the answer to operation `n`, which may show a lock.
    fn release(&mut self, n: usize, body: &Value) -> Result<Vec<(u64, Link)>, String> {
        if let Some(time) = body["immutable_at"].as_str() {
            self.locks.entry(time.to_owned()).or_insert(n);
        }
        links_of(self.tag, body)
    }

    /// The links of a list.
    pub fn links(&self, body: &Value) -> Result<Vec<(u64, Link)>, String> {
        let links = body.as_array().into_iter().flatten();
        distinct(
            links
                .map(|link| Link::read(self.tag, link))
                .collect::<Result<_, _>>()?,
        )
    }

    /// A request that is sent once creates each of its links once, and each ID is one link's.
    fn check_ids(&self, tag: usize, history: &[Operation]) -> Result<(), String> {
        let mut owners: BTreeMap<u64, &str> = BTreeMap::new();
        for operation in history
            .iter()
            .filter(|other| other.request.tag() == Some(tag))
        {
            let (links, key) = match &operation.request {
                Request::CreateRelease { links, key, .. } => (links.as_slice(), key),
                Request::CreateLink { link, key, .. } => (std::slice::from_ref(link), key),
                _ => continue,
            };
            for link in links {
                let ids = self.by_url.get(&link.url).into_iter().flatten();
                for id in ids.clone() {
                    let owner = owners.insert(*id, &link.url);
                    if owner.is_some_and(|owner| owner != link.url) {
                        return Err(format!("the ID {id} is that of two links"));
                    }
                }
                if key.is_none() && ids.count() > 1 {
                    return Err(format!("a request created {} twice", link.url));
                }
            }
        }
        Ok(())
    }

    /// The first IDs that the request number `n`, whose outcome is unknown, may have given to these
    /// links.
    pub fn first_ids(
        &self,
        n: usize,
        links: &[Link],
        key: Option<&String>,
    ) -> impl Iterator<Item = u64> + use<> {
        let mut ids = BTreeSet::new();
        for (offset, link) in (0_u64..).zip(links) {
            let seen = self.by_url.get(&link.url).into_iter().flatten();
            let unclaimed = seen.filter(|id| !self.acknowledged.contains(id));
            ids.extend(unclaimed.filter_map(|id| id.checked_sub(offset)));
        }
        if links.is_empty() {
            ids.insert(0);
        }
        // What was seen may also be what the same request with its key has created at another time.
        if ids.is_empty() || (key.is_some() && !links.is_empty()) {
            ids.insert(UNSEEN + 1_000 * n as u64);
        }
        ids.into_iter()
    }
}

/// The links of a release.
pub fn links_of(tag: &str, release: &Value) -> Result<Vec<(u64, Link)>, String> {
    let links = release["assets"]["links"].as_array();
    let links = links.ok_or_else(|| format!("this is no release: {release}"))?;
    if release["assets"]["count"] != links.len() {
        return Err(format!("the count of links is wrong: {release}"));
    }
    let links = links.iter().map(|link| Link::read(tag, link));
    distinct(links.collect::<Result<_, _>>()?)
}

/// Checks that no two links of an answer have the same value.
fn distinct(links: Vec<(u64, Link)>) -> Result<Vec<(u64, Link)>, String> {
    let mut values = BTreeSet::new();
    for (id, link) in &links {
        let filepath = link.filepath.as_ref();
        let mut all = vec![("ID", id.to_string()), ("name", link.name.clone())];
        all.push(("URL", link.url.clone()));
        all.extend(filepath.map(|filepath| ("filepath", filepath.clone())));
        for (kind, value) in all {
            if !values.insert((kind, value.clone())) {
                return Err(format!("two links have the {kind} {value}"));
            }
        }
    }
    Ok(links)
}
