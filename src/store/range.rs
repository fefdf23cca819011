//! Ranges of a partition's sort keys, which queries read.

/// A range of a partition's sort keys, both bounds included.
#[derive(Debug, Clone)]
pub(super) struct Range<'a> {
    pub(super) partition: &'a str,
    pub(super) first_key: String,
    pub(super) last_key: String,
    pub(super) is_forward: bool,
}

impl<'a> Range<'a> {
    /// From one sort key to another one, in ascending order.
    pub(super) fn between(partition: &'a str, first_key: &str, last_key: &str) -> Self {
        Self {
            partition,
            first_key: first_key.to_owned(),
            last_key: last_key.to_owned(),
            is_forward: true,
        }
    }

    /// The sort keys that begin with this text. What follows it begins with ASCII, below `~`.
    pub(super) fn beginning_with(partition: &'a str, text: &str) -> Self {
        Self::between(partition, text, &format!("{text}~"))
    }

    /// A whole partition. All sort keys begin with a digit, a lower-case letter or `~`.
    pub(super) fn whole(partition: &'a str) -> Self {
        Self::between(partition, "0", "~~")
    }

    /// The same range in descending order.
    pub(super) fn backward(self) -> Self {
        Self {
            is_forward: false,
            ..self
        }
    }
}
