//! `--write-digests`: the digests of links that have none.

use release_links::store::operator::{AddedDigest, AdminError};

use super::finding::{Finding, Verdict};
use super::survey::{Survey, Use};
use crate::deployment::Deployment;

/// What became of the digest of a link that had none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The link has it.
    Done,
    /// The release is immutable.
    Immutable,
    /// Somebody has changed the link, its release or its project since it was read.
    Changed,
    /// It may not be the digest of the file, because of this.
    Doubtful(&'static str),
}

impl Written {
    /// What the command says.
    pub fn sentence(self) -> String {
        let reason = match self {
            Self::Done => return "written".to_owned(),
            Self::Immutable => "the release is immutable",
            Self::Changed => "the link has changed",
            Self::Doubtful(doubt) => doubt,
        };
        format!("not written: {reason}")
    }
}

/// Adds the digest of the file that was found to a link that has none; `None` if there is nothing
/// to add.
pub async fn write(
    deployment: &Deployment,
    survey: &Survey,
    found: &Use,
    finding: &Finding,
) -> Result<Option<Written>, AdminError> {
    let answers = matches!(finding.verdict, Verdict::Ok | Verdict::Moved);
    let Some(file) = finding.file.as_ref().filter(|_| answers) else {
        return Ok(None);
    };
    if found.link.digest.is_some() {
        return Ok(None);
    }
    if let Some(doubt) = file.doubt {
        return Ok(Some(Written::Doubtful(doubt)));
    }
    let session = deployment.session();
    let release = survey.release(found);
    let added = session
        .releases()
        .add_digest(&release, &found.link, &file.digest);
    Ok(Some(match added.await? {
        AddedDigest::Added => Written::Done,
        AddedDigest::Immutable => Written::Immutable,
        AddedDigest::Changed => Written::Changed,
    }))
}
