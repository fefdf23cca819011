//! Where a link may lead: to a host by HTTP, or to a mailbox.

use std::borrow::Cow;

/// The beginnings of allowed destinations. Without the slashes, a browser takes `https:page` for
/// an address relative to the page.
const BEGINNINGS: [&str; 3] = ["http://", "https://", "mailto:"];

/// A destination without the characters that browsers ignore in it, if a link may lead there.
pub(super) fn allowed(destination: &str) -> Option<Cow<'_, str>> {
    let destination = destination.trim_matches(|c: char| c == ' ' || c.is_control());
    let destination = if destination.contains(char::is_control) {
        Cow::Owned(destination.replace(char::is_control, ""))
    } else {
        Cow::Borrowed(destination)
    };
    let begins = |beginning: &&str| {
        let start = destination.as_bytes().get(..beginning.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(beginning.as_bytes()))
    };
    BEGINNINGS.iter().any(begins).then_some(destination)
}
