//! What the operations and their responses are made from.

use crate::differences::Differences;
use crate::examples::Exchanges;
use crate::schemas::Views;

/// The facts outside the rows of the operations.
pub(crate) struct Sources {
    /// What differs from GitLab.
    pub(crate) differences: Differences,
    /// The documented requests.
    pub(crate) exchanges: Exchanges,
    /// The types of the responses.
    pub(crate) views: Views,
}

/// GitLab's ID of an operation: the method and the segments of the path, each with a capital.
pub(crate) fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    method.to_lowercase() + &words.collect::<String>()
}
