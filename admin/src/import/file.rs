//! The import of a file that `export` has written: JSON Lines in the order of `crate::record`.

use std::path::Path;

use release_links::project::ProjectId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::importer::Importer;
use super::lines::{Line, Lines};
use crate::Outcome;
use crate::failure::{Failure, cut, quote};
use crate::output::quantity;
use crate::record::{FORMAT, LinkRecord, ProjectRecord, ReleaseRecord, VERSION};

/// Longest text of the file in a sentence.
const MAX_TEXT: usize = 40;

/// What the first line says of the format.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
}

/// What each other line begins with.
#[derive(Deserialize)]
struct Type {
    #[serde(rename = "type")]
    name: String,
}

/// A project of the file. Without an ID here, it is left out.
struct FileProject {
    number: u64,
    id: Option<ProjectId>,
}

/// A release of the file, whose links are being read.
struct FileRelease {
    /// The number of its line.
    line: u64,
    record: ReleaseRecord,
    links: Vec<LinkRecord>,
}

/// The reading of a file.
struct Reading<'i, 'd> {
    importer: &'i mut Importer<'d>,
    project: Option<FileProject>,
    release: Option<FileRelease>,
}

/// Imports all records of the file, or of standard input for `-`.
pub async fn feed(importer: &mut Importer<'_>, path: &Path) -> Outcome {
    let mut lines = Lines::open(path)?;
    importer.expect(lines.size.unwrap_or(0));
    let Some(first) = lines.next().await? else {
        return Err("the file of --file is empty: export it again".into());
    };
    read_header(&first)?;
    let mut reading = Reading {
        importer,
        project: None,
        release: None,
    };
    while let Some(line) = lines.next().await? {
        if line.text.trim().is_empty() {
            continue;
        }
        reading.read(&line).await?;
        reading.importer.advance(line.end);
    }
    reading.end_release().await
}

fn read_header(line: &Line) -> Outcome {
    // Editors on Windows begin a file with this mark.
    let text = line.text.strip_prefix('\u{feff}').unwrap_or(&line.text);
    let Ok(header) = serde_json::from_str::<Header>(text) else {
        return Err(format!(
            "line 1 names no format: the first line of an export is {{\"format\":\"{FORMAT}\",\
             \"version\":{VERSION}}}"
        )
        .into());
    };
    let format = cut(&header.format, MAX_TEXT);
    if header.format != FORMAT {
        return Err(format!("line 1 names the format \"{format}\" instead of {FORMAT}").into());
    }
    match header.version {
        1 => Ok(()),
        0 => Err("line 1 names version 0 of the format, which does not exist".into()),
        version => Err(format!(
            "line 1 names version {version} of the format, but this command reads only version \
             {VERSION}: install a later one"
        )
        .into()),
    }
}

impl Reading<'_, '_> {
    async fn read(&mut self, line: &Line) -> Outcome {
        let Type { name } = parse(line).map_err(|failure| {
            let is_header = serde_json::from_str::<Header>(&line.text).is_ok();
            match is_header {
                true => second_header(line),
                false => failure,
            }
        })?;
        match name.as_str() {
            "project" => {
                self.end_release().await?;
                self.begin_project(parse(line)?).await
            }
            "release" => {
                self.end_release().await?;
                self.begin_release(line, parse(line)?)
            }
            "link" => self.add_link(line, parse(line)?),
            other => {
                let (number, other) = (line.number, cut(other, MAX_TEXT));
                Err(format!(
                    "line {number} has the type \"{other}\", which this command does not know: \
                     install a later one"
                )
                .into())
            }
        }
    }

    async fn begin_project(&mut self, record: ProjectRecord) -> Outcome {
        let id = self.importer.project(&record).await?;
        let number = record.id;
        self.project = Some(FileProject { number, id });
        Ok(())
    }

    fn begin_release(&mut self, line: &Line, record: ReleaseRecord) -> Outcome {
        if !self.is_in_project(record.project) {
            return Err(misplaced(line, "release", "its project"));
        }
        self.release = Some(FileRelease {
            line: line.number,
            record,
            links: Vec::new(),
        });
        Ok(())
    }

    fn add_link(&mut self, line: &Line, record: LinkRecord) -> Outcome {
        let is_in_project = self.is_in_project(record.project);
        let release = self.release.as_mut();
        let release = release.filter(|release| release.record.tag == record.tag);
        match release.filter(|_| is_in_project) {
            Some(release) => release.links.push(record),
            None => return Err(misplaced(line, "link", "its release")),
        }
        Ok(())
    }

    fn is_in_project(&self, number: u64) -> bool {
        self.project
            .as_ref()
            .is_some_and(|project| project.number == number)
    }

    /// Imports the release whose links have been read.
    async fn end_release(&mut self) -> Outcome {
        let Some(release) = self.release.take() else {
            return Ok(());
        };
        release.check_number_of_links()?;
        let FileRelease { record, links, .. } = release;
        match self.project.as_ref().and_then(|project| project.id) {
            Some(id) => self.importer.release(id, record, links).await,
            None => {
                self.importer.report().skip(1, links.len());
                Ok(())
            }
        }
    }
}

impl FileRelease {
    /// Fails if links are missing. Their IDs would count as given, so nobody could add them later.
    fn check_number_of_links(&self) -> Outcome {
        let (line, found) = (self.line, self.links.len());
        match self.record.links {
            Some(links) if links != found => Err(format!(
                "line {line} is a release with {}, but the file has {found} of them: export the \
                 file again",
                quantity(links, "link")
            )
            .into()),
            _ => Ok(()),
        }
    }
}

fn second_header(line: &Line) -> Failure {
    let number = line.number;
    format!("line {number} begins another export: import one file after the other").into()
}

fn misplaced(line: &Line, what: &str, owner: &str) -> Failure {
    format!(
        "line {} is a {what} that does not follow {owner}",
        line.number
    )
    .into()
}

fn parse<T: DeserializeOwned>(line: &Line) -> Result<T, Failure> {
    serde_json::from_str(&line.text).map_err(|error| {
        let number = line.number;
        let message = error.to_string();
        let message = message.split(" at line 1 column").next();
        let message = quote(message.unwrap_or_default());
        let sentence = match error.classify() {
            Category::Eof => format!("line {number} is cut off: export the file again"),
            Category::Data => format!("line {number} is invalid: {message}"),
            Category::Syntax | Category::Io => {
                let column = error.column();
                format!("line {number} is not JSON: {message} at column {column}")
            }
        };
        sentence.into()
    })
}
