//! Pages of a list, by number and size (section B).

/// GitLab counts at most this many items, and omits the totals of a longer list (B16).
pub const MAX_COUNT: u64 = 10_000;
/// The size of a page for which the client requests none (B2).
pub const DEFAULT_PER_PAGE: u64 = 20;
/// The largest size of a page. A larger request counts as this one (B3).
pub const MAX_PER_PAGE: u64 = 100;

/// The page of a list that the client requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The number of the page, from 1.
    pub number: u64,
    /// The largest number of items on a page, from 1 to 100.
    pub per_page: u64,
}

impl Page {
    /// The number of items before the page.
    #[must_use]
    pub fn offset(self) -> u64 {
        (self.number - 1).saturating_mul(self.per_page)
    }
}

/// A page of a list, with the size of the whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// The items on the page.
    pub items: Vec<T>,
    /// The number of items in the whole list. Above [`MAX_COUNT`], it is a lower bound.
    pub counted: u64,
}

/// The `size` items that follow the first `offset` ones.
#[must_use]
pub fn slice<T>(items: impl IntoIterator<Item = T>, offset: u64, size: u64) -> Vec<T> {
    let [offset, size] = [offset, size].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    items.into_iter().skip(offset).take(size).collect()
}
