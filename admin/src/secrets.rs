//! Tokens where no token belongs: on the command line, and in a label.

/// Minimum length of an imported token; a shorter one could be guessed.
pub const MIN_LENGTH: usize = 20;

/// The beginnings of well-known tokens: ours, GitLab's and GitHub's.
const PREFIXES: [&str; 10] = [
    "rlat-",
    "glpat-",
    "gldt-",
    "glcbt-",
    "glptt-",
    "glrt-",
    "glft-",
    "ghp_",
    "ghs_",
    "github_pat_",
];
/// Length from which letters and digits next to each other count as random.
const RANDOM_LENGTH: usize = 8;

/// The words of a text. They are separated by characters that separate words of a sentence, or the
/// value of an option from its name.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '=' | ':' | ',' | ';' | '"' | '\'' | '`'))
}

/// Whether a word may be a token that should have been in a file: it is long enough, and looks
/// neither like natural language nor like a path.
fn may_be_token(word: &str) -> bool {
    let is_allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+');
    let has = |is_kind: fn(&char) -> bool| word.chars().any(|c| is_kind(&c));
    let is_random = has(char::is_ascii_digit)
        || (has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase));
    word.len() >= MIN_LENGTH && word.chars().all(is_allowed) && is_random
}

/// The text without the words of these arguments that may be tokens.
pub fn mask<'a>(text: &str, arguments: impl IntoIterator<Item = &'a str>) -> String {
    let words = arguments.into_iter().flat_map(words);
    let tokens = words.filter(|word| may_be_token(word));
    tokens.fold(text.to_owned(), |text, token| {
        text.replace(token, "(hidden)")
    })
}

/// Whether a label probably contains a token. Names with a date or a version, such as
/// `ci-nightly-2026-11-28-release`, do not.
pub fn looks_like_a_token(label: &str) -> bool {
    words(label).filter(|word| may_be_token(word)).any(|word| {
        let mut parts = word.split(['-', '_', '.', '~', '+']);
        let is_known = PREFIXES.iter().any(|prefix| word.starts_with(prefix));
        is_known || parts.any(is_random)
    })
}

/// Whether a part of a name looks like random letters and digits.
fn is_random(part: &str) -> bool {
    let has = |is_kind: fn(&char) -> bool| part.chars().any(|c| is_kind(&c));
    part.len() >= RANDOM_LENGTH && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_mistaken_for_a_token() {
        for label in [
            "ci",
            "documentation",
            "ci-nightly-2026-11-28-release",
            "GitHubActionsReleaseBot",
            "release bot of group/app v2.10.0-rc.1",
            "github-actions-release-20261128",
            "a name of more than twenty characters, all in words",
        ] {
            assert!(!looks_like_a_token(label), "{label}");
        }
    }

    #[test]
    fn a_token_is_recognized_alone_or_in_a_sentence() {
        for token in [
            "gDybLx3yrUK_HLp3qPjS",
            "rlat-C7dqUZmJ0b3wVd7JwT4bXb1o3yq3mJw8dQ9b1xTz0aE",
            "glpat-aBcDeFgHiJkLmNoPqRsT",
            "550e8400-e29b-41d4-a716-446655440000",
            "d41d8cd98f00b204e9800998ecf8427e",
        ] {
            for label in [
                token.to_owned(),
                format!("ci: {token}"),
                format!("token={token}"),
            ] {
                assert!(looks_like_a_token(&label), "{label}");
                assert!(!mask(&label, [label.as_str()]).contains(token), "{label}");
            }
        }
    }
}
