//! Links that have a name, URL or filepath in common.
//!
//! No release ever has two such links. But if a link is renamed while the links of its release are
//! read, and another one takes its name, both may be read with the name. A table of bits finds the
//! values that may occur twice, with the same memory for any number of links. A second reading
//! tells which of them do.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::stop::Stop;
use crate::record::LinkRecord;

/// Number of bits: of 100,000 links with filepaths, 11,000 values are read a second time.
const BITS: u64 = 1 << 22;

/// The values that may belong to two links.
pub struct Rivals {
    hasher: RandomState,
    /// The values that were noted.
    seen: Vec<u64>,
    /// The hashes of those that were noted twice, and of others that have a bit in common.
    suspects: HashSet<u64>,
}

impl Default for Rivals {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            seen: Vec::new(),
            suspects: HashSet::new(),
        }
    }
}

impl Rivals {
    /// Notes the values of a link.
    pub fn note(&mut self, link: &LinkRecord) {
        if self.seen.is_empty() {
            self.seen = vec![0; usize::try_from(BITS / 64).unwrap_or(usize::MAX)];
        }
        for value in values(link) {
            let hash = self.hash(&value);
            let (word, bit) = (hash / 64, 1 << (hash % 64));
            let word = &mut self.seen[usize::try_from(word).unwrap_or(usize::MAX)];
            if *word & bit != 0 {
                self.suspects.insert(hash);
            }
            *word |= bit;
        }
    }

    /// Whether two links may have a value in common.
    pub fn may_exist(&self) -> bool {
        !self.suspects.is_empty()
    }

    fn hash(&self, value: &(Kind, &str)) -> u64 {
        self.hasher.hash_one(value) % BITS
    }
}

/// What is unique in a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Name,
    Url,
    Filepath,
}

fn values(link: &LinkRecord) -> impl Iterator<Item = (Kind, &str)> {
    let filepath = link.filepath.as_deref();
    let filepath = filepath.map(|filepath| (Kind::Filepath, filepath));
    let name_and_url = [(Kind::Name, link.name.as_str()), (Kind::Url, &link.url)];
    name_and_url.into_iter().chain(filepath)
}

/// The IDs of the links that have a value in common with a later one.
pub fn beaten(
    rivals: &Rivals,
    links: impl Iterator<Item = Result<LinkRecord, Stop>>,
) -> Result<HashSet<i128>, Stop> {
    let (mut holders, mut beaten) = (HashMap::new(), HashSet::new());
    for link in links {
        let link = link?;
        let suspects = values(&link).filter(|value| rivals.suspects.contains(&rivals.hash(value)));
        for (kind, value) in suspects {
            let earlier = holders.insert((kind, value.to_owned()), link.id);
            beaten.extend(earlier);
        }
    }
    Ok(beaten)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(id: i128, name: &str, url: &str, filepath: Option<&str>) -> LinkRecord {
        LinkRecord {
            project: 24,
            tag: "v1".to_owned(),
            id,
            name: name.to_owned(),
            url: url.to_owned(),
            filepath: filepath.map(str::to_owned),
            link_type: "other".to_owned(),
            created_at: "2026-11-24T09:00:00.000000Z".to_owned(),
            digest: None,
        }
    }

    fn beaten_of(links: &[LinkRecord]) -> Vec<i128> {
        let mut rivals = Rivals::default();
        links.iter().for_each(|link| rivals.note(link));
        let all = links.iter().cloned().map(Ok);
        let mut ids: Vec<_> = beaten(&rivals, all).unwrap().into_iter().collect();
        assert!(rivals.may_exist() || ids.is_empty());
        ids.sort_unstable();
        ids
    }

    #[test]
    fn all_but_the_last_link_with_a_common_value_are_beaten() {
        let links = [
            link(1, "a", "https://e.com/a", Some("/a")),
            link(2, "b", "https://e.com/b", Some("/b")),
            link(3, "/b", "https://e.com/c", None),
            link(4, "a", "https://e.com/d", None),
            link(5, "c", "https://e.com/b", None),
            link(6, "d", "https://e.com/f", Some("/g")),
            link(7, "e", "https://e.com/g", Some("/g")),
            link(8, "a", "https://e.com/h", None),
        ];
        assert_eq!(beaten_of(&links), [1, 2, 4, 6]);
        assert_eq!(beaten_of(&links[..3]), [] as [i128; 0]);
    }

    #[test]
    fn many_links_without_a_value_in_common_are_not_beaten() {
        let name = |id| {
            (
                format!("n{id}"),
                format!("https://e.com/{id}"),
                format!("/{id}"),
            )
        };
        let links: Vec<_> = (1..=100_000)
            .map(|id| (id, name(id)))
            .map(|(id, (name, url, filepath))| link(id, &name, &url, Some(&filepath)))
            .collect();
        assert_eq!(beaten_of(&links), [] as [i128; 0]);
    }
}
