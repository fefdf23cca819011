//! Checksum files in the format of `sha256sum`: of one file, and of all files of a release (G10).

use std::collections::BTreeMap;

use super::{Digest, Link, MAX_FILEPATH_CHARACTERS, may_be_filepath};

/// What the filepath of a file's checksum file ends with.
const SUFFIX: &str = ".sha256";
/// The filepath of the checksum file of a release.
pub const OF_RELEASE: &str = "/SHA256SUMS";

/// Longest name of a file on most file systems, in bytes. At a line with a longer name, `sha256sum`
/// fails even with `--ignore-missing`.
const MAX_FILE_NAME_BYTES: usize = 255;

/// Longest filepath of a file or of its checksum file, in characters.
pub const MAX_DOWNLOAD_CHARACTERS: usize = MAX_FILEPATH_CHARACTERS + SUFFIX.len();

/// The checksum file that a filepath names, unless a link has the filepath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksumFile<'a> {
    /// That of the file with this filepath.
    OfFile(&'a str),
    /// That of all files of the release.
    OfRelease,
}

impl<'a> ChecksumFile<'a> {
    /// The checksum file with this filepath; `None` if no checksum file can have it.
    #[must_use]
    pub fn named(filepath: &'a str) -> Option<Self> {
        if filepath == OF_RELEASE {
            return Some(Self::OfRelease);
        }
        let file = filepath.strip_suffix(SUFFIX)?;
        may_be_filepath(file).then_some(Self::OfFile(file))
    }
}

/// The checksum file of the file with this digest and this filepath.
#[must_use]
pub fn of_file(digest: &Digest, filepath: &str) -> String {
    line(digest, last_segment(filepath))
}

/// The checksum file of a release with these links: a line for each name of each file, in the order
/// of the names. It is empty if there is none.
#[must_use]
pub fn of_release(links: &[Link]) -> String {
    let mut digests = BTreeMap::<&str, Option<&Digest>>::new();
    for (name, digest) in links.iter().flat_map(names) {
        let unique = digests.entry(name).or_insert(Some(digest));
        // A name that stands for two files verifies neither.
        *unique = unique.filter(|other| *other == digest);
    }
    let lines = digests.into_iter();
    let lines = lines.filter_map(|(name, digest)| Some(line(digest?, name)));
    lines.collect()
}

/// The names under which somebody may have the file of a link, with its digest.
fn names(link: &Link) -> impl Iterator<Item = (&str, &Digest)> {
    let file = link.filepath.as_deref().map(last_segment);
    let names = [Some(link.name.as_str()), file].into_iter().flatten();
    let digest = link.digest.as_ref();
    let names = names.filter(|name| is_file_name(name));
    names.filter_map(move |name| Some((name, digest?)))
}

/// Whether a line can have this name: one that every tool reads as one file in the current
/// directory. `-` is the standard input, and some tools end a line at each separator of Unicode.
/// mise removes `*` and white space in front of a name, so it would find the digest of another
/// file. The checksum file itself lies there, too, and cannot contain its own digest.
fn is_file_name(name: &str) -> bool {
    let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let is_reserved = matches!(name, "-" | "." | "..") || name == &OF_RELEASE[1..];
    name.len() <= MAX_FILE_NAME_BYTES
        && !is_reserved
        && !name.starts_with('*')
        && name.trim() == name
        && !name.contains(|c| matches!(c, '/' | '\\') || ends_line(c))
}

fn line(digest: &Digest, name: &str) -> String {
    format!("{}  {name}\n", digest.hexadecimal())
}

fn last_segment(filepath: &str) -> &str {
    filepath.rsplit('/').next().unwrap_or(filepath)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{LinkId, LinkType};

    /// A link with a name, a filepath and the number of a digest, which may be missing.
    fn link(name: &str, filepath: Option<&str>, digest: Option<u8>) -> Link {
        Link {
            id: LinkId::new(1).unwrap(),
            name: name.to_owned(),
            url: "https://e.com/a".to_owned(),
            filepath: filepath.map(str::to_owned),
            link_type: LinkType::Other,
            digest: digest.map(|number| Digest::parse(&format!("{number:064}")).unwrap()),
        }
    }

    /// The names of the lines, with the numbers of the digests.
    fn lines(links: &[Link]) -> Vec<(u8, String)> {
        let text = of_release(links);
        let lines = text.strip_suffix('\n').into_iter();
        let lines = lines.flat_map(|text| text.split('\n'));
        let lines = lines.map(|line| {
            let (digits, name) = line.split_at(64);
            let name = name.strip_prefix("  ").unwrap();
            (digits.parse().unwrap(), name.to_owned())
        });
        lines.collect()
    }

    #[test]
    fn a_filepath_names_a_checksum_file_by_its_end() {
        let longest = format!("/{}", "é".repeat(127));
        for (filepath, expected) in [
            ("/SHA256SUMS", Some(ChecksumFile::OfRelease)),
            ("/bin/SHA256SUMS", None),
            ("/sha256sums", None),
            ("/a.sha256", Some(ChecksumFile::OfFile("/a"))),
            (
                "/SHA256SUMS.sha256",
                Some(ChecksumFile::OfFile("/SHA256SUMS")),
            ),
            ("/a.sha256.sha256", Some(ChecksumFile::OfFile("/a.sha256"))),
            ("/.sha256", Some(ChecksumFile::OfFile("/"))),
            ("/a.sha256/b", None),
            ("/a.SHA256", None),
            (
                &format!("{longest}.sha256"),
                Some(ChecksumFile::OfFile(&longest)),
            ),
            (&format!("{longest}e.sha256"), None),
        ] {
            assert_eq!(ChecksumFile::named(filepath), expected, "{filepath}");
        }
    }

    #[test]
    fn a_file_has_a_line_for_its_name_and_one_for_the_end_of_its_filepath() {
        let links = [
            link("macOS", Some("/bin/app-macos"), Some(2)),
            link("app-linux", Some("/bin/app-linux"), Some(1)),
            link("no filepath", None, Some(3)),
            link("no digest", Some("/none"), None),
        ];
        let expected = [
            (1, "app-linux"),
            (2, "app-macos"),
            (2, "macOS"),
            (3, "no filepath"),
        ];
        let expected = expected.map(|(digest, name)| (digest, name.to_owned()));
        assert_eq!(lines(&links), expected);
        assert_eq!(of_release(&links[3..]), "");
    }

    #[test]
    fn a_name_that_stands_for_two_digests_has_no_line() {
        let links = [
            link("app", Some("/linux/app.zip"), Some(1)),
            link("macOS", Some("/macos/app.zip"), Some(2)),
            link("copy", Some("/copies/app.zip"), Some(1)),
            link("app.txt", None, Some(3)),
            link("notes", Some("/app.txt"), Some(4)),
            link("same", Some("/x/same.tar"), Some(5)),
            link("same.tar", None, Some(5)),
        ];
        let expected = [(1, "app"), (1, "copy"), (2, "macOS"), (4, "notes")];
        let same = [(5, "same"), (5, "same.tar")];
        let expected = expected.into_iter().chain(same);
        let expected: Vec<_> = expected.map(|(n, name)| (n, name.to_owned())).collect();
        assert_eq!(lines(&links), expected);
    }

    #[test]
    fn a_name_that_no_tool_reads_as_a_file_has_no_line() {
        let (emoji, longer) = ("😀".repeat(255), "a".repeat(256));
        for name in [
            "-",
            ".",
            "..",
            "SHA256SUMS",
            " a",
            "a\u{3000}",
            "*a",
            "a/b",
            "a\\b",
            "a\nb",
            "a\r",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "\u{2029}",
            &emoji,
            &longer,
        ] {
            assert_eq!(of_release(&[link(name, None, Some(1))]), "", "{name:?}");
        }
        let (emoji, longest) = ("😀".repeat(63), "a".repeat(255));
        for name in [
            "a  a*",
            "--",
            "...",
            "é",
            "\u{202e}a",
            "sha256sums",
            &emoji,
            &longest,
        ] {
            let links = [link(name, None, Some(1))];
            assert_eq!(lines(&links), [(1, name.to_owned())], "{name:?}");
        }
    }
}
