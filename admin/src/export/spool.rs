//! The links of one release, kept until all of them are read.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Error, Seek, Write};

use release_links::release::ReleaseKey;
use release_links::store::operator::ExportedLink;
use tempfile::SpooledTempFile;

use super::lines::{line, link_record};
use super::rivals::{Rivals, beaten};
use super::stop::Stop;
use crate::record::{LinkRecord, Record};

/// Largest number of bytes that are kept in memory.
const MAX_BYTES_IN_MEMORY: usize = 1 << 20;
/// About as many bytes are written at once.
const BYTES_AT_ONCE: usize = 1 << 16;

/// The lines of the links that were read so far, in memory or, if they are many, in a temporary
/// file.
pub struct Spool {
    release: ReleaseKey,
    lines: SpooledTempFile,
    count: usize,
    rivals: Rivals,
}

impl Spool {
    pub fn new(release: ReleaseKey) -> Self {
        Self {
            release,
            lines: SpooledTempFile::new(MAX_BYTES_IN_MEMORY),
            count: 0,
            rivals: Rivals::default(),
        }
    }

    /// Forgets all links.
    pub fn clear(&mut self) {
        self.lines = SpooledTempFile::new(MAX_BYTES_IN_MEMORY);
        self.count = 0;
        self.rivals = Rivals::default();
    }

    /// Adds links, whose IDs are higher than those of the earlier ones.
    pub fn add(&mut self, links: Vec<ExportedLink>) -> Result<(), Stop> {
        let release = (self.release.project, &self.release.tag);
        let mut lines = String::new();
        for link in links {
            let link = link_record(release, link);
            self.rivals.note(&link);
            lines += &line(&Record::Link(link))?;
            self.count += 1;
        }
        self.lines.write_all(lines.as_bytes()).map_err(unusable)
    }

    /// The number of links.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The IDs of the links whose name, URL or filepath a link with a higher ID has, too.
    pub fn find_beaten(&mut self) -> Result<HashSet<i128>, Stop> {
        if !self.rivals.may_exist() {
            return Ok(HashSet::new());
        }
        self.lines.rewind().map_err(unusable)?;
        let lines = BufReader::new(&mut self.lines).lines();
        let links = lines.map(|line| parse(&line.map_err(unusable)?));
        beaten(&self.rivals, links)
    }

    /// Gives the lines of the links to `deliver`, without those of the links that are beaten, and
    /// returns their number.
    pub fn read(
        &mut self,
        beaten: &HashSet<i128>,
        deliver: impl Fn(&str) -> Result<(), Stop>,
    ) -> Result<usize, Stop> {
        self.lines.rewind().map_err(unusable)?;
        let (mut lines, mut count) = (String::new(), 0);
        for line in BufReader::new(&mut self.lines).lines() {
            let line = line.map_err(unusable)?;
            if !beaten.is_empty() && beaten.contains(&parse(&line)?.id) {
                continue;
            }
            count += 1;
            lines += &line;
            lines.push('\n');
            if lines.len() >= BYTES_AT_ONCE {
                deliver(&lines)?;
                lines.clear();
            }
        }
        deliver(&lines)?;
        Ok(count)
    }
}

fn parse(line: &str) -> Result<LinkRecord, Stop> {
    let link = serde_json::from_str(line);
    link.map_err(|error| Stop::Failed(error.to_string().into()))
}

fn unusable(error: Error) -> Stop {
    let sentence = format!(
        "cannot keep the links of a release in a temporary file ({error}): set TMPDIR to a \
         directory with room for them"
    );
    Stop::Failed(sentence.into())
}
